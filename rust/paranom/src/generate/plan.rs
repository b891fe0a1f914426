//! A checked spec, ready to give the values of any rows. What a plan is asked for cannot fail but by cancelling.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::anomaly::Anomaly;
use super::callback::{Granularity, ThreadBody};
use super::column::Column;
use super::effect::{Action, Effect};
use super::event::Event;
use super::finite::Unusual;
use super::graph::{Edge, Graph, broken};
use super::rule::Reads;
use super::time::Time;
use super::tracks::Tracks;
use super::uniqueness::Uniqueness;
use super::variable::{Variable, Want};
use super::view::{FillVariable, Reference, Tile, View};
use crate::job::Job;
use crate::pool;
use crate::random::{Stream, TILE};
use crate::{Error, Result};

/// A checked spec, ready to give the values of any rows.
#[derive(Debug)]
pub struct Plan {
    pub(super) variables: Vec<Variable>,
    pub(super) anomalies: Vec<Anomaly>,
    pub(super) schedule: Tracks,
    pub(super) graph: Graph,
    /// The anomaly that stands for labels of recordings.
    pub(super) recorded: Option<usize>,
    pub(super) time: Time,
    pub(super) stream: Stream,
    pub(super) uniqueness: Option<Uniqueness>,
    pub(super) unusual: Unusual,
    pub(super) most_rows: Option<u64>,
    pub(super) canonical: String,
    pub(super) series: Vec<Arc<[f64]>>,
}

impl Plan {
    /// The names of the variables that are delivered, in column order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.delivered().map(|variable| variable.name.as_str())
    }

    /// The names of all variables, by position: hidden ones, too.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }

    /// The variables that are delivered, in column order.
    pub(super) fn delivered(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().filter(|variable| !variable.hidden)
    }

    /// What the delivered variables' values are, in column order.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.delivered().map(|variable| &variable.column)
    }

    /// The anomalies.
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }

    /// What the time of a row is.
    pub fn time(&self) -> &Time {
        &self.time
    }

    /// Which values the spec means.
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Whether a row depends on all rows below it: then rows are best filled in order, with one `FillState`.
    pub fn is_sequential(&self) -> bool {
        self.uniqueness.is_some() || self.variables.iter().any(Variable::walks)
    }

    /// The rows there are: those of a recording that must not begin anew, or the different values of a `distinct` rule.
    pub fn most_rows(&self) -> Option<u64> {
        self.most_rows
    }

    /// The rows among `rows` rows from `start` on at which a variable's normal rules change, each with the row after
    /// those that the change takes; in order.
    pub fn changes(&self, variable: usize, start: u64, rows: u64) -> Vec<(u64, u64)> {
        match rows.checked_sub(1) {
            Some(more) => self.variables[variable].changes(start, start + more),
            None => Vec::new(),
        }
    }

    /// How variables depend on each other: what the normal rules refer to.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        self.graph.edges()
    }

    /// The values that an event of an anomaly changes: variables, so many rows later.
    pub fn reach(&self, anomaly: usize) -> &[Reference] {
        self.graph.reach(anomaly)
    }

    /// The dependences (source, target) that events of an anomaly cut.
    pub fn broken(&self, anomaly: usize) -> Vec<(usize, usize)> {
        broken(&self.variables, anomaly)
    }

    /// The canonical spec: what the spec says, defaults filled in, equal for specs that mean the same.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The recorded series, in the order of their lines in the canonical spec.
    pub fn series(&self) -> &[Arc<[f64]>] {
        &self.series
    }

    /// Whether rows are filled by rules alone, each row for itself: then it is quick, and calls no function.
    pub fn is_plain(&self) -> bool {
        self.uniqueness.is_none() && !self.calls()
    }

    /// Whether any values come from functions of the user.
    pub fn calls(&self) -> bool {
        self.variables.iter().any(Variable::calls)
    }

    /// Runs work on this plan in a pool: one of its own if it calls functions of the user.
    pub fn run<R: Send>(&self, threads: usize, work: impl FnOnce() -> R + Send) -> Result<R> {
        if !self.calls() {
            return pool::run(threads, work);
        }
        let mut functions = self.variables.iter().flat_map(Variable::functions);
        // One of each sort is enough, and native ones need nothing.
        let function = functions.find(|function| function.granularity() != Granularity::Run);
        let host = |thread: &mut ThreadBody| match function {
            Some(function) => function.host_thread(thread),
            None => thread(),
        };
        pool::run_alone(threads, host, work)
    }

    /// Refuses rows that are not there.
    pub fn check_rows(&self, start: u64, rows: u64) -> Result<()> {
        if rows > 0 && start.checked_add(rows - 1).is_none() {
            return Err(Error::invalid(
                "start",
                start,
                format!("must leave room for {rows} rows below 2^64"),
            ));
        }
        if rows > 0 {
            self.time.check(start, start + (rows - 1))?;
        }
        if self.calls() && rows > 0 && start + (rows - 1) >= 1 << 63 {
            return Err(Error::invalid(
                "start",
                start,
                format!("must leave room for {rows} rows below 2^63 (callbacks)"),
            ));
        }
        match self.most_rows {
            Some(most) if rows > 0 && start + (rows - 1) >= most => Err(Error::invalid(
                "rows",
                format!("{start} + {rows}"),
                format!(
                    "must end within the {most} rows there are: those of a recording with repeat=False, or the different \
                     values of a Distinct"
                ),
            )),
            _ => Ok(()),
        }
    }
}

impl Plan {
    /// The events of rows as other variables see them; of a cancelled job, none: nothing of it is delivered.
    fn events_of(&self, row: u64, rows: u64, clean: bool, job: &Job) -> Vec<Event> {
        let events = self.events(row, rows, job).unwrap_or_default();
        if clean { self.clean(events) } else { events }
    }
}

impl FillVariable for Plan {
    fn sources(&self, variable: usize) -> &[Reference] {
        self.graph.sources(variable)
    }

    fn fill_variable(&self, variable: usize, row: u64, view: &View, out: &mut [f64]) {
        let events = self.events_of(row, out.len() as u64, view.all.clean, view.all.job);
        let (time, job) = (&self.time, view.all.job);
        let want = Want {
            events: &events,
            around: &events,
            scheduled: &events,
            attempt: 0,
            time,
            view: Some(view),
            job,
        };
        let filled = self.variables[variable].fill(row, &want, out);
        debug_assert!(
            matches!(filled, Ok(()) | Err(Error::Cancelled)),
            "functions, which may fail, cannot be referred to"
        );
    }

    fn tiles_read(&self, tile: Tile, job: &Job) -> Vec<Tile> {
        let Tile { variable, clean, number } = tile;
        let row = number * TILE as u64;
        let mut found = BTreeSet::new();
        let mut read = |source: usize, clean: bool, lag: u64, margin: u64| {
            let there = |row: i128| (row - i128::from(lag)).clamp(0, u64::MAX.into()) as u64 / TILE as u64;
            let (from, last) = (i128::from(row) - i128::from(margin), i128::from(row) + TILE as i128 - 1);
            for number in there(from)..=there(last + i128::from(margin)) {
                found.insert(Tile { variable: source, clean, number });
            }
        };
        let this = &self.variables[variable];
        let mut margin = 0;
        for event in self.events_of(row, TILE as u64, clean, job) {
            let Some(Effect { rule, .. }) = &this.effects[event.anomaly] else { continue };
            match &rule.action {
                // It computes what it reads itself: see `View::fill`.
                Action::Change(change) if change.decouples().is_some() => continue,
                Action::Change(change) if change.reads() == Reads::AnyRow => margin = TILE as u64 / 2,
                _ => {}
            }
            rule.references.iter().for_each(|&(source, lag)| read(source, clean, lag, 0));
            rule.other_variables.iter().for_each(|&source| read(source, true, 0, 0));
        }
        this.references.iter().for_each(|&(source, lag)| read(source, clean, lag, margin));
        found.into_iter().collect()
    }
}
