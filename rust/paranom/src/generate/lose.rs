//! Takes the values that are lost out of what a plan gives.

use super::block::{BLOCK, Real, RowRange};
use super::plan::Plan;
use crate::job::Job;
use crate::pool;
use crate::{Error, Result};

impl Plan {
    /// Marks the rows, of those from `row` on, whose value of a delivered variable is lost.
    pub fn missing(&self, variable: usize, row: u64, out: &mut [bool]) {
        out.fill(false);
        let dropouts = self.delivered().nth(variable).and_then(|variable| variable.dropouts.as_ref());
        if let Some(dropouts) = dropouts {
            dropouts.each(row, out.len(), |lost| out[lost].fill(true));
        }
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
            dropouts.each(row, part.len(), |lost| part[lost].fill(T::NAN));
            Ok::<(), Error>(())
        })
    }
}
