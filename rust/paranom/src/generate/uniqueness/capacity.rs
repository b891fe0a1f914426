//! Whether there are enough different data for the rows that are asked for.

use super::requirement::{Limit, Uniqueness};
use crate::generate::callback::class;
use crate::generate::plan::Plan;
use crate::job::Job;
use crate::{Error, Result};

impl Plan {
    /// Refuses rows of a class that must be unique when there are fewer data than rows, before any is drawn.
    pub(super) fn refuse_too_many(&self, uniqueness: &Uniqueness, last: u64, job: &Job) -> Result<()> {
        for (anomalous, (limit, possible)) in uniqueness.limits.iter().zip(uniqueness.possible).enumerate() {
            let (Some(Limit { hard: true, .. }), Some(possible)) = (limit, possible) else { continue };
            if possible > last {
                continue;
            }
            if let Some(row) = self.row_of_class(anomalous == 1, possible, last, job)? {
                return Err(Error::TooFewData { class: class(anomalous == 1), possible, row });
            }
        }
        Ok(())
    }

    /// The row with `before` rows of its class below it, if it is not above `last`.
    fn row_of_class(&self, anomalous: bool, before: u64, last: u64, job: &Job) -> Result<Option<u64>> {
        /// Rows whose events are found together.
        const STEP: u64 = 1 << 20;
        let mut left = before;
        let mut first = 0_u64;
        loop {
            let upto = last.min(first.saturating_add(STEP - 1));
            let mut at = first;
            // Normal rows up to the next event, then the event's rows; and the normal ones after the last.
            for event in self.events(first, upto - first + 1, job)? {
                let (start, stop) = (event.start.max(first), (event.stop - 1).min(upto) + 1);
                let (from, rows) = if anomalous { (start, stop - start) } else { (at, start - at) };
                if left < rows {
                    return Ok(Some(from + left));
                }
                left -= rows;
                at = stop;
            }
            let rest = if anomalous { 0 } else { (upto - at).wrapping_add(1) };
            if left < rest {
                return Ok(Some(at + left));
            }
            left -= rest;
            if upto == last {
                return Ok(None);
            }
            first = upto + 1;
        }
    }
}
