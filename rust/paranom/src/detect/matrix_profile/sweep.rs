//! The sweep: neighbouring diagonals of a pair of segments, side by side in vector registers.

use std::ops::Range;

use super::first_cells::first_cells;
use super::lanes::{LANES, lanes, load, stored};
use super::metric::Metric;
use super::nearest::Candidates;
use super::record::Record;
use super::segment::Segment;
use super::tasks::Task;
use crate::Result;
use crate::error::try_vec;
use crate::job::Job;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};

/// Sweeps the diagonals of a task, `LANES` of them at a time: cells (i, i + diagonal), i a window of `rows` and
/// i + diagonal one of `columns`.
pub(super) struct Sweep<'a, M> {
    pub(super) metric: M,
    pub(super) m: usize,
    pub(super) task: &'a Task,
    pub(super) rows: &'a Segment,
    pub(super) columns: &'a Segment,
    /// The best neighbours of the rows' windows among the columns'.
    pub(super) row_candidates: &'a mut Candidates,
    /// The best neighbours of the columns' windows among the rows'.
    pub(super) column_candidates: &'a mut Candidates,
    pub(super) job: &'a Job,
}

/// Rows that are recorded together when one of them has a better cell: such rows come in runs.
const RUN: usize = 4;

/// Rows that all blocks of a task sweep before the next rows, so that the columns' numbers stay in the caches.
const PIECE: usize = 8192;

/// Where fewer than one diagonal in so many is swept, each block gets columns' numbers of its own.
const SPARSE: usize = 4;

/// As [`PIECE`], where blocks have columns' numbers of their own.
const SPARSE_PIECE: usize = 1024;

/// The columns' numbers that the rows of a piece need: for each window the vector that begins with it. Most of these
/// vectors would cross a line of the cache if they were read from the segment.
struct Columns<V> {
    /// The first window.
    start: usize,
    p: Vec<V>,
    q: Vec<V>,
    w: Vec<V>,
}

impl<V: Vector> Columns<V> {
    #[inline(always)]
    fn new(segment: &Segment, windows: Range<usize>) -> Result<Self> {
        let values = windows.start..windows.end.min(segment.len) + LANES;
        let (p, q, w) = (&segment.p[values.clone()], &segment.q[values.clone()], &segment.w[values]);
        Ok(Self { start: windows.start, p: from_each(p)?, q: from_each(q)?, w: from_each(w)? })
    }
}

#[inline(always)]
fn from_each<V: Vector>(x: &[f64]) -> Result<Vec<V>> {
    let count = x.len() + 1 - V::WIDTH;
    let mut out = try_vec(count)?;
    for at in 0..count {
        out.push(V::load(x, at));
    }
    Ok(out)
}

impl<M: Metric> Blocks for Sweep<'_, M> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<V: Vector, const N: usize>(mut self) -> Result<()> {
        let Self { metric, m, task, rows, columns, .. } = self;
        let mut cells = Vec::new();
        for block in task.blocks() {
            self.job.check()?;
            cells.push(first_cells::<V, N, M>(metric, m, rows, columns, block.start, block.end));
        }
        if cells.is_empty() {
            return Ok(());
        }
        let Range { start: first, end: last } = task.diagonals;
        let dense = cells.len() * LANES * SPARSE >= last - first;
        let size = if dense { PIECE } else { SPARSE_PIECE };
        for start in (0..rows.len.min(columns.len - first)).step_by(size) {
            let piece = start..(start + size).min(rows.len);
            let near = |diagonals: Range<usize>| {
                Columns::<V>::new(columns, start + diagonals.start..piece.end + diagonals.end)
            };
            let all = if dense { Some(near(first..last)?) } else { None };
            for (block, cells) in task.blocks().zip(&mut cells) {
                let end = |diagonal: usize| piece.end.min(columns.len - diagonal).max(start);
                if end(block.start) > start {
                    let own = if dense { None } else { Some(near(block.clone())?) };
                    if let Some(near) = all.as_ref().or(own.as_ref()) {
                        self.block::<V, N>(start..end(block.start), block.start, cells, near);
                    }
                }
                self.job.step(block.map(|diagonal| (end(diagonal) - start) as u64).sum())?;
            }
        }
        Ok(())
    }
}

impl<M: Metric> Sweep<'_, M> {
    /// Sweeps some rows of the block of diagonals `first ..`.
    #[inline(always)]
    fn block<V: Vector, const N: usize>(
        &mut self,
        mut piece: Range<usize>,
        first: usize,
        cells: &mut [f64; LANES],
        near: &Columns<V>,
    ) {
        loop {
            piece.start = self.pass::<V, N>(piece.clone(), first, cells, near);
            if piece.is_empty() {
                return;
            }
            let count = RUN.min(piece.len());
            record(self, cells, piece.start, piece.start + first, count);
            piece.start += count;
        }
    }

    /// Passes over rows in which no window finds a better neighbour. Returns the first row in which one does.
    ///
    /// Its loop changes nothing but the cells and calls nothing, so all that it needs stays in registers.
    #[inline(always)]
    fn pass<V: Vector, const N: usize>(
        &self,
        piece: Range<usize>,
        first: usize,
        cells: &mut [f64; LANES],
        near: &Columns<V>,
    ) -> usize {
        let Self { metric, rows, .. } = *self;
        let (start, count) = (piece.start, piece.len());
        let (row_p, row_q) = (&rows.p[piece.clone()], &rows.q[piece.clone()]);
        let (row_w, row_threshold) = (&rows.w[piece.clone()], &self.row_candidates.threshold[piece]);
        let j = start + first;
        let met = j - near.start..j - near.start + count + LANES - V::WIDTH;
        let (p, q, w) = (&near.p[met.clone()], &near.q[met.clone()], &near.w[met]);
        let column_threshold = &self.column_candidates.threshold[j..j + count + LANES];
        let mut now: [V; N] = load(cells, 0);
        let mut i = 0;
        // Two short loops over the vectors: one long loop would not be unrolled, and the cells would live in memory.
        while i < count {
            let wi = V::splat(row_w[i]);
            let (wj, column_threshold) = (&w[i..=i + LANES - V::WIDTH], lanes(column_threshold, i));
            let mut top = V::splat(f64::NEG_INFINITY);
            let mut better = V::splat(0.0);
            for (g, &cell) in now.iter().enumerate() {
                let wj = wj[g * V::WIDTH];
                top = metric.row_part(cell, wj).larger(top);
                let score = metric.column_bound(cell, wi, wj);
                better = better.or(score.above(V::load(column_threshold, g * V::WIDTH)));
            }
            better = better.or(metric.row_end(top, wi).above(V::splat(row_threshold[i])));
            if better.negative() != 0 {
                break;
            }
            // After the branch: before it, too many registers would be in use.
            let (pi, qi) = (V::splat(row_p[i]), V::splat(row_q[i]));
            let (pj, qj) = (&p[i..=i + LANES - V::WIDTH], &q[i..=i + LANES - V::WIDTH]);
            for (g, cell) in now.iter_mut().enumerate() {
                *cell = metric.step(*cell, pi, qi, pj[g * V::WIDTH], qj[g * V::WIDTH]);
            }
            i += 1;
        }
        *cells = stored(&now);
        start + i
    }
}

/// Runs [`Record`] on some rows. Not inlined, because it is called seldom.
#[inline(never)]
fn record<M: Metric>(sweep: &mut Sweep<'_, M>, cells: &mut [f64; LANES], i: usize, j: usize, count: usize) {
    let Sweep { metric, rows, columns, .. } = *sweep;
    let (row_candidates, column_candidates) = (sweep.row_candidates.parts(), sweep.column_candidates.parts());
    dispatch_blocks(Record { metric, cells, rows, columns, i, j, count, row_candidates, column_candidates });
}
