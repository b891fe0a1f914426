//! Settled rows into columns.

use rayon::prelude::*;

use super::drawn::DrawnBlock;
use super::requirement::Uniqueness;
use crate::generate::block::{Block, Real};
use crate::generate::plan::Plan;
use crate::generate::variable::Want;
use crate::job::Job;
use crate::{Error, Result};

impl Plan {
    /// Copies settled rows to where they go; or draws them without anomalies, each at the try it was settled with.
    pub(super) fn deliver<T: Real>(
        &self,
        uniqueness: &Uniqueness,
        drawn: &[DrawnBlock],
        blocks: Vec<Block<'_, T>>,
        clean: bool,
        job: &Job,
    ) -> Result<()> {
        blocks.into_par_iter().zip(drawn).try_for_each(|(block, settled)| {
            if !clean {
                block.labels.copy_from_slice(&settled.labels);
                for ((out, column), variable) in
                    block.columns.into_iter().zip(&settled.columns).zip(&self.variables)
                {
                    T::write(out, |values| values.copy_from_slice(column));
                    self.unusual.check(variable, settled.start, out)?;
                }
                return Ok(());
            }
            let around = self.clean(settled.around.clone());
            let events = self.clean(settled.events.clone());
            self.mark(settled.start, &events, block.labels);
            let mut later: Vec<(u32, u32)> = Vec::new();
            for (j, &attempt) in settled.attempts.iter().enumerate() {
                if attempt != 0 && attempt != u32::MAX {
                    later.push((attempt, j as u32));
                }
            }
            later.sort_unstable();
            for (i, (out, variable)) in block.columns.into_iter().zip(&self.variables).enumerate() {
                let (events, around, scheduled) = (&events[..], &around[..], &settled.around[..]);
                let want = Want { events, around, scheduled, attempt: 0, time: &self.time, view: None, job };
                T::write(out, |values| {
                    if variable.walks() {
                        values.copy_from_slice(&settled.chains[i]);
                        return Ok(());
                    }
                    variable.fill(settled.start, &want, values)?;
                    if uniqueness.over.binary_search(&i).is_err() {
                        return Ok(());
                    }
                    for group in later.chunk_by(|a, b| a.0 == b.0) {
                        let offsets: Vec<u32> = group.iter().map(|row| row.1).collect();
                        let want = Want { attempt: group[0].0, ..want };
                        variable.redraw(&offsets, settled.start, &want, values)?;
                    }
                    Ok::<(), Error>(())
                })?;
                self.unusual.check(variable, settled.start, out)?;
            }
            Ok(())
        })
    }
}
