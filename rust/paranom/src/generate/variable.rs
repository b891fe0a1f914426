//! One column: its normal rule, and what each anomaly does to it.

use std::sync::Arc;

use super::callback::{Call, Manner, Part, SharedCallback};
use super::dropouts::Dropouts;
use super::fill::BLOCK;
use super::graph::{Reference, View};
use super::moved::Moving;
use super::recorded::{Recorded, Runs};
use super::rule::{Anomalous, At, Effect, Look, Rule, Scope};
use super::schedule::{Event, touching};
use super::sequence::{Past, Sequence};
use super::signal::constant;
use super::time::Time;
use crate::job::Job;
use crate::random::{Key, TILE};
use crate::spec::Field;
use crate::{Error, Result};

/// Where normal values come from.
#[derive(Debug)]
enum Normal {
    Rule(Box<dyn Rule>),
    Call(SharedCallback),
}

/// What an anomaly does to a variable, and how it sets in.
#[derive(Debug, Clone)]
pub struct Hit {
    /// What.
    pub anomalous: Arc<Anomalous>,
    /// The share of the event over which the effect grows; none when it is there at once.
    pub onset: Option<f64>,
}

impl Hit {
    /// Anomalous values that take the place of normal ones: while the anomaly sets in, they are mixed.
    pub(super) fn set_in(&self, event: &Event, row: u64, normal: &[f64], values: &mut [f64]) {
        let Some(share) = self.onset else { return };
        let duration = (event.stop - event.start) as f64;
        for (j, (y, x)) in values.iter_mut().zip(normal).enumerate() {
            let offset = (row - event.start + j as u64) as f64;
            let weight = (offset + 1.0) / (share * duration);
            if weight < 1.0 {
                *y = x + weight * (*y - x);
            }
        }
    }
}

/// A normal rule, as far as a transform may look at it.
enum NormalOf<'a> {
    Rule(&'a dyn Rule),
    /// A function's value in the event's first row.
    First(Box<dyn Rule>),
}

impl NormalOf<'_> {
    fn get(&self) -> &dyn Rule {
        match self {
            Self::Rule(rule) => *rule,
            Self::First(rule) => &**rule,
        }
    }
}

/// Neighbouring rows.
#[derive(Debug, Clone, Copy)]
struct Run {
    row: u64,
    len: usize,
}

impl Run {
    fn last(&self) -> u64 {
        self.row + (self.len as u64 - 1)
    }
}

/// Rows in order, counted from `first`, as runs of neighbours.
fn runs(rows: &[u32], first: u64) -> Vec<Run> {
    let run = |rows: &[u32]| Run { row: first + u64::from(rows[0]), len: rows.len() };
    rows.chunk_by(|a, b| a + 1 == *b).map(run).collect()
}

/// The part of `out`, whose first row is `row`, that belongs to an event, and its first row.
fn clip<'a>(event: &Event, row: u64, out: &'a mut [f64]) -> (u64, &'a mut [f64]) {
    let last = row + (out.len() as u64 - 1);
    let from = event.start.max(row);
    let to = (event.stop - 1).min(last);
    (from, &mut out[(from - row) as usize..=(to - row) as usize])
}

/// Which values of a variable are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Want<'a> {
    /// The events that touch the rows.
    pub events: &'a [Event],
    /// The events that touch the whole block; only functions look at them.
    pub around: &'a [Event],
    /// Which try.
    pub attempt: u32,
    /// What the time of a row is.
    pub time: Time,
    /// Other variables, where any rule looks at them.
    pub view: Option<&'a View<'a>>,
    /// Says when to stop.
    pub job: &'a Job,
}

/// A variable of the plan.
#[derive(Debug)]
pub struct Variable {
    /// Its name, which keys its stream.
    pub name: String,
    seed: u64,
    key: Key,
    /// The names of all variables,
    names: Arc<[String]>,
    /// and where it stands among them.
    pub position: usize,
    normal: Normal,
    /// What its functions are told of the rows before, when they are asked row after row.
    pub(super) sequence: Option<Sequence>,
    /// Whether another try gives another normal value.
    redraws: bool,
    /// Whether the normal rule has signals.
    signals: bool,
    /// What the normal rule refers to.
    pub references: Vec<Reference>,
    /// Whether any of its values come from a function of the user's.
    calls: bool,
    /// What an anomaly without a rule of its own does here.
    pub default: Option<Arc<Anomalous>>,
    /// What each anomaly does here.
    pub anomalous: Vec<Option<Hit>>,
    /// Rows there are, when the recording must not begin anew.
    pub most_rows: Option<u64>,
    /// Stretches of the recording that are anomalous already.
    pub labels: Option<Runs>,
    /// When its values are lost.
    pub dropouts: Option<Dropouts>,
}

impl Variable {
    /// Reads a variable.
    pub fn parse(name: &str, names: &Arc<[String]>, field: &Field, seed: u64) -> Result<Self> {
        let table = field.table()?;
        let kind = table.need("kind")?;
        let mut most_rows = None;
        let mut labels = None;
        let mut redraws = false;
        let mut signals = false;
        let mut sequence = None;
        let mut references = Vec::new();
        let normal = match kind.text()? {
            "stochastic" => {
                let scope = Scope::new(false, names, seed);
                let rule = scope.rule(&table.need("normal")?)?;
                redraws = scope.redraws();
                signals = scope.has_signals();
                references = scope.references();
                most_rows = scope.most_rows();
                Normal::Rule(rule)
            }
            "callback" => {
                sequence = Sequence::parse(&table)?;
                redraws = true;
                // For the record, since values depend on them; what they ask for is in the functions.
                table.flag_or("vectorized", false)?;
                table.flag_or("allow_nan", false)?;
                Normal::Call(table.need("normal")?.handle("a function")?)
            }
            "recorded" => {
                let values = table.need("values")?;
                let series = values.series()?;
                if series.is_empty() {
                    return Err(values.invalid("must hold at least one row"));
                }
                if let Some(x) = series.iter().find(|x| x.is_infinite()) {
                    return Err(Error::invalid(
                        values.path,
                        x,
                        "must be finite (NaN stands for a missing value)",
                    ));
                }
                let repeat = table.flag_or("repeat", true)?;
                let rows = series.len() as u64;
                most_rows = (!repeat).then_some(rows);
                if let Some(runs) = table.get("labels") {
                    let stretches = super::plan::stretches(&runs)?;
                    if !stretches.is_empty() {
                        labels = Some(Runs::new(&runs.path, rows, repeat, stretches)?);
                    }
                }
                signals = true;
                Normal::Rule(Box::new(Moving(Box::new(Recorded(series)))))
            }
            _ => return Err(kind.invalid("must be stochastic, callback or recorded")),
        };
        let mut variable = Self {
            name: name.into(),
            seed,
            key: Key::new(seed, "variable", name),
            names: names.clone(),
            position: names.iter().position(|known| known == name).unwrap_or(0),
            calls: matches!(normal, Normal::Call(_)),
            normal,
            sequence,
            redraws,
            signals,
            references,
            default: None,
            anomalous: Vec::new(),
            most_rows,
            labels,
            dropouts: None,
        };
        variable.default = table.get("anomalous").map(|rule| variable.read_anomaly(&rule)).transpose()?;
        if let Some(missing) = table.get("missing") {
            let timing = super::plan::read_dropouts(&missing)?;
            variable.dropouts = Some(Dropouts::new(timing, seed, name)?);
        }
        table.finish()?;
        Ok(variable)
    }

    /// Reads what an anomaly does here.
    pub fn read_anomaly(&self, field: &Field) -> Result<Arc<Anomalous>> {
        let anomalous = Scope::new(true, &self.names, self.seed).anomaly(field)?;
        if let Effect::Change(change) = &anomalous.effect {
            if let Some(source) = change.cuts()
                && !self.references.iter().any(|(other, _)| *other == source)
            {
                return Err(field.invalid(format!(
                    "cuts {:?} off from {:?}, whose normal rule does not refer to it",
                    self.name, self.names[source]
                )));
            }
            let look = change.looks();
            if matches!((&self.normal, look), (Normal::Call(_), Look::Anywhere | Look::Signals)) {
                return Err(field.invalid(format!(
                    "looks at other rows of {:?}, but a function gives each of its rows for itself",
                    self.name
                )));
            }
            if look == Look::Signals && !self.signals {
                return Err(field.invalid(format!(
                    "moves signals, but the normal rule of {:?} has none: what is drawn in each row has no course",
                    self.name
                )));
            }
        }
        Ok(Arc::new(anomalous))
    }

    /// Learns, once all anomalies are read, whether any of them calls a function, and for how many rows they last.
    pub fn settle(&mut self) {
        let ends = self.anomalous.iter().flatten().filter_map(|hit| hit.anomalous.most_rows);
        self.most_rows = ends.chain(self.most_rows).min();
        self.calls |=
            self.anomalous.iter().flatten().any(|hit| matches!(hit.anomalous.effect, Effect::Call(_)));
    }

    /// Whether any of its values come from a function of the user's.
    pub fn calls(&self) -> bool {
        self.calls
    }

    /// How many different values it can have: in normal rows, or where an event of that kind is.
    pub fn support(&self, kind: Option<usize>) -> Option<u64> {
        let rule = match (kind.and_then(|kind| self.anomalous[kind].as_ref()), &self.normal) {
            (Some(hit), _) if hit.onset.is_some() => return None,
            (Some(hit), _) => match &hit.anomalous.effect {
                Effect::Replace(rule) => rule,
                _ => return None,
            },
            (None, Normal::Rule(rule)) => rule,
            (None, Normal::Call(_)) => return None,
        };
        rule.support()
    }

    /// Whether another try can give it another value: in normal rows, or where an event of that kind is. Where later
    /// rows build on it, a value stays.
    pub fn redraws(&self, kind: Option<usize>) -> bool {
        if self.sequence.is_some() {
            return false;
        }
        match kind.and_then(|kind| self.anomalous[kind].as_ref()) {
            Some(Hit { anomalous, onset }) => {
                let uses_normal = onset.is_some() || matches!(anomalous.effect, Effect::Change(_));
                anomalous.redraws || (uses_normal && self.redraws)
            }
            None => self.redraws,
        }
    }

    /// Fills `out` with the values of rows from `row` on, which lie in one block.
    pub fn fill(&self, row: u64, want: &Want, out: &mut [f64]) -> crate::Result<()> {
        if let Some(sequence) = self.sequence {
            return self.fill_warm(sequence, row, want, out);
        }
        match &self.normal {
            Normal::Rule(rule) if !self.calls => {
                self.tiles(None, row, want, out, |at, values| rule.fill(at, values));
                for event in want.events {
                    let Some(hit) = &self.anomalous[event.kind] else { continue };
                    let (from, part) = clip(event, row, out);
                    self.strike(hit, event, from, want, part, |at, values| {
                        match &hit.anomalous.effect {
                            Effect::Replace(rule) => rule.fill(at, values),
                            Effect::Change(change) => change.apply(at, &**rule, values),
                            Effect::Call(_) => {} // not here: `calls` is false
                        }
                    });
                }
                Ok(())
            }
            _ => self.fill_runs(&[Run { row, len: out.len() }], row, want, out),
        }
    }

    /// Draws some rows of a block anew: `rows`, in order, counted from `first`, which is the row of `column[0]`.
    pub fn redraw(&self, rows: &[u32], first: u64, want: &Want, column: &mut [f64]) -> crate::Result<()> {
        /// From how many rows on a whole tile is cheaper than row by row.
        const MANY: usize = 24;
        if self.sequence.is_some() {
            return Ok(());
        }
        if self.calls {
            let runs = runs(rows, first);
            return self.fill_runs(&runs, first, want, column);
        }
        let tile_of = |row: u32| (first + u64::from(row)) / TILE as u64;
        for rows in rows.chunk_by(|a, b| tile_of(*a) == tile_of(*b)) {
            if rows.len() < MANY {
                for &row in rows {
                    let at = first + u64::from(row);
                    let want = Want { events: touching(want.events, at, at), ..*want };
                    self.fill(at, &want, &mut column[row as usize..=row as usize])?;
                }
            } else {
                // The whole tile, as far as there are rows: that is quicker than most of it.
                let mut buffer = [0.0; TILE];
                let start = tile_of(rows[0]) * TILE as u64;
                let len = self.most_rows.map_or(TILE, |most| TILE.min((most - start) as usize));
                let want = Want { events: touching(want.events, start, start + (len as u64 - 1)), ..*want };
                self.fill(start, &want, &mut buffer[..len])?;
                for &row in rows {
                    column[row as usize] = buffer[(first + u64::from(row) - start) as usize];
                }
            }
        }
        Ok(())
    }

    /// Fills runs of rows, in order; `first` is the row of `column[0]`, and all lie in one block.
    fn fill_runs(&self, runs: &[Run], first: u64, want: &Want, column: &mut [f64]) -> crate::Result<()> {
        let place = |row: u64, len: usize| (row - first) as usize..(row - first) as usize + len;
        // Normal values, wherever an anomalous rule does not stand in for them.
        let replaced = |event: &&Event| {
            self.anomalous[event.kind]
                .as_ref()
                .is_some_and(|hit| hit.onset.is_none() && !matches!(hit.anomalous.effect, Effect::Change(_)))
        };
        let mut normal = Vec::new();
        for run in runs {
            let mut row = run.row;
            let last = run.last();
            for event in touching(want.events, run.row, last).iter().filter(replaced) {
                if event.start > row {
                    normal.push(Part { row, len: (event.start - row) as usize, event: None });
                }
                row = event.stop;
                if row > last {
                    break;
                }
            }
            if row <= last && row >= run.row {
                normal.push(Part { row, len: (last - row) as usize + 1, event: None });
            }
        }
        match &self.normal {
            Normal::Rule(rule) => {
                for part in &normal {
                    let out = &mut column[place(part.row, part.len)];
                    self.tiles(None, part.row, want, out, |at, values| rule.fill(at, values));
                }
            }
            Normal::Call(callback) => match (&normal[..], callback.manner()) {
                // All that it is asked for is wanted: it writes where that goes.
                ([part], manner) if manner != Manner::Blocks || part.len == BLOCK => {
                    let out = &mut column[place(part.row, part.len)];
                    callback.call(&self.asked(false, &normal, None, want), out)?;
                }
                (parts, Manner::Stretches) if runs.len() == 1 => {
                    for part in parts {
                        let out = &mut column[place(part.row, part.len)];
                        callback.call(&self.asked(false, std::slice::from_ref(part), None, want), out)?;
                    }
                }
                _ => self.call(callback, false, normal, want, |part, values| {
                    column[place(part.row, part.len)].copy_from_slice(values);
                })?,
            },
        }
        // Anomalous values. Calls of the same function are gathered.
        let mut calls: Vec<(&SharedCallback, Vec<Part>)> = Vec::new();
        for run in runs {
            for event in touching(want.events, run.row, run.last()) {
                let Some(hit) = &self.anomalous[event.kind] else { continue };
                let (from, out) = clip(event, run.row, &mut column[place(run.row, run.len)]);
                match &hit.anomalous.effect {
                    Effect::Replace(rule) => {
                        self.strike(hit, event, from, want, out, |at, values| rule.fill(at, values));
                    }
                    Effect::Change(change) => {
                        let normal = self.normal_of(event, change.looks(), want)?;
                        self.strike(hit, event, from, want, out, |at, values| {
                            change.apply(at, normal.get(), values);
                        });
                    }
                    Effect::Call(callback) => {
                        let part = Part { row: from, len: out.len(), event: Some(*event) };
                        match calls.iter_mut().find(|(known, _)| Arc::ptr_eq(known, callback)) {
                            Some((_, parts)) => parts.push(part),
                            None => calls.push((callback, vec![part])),
                        }
                    }
                }
            }
        }
        for (callback, parts) in calls {
            self.call(callback, true, parts, want, |part, values| {
                let out = &mut column[place(part.row, part.len)];
                let normal = out.to_vec();
                out.copy_from_slice(values);
                if let Some(event) = &part.event
                    && let Some(hit) = &self.anomalous[event.kind]
                {
                    hit.set_in(event, part.row, &normal, out);
                }
            })?;
        }
        Ok(())
    }

    /// The normal rule, as a transform of an event may look at it: at the event's first row only.
    fn normal_of(&self, event: &Event, look: Look, want: &Want) -> crate::Result<NormalOf<'_>> {
        match &self.normal {
            Normal::Rule(rule) => Ok(NormalOf::Rule(&**rule)),
            Normal::Call(callback) => {
                let mut value = 0.0;
                if look == Look::First {
                    let part = Part { row: event.start, len: 1, event: None };
                    let want = Want { attempt: 0, ..*want };
                    self.call(callback, false, vec![part], &want, |_, values| value = values[0])?;
                }
                Ok(NormalOf::First(constant(value)))
            }
        }
    }

    /// Calls a function for parts of one block, and hands each part its values.
    fn call(
        &self,
        callback: &SharedCallback,
        anomalous: bool,
        parts: Vec<Part>,
        want: &Want,
        mut deliver: impl FnMut(Part, &[f64]),
    ) -> crate::Result<()> {
        let Some(part) = parts.first() else { return Ok(()) };
        let asked = match callback.manner() {
            Manner::Rows | Manner::Stretches => None,
            Manner::Blocks => {
                let base = part.row - part.row % BLOCK as u64;
                Some(if anomalous {
                    self.block_parts(callback, base, want)
                } else {
                    vec![Part { row: base, len: BLOCK, event: None }]
                })
            }
        };
        let asked = asked.as_ref().unwrap_or(&parts);
        let mut out = vec![0.0; asked.iter().map(|part| part.len).sum()];
        callback.call(&self.asked(anomalous, asked, None, want), &mut out)?;
        let mut from = 0;
        let mut asked = asked.iter();
        let mut within = asked.next();
        for &part in &parts {
            // Both lists are in order, and each part lies within one that was asked for.
            while let Some(whole) = within {
                if part.row >= whole.row && part.row - whole.row < whole.len as u64 {
                    let at = from + (part.row - whole.row) as usize;
                    deliver(part, &out[at..at + part.len]);
                    break;
                }
                from += whole.len;
                within = asked.next();
            }
        }
        Ok(())
    }

    /// What a function is told of rows.
    pub(super) fn asked<'a>(
        &'a self,
        anomalous: bool,
        parts: &'a [Part],
        past: Option<Past<'a>>,
        want: &Want<'a>,
    ) -> Call<'a> {
        let Want { attempt, time, job, .. } = *want;
        Call { variable: &self.name, key: self.key, anomalous, attempt, time, parts, past, job }
    }

    /// The function that gives the values in rows of an event, or normal ones.
    pub(super) fn function(&self, event: Option<&Event>) -> Option<&SharedCallback> {
        let Some(event) = event else {
            return if let Normal::Call(function) = &self.normal { Some(function) } else { None };
        };
        self.anomalous[event.kind].as_ref()?.anomalous.function()
    }

    /// The functions that give its values.
    pub(super) fn functions(&self) -> impl Iterator<Item = &SharedCallback> {
        let events = self.anomalous.iter().flatten().filter_map(|hit| hit.anomalous.function());
        events.chain(self.function(None))
    }

    /// Lets an event, whose normal value in its first row is `first`, change or replace normal values.
    pub(super) fn strike_after(
        &self,
        hit: &Hit,
        event: &Event,
        row: u64,
        first: f64,
        want: &Want,
        values: &mut [f64],
    ) {
        let normal = constant(first);
        self.strike(hit, event, row, want, values, |at, values| match &hit.anomalous.effect {
            Effect::Replace(rule) => rule.fill(at, values),
            Effect::Change(change) => change.apply(at, &*normal, values),
            Effect::Call(_) => {}
        });
    }

    /// All rows of the block from `base` on in which a function gives the anomalous values.
    fn block_parts(&self, callback: &SharedCallback, base: u64, want: &Want) -> Vec<Part> {
        let mine = |event: &&Event| match self.anomalous[event.kind].as_ref().map(|hit| &hit.anomalous.effect)
        {
            Some(Effect::Call(known)) => Arc::ptr_eq(known, callback),
            _ => false,
        };
        let last = base + (BLOCK as u64 - 1);
        let part = |event: &Event| {
            let (row, end) = (event.start.max(base), (event.stop - 1).min(last));
            Part { row, len: (end - row) as usize + 1, event: Some(*event) }
        };
        touching(want.around, base, last).iter().filter(mine).map(part).collect()
    }

    /// Lets `change` make anomalous values out of normal ones, which `out` holds where they are needed.
    fn strike(
        &self,
        hit: &Hit,
        event: &Event,
        row: u64,
        want: &Want,
        out: &mut [f64],
        change: impl Fn(At, &mut [f64]),
    ) {
        self.tiles(Some(event), row, want, out, |at, values| {
            if hit.onset.is_none() {
                return change(at, values);
            }
            let mut buffer = [0.0; TILE];
            let normal = &mut buffer[..values.len()];
            normal.copy_from_slice(values);
            change(at, values);
            hit.set_in(event, at.row, normal, values);
        });
    }

    /// Calls `work` for each tile's share of the rows.
    fn tiles(
        &self,
        event: Option<&Event>,
        row: u64,
        want: &Want,
        out: &mut [f64],
        mut work: impl FnMut(At, &mut [f64]),
    ) {
        let mut row = row;
        let mut out = out;
        while !out.is_empty() {
            let take = out.len().min(TILE - (row % TILE as u64) as usize);
            let (now, later) = out.split_at_mut(take);
            let (key, attempt, view) = (self.key, want.attempt, want.view);
            work(At { key, row, attempt, event, moved: None, view }, now);
            row = row.wrapping_add(take as u64);
            out = later;
        }
    }
}
