//! Rows of one block that are being settled.

use std::sync::atomic::AtomicU8;

use rayon::prelude::*;

use super::requirement::Uniqueness;
use crate::Result;
use crate::error::try_filled;
use crate::generate::block::RowRange;
use crate::generate::event::{Event, touching_apart};
use crate::generate::plan::Plan;
use crate::generate::variable::{Variable, Want};
use crate::job::Job;

/// A row that has its datum, or needs none.
pub const SETTLED: u8 = 0;
/// A row whose datum was rejected.
pub const PENDING: u8 = 1;
/// A row out of tries.
pub const EXHAUSTED: u8 = 2;

/// RowRange of one block that are being settled.
pub struct DrawnBlock {
    pub start: u64,
    pub events: Vec<Event>,
    pub around: Vec<Event>,
    pub columns: Vec<Vec<f64>>,
    /// The normal values of sequential variables.
    pub chains: Vec<Vec<f64>>,
    pub labels: Vec<i8>,
    pub attempts: Vec<u32>,
    /// Written by the shard that the row holds a datum of: by one thread at a time.
    pub states: Vec<AtomicU8>,
}

impl Plan {
    /// Draws rows for the first time; all variables, or only those of the datum.
    pub(super) fn draw_block(
        &self,
        uniqueness: &Uniqueness,
        rows: RowRange,
        all: bool,
        job: &Job,
    ) -> Result<DrawnBlock> {
        job.check()?;
        let RowRange { start, len } = rows;
        let around = self.events_around(start, len as u64, job)?;
        let events = touching_apart(&around, start, start + (len as u64 - 1)).to_vec();
        let mut labels = try_filled(0, len)?;
        self.mark(start, &events, &mut labels);
        let want = Want {
            events: &events,
            around: &around,
            scheduled: &around,
            attempt: 0,
            time: &self.time,
            view: None,
            job,
        };
        let column = |(i, variable): (usize, &Variable)| {
            if variable.walks() || (!all && uniqueness.over.binary_search(&i).is_err()) {
                return Ok(Vec::new());
            }
            let mut column = try_filled(0.0, len)?;
            variable.fill(start, &want, &mut column)?;
            Ok(column)
        };
        let columns =
            self.variables.par_iter().enumerate().map(|(i, v)| column((i, v))).collect::<Result<_>>()?;
        let states = labels
            .iter()
            .map(|&label| {
                AtomicU8::new(if uniqueness.limits[label as usize].is_some() { PENDING } else { SETTLED })
            })
            .collect();
        // The first proposal counts the attempts up to 0.
        let attempts = try_filled(u32::MAX, len)?;
        let chains = vec![Vec::new(); self.variables.len()];
        Ok(DrawnBlock { start, events, around, columns, chains, labels, attempts, states })
    }
}
