//! Values that are lost: NaN, laid over a variable's values after everything else. Whatever looks at the variable (a
//! reference, a function, uniqueness) sees the values underneath; labels stay, too.

use super::fill::{BLOCK, Real, Rows};
use super::plan::Plan;
use super::schedule::{Event, Schedule, Timing};
use crate::job::Job;
use crate::pool;
use crate::random::Key;
use crate::{Error, Result};

/// When the values of a variable are lost.
#[derive(Debug)]
pub struct Dropouts(Schedule);

impl Dropouts {
    /// Those of the variable with a name, drawn for it alone.
    pub fn new(timing: Timing, seed: u64, name: &str) -> Result<Self> {
        Ok(Self(Schedule::new(Key::new(seed, "missing", name), vec![timing], None)?))
    }

    /// Calls `lose` with each stretch of lost rows among the `len` rows from `row` on, counted from there.
    fn each(&self, row: u64, len: usize, mut lose: impl FnMut(std::ops::Range<usize>)) {
        let Some(more) = (len as u64).checked_sub(1) else { return };
        let last = row + more;
        for Event { start, stop, .. } in self.0.events(row, last, &mut |_| true, &mut Vec::new()) {
            lose((start.max(row) - row) as usize..((stop - 1).min(last) - row) as usize + 1);
        }
    }
}

impl Plan {
    /// Marks the rows, of those from `row` on, whose value of a variable is lost.
    pub fn missing(&self, variable: usize, row: u64, out: &mut [bool]) {
        out.fill(false);
        if let Some(dropouts) = &self.variables[variable].dropouts {
            dropouts.each(row, out.len(), |lost| out[lost].fill(true));
        }
    }

    /// Takes the values that are lost out of columns.
    pub(super) fn lose<T: Real>(&self, rows: &[Rows], columns: Vec<&mut [T]>, job: &Job) -> Result<()> {
        let mut parts = Vec::new();
        for (variable, column) in self.variables.iter().zip(columns) {
            let Some(dropouts) = &variable.dropouts else { continue };
            let mut column = column;
            for &Rows { start, len } in rows {
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
