//! Values and labels for rows, block by block, in parallel; blocks share nothing.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::block::{Block, Real, RowRange, blocks};
use super::event::{Event, touching};
use super::plan::Plan;
use super::request::Request;
use super::uniqueness::FillState;
use super::variable::{Variable, Walk, Want};
use super::view::{AllVariables, Tiles, View};
use crate::job::Job;
use crate::pool;
use crate::{Error, Result};

impl Plan {
    /// Fills `columns`, one for each variable, and `labels` with the given rows, one range after the other.
    /// `clean` leaves the anomalies out. Runs in the current rayon pool, or outside of any on the caller's
    /// thread (a plan with uniqueness needs a pool); the bits do not depend on it.
    ///
    /// # Panics
    /// If a column or the labels have another length than the rows together. Check rows with
    /// [`Plan::check_rows`] first.
    pub fn fill<T: Real>(
        &self,
        rows: &[RowRange],
        clean: bool,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> Result<()> {
        self.fill_after(&mut FillState::new(), rows, clean, columns, labels, job)?;
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
        assert_eq!(columns.len(), self.delivered().count(), "one column for each variable");
        let (mut filled, mut walked) = (Vec::new(), Vec::new());
        for ((column, variable), walk) in columns.into_iter().zip(self.delivered()).zip(walks) {
            match variable.sequence {
                Some(sequence) if variable.walks() => walked.push((variable, sequence, walk, column)),
                _ => filled.push((variable, column)),
            }
        }
        let (variables, filled): (Vec<_>, Vec<_>) = filled.into_iter().unzip();
        if walked.is_empty() {
            return self.fill_columns(&variables, request, filled, labels, true);
        }
        // An error in one stops the others.
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
        let nothing_stays = self.recorded.is_none() && !self.anomalies.iter().any(|anomaly| anomaly.decoy);
        pool::try_each(blocks(rows, columns, labels), |block| {
            job.check()?;
            let Block { rows: RowRange { start, len }, columns, labels } = block;
            let scheduled =
                if clean && nothing_stays { Vec::new() } else { self.events_around(start, len as u64, job)? };
            let kept = if clean { self.clean(scheduled.clone()) } else { Vec::new() };
            let around = if clean { &kept } else { &scheduled };
            let events: Vec<Event> = touching(around, start, start + (len as u64 - 1)).copied().collect();
            let events = &events[..];
            let tiles = Tiles::default();
            let all = AllVariables::new(self, clean, job, &tiles);
            let known = if self.graph.is_used() {
                self.mark(start, &self.labelled(start, len as u64, clean, job)?, labels);
                all.columns(0..self.variables.len(), start, len)
            } else {
                self.mark(start, events, labels);
                BTreeMap::new()
            };
            let view = View { all, columns: &known, row: start, back: 0, decoupled: None };
            let view = self.graph.is_used().then_some(&view);
            let want =
                Want { events, around, scheduled: &scheduled, attempt: 0, time: &self.time, view, job };
            pool::try_each(columns.into_iter().zip(variables).collect(), |(column, variable)| {
                T::write(&mut *column, |values| match known.get(&(variable.position, 0)) {
                    Some(known) => {
                        values.copy_from_slice(known);
                        Ok(())
                    }
                    None => variable.fill(start, &want, values),
                })?;
                self.unusual.check(variable, start, column)?;
                job.check()
            })?;
            if counted { job.step(len as u64) } else { Ok(()) }
        })
    }
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
            plan.fill::<f64>(&[RowRange { start, len }], false, slices, &mut labels, &Job::new()).unwrap();
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
