//! Keeps values, rounded to the type that they are delivered in, below bounds that are excluded.

use super::block::{BLOCK, Real, RowRange};
use super::event::Event;
use super::plan::Plan;
use super::variable::Variable;
use crate::job::Job;
use crate::pool;
use crate::random::Stream;
use crate::{Error, Result};

impl Plan {
    /// Takes values that rounding moved up to an excluded bound down to the largest number below it.
    pub(super) fn keep_below<T: Real>(
        &self,
        rows: &[RowRange],
        clean: bool,
        columns: Vec<&mut [T]>,
        job: &Job,
    ) -> Result<()> {
        if !T::ROUNDS || self.stream == Stream::One {
            return Ok(());
        }
        let mut parts = Vec::new();
        for (variable, column) in self.delivered().zip(columns) {
            if !variable.has_bound() {
                continue;
            }
            let mut column = column;
            for &RowRange { start, len } in rows {
                let (now, later) = std::mem::take(&mut column).split_at_mut(len);
                column = later;
                let pieces = now.chunks_mut(BLOCK).enumerate();
                parts.extend(pieces.map(|(i, part)| (variable, start + (i * BLOCK) as u64, part)));
            }
        }
        pool::try_each(parts, |(variable, row, part)| {
            job.check()?;
            let mut events = self.events(row, part.len() as u64, job)?;
            if clean {
                events = self.clean(events);
            }
            keep_part_below(variable, &events, row, part);
            Ok::<(), Error>(())
        })
    }
}

/// The same for neighbouring rows of a column, the first of which is `row`.
fn keep_part_below<T: Real>(variable: &Variable, events: &[Event], row: u64, part: &mut [T]) {
    let len = part.len();
    let mut keep = |event: Option<&Event>, from: usize, to: usize| {
        if let Some(bound) = variable.below(event) {
            T::keep_below(bound, &mut part[from..to]);
        }
    };
    let mut from = 0;
    for event in events.iter().filter(|event| variable.effects[event.anomaly].is_some()) {
        let start = event.start.saturating_sub(row) as usize;
        let stop = len.min((event.stop - row) as usize);
        keep(None, from, start);
        keep(Some(event), start, stop);
        from = stop;
    }
    keep(None, from, len);
}
