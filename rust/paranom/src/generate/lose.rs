//! Takes the values that are lost out of what a plan gives.

use std::collections::BTreeMap;
use std::ops::Range;

use super::block::{BLOCK, Real, RowRange};
use super::dropouts::Dropouts;
use super::plan::Plan;
use super::view::{AllVariables, Tiles, View};
use crate::job::Job;
use crate::pool;
use crate::{Error, Result};

impl Plan {
    /// Marks the rows, of those from `row` on, whose value of a delivered variable is lost.
    pub fn missing(&self, variable: usize, row: u64, out: &mut [bool]) {
        out.fill(false);
        let dropouts = self.delivered().nth(variable).and_then(|variable| variable.dropouts.as_ref());
        if let Some(dropouts) = dropouts {
            self.each_lost(dropouts, row, out.len(), &Job::new(), |lost| out[lost].fill(true));
        }
    }

    /// Calls `lose` with each run of lost rows. What is lost may depend on values, as they are with anomalies.
    fn each_lost(
        &self,
        dropouts: &Dropouts,
        row: u64,
        len: usize,
        job: &Job,
        lose: impl FnMut(Range<usize>),
    ) {
        let (tiles, columns) = (Tiles::default(), BTreeMap::new());
        let all = AllVariables::new(self, false, job, &tiles);
        dropouts.each(row, len, &View { all, columns: &columns, row, back: 0, decoupled: None }, lose);
    }

    /// Takes the values that are lost out of columns.
    pub(super) fn lose<T: Real>(&self, rows: &[RowRange], columns: Vec<&mut [T]>, job: &Job) -> Result<()> {
        let mut parts = Vec::new();
        for (variable, column) in self.delivered().zip(columns) {
            let Some(dropouts) = &variable.dropouts else { continue };
            let mut column = column;
            for &RowRange { start, len } in rows {
                let (now, later) = std::mem::take(&mut column).split_at_mut(len);
                column = later;
                let pieces = now.chunks_mut(BLOCK).enumerate();
                parts.extend(pieces.map(|(i, part)| (dropouts, start + (i * BLOCK) as u64, part)));
            }
        }
        pool::try_each(parts, |(dropouts, row, part)| {
            job.check()?;
            self.each_lost(dropouts, row, part.len(), job, |lost| part[lost].fill(T::NAN));
            job.check()?;
            Ok::<(), Error>(())
        })
    }
}
