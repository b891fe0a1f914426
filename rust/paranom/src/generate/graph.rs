//! Variables that refer to others: who depends on whom, and the values that are referred to.
//!
//! A reference reads its source as it is in that row, anomalies included: so an anomaly goes on to what depends on it,
//! and so do its labels. Nothing may go round; then every row is still a function of itself and of rows before it that are
//! known in number, and any slice is computable alone.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Kind, Plan};
use super::rule::Effect;
use super::schedule::Event;
use super::variable::{Hit, Variable, Want};
use crate::job::Job;
use crate::{Error, Result};

/// What a value refers to: a variable by its position, so many rows before.
pub type Reference = (usize, u64);

/// A dependence of a variable's normal rule on another variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// What is referred to, by position.
    pub source: usize,
    /// What depends on it, by position.
    pub target: usize,
    /// So many rows later.
    pub lag: u64,
}

/// Who depends on whom.
#[derive(Debug, Default)]
pub struct Graph {
    /// What each variable's normal rule refers to.
    sources: Vec<Vec<Reference>>,
    /// Which values an event of each kind goes into: variables, so many rows later.
    reach: Vec<Vec<Reference>>,
    /// How many rows later, in any of these.
    lags: BTreeSet<u64>,
    /// Whether any rule looks at another variable.
    used: bool,
}

/// Most values, each so many rows before, that a row may depend on, or that an event may go on to: a column of a block
/// is kept for each.
const MOST: usize = 1024;

impl Graph {
    /// The graph of a plan's variables and anomalies.
    pub fn new(variables: &[Variable], kinds: &[Kind]) -> Result<Self> {
        let sources: Vec<Vec<Reference>> = variables.iter().map(|v| v.references.clone()).collect();
        let mut used = sources.iter().any(|list| !list.is_empty());
        let mut all = sources.clone();
        for (variable, all) in variables.iter().zip(&mut all) {
            for Hit { anomalous, .. } in variable.anomalous.iter().flatten() {
                all.extend(&anomalous.references);
                used |= !anomalous.looks_at.is_empty() || !anomalous.references.is_empty();
                let seen = anomalous.looks_at.iter().chain(anomalous.references.iter().map(|(i, _)| i));
                seen.copied().try_for_each(|source| refuse_function(variable, source, variables))?;
            }
            variable
                .references
                .iter()
                .try_for_each(|(source, _)| refuse_function(variable, *source, variables))?;
        }
        if let Some(round) = cycle(&all) {
            let names: Vec<_> = round.iter().map(|&i| variables[i].name.as_str()).collect();
            return Err(Error::invalid(
                format!("variables.{}", names[0]),
                names.join(" <- "),
                "goes round: a value cannot depend on itself, not even on an earlier one",
            ));
        }
        let mut targets = vec![Vec::new(); variables.len()];
        for (target, list) in sources.iter().enumerate() {
            for &(source, lag) in list {
                targets[source].push((target, lag));
            }
        }
        let too_many = |what: String| {
            let rule = format!(
                "depends on, or goes on to, more than {MOST} values: use fewer references, or fewer lags"
            );
            Error::invalid("variables", what, rule)
        };
        let everything: Vec<Reference> =
            (0..variables.len()).filter(|i| !sources[*i].is_empty()).map(|i| (i, 0)).collect();
        follow(&sources, &everything).ok_or_else(|| too_many("a row".into()))?;
        let mut reach = Vec::new();
        for kind in kinds {
            let struck: Vec<Reference> = kind.variables.iter().map(|&i| (i, 0)).collect();
            reach.push(follow(&targets, &struck).ok_or_else(|| too_many(kind.name.clone()))?);
        }
        let lags = reach.iter().flatten().map(|(_, lag)| *lag).collect();
        Ok(Self { sources, reach, lags, used })
    }

    /// Whether any rule looks at another variable.
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// The dependences between variables, in the order of the variables that depend.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        let of = |(target, list): (usize, &Vec<Reference>)| {
            list.iter().map(move |&(source, lag)| Edge { source, target, lag }).collect::<Vec<_>>()
        };
        self.sources.iter().enumerate().flat_map(of)
    }

    /// Which values an event of a kind goes into: variables, so many rows later.
    pub fn reach(&self, kind: usize) -> &[Reference] {
        &self.reach[kind]
    }
}

/// The edges that events of a kind cut: sources that have no say in what the event makes of a variable.
pub fn broken(variables: &[Variable], kind: usize) -> Vec<(usize, usize)> {
    let mut broken = Vec::new();
    for (target, variable) in variables.iter().enumerate() {
        let Some(Hit { anomalous, .. }) = &variable.anomalous[kind] else { continue };
        for &(source, _) in &variable.references {
            let cut = match &anomalous.effect {
                Effect::Change(change) => change.cuts() == Some(source),
                _ => !anomalous.references.iter().any(|(other, _)| *other == source),
            };
            if cut && !broken.contains(&(source, target)) {
                broken.push((source, target));
            }
        }
    }
    broken
}

fn refuse_function(variable: &Variable, source: usize, variables: &[Variable]) -> Result<()> {
    if !variables[source].calls() {
        return Ok(());
    }
    Err(Error::invalid(
        format!("variables.{}", variable.name),
        format!("{:?}", variables[source].name),
        "cannot be referred to: its values come from a function, which is asked for each row once",
    ))
}

/// A way round, if there is one: each depends on the next, and the last is the first.
fn cycle(sources: &[Vec<Reference>]) -> Option<Vec<usize>> {
    // 0: not seen; 1: on the way; 2: done.
    let mut state = vec![0_u8; sources.len()];
    for root in 0..sources.len() {
        let mut way: Vec<(usize, usize)> = Vec::new();
        if state[root] == 0 {
            state[root] = 1;
            way.push((root, 0));
        }
        while let Some((at, next)) = way.last_mut() {
            let Some(&(source, _)) = sources[*at].get(*next) else {
                state[*at] = 2;
                way.pop();
                continue;
            };
            *next += 1;
            match state[source] {
                0 => {
                    state[source] = 1;
                    way.push((source, 0));
                }
                1 => {
                    let from = way.iter().position(|(i, _)| *i == source).unwrap_or(0);
                    let mut round: Vec<usize> = way[from..].iter().map(|(i, _)| *i).collect();
                    round.push(source);
                    return Some(round);
                }
                _ => {}
            }
        }
    }
    None
}

/// All that is reached from some, with the lags of the ways added up; none if that is too much.
fn follow(links: &[Vec<Reference>], from: &[Reference]) -> Option<Vec<Reference>> {
    let mut found: BTreeSet<Reference> = from.iter().copied().collect();
    let mut new: Vec<Reference> = from.to_vec();
    while let Some((at, sum)) = new.pop() {
        for &(next, lag) in &links[at] {
            let reference = (next, sum.saturating_add(lag));
            if found.insert(reference) {
                new.push(reference);
            }
        }
        if found.len() > MOST {
            return None;
        }
    }
    Some(found.into_iter().collect())
}

/// Columns that are referred to, each of so many rows before those that are wanted.
type Columns = BTreeMap<Reference, Vec<f64>>;

/// The values of all variables, with anomalies or without.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    plan: &'a Plan,
    clean: bool,
    job: &'a Job,
}

impl<'a> World<'a> {
    /// The world of a plan.
    pub fn new(plan: &'a Plan, clean: bool, job: &'a Job) -> Self {
        Self { plan, clean, job }
    }

    /// The same world without anomalies.
    pub fn cleaned(self) -> Self {
        Self { clean: true, ..self }
    }

    /// The columns that these variables refer to in the `len` rows from `row` on.
    pub fn columns(self, variables: impl Iterator<Item = usize>, row: u64, len: usize) -> Columns {
        let mut columns = Columns::new();
        variables.for_each(|variable| self.prepare((variable, 0), row, len, &mut columns));
        columns
    }

    /// Makes the columns that a variable refers to, sources first.
    fn prepare(self, (variable, back): Reference, row: u64, len: usize, columns: &mut Columns) {
        for &(source, lag) in &self.plan.graph.sources[variable] {
            let reference = (source, back.saturating_add(lag));
            if columns.contains_key(&reference) {
                continue;
            }
            self.prepare(reference, row, len, columns);
            let mut column = vec![0.0; len];
            let first = i128::from(row) - i128::from(reference.1);
            clamped(first, &mut column, |row_there, out| {
                let view = View { world: self, columns, row, back: reference.1, decoupled: None };
                self.fill_with(source, row_there, &view, out);
            });
            columns.insert(reference, column);
        }
    }

    /// Fills `out` with the values of a variable from a row on; the first row's, and the last one's, go on beyond.
    pub fn fill(self, variable: usize, row: i128, out: &mut [f64]) {
        clamped(row, out, |row, out| {
            let columns = self.columns(std::iter::once(variable), row, out.len());
            let view = View { world: self, columns: &columns, row, back: 0, decoupled: None };
            self.fill_with(variable, row, &view, out);
        });
    }

    fn fill_with(self, variable: usize, row: u64, view: &View, out: &mut [f64]) {
        let mut events = self.plan.events(row, out.len() as u64);
        if self.clean {
            events = self.plan.clean(events);
        }
        let (time, job) = (self.plan.time, self.job);
        let want = Want { events: &events, around: &events, attempt: 0, time, view: Some(view), job };
        let filled = self.plan.variables[variable].fill(row, &want, out);
        debug_assert!(filled.is_ok(), "functions, which may fail, cannot be referred to");
    }
}

/// Fills `out` for rows from `first` on. The row axis has two ends: what lies beyond has the value at the end.
fn clamped(first: i128, out: &mut [f64], fill: impl FnOnce(u64, &mut [f64])) {
    let axis = |row: i128| row.clamp(0, u64::MAX.into());
    let (from, last) = (axis(first), axis(first + out.len() as i128 - 1));
    let n = (last - from) as usize + 1;
    if n == out.len() {
        return fill(from as u64, out);
    }
    let mut inside = vec![0.0; n];
    fill(from as u64, &mut inside);
    for (j, x) in out.iter_mut().enumerate() {
        *x = inside[(axis(first + j as i128) - from) as usize];
    }
}

/// Other variables, as a variable's rules see them.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// All of them.
    pub world: World<'a>,
    /// What is known of them already.
    pub columns: &'a Columns,
    /// The first row that the columns were made for,
    pub row: u64,
    /// and how many rows before those the variable's rows are.
    pub back: u64,
    /// A variable that is seen elsewhere, so many rows later, and without its anomalies.
    pub decoupled: Option<(usize, i128)>,
}

impl View<'_> {
    /// Fills `out` with a variable's values `lag` rows before the rows from `row` on.
    pub fn fill(&self, (source, lag): Reference, row: u64, out: &mut [f64]) {
        let there = i128::from(row) - i128::from(lag);
        match self.decoupled {
            Some((variable, by)) if variable == source => {
                self.world.cleaned().fill(source, there.saturating_add(by), out);
            }
            _ => match self.known((source, lag), row, out.len()) {
                Some(known) => out.copy_from_slice(known),
                None => self.world.fill(source, there, out),
            },
        }
    }

    /// The same, if it is known.
    pub fn known(&self, (source, lag): Reference, row: u64, len: usize) -> Option<&[f64]> {
        let column = self.columns.get(&(source, self.back.checked_add(lag)?))?;
        let from = row.checked_add(self.back)?.checked_sub(self.row)? as usize;
        column.get(from..from.checked_add(len)?)
    }
}

impl Plan {
    /// The stretches that are labelled among `rows` rows from `start` on, of events that are or have been: one for each
    /// event and each delay with which it goes on to others. They may overlap.
    pub(super) fn labelled(&self, start: u64, rows: u64, clean: bool) -> Vec<Event> {
        let Some(last) = rows.checked_sub(1).map(|more| start + more) else { return Vec::new() };
        let mut stretches = Vec::new();
        for &lag in &self.graph.lags {
            // Row 0 stands for the rows before it: what refers to those has its value.
            let (from, upto) = (start.saturating_sub(lag), last.saturating_sub(lag));
            let mut events = self.events(from, upto - from + 1);
            if clean {
                events = self.clean(events);
            }
            for event in events {
                if self.graph.reach(event.kind).iter().any(|(_, other)| *other == lag) {
                    let begin = if event.start == 0 { 0 } else { event.start.saturating_add(lag) };
                    let end = event.stop.saturating_add(lag);
                    if begin <= last && end > start && begin < end {
                        stretches.push(Event { start: begin, stop: end, ..event });
                    }
                }
            }
        }
        stretches
    }
}
