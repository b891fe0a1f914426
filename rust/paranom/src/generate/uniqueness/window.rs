//! Settles rows, window by window, from row 0 on.

use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::datum::SHARDS;
use super::drawn::{DrawnBlock, EXHAUSTED};
use super::key_table::KeyTable;
use super::propose::Proposals;
use super::requirement::{Limit, Uniqueness};
use super::settle::Settle;
use super::state::{Duplicates, FillState};
use crate::error::try_filled;
use crate::generate::block::{BLOCK, Real, RowRange, blocks};
use crate::generate::callback::class;
use crate::generate::plan::Plan;
use crate::generate::request::Request;
use crate::generate::variable::{Variable, Walk};
use crate::job::Job;
use crate::simd::dispatch;
use crate::{Error, Result};

/// A sequential variable's position, its values and its normal values, block by block.
type Walked = (usize, Vec<Vec<f64>>, Vec<Vec<f64>>);

impl Plan {
    /// As [`Plan::fill`], after the rows that `state` knows. It learns the rows up to the last one asked for: what
    /// lies between is replayed, and from row 0 if it knows more than the first row asked for.
    pub fn fill_after<T: Real>(
        &self,
        state: &mut FillState,
        rows: &[RowRange],
        clean: bool,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> Result<Duplicates> {
        let mut columns = columns;
        let whole = columns.iter_mut().map(|column| &mut **column).collect();
        let duplicates = self.fill_whole(state, rows, clean, whole, labels, job)?;
        let whole = columns.iter_mut().map(|column| &mut **column).collect();
        self.keep_below(rows, clean, whole, job)?;
        self.lose(rows, columns, job)?;
        Ok(duplicates)
    }

    /// The same, before values are lost.
    fn fill_whole<T: Real>(
        &self,
        state: &mut FillState,
        rows: &[RowRange],
        clean: bool,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> Result<Duplicates> {
        let result = self.fill_from(state, rows, clean, columns, labels, job);
        if result.is_err() {
            // It may know a part of a window.
            *state = FillState::new();
        }
        result
    }

    fn fill_from<T: Real>(
        &self,
        state: &mut FillState,
        rows: &[RowRange],
        clean: bool,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> Result<Duplicates> {
        state.walks.resize_with(self.variables.len(), Walk::default);
        let Some(uniqueness) = &self.uniqueness else {
            self.fill_blocks(&mut state.walks, Request { rows, clean, job }, columns, labels)?;
            return Ok(Duplicates::default());
        };
        if let Some(last) =
            rows.iter().filter(|rows| rows.len > 0).map(|r| r.start + (r.len as u64 - 1)).max()
        {
            self.refuse_too_many(uniqueness, last, job)?;
        }
        let mut duplicates = Duplicates::default();
        let mut columns = columns;
        let mut labels = labels;
        for &RowRange { start, len } in rows {
            if start < state.next {
                *state = FillState::new();
                state.walks.resize_with(self.variables.len(), Walk::default);
            }
            while state.next < start {
                self.window(uniqueness, state, start, None, job)?;
            }
            let mut left = len;
            while left > 0 {
                let (at, end) = (state.next, start.wrapping_add(len as u64));
                let drawn = self.window(uniqueness, state, end, Some(&mut duplicates), job)?;
                let take = drawn.iter().map(|block| block.labels.len()).sum();
                let mut mine = Vec::with_capacity(columns.len());
                for column in &mut columns {
                    let (now, later) = std::mem::take(column).split_at_mut(take);
                    *column = later;
                    mine.push(now);
                }
                let (now, later) = std::mem::take(&mut labels).split_at_mut(take);
                labels = later;
                self.deliver(
                    uniqueness,
                    &drawn,
                    blocks(&[RowRange { start: at, len: take }], mine, now),
                    clean,
                    job,
                )?;
                job.step(take as u64)?;
                left -= take;
            }
        }
        Ok(duplicates)
    }

    /// Settles the rows from `state.next` on, up to `end` or to as many as fit a window.
    fn window(
        &self,
        uniqueness: &Uniqueness,
        state: &mut FillState,
        end: u64,
        delivered: Option<&mut Duplicates>,
        job: &Job,
    ) -> Result<Vec<DrawnBlock>> {
        // Enough for all threads, and little against what is generated. The more data are registered, the more rows at a
        // time: then keys that are searched for lie closer together in memory.
        let few = (128 / self.variables.len()).clamp(1, 16).max(rayon::current_num_threads());
        let most = (state.data() / (4 * BLOCK)).clamp(few, few.max(4 * few.min(16)));
        let start = state.next;
        let mut rows = Vec::new();
        let mut at = start;
        while at != end && rows.len() < most {
            let len = (BLOCK as u64 - at % BLOCK as u64).min(end.wrapping_sub(at)) as usize;
            rows.push(RowRange { start: at, len });
            at = at.wrapping_add(len as u64);
        }
        let all = delivered.is_some();
        let (drawn, walked) = rayon::join(
            || {
                rows.par_iter()
                    .map(|rows| self.draw_block(uniqueness, *rows, all, job))
                    .collect::<Result<Vec<DrawnBlock>>>()
            },
            || self.walk_all(&mut state.walks, &rows, job),
        );
        let mut drawn = drawn?;
        for (i, columns, chains) in walked? {
            for ((block, column), chain) in drawn.iter_mut().zip(columns).zip(chains) {
                (block.columns[i], block.chains[i]) = (column, chain);
            }
        }
        let long = uniqueness.over.len() > 1;
        state.registers.resize_with(2 * SHARDS, || KeyTable::new(long));
        let mut held: Vec<KeyTable<u32>> = (0..2 * SHARDS).map(|_| KeyTable::new(long)).collect();
        let mut proposals: Vec<Proposals> = drawn.iter().map(|_| Proposals::default()).collect();
        loop {
            let propose = |(block, proposals): (&mut DrawnBlock, &mut Proposals)| {
                self.propose(uniqueness, block, proposals, job)
            };
            drawn.par_iter_mut().zip(&mut proposals).try_for_each(propose)?;
            if proposals.iter().all(|proposals| proposals.rows.is_empty()) {
                break;
            }
            held.par_iter_mut().zip(&state.registers).enumerate().try_for_each(
                |(shard, (held, register))| {
                    dispatch(Settle { shard, proposals: &proposals, held, register, drawn: &drawn })
                },
            )?;
        }
        self.count_exhausted(uniqueness, &drawn, delivered)?;
        let registers = state.registers.par_iter_mut().zip(&held);
        registers.try_for_each(|(register, held)| register.extend(held))?;
        state.next = at;
        Ok(drawn)
    }

    /// Walks along the sequential variables: their position, values, and normal values, block by block.
    fn walk_all(&self, walks: &mut [Walk], rows: &[RowRange], job: &Job) -> Result<Vec<Walked>> {
        let request = Request { rows, clean: false, job };
        let along = |(i, (variable, walk)): (usize, (&Variable, &mut Walk))| {
            let sequence = variable.sequence.filter(|_| variable.walks())?;
            let step = |rows: &RowRange| {
                let mut column = try_filled(0.0, rows.len)?;
                let chain = self.walk_block(variable, sequence, walk, request, &mut column)?;
                Ok((column, chain))
            };
            let walked: Result<(Vec<_>, Vec<_>)> = rows.iter().map(step).collect();
            Some(walked.map(|(columns, chains)| (i, columns, chains)))
        };
        self.variables.par_iter().zip(walks).enumerate().filter_map(along).collect()
    }

    /// Refuses a window with rows that Hard forbids, and counts those that Soft lets through.
    fn count_exhausted(
        &self,
        uniqueness: &Uniqueness,
        drawn: &[DrawnBlock],
        delivered: Option<&mut Duplicates>,
    ) -> Result<()> {
        let mut counts = [0; 2];
        for block in drawn {
            for (j, state) in block.states.iter().enumerate() {
                if state.load(Ordering::Relaxed) != EXHAUSTED {
                    continue;
                }
                let anomalous = block.labels[j] as usize;
                counts[anomalous] += 1;
                if let Some(Limit { tries, hard: true }) = uniqueness.limits[anomalous] {
                    // Rows come in order, so this is the lowest; and rows below it are as they would be alone.
                    return Err(Error::NotUnique {
                        row: block.start + j as u64,
                        class: class(anomalous == 1),
                        tries,
                        datum: uniqueness
                            .over
                            .iter()
                            .map(|&i| (self.variables[i].name.clone(), block.columns[i][j]))
                            .collect(),
                    });
                }
            }
        }
        if let Some(duplicates) = delivered {
            duplicates.normal += counts[0];
            duplicates.anomalous += counts[1];
        }
        Ok(())
    }
}
