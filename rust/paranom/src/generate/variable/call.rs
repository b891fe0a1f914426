//! Fills columns whose values, or some of them, come from functions.

use std::sync::Arc;

use super::apply::clip;
use super::definition::{Normal, Variable};
use super::want::Want;
use crate::Result;
use crate::generate::block::{BLOCK, RowRange};
use crate::generate::callback::{Call, Granularity, Past, Run, SharedCallback};
use crate::generate::effect::Action;
use crate::generate::event::{Event, touching};
use crate::generate::fixed::fixed;
use crate::generate::rule::{Reads, Rule};

/// A normal rule, as far as a transform may read it.
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

/// Rows of one block and their values.
struct Column<'a> {
    first: u64,
    values: &'a mut [f64],
}

impl Column<'_> {
    fn rows(&mut self, row: u64, len: usize) -> &mut [f64] {
        let from = (row - self.first) as usize;
        &mut self.values[from..from + len]
    }
}

/// Calls of the same function, gathered.
type Calls<'a> = Vec<(&'a SharedCallback, Vec<Run>)>;

impl Variable {
    /// Fills ranges of rows, in order; `first` is the row of `column[0]`, and all lie in one block.
    pub(super) fn fill_ranges(
        &self,
        ranges: &[RowRange],
        first: u64,
        want: &Want,
        column: &mut [f64],
    ) -> Result<()> {
        let mut column = Column { first, values: column };
        let runs = self.normal_runs(ranges, want);
        self.fill_normal(runs, ranges.len() == 1, want, &mut column)?;
        let calls = self.apply_rules(ranges, want, &mut column)?;
        self.apply_functions(calls, want, &mut column)
    }

    /// The runs of rows that need normal values: all but those in which an anomalous rule or function replaces them.
    fn normal_runs(&self, ranges: &[RowRange], want: &Want) -> Vec<Run> {
        let replaced = |event: &&Event| {
            self.effects[event.anomaly].as_ref().is_some_and(|effect| {
                effect.onset.is_none() && !matches!(effect.rule.action, Action::Change(_))
            })
        };
        let mut runs = Vec::new();
        for range in ranges {
            let mut row = range.start;
            let last = range.last();
            for event in touching(want.events, range.start, last).filter(replaced) {
                if event.start > row {
                    runs.push(Run { row, len: (event.start - row) as usize, event: None });
                }
                row = event.stop;
                if row > last {
                    break;
                }
            }
            if row <= last && row >= range.start {
                runs.push(Run { row, len: (last - row) as usize + 1, event: None });
            }
        }
        runs
    }

    /// Fills runs of rows with normal values. `together` says that all of them are wanted as one range.
    fn fill_normal(&self, runs: Vec<Run>, together: bool, want: &Want, column: &mut Column) -> Result<()> {
        match &self.normal {
            Normal::Rule(rule) => {
                for run in &runs {
                    let out = column.rows(run.row, run.len);
                    self.tiles(None, run.row, want, out, |at, values| rule.fill(at, values));
                }
                Ok(())
            }
            Normal::Call(callback) => match (&runs[..], callback.granularity()) {
                // All that it is called for is wanted: it writes to where that goes.
                ([run], granularity) if granularity != Granularity::Block || run.len == BLOCK => {
                    let out = column.rows(run.row, run.len);
                    callback.call(&self.call_for(false, &runs, None, want), out)
                }
                (runs, Granularity::Run) if together => runs.iter().try_for_each(|run| {
                    let out = column.rows(run.row, run.len);
                    callback.call(&self.call_for(false, std::slice::from_ref(run), None, want), out)
                }),
                _ => self.call(callback, false, runs, want, |run, values| {
                    column.rows(run.row, run.len).copy_from_slice(values);
                }),
            },
        }
    }

    /// Applies the events that have rules. Gives the calls of functions that the others need.
    fn apply_rules(&self, ranges: &[RowRange], want: &Want, column: &mut Column) -> Result<Calls<'_>> {
        let mut calls = Calls::new();
        for range in ranges {
            for event in touching(want.events, range.start, range.last()) {
                let Some(effect) = &self.effects[event.anomaly] else { continue };
                let (from, out) = clip(event, range.start, column.rows(range.start, range.len));
                match &effect.rule.action {
                    Action::Replace(rule) => {
                        self.apply(effect, event, from, want, out, |at, values| rule.fill(at, values));
                    }
                    Action::Change(change) => {
                        let normal = self.normal_of(event, change.reads(), want)?;
                        self.apply(effect, event, from, want, out, |at, values| {
                            change.apply(at, normal.get(), values);
                        });
                    }
                    Action::Call(callback) => {
                        let run = Run { row: from, len: out.len(), event: Some(*event) };
                        match calls.iter_mut().find(|(known, _)| Arc::ptr_eq(known, callback)) {
                            Some((_, runs)) => runs.push(run),
                            None => calls.push((callback, vec![run])),
                        }
                    }
                }
            }
        }
        Ok(calls)
    }

    /// Applies the events that have functions.
    fn apply_functions(&self, calls: Calls, want: &Want, column: &mut Column) -> Result<()> {
        for (callback, runs) in calls {
            self.call(callback, true, runs, want, |run, values| {
                let out = column.rows(run.row, run.len);
                let normal = out.to_vec();
                out.copy_from_slice(values);
                if let Some(event) = &run.event
                    && let Some(effect) = &self.effects[event.anomaly]
                {
                    effect.ramp_in(event, run.row, &normal, out);
                }
            })?;
        }
        Ok(())
    }

    /// The normal rule, as a transform of an event may read it; of a function, its value in the event's first row.
    fn normal_of(&self, event: &Event, reads: Reads, want: &Want) -> Result<NormalOf<'_>> {
        match &self.normal {
            Normal::Rule(rule) => Ok(NormalOf::Rule(&**rule)),
            Normal::Call(callback) => {
                let mut value = 0.0;
                if reads == Reads::FirstRow {
                    let run = Run { row: event.start, len: 1, event: None };
                    let want = Want { attempt: 0, ..*want };
                    self.call(callback, false, vec![run], &want, |_, values| value = values[0])?;
                }
                Ok(NormalOf::First(fixed(value)))
            }
        }
    }

    /// Calls a function for runs of one block, and hands over the values of each run.
    fn call(
        &self,
        callback: &SharedCallback,
        anomalous: bool,
        runs: Vec<Run>,
        want: &Want,
        mut deliver: impl FnMut(Run, &[f64]),
    ) -> Result<()> {
        let Some(run) = runs.first() else { return Ok(()) };
        let whole = match callback.granularity() {
            Granularity::Row | Granularity::Run => None,
            Granularity::Block => {
                let base = run.row - run.row % BLOCK as u64;
                Some(if anomalous {
                    self.block_runs(callback, base, want)
                } else {
                    vec![Run { row: base, len: BLOCK, event: None }]
                })
            }
        };
        let called = whole.as_ref().unwrap_or(&runs);
        let mut out = vec![0.0; called.iter().map(|run| run.len).sum()];
        callback.call(&self.call_for(anomalous, called, None, want), &mut out)?;
        let mut from = 0;
        let mut called = called.iter();
        let mut within = called.next();
        for &run in &runs {
            // Both lists are in order, and each run lies within one that the function was called for.
            while let Some(whole) = within {
                if run.row >= whole.row && run.row - whole.row < whole.len as u64 {
                    let at = from + (run.row - whole.row) as usize;
                    deliver(run, &out[at..at + run.len]);
                    break;
                }
                from += whole.len;
                within = called.next();
            }
        }
        Ok(())
    }

    /// What a function is called with for runs of rows.
    pub(super) fn call_for<'a>(
        &'a self,
        anomalous: bool,
        runs: &'a [Run],
        past: Option<Past<'a>>,
        want: &Want<'a>,
    ) -> Call<'a> {
        let Want { attempt, time, job, .. } = *want;
        Call { variable: &self.name, key: self.key, anomalous, attempt, time, runs, past, job }
    }

    /// All rows of the block from `base` on in which a function gives the anomalous values.
    fn block_runs(&self, callback: &SharedCallback, base: u64, want: &Want) -> Vec<Run> {
        let mine =
            |event: &&Event| self.function(Some(event)).is_some_and(|known| Arc::ptr_eq(known, callback));
        let last = base + (BLOCK as u64 - 1);
        let run = |event: &Event| {
            let (row, end) = (event.start.max(base), (event.stop - 1).min(last));
            Run { row, len: (end - row) as usize + 1, event: Some(*event) }
        };
        touching(want.scheduled, base, last).filter(mine).map(run).collect()
    }
}
