//! Values and labels for rows, block by block, in parallel, without a lock.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::graph::{View, World};
use super::plan::Plan;
use super::schedule::{Event, touching};
use super::sequence::{Sequence, Walk};
use super::uniqueness::History;
use super::variable::{Variable, Want};
use crate::job::Job;
use crate::pool;
use crate::random::TILE;
use crate::{Error, Result};

/// Rows that one task fills: a column's share stays in the second-level cache.
pub const BLOCK: usize = 64 * TILE;

/// A type that values are delivered in.
pub trait Real: Copy + Send {
    /// Stands for a missing value.
    const NAN: Self;

    /// Lets `fill` write values, computed as f64, into `out`.
    fn write<R>(out: &mut [Self], fill: impl FnOnce(&mut [f64]) -> R) -> R;
}

impl Real for f64 {
    const NAN: Self = Self::NAN;

    fn write<R>(out: &mut [Self], fill: impl FnOnce(&mut [f64]) -> R) -> R {
        fill(out)
    }
}

impl Real for f32 {
    const NAN: Self = Self::NAN;

    fn write<R>(out: &mut [Self], fill: impl FnOnce(&mut [f64]) -> R) -> R {
        let mut wide = vec![0.0; out.len()];
        let result = fill(&mut wide);
        for (x, y) in out.iter_mut().zip(wide) {
            *x = y as Self;
        }
        result
    }
}

/// Neighbouring rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The first row.
    pub start: u64,
    /// How many.
    pub len: usize,
}

/// Which rows are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// Stretches of them.
    pub rows: &'a [Rows],
    /// Whether anomalies are left out.
    pub clean: bool,
    /// Says when to stop.
    pub job: &'a Job,
}

/// One task: neighbouring rows, and where they go.
pub(super) struct Block<'a, T> {
    rows: Rows,
    pub columns: Vec<&'a mut [T]>,
    pub labels: &'a mut [i8],
}

impl Plan {
    /// Fills `columns`, one for each variable, and `labels` with the given rows, one stretch after the other.
    /// `clean` leaves the anomalies out. Runs in the current rayon pool, or outside of any on the caller's
    /// thread (a plan with uniqueness needs a pool); the bits do not depend on it.
    ///
    /// # Panics
    /// If a column or the labels have another length than the rows together. Check rows with
    /// [`Plan::check_rows`] first.
    pub fn fill<T: Real>(
        &self,
        rows: &[Rows],
        clean: bool,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> Result<()> {
        self.fill_after(&mut History::new(), rows, clean, columns, labels, job)?;
        Ok(())
    }

    /// Fills rows block by block; and, meanwhile, the columns that must be walked row by row.
    pub(super) fn fill_blocks<T: Real>(
        &self,
        walks: &mut [Walk],
        request: Request,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
    ) -> Result<()> {
        assert_eq!(columns.len(), self.variables.len(), "one column for each variable");
        let (mut filled, mut walked) = (Vec::new(), Vec::new());
        for ((column, variable), walk) in columns.into_iter().zip(&self.variables).zip(walks) {
            match variable.sequence {
                Some(sequence) if variable.walks() => walked.push((variable, sequence, walk, column)),
                _ => filled.push((variable, column)),
            }
        }
        let (variables, filled): (Vec<_>, Vec<_>) = filled.into_iter().unzip();
        if walked.is_empty() {
            return self.fill_columns(&variables, request, filled, labels, true);
        }
        // Whoever fails stops the others.
        let job = request.job;
        let watch = |result: Result<()>| result.inspect_err(|_| job.cancel());
        let (mut results, rest) = rayon::join(
            || -> Vec<Result<()>> {
                let walk =
                    |(i, (variable, sequence, walk, column)): (usize, (&Variable, _, &mut Walk, _))| {
                        watch(self.walk_column(variable, sequence, walk, request, column, i == 0))
                    };
                walked.into_par_iter().enumerate().map(walk).collect()
            },
            || watch(self.fill_columns(&variables, request, filled, labels, false)),
        );
        results.push(rest);
        let cause = results.iter().position(|result| matches!(result, Err(why) if *why != Error::Cancelled));
        results.swap_remove(cause.unwrap_or(0))
    }

    /// Fills rows that depend on no others; `counted` as progress or not.
    fn fill_columns<T: Real>(
        &self,
        variables: &[&Variable],
        request: Request,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        counted: bool,
    ) -> Result<()> {
        let Request { rows, clean, job } = request;
        let nothing_stays = self.recorded.is_none() && !self.kinds.iter().any(|kind| kind.decoy);
        pool::try_each(blocks(rows, columns, labels), |block| {
            job.check()?;
            let Block { rows: Rows { start, len }, columns, labels } = block;
            let around = match clean {
                true if nothing_stays => Vec::new(),
                true => self.clean(self.events_around(start, len as u64)),
                false => self.events_around(start, len as u64),
            };
            let events = touching(&around, start, start + (len as u64 - 1));
            let world = World::new(self, clean, job);
            let known = if self.graph.is_used() {
                self.mark(start, &self.labelled(start, len as u64, clean), labels);
                world.columns(0..self.variables.len(), start, len)
            } else {
                self.mark(start, events, labels);
                BTreeMap::new()
            };
            let view = View { world, columns: &known, row: start, back: 0, decoupled: None };
            let view = self.graph.is_used().then_some(&view);
            let want = Want { events, around: &around, attempt: 0, time: self.time, view, job };
            pool::try_each(columns.into_iter().zip(variables).collect(), |(column, variable)| {
                T::write(column, |values| match known.get(&(variable.position, 0)) {
                    Some(known) => {
                        values.copy_from_slice(known);
                        Ok(())
                    }
                    None => variable.fill(start, &want, values),
                })?;
                job.check()
            })?;
            if counted { job.step(len as u64) } else { Ok(()) }
        })
    }

    /// Walks a column up to the last of the rows asked for; from row 0 if the walk is beyond the first of them.
    fn walk_column<T: Real>(
        &self,
        variable: &Variable,
        sequence: Sequence,
        walk: &mut Walk,
        request: Request,
        column: &mut [T],
        counted: bool,
    ) -> Result<()> {
        let mut column = column;
        for &Rows { start, len } in request.rows {
            if start < walk.next {
                *walk = Walk::default();
            }
            let end = start + len as u64;
            while walk.next < end {
                let at = walk.next;
                let stop = if at < start { start } else { end };
                let take = (BLOCK as u64 - at % BLOCK as u64).min(stop - at) as usize;
                if at < start {
                    self.walk_block(variable, sequence, walk, request, &mut vec![0.0; take])?;
                    continue;
                }
                let (now, later) = std::mem::take(&mut column).split_at_mut(take);
                column = later;
                T::write(now, |values| self.walk_block(variable, sequence, walk, request, values))?;
                if counted {
                    request.job.step(take as u64)?;
                }
            }
        }
        Ok(())
    }

    /// Walks the next rows, which lie in one block. Gives their normal values.
    pub(super) fn walk_block(
        &self,
        variable: &Variable,
        sequence: Sequence,
        walk: &mut Walk,
        request: Request,
        out: &mut [f64],
    ) -> Result<Vec<f64>> {
        let Request { clean, job, .. } = request;
        job.check()?;
        let mut events = self.events(walk.next, out.len() as u64);
        if clean {
            events = self.clean(events);
        }
        let known = BTreeMap::new();
        let world = World::new(self, clean, job);
        let view = View { world, columns: &known, row: walk.next, back: 0, decoupled: None };
        let view = self.graph.is_used().then_some(&view);
        let want = Want { events: &events, around: &events, attempt: 0, time: self.time, view, job };
        variable.walk(sequence, walk, &want, out)
    }
}

impl Plan {
    /// The events that stay when anomalies are left out: decoys, and those that recordings are labelled with.
    pub(super) fn clean(&self, events: Vec<Event>) -> Vec<Event> {
        let stays = |event: &Event| Some(event.kind) == self.recorded || self.kinds[event.kind].decoy;
        events.into_iter().filter(stays).collect()
    }

    /// Labels: 1 in rows of an event, 0 in those of a decoy.
    pub(super) fn mark(&self, start: u64, events: &[Event], labels: &mut [i8]) {
        labels.fill(0);
        let last = start + (labels.len() as u64 - 1);
        for event in events.iter().filter(|event| !self.kinds[event.kind].decoy) {
            let from = (event.start.max(start) - start) as usize;
            let to = ((event.stop - 1).min(last) - start) as usize;
            labels[from..=to].fill(1);
        }
    }
}

/// Cuts stretches of rows into blocks that end at multiples of [`BLOCK`], so that tiles are whole where they can be.
pub(super) fn blocks<'a, T>(
    stretches: &[Rows],
    columns: Vec<&'a mut [T]>,
    labels: &'a mut [i8],
) -> Vec<Block<'a, T>> {
    let mut columns = columns;
    let mut labels = labels;
    let mut blocks = Vec::new();
    for &Rows { start, len } in stretches {
        let (mut start, mut len) = (start, len);
        while len > 0 {
            let take = len.min(BLOCK - (start % BLOCK as u64) as usize);
            let (mine, rest) = std::mem::take(&mut labels).split_at_mut(take);
            labels = rest;
            let mut parts = Vec::with_capacity(columns.len());
            for column in &mut columns {
                let (mine, rest) = std::mem::take(column).split_at_mut(take);
                *column = rest;
                parts.push(mine);
            }
            blocks.push(Block { rows: Rows { start, len: take }, columns: parts, labels: mine });
            start = start.wrapping_add(take as u64);
            len -= take;
        }
    }
    assert!(labels.is_empty() && columns.iter().all(|column| column.is_empty()), "lengths match the rows");
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Value;

    fn table(entries: &[(&str, Value)]) -> Value {
        Value::Table(entries.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    fn part(kind: &str, entries: &[(&str, Value)]) -> Value {
        let kind = ("kind", Value::Text(kind.into()));
        table(&[&[kind], entries].concat())
    }

    /// Beyond 2^53 a float counts in steps: what is made from a row must not count on from where a slice begins.
    #[test]
    fn slices_agree_beyond_the_whole_floats() {
        let slope = Value::List(vec![Value::Number(0.0), Value::Number(1.0)]);
        let trend = part("trend", &[("coefficients", slope)]);
        let walk = part("random_walk", &[("drift", Value::Number(1.0))]);
        let ramp = part("drift", &[("by", Value::Number(1.0))]);
        let forever = Value::List(vec![Value::List(vec![Value::Whole(0), Value::Whole(1 << 63)])]);
        let variables = table(&[
            ("trend", part("stochastic", &[("normal", trend)])),
            ("walk", part("stochastic", &[("normal", walk)])),
            ("ramp", part("stochastic", &[("normal", Value::Number(0.0)), ("anomalous", ramp)])),
        ]);
        let spec = table(&[
            ("variables", variables),
            ("anomalies", Value::List(vec![table(&[("events", forever)])])),
        ]);
        let plan = Plan::new(&spec).unwrap();
        let fill = |start: u64, len: usize| {
            let mut columns = vec![vec![0.0; len]; 3];
            let mut labels = vec![0; len];
            let slices = columns.iter_mut().map(Vec::as_mut_slice).collect();
            plan.fill::<f64>(&[Rows { start, len }], false, slices, &mut labels, &Job::new()).unwrap();
            columns
        };
        for start in [(1 << 53) + 1, (1 << 60) + 100] {
            let whole = fill(start, 1100);
            for j in 0..1100 {
                let one = fill(start + j as u64, 1);
                for (column, value) in whole.iter().zip(one) {
                    assert_eq!(column[j].to_bits(), value[0].to_bits(), "row {start} + {j}");
                }
            }
        }
    }
}
