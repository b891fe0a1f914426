//! From a spec to a plan: the only door. What a plan is asked for cannot fail but by cancelling.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::callback::{Life, Manner};
use super::dropouts::Dropouts;
use super::fill::BLOCK;
use super::graph::{Edge, Graph, Reference};
use super::judge::{Judge, Rows};
use super::recorded::Runs;
use super::schedule::{Event, Placing, Schedule, Timing};
use super::time::Time;
use super::uniqueness::Uniqueness;
use super::variable::{Hit, Variable, Want};
use crate::job::Job;
use crate::pool;
use crate::random::{Key, STREAM, TILE};
use crate::spec::{Field, Record, Table, Value};
use crate::{Error, Result};

/// One of the anomalies of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// The variables it touches, by position.
    pub variables: Vec<usize>,
    /// Whether it is a decoy: rare, but normal.
    pub decoy: bool,
}

/// A checked spec, ready to give the values of any rows.
#[derive(Debug)]
pub struct Plan {
    pub(super) variables: Vec<Variable>,
    pub(super) kinds: Vec<Kind>,
    pub(super) schedule: Schedule,
    pub(super) graph: Graph,
    /// The kind that stands for labels of recordings.
    pub(super) recorded: Option<usize>,
    pub(super) time: Time,
    pub(super) uniqueness: Option<Uniqueness>,
    most_rows: Option<u64>,
    record: String,
    series: Vec<Arc<[f64]>>,
}

/// Columns of every exported table; a variable cannot have their names.
const RESERVED: [&str; 3] = ["t", "is_anomaly", "event"];
/// The name of the kind that stands for labels of recordings.
const RECORDED: &str = "recorded";
/// Most rows in a duration or a gap.
const MOST_DURATION: i128 = 1 << 40;
const MOST_ROW: i128 = u64::MAX as i128;

impl Plan {
    /// Checks a spec.
    pub fn new(spec: &Value) -> Result<Self> {
        let record = Record::default();
        let root = Field::root(spec, &record).table()?;
        let stream = root.whole_or("stream", 0, MOST_ROW, i128::from(STREAM))? as u64;
        if stream != STREAM {
            return Err(Error::Version { what: "stream", found: stream, supported: STREAM });
        }
        let seed = root.whole_or("seed", 0, MOST_ROW, 0)? as u64;
        let mut variables = read_variables(&root, seed)?;
        if let Some(field) = root.get("missing") {
            let timing = read_dropouts(&field)?;
            for variable in variables.iter_mut().filter(|variable| variable.dropouts.is_none()) {
                variable.dropouts = Some(Dropouts::new(timing.clone(), seed, &variable.name)?);
            }
        }
        let mut kinds = Vec::new();
        let mut timings = Vec::new();
        if let Some(list) = root.get("anomalies") {
            for field in list.list()? {
                let (kind, timing) = read_anomaly(&field, &mut variables, &kinds)?;
                kinds.push(kind);
                timings.push(timing);
            }
        }
        let labels = shared_labels(&variables)?;
        let recorded = labels.as_ref().map(|_| kinds.len());
        if recorded.is_some() {
            let labelled = variables.iter().enumerate().filter(|(_, v)| v.labels.is_some());
            kinds.push(Kind {
                name: RECORDED.into(),
                variables: labelled.map(|(i, _)| i).collect(),
                decoy: false,
            });
            timings.push(Timing {
                path: RECORDED.into(),
                placing: Placing::Recorded,
                shortest: 1,
                longest: 1,
                gap: 1,
                nontrivial: false,
            });
            for variable in &mut variables {
                variable.anomalous.push(None);
            }
        }
        let schedule = Schedule::new(Key::new(seed, "schedule", ""), timings, labels)?;
        variables.iter_mut().for_each(Variable::settle);
        variables.iter().try_for_each(Variable::check_sequence)?;
        for (i, kind) in kinds.iter().enumerate() {
            if let Some(&at) = kind.variables.iter().find(|&&at| variables[at].calls())
                && schedule.is_nontrivial(i)
            {
                return Err(Error::invalid(
                    format!("anomalies[{i}].difficulty"),
                    "nontrivial",
                    format!("needs rules, but {:?} calls a function", variables[at].name),
                ));
            }
        }
        let time = root.get("time").map_or(Ok(Time::Row), |field| Time::parse(&field, seed))?;
        let graph = Graph::new(&variables, &kinds)?;
        if let Some(i) = (0..kinds.len()).find(|&i| schedule.is_nontrivial(i))
            && graph.is_used()
        {
            return Err(Error::invalid(
                format!("anomalies[{i}].difficulty"),
                "nontrivial",
                "goes without references: an event is judged alone, and here it may go on to others",
            ));
        }
        let uniqueness = match root.get("uniqueness") {
            Some(field) => {
                if graph.is_used() {
                    return Err(field.invalid(
                        "goes without references: a row drawn anew would change rows that refer to it",
                    ));
                }
                if schedule.asks() {
                    return Err(
                        field.invalid("goes without difficulty: a row drawn anew is not the one judged")
                    );
                }
                if kinds.iter().any(|kind| kind.decoy) {
                    return Err(field.invalid("goes without decoys: their rows are of neither class"));
                }
                Some(Uniqueness::parse(&field, &variables, kinds.len())?)
            }
            None => None,
        };
        root.finish()?;
        let most_rows = variables.iter().filter_map(|v| v.most_rows).min();
        let (record, series) = record.finish();
        Ok(Self { variables, kinds, schedule, graph, recorded, time, uniqueness, most_rows, record, series })
    }

    /// The variables' names, in column order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }

    /// The anomalies.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// What the time of a row is.
    pub fn time(&self) -> Time {
        self.time
    }

    /// Whether a row looks at all rows below it: then rows are best made in order, with one `History`.
    pub fn is_sequential(&self) -> bool {
        self.uniqueness.is_some() || self.variables.iter().any(Variable::walks)
    }

    /// The rows there are: those of a recording that must not begin anew, or the different values of a `distinct` rule.
    pub fn most_rows(&self) -> Option<u64> {
        self.most_rows
    }

    /// How variables depend on each other: what the normal rules refer to.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        self.graph.edges()
    }

    /// Which values an event of a kind goes into: variables, so many rows later.
    pub fn reach(&self, kind: usize) -> &[Reference] {
        self.graph.reach(kind)
    }

    /// The dependences (source, target) that events of a kind cut.
    pub fn broken(&self, kind: usize) -> Vec<(usize, usize)> {
        super::graph::broken(&self.variables, kind)
    }

    /// The stretches of labelled rows among `rows` rows from `start` on, in order, apart from each other; and how many
    /// labels they are joined from.
    pub fn anomalous(&self, start: u64, rows: u64) -> (Vec<(u64, u64)>, usize) {
        let mut labelled = self.labelled(start, rows, false);
        labelled.retain(|event| !self.kinds[event.kind].decoy);
        labelled.sort_by_key(|event| event.start);
        let labels = labelled.len();
        let mut stretches: Vec<(u64, u64)> = Vec::new();
        for Event { start, stop, .. } in labelled {
            match stretches.last_mut() {
                Some((_, end)) if *end >= start => *end = stop.max(*end),
                _ => stretches.push((start, stop)),
            }
        }
        (stretches, labels)
    }

    /// What the spec says, defaults filled in: equal for specs that mean the same.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// The recorded series, in the order of their lines in the record.
    pub fn series(&self) -> &[Arc<[f64]>] {
        &self.series
    }

    /// The events that touch the `rows` rows from `start` on, in order, decoys too; whole, also where they reach beyond.
    pub fn events(&self, start: u64, rows: u64) -> Vec<Event> {
        self.scheduled(start, rows).0
    }

    /// The events missing from these rows, where they were drawn first: no draw of them was hard enough to find.
    pub fn left_out(&self, start: u64, rows: u64) -> Vec<Event> {
        self.scheduled(start, rows).1
    }

    fn scheduled(&self, start: u64, rows: u64) -> (Vec<Event>, Vec<Event>) {
        let mut left_out = Vec::new();
        if rows == 0 {
            return (Vec::new(), left_out);
        }
        let job = Job::new();
        let mut judge = Judge::new(Made { plan: self, job: &job, tiles: BTreeMap::new() });
        let mut accepts = |event: &Event| {
            // Other draws may lie anywhere in the slot.
            judge.pass(event.start.saturating_sub(self.schedule.slot_length()));
            !judge.is_trivial(event, &self.kinds[event.kind].variables)
        };
        let events = self.schedule.events(start, start + (rows - 1), &mut accepts, &mut left_out);
        (events, left_out)
    }

    /// The events that functions must see to fill `rows` rows from `start` on: those of the whole block, and of a
    /// warmup before it.
    pub(super) fn events_around(&self, start: u64, rows: u64) -> Vec<Event> {
        if self.calls() {
            let warmup = self.variables.iter().map(Variable::warmup).max().unwrap_or(0);
            let base = start - start % BLOCK as u64;
            let from = base.saturating_sub(warmup);
            self.events(from, base - from + BLOCK as u64)
        } else {
            self.events(start, rows)
        }
    }

    /// Whether filling rows runs nothing but rules, each row for itself: then it is quick, and calls nobody.
    pub fn is_plain(&self) -> bool {
        self.uniqueness.is_none() && !self.calls()
    }

    /// Whether any values come from functions of the user's.
    pub fn calls(&self) -> bool {
        self.variables.iter().any(Variable::calls)
    }

    /// Runs work on this plan in a pool: one of its own if it calls functions of the user's.
    pub fn run<R: Send>(&self, threads: usize, work: impl FnOnce() -> R + Send) -> Result<R> {
        if !self.calls() {
            return pool::run(threads, work);
        }
        let mut functions = self.variables.iter().flat_map(Variable::functions);
        // One of each sort is enough, and native ones need nothing.
        let function = functions.find(|function| function.manner() != Manner::Stretches);
        let host = |thread: &mut Life| match function {
            Some(function) => function.host(thread),
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

/// The rows that a plan makes, for its judge.
struct Made<'a> {
    plan: &'a Plan,
    job: &'a Job,
    /// Normal values, tile by tile: whole tiles are quick to make, and looked at again and again.
    tiles: BTreeMap<(u64, usize), [f64; TILE]>,
}

impl Made<'_> {
    fn fill(&self, events: &[Event], variable: usize, row: u64, out: &mut [f64]) {
        let want =
            Want { events, around: events, attempt: 0, time: self.plan.time, view: None, job: self.job };
        let filled = self.plan.variables[variable].fill(row, &want, out);
        filled.expect("rules alone, which Plan::new made sure of, cannot fail");
    }
}

impl Rows for Made<'_> {
    fn range(&self) -> Range<u64> {
        0..self.plan.most_rows.unwrap_or(u64::MAX)
    }

    fn normal(&mut self, variable: usize, row: u64, out: &mut [f64]) {
        let (mut row, mut out, tile) = (row, out, TILE as u64);
        while !out.is_empty() {
            let key = (row / tile, variable);
            let values = if let Some(known) = self.tiles.get(&key) {
                *known
            } else {
                let mut values = [f64::NAN; TILE];
                let there = (self.range().end - key.0 * tile).min(tile) as usize;
                self.fill(&[], variable, key.0 * tile, &mut values[..there]);
                self.tiles.insert(key, values);
                values
            };
            let from = (row % tile) as usize;
            let take = out.len().min(TILE - from);
            let (now, later) = std::mem::take(&mut out).split_at_mut(take);
            now.copy_from_slice(&values[from..from + take]);
            row += take as u64;
            out = later;
        }
    }

    fn with_event(&mut self, event: &Event, variable: usize, row: u64, out: &mut [f64]) {
        self.normal(variable, row, out);
        let (from, to) = (event.start.max(row), event.stop.min(row + out.len() as u64));
        if from < to {
            let own = &mut out[(from - row) as usize..(to - row) as usize];
            self.fill(&[*event], variable, from, own);
        }
    }

    fn pass(&mut self, row: u64) {
        let keep = row / TILE as u64;
        if self.tiles.first_key_value().is_some_and(|((tile, _), _)| *tile < keep) {
            self.tiles = self.tiles.split_off(&(keep, 0));
        }
    }
}

fn read_variables(root: &Table, seed: u64) -> Result<Vec<Variable>> {
    let field = root.need("variables")?;
    let table = field.table()?;
    let entries = table.all();
    if entries.is_empty() {
        return Err(field.invalid("must hold at least one variable"));
    }
    let mut variables: Vec<Variable> = Vec::with_capacity(entries.len());
    let all: Arc<[String]> = entries.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut names = std::collections::BTreeSet::new();
    for (name, entry) in entries {
        if name.is_empty() || RESERVED.contains(&name) || name.contains('\0') {
            let rule =
                format!("is no name for a variable (nor are {}, and the empty one)", RESERVED.join(", "));
            return Err(Error::invalid(field.path, format!("{name:?}"), rule));
        }
        if !names.insert(name) {
            return Err(Error::invalid(field.path, format!("{name:?}"), "stands here twice"));
        }
        variables.push(Variable::parse(name, &all, &entry, seed)?);
    }
    table.finish()?;
    Ok(variables)
}

fn read_anomaly(field: &Field, variables: &mut [Variable], before: &[Kind]) -> Result<(Kind, Timing)> {
    let table = field.table()?;
    let name = match table.get("name") {
        Some(name) => name.text()?.to_owned(),
        None => "anomaly".to_owned(),
    };
    if name.is_empty() || name == RECORDED || before.iter().any(|kind| kind.name == name) {
        let rule = format!("must be a name of its own (and not {RECORDED:?}, nor empty)");
        return Err(Error::invalid(format!("{}.name", table.path), format!("{name:?}"), rule));
    }
    let onset = table.get("onset").map(|field| read_onset(&field)).transpose()?;
    let touched = read_touched(&table, onset, variables)?;
    let decoy = table.get("decoy").map_or(Ok(false), |field| field.flag())?;
    let timing = read_timing(&table)?;
    table.finish()?;
    Ok((Kind { name, variables: touched, decoy }, timing))
}

/// Which variables an anomaly touches, and how: by rules of its own, by name, or all that have a rule.
fn read_touched(table: &Table, onset: Option<f64>, variables: &mut [Variable]) -> Result<Vec<usize>> {
    let position = |field: &Field, name: &str, variables: &[Variable]| {
        variables.iter().position(|variable| variable.name == name).ok_or_else(|| {
            let known: Vec<_> = variables.iter().map(|variable| variable.name.as_str()).collect();
            Error::invalid(
                field.path.clone(),
                format!("{name:?}"),
                format!("must be a variable: {}", known.join(", ")),
            )
        })
    };
    for variable in variables.iter_mut() {
        variable.anomalous.push(None);
    }
    let mut touched = Vec::new();
    let named = table.get("variables");
    if let Some(list) = &named {
        for item in list.list()? {
            let at = position(&item, item.text()?, variables)?;
            touched.push(at);
        }
    }
    let values = table.get("values");
    if let Some(rules) = &values {
        let rules = rules.table()?;
        for (name, rule) in rules.all() {
            let at = position(&rule, name, variables)?;
            let anomalous = variables[at].read_anomaly(&rule)?;
            *variables[at].anomalous.last_mut().expect("pushed above") = Some(Hit { anomalous, onset });
            touched.push(at);
        }
        rules.finish()?;
    }
    if named.is_none() && values.is_none() {
        touched.extend((0..variables.len()).filter(|&i| variables[i].default.is_some()));
        if touched.is_empty() {
            return Err(
                table.invalid("no variable has an anomalous rule, so the anomaly would touch nothing")
            );
        }
    }
    if touched.is_empty() {
        return Err(table.invalid("must touch at least one variable"));
    }
    touched.sort_unstable();
    touched.dedup();
    for &at in &touched {
        let Variable { default, anomalous, name, .. } = &mut variables[at];
        let rule = anomalous.last_mut().expect("pushed above");
        if rule.is_none() {
            *rule = default.clone().map(|anomalous| Hit { anomalous, onset });
        }
        if rule.is_none() {
            return Err(table.invalid(format!("touches {name:?}, which has no anomalous rule")));
        }
    }
    Ok(touched)
}

/// The share of an event over which its effect grows.
fn read_onset(field: &Field) -> Result<f64> {
    let rule = "must be \"creeping\", or the share of the event over which its effect grows: > 0 and <= 1";
    if let Value::Text(_) = field.value {
        return if field.text()? == "creeping" { Ok(1.0) } else { Err(field.invalid(rule)) };
    }
    let share = field.number()?;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err(field.invalid(rule)) }
}

/// Reads when stretches of rows happen, and how long they are.
pub(super) fn read_timing(table: &Table) -> Result<Timing> {
    let gap = table.whole_or("gap", 0, MOST_DURATION, 1)? as u64;
    let (frequency, count, within) = (table.get("frequency"), table.get("count"), table.get("within"));
    let (events, duration) = (table.get("events"), table.get("duration"));
    let ways = [frequency.is_some(), count.is_some(), events.is_some()];
    if ways.iter().filter(|way| **way).count() != 1 || count.is_some() != within.is_some() {
        return Err(table.invalid("must say how often: frequency, or count and within, or events"));
    }
    let nontrivial = match table.get("difficulty") {
        None => false,
        Some(field) if field.text()? != "nontrivial" => {
            return Err(field.invalid("must be nontrivial, or absent"));
        }
        Some(field) if events.is_some() => {
            return Err(
                field.invalid("goes with frequency or count: events that are listed cannot be drawn anew")
            );
        }
        Some(_) => true,
    };
    if let Some(events) = events {
        if duration.is_some() {
            return Err(table.invalid("events have their durations; duration goes with frequency or count"));
        }
        let stretches = stretches(&events)?;
        for (i, &(start, stop)) in stretches.iter().enumerate() {
            if start >= stop || (i > 0 && start < stretches[i - 1].1) {
                return Err(Error::invalid(
                    format!("{}[{i}]", events.path),
                    format!("[{start}, {stop}]"),
                    "must be stretches [start, stop] with start < stop, in rising order, apart from each other",
                ));
            }
        }
        return Ok(Timing {
            path: table.path.clone(),
            placing: Placing::Explicit(stretches),
            shortest: 1,
            longest: 1,
            gap,
            nontrivial,
        });
    }
    let (shortest, longest) = match duration {
        None => (1, 1),
        Some(field) => match field.value {
            Value::List(_) => {
                let ends = field.list()?;
                let [low, high] = &ends[..] else {
                    return Err(field.invalid("must be a number of rows, or the shortest and the longest"));
                };
                let low = low.whole(1, MOST_DURATION)?;
                (low, high.whole(low, MOST_DURATION)?)
            }
            _ => {
                let rows = field.whole(1, MOST_DURATION)?;
                (rows, rows)
            }
        },
    };
    let placing = if let Some(field) = frequency {
        let share = field.number()?;
        if !(share > 0.0 && share <= 1.0) {
            return Err(field.invalid("must be > 0 and <= 1"));
        }
        Placing::Frequency(share)
    } else {
        Placing::Count {
            count: table.need("count")?.whole(1, 1 << 40)? as u64,
            within: table.need("within")?.whole(1, 1 << 53)? as u64,
        }
    };
    let (shortest, longest, path) = (shortest as u64, longest as u64, table.path.clone());
    Ok(Timing { path, placing, shortest, longest, gap, nontrivial })
}

/// Reads when values are lost.
pub(super) fn read_dropouts(field: &Field) -> Result<Timing> {
    let table = field.table()?;
    if let Some(difficulty) = table.get("difficulty") {
        return Err(
            difficulty.invalid("goes with anomalies: a missing value is neither hard nor easy to find")
        );
    }
    let timing = read_timing(&table)?;
    table.finish()?;
    Ok(timing)
}

/// A list of [start, stop] pairs of rows.
pub(super) fn stretches(field: &Field) -> Result<Vec<(u64, u64)>> {
    let read = |item: &Field| {
        let ends = item.list()?;
        let [start, stop] = &ends[..] else {
            return Err(item.invalid("must be a pair [start, stop] of rows"));
        };
        Ok((start.whole(0, MOST_ROW)? as u64, stop.whole(0, MOST_ROW)? as u64))
    };
    field.list()?.iter().map(read).collect()
}

/// The labelled stretches of all recordings, joined.
fn shared_labels(variables: &[Variable]) -> Result<Option<Runs>> {
    let mut shared: Option<&Runs> = None;
    for variable in variables {
        match (&variable.labels, shared) {
            (Some(runs), None) => shared = Some(runs),
            (Some(runs), Some(first)) if runs != first => {
                return Err(Error::invalid(
                    format!("variables.{}.labels", variable.name),
                    "",
                    "must be the same for all labelled recordings (a row is labelled as a whole)",
                ));
            }
            _ => {}
        }
    }
    Ok(shared.cloned())
}
