//! What rows propose: the data of their next attempts.

use std::ops::Range;
use std::sync::atomic::AtomicU8;

use super::datum::{DatumKey, KeyReader, SHARDS};
use super::drawn::{DrawnBlock, EXHAUSTED, PENDING, SETTLED};
use super::requirement::Uniqueness;
use crate::Result;
use crate::generate::plan::Plan;
use crate::generate::variable::Want;
use crate::job::Job;
use crate::random::TILE;

/// The proposals of one block: sorted by shard, in row order within each.
#[derive(Default)]
pub struct Proposals {
    pub high: Vec<u64>,
    /// Of long keys only.
    pub low: Vec<u32>,
    /// RowRange, counted from the block's first.
    pub rows: Vec<u16>,
    /// `PENDING` for those that are rejected. Beside them and not with the rows: those of a shard lie far apart.
    pub states: Vec<AtomicU8>,
    pub ends: Vec<u32>,
}

impl Proposals {
    /// The proposals to a shard.
    pub fn of(&self, shard: usize) -> Range<usize> {
        let from = if shard == 0 { 0 } else { self.ends[shard - 1] };
        from as usize..self.ends[shard] as usize
    }

    #[inline(always)]
    pub fn key(&self, at: usize) -> DatumKey {
        (self.high[at], self.low.get(at).copied().unwrap_or(0))
    }
}

impl Plan {
    /// Draws the rows anew whose proposals were rejected, and lists what they propose now.
    pub(super) fn propose(
        &self,
        uniqueness: &Uniqueness,
        block: &mut DrawnBlock,
        proposals: &mut Proposals,
        job: &Job,
    ) -> Result<()> {
        job.check()?;
        for (row, state) in proposals.rows.iter().zip(&mut proposals.states) {
            *block.states[*row as usize].get_mut() |= *state.get_mut();
        }
        let mut rows = pending(&mut block.states);
        let tries = uniqueness.limits.map(|limit| limit.map_or(0, |limit| limit.tries));
        let (mut least, mut most) = (u32::MAX, 0);
        let mut n = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            let j = row as usize;
            let attempt = block.attempts[j].wrapping_add(1);
            if attempt < tries[block.labels[j] as usize] {
                *block.states[j].get_mut() = SETTLED;
                block.attempts[j] = attempt;
                (least, most) = (least.min(attempt), most.max(attempt));
                rows[n] = row;
                n += 1;
            } else {
                *block.states[j].get_mut() = EXHAUSTED;
            }
        }
        rows.truncate(n);
        let mut redraw = |rows: &[u32], attempt: u32| -> Result<()> {
            let (events, around) = (&block.events[..], &block.around[..]);
            let want = Want { events, around, scheduled: around, attempt, time: &self.time, view: None, job };
            for &i in &uniqueness.over {
                self.variables[i].redraw(rows, block.start, &want, &mut block.columns[i])?;
            }
            Ok(())
        };
        // Mostly they are all at the same attempt.
        if least < most {
            let attempt = |row: u32| block.attempts[row as usize];
            let mut grouped = rows.clone();
            grouped.sort_by_key(|&row| attempt(row)); // stable, and quick for few different keys
            for group in grouped.chunk_by(|a, b| attempt(*a) == attempt(*b)) {
                redraw(group, attempt(group[0]))?;
            }
        } else if most > 0 {
            redraw(&rows, most)?;
        }
        list(uniqueness, block, &rows, proposals);
        Ok(())
    }
}

/// The rows that are pending.
fn pending(states: &mut [AtomicU8]) -> Vec<u32> {
    /// Rows that are checked together, since in most rounds few are pending.
    const TOGETHER: usize = 64;
    let mut rows = vec![0; states.len()];
    let mut n = 0;
    for (chunk, states) in states.chunks_mut(TOGETHER).enumerate() {
        if states.iter_mut().fold(0, |any, state| any | (*state.get_mut() & PENDING)) == 0 {
            continue;
        }
        for (j, state) in states.iter_mut().enumerate() {
            // No jump that depends on the row: it would be mispredicted.
            rows[n] = (chunk * TOGETHER + j) as u32;
            n += usize::from(*state.get_mut() == PENDING);
        }
    }
    rows.truncate(n);
    rows
}

/// Lists what rows, in order, propose.
fn list(uniqueness: &Uniqueness, block: &DrawnBlock, rows: &[u32], proposals: &mut Proposals) {
    let long = uniqueness.over.len() > 1;
    let n = rows.len();
    let (mut high, mut low, mut shards) = (vec![0; n], vec![0; if long { n } else { 0 }], vec![0_u16; n]);
    let ends = &mut proposals.ends;
    ends.clear();
    ends.resize(2 * SHARDS, 0);
    let mut keys = KeyReader::new(long);
    let mut buffer = [0.0; TILE];
    for (tile, rows) in rows.chunks(TILE).enumerate() {
        let range = tile * TILE..tile * TILE + rows.len();
        keys.begin();
        for &i in &uniqueness.over {
            let column = &block.columns[i];
            for (x, row) in buffer.iter_mut().zip(rows) {
                *x = column[*row as usize];
            }
            keys.read(&buffer[..rows.len()]);
        }
        for (j, (at, &row)) in range.clone().zip(rows).enumerate() {
            let (key, shard) = keys.get(j);
            high[at] = key.0;
            if long {
                low[at] = key.1;
            }
            shards[at] = (shard | (block.labels[row as usize] as usize * SHARDS)) as u16;
        }
        for &shard in &shards[range] {
            ends[shard as usize] = ends[shard as usize].wrapping_add(1);
        }
    }
    let mut sum = 0;
    for end in &mut *ends {
        (*end, sum) = (sum, sum + *end);
    }
    proposals.high.resize(n, 0);
    proposals.low.resize(low.len(), 0);
    proposals.rows.resize(n, 0);
    proposals.states.resize_with(n, AtomicU8::default);
    for (j, (&row, shard)) in rows.iter().zip(shards).enumerate() {
        let end = &mut ends[shard as usize];
        let at = *end as usize;
        proposals.high[at] = high[j];
        if long {
            proposals.low[at] = low[j];
        }
        proposals.rows[at] = row as u16;
        *end = end.wrapping_add(1);
    }
}
