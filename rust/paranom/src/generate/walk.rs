//! Walks along the columns of sequential variables, row after row.

use std::collections::BTreeMap;

use super::block::{BLOCK, Real, RowRange};
use super::plan::Plan;
use super::request::Request;
use super::variable::{Sequence, Variable, Walk, Want};
use super::view::{AllVariables, Tiles, View};
use crate::Result;
use crate::error::try_filled;

impl Plan {
    /// Walks a column up to the last of the rows asked for; from row 0 if the walk is beyond the first of them.
    pub(super) fn walk_column<T: Real>(
        &self,
        variable: &Variable,
        sequence: Sequence,
        walk: &mut Walk,
        request: Request,
        column: &mut [T],
        counted: bool,
    ) -> Result<()> {
        let mut column = column;
        for &RowRange { start, len } in request.rows {
            if start < walk.next {
                *walk = Walk::default();
            }
            let end = start + len as u64;
            while walk.next < end {
                let at = walk.next;
                let stop = if at < start { start } else { end };
                let take = (BLOCK as u64 - at % BLOCK as u64).min(stop - at) as usize;
                if at < start {
                    self.walk_block(variable, sequence, walk, request, &mut try_filled(0.0, take)?)?;
                    continue;
                }
                let (now, later) = std::mem::take(&mut column).split_at_mut(take);
                column = later;
                T::write(now, |values| self.walk_block(variable, sequence, walk, request, values))?;
                self.unusual.check(variable, at, now)?;
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
        let mut events = self.events(walk.next, out.len() as u64, job)?;
        if clean {
            events = self.clean(events);
        }
        let known = BTreeMap::new();
        let tiles = Tiles::default();
        let all = AllVariables::new(self, clean, job, &tiles);
        let view = View { all, columns: &known, row: walk.next, back: 0, decoupled: None };
        let view = self.graph.is_used().then_some(&view);
        let want = Want {
            events: &events,
            around: &events,
            scheduled: &events,
            attempt: 0,
            time: &self.time,
            view,
            job,
        };
        variable.walk(sequence, walk, &want, out)
    }
}
