//! The sweep: neighbouring diagonals of a pair of segments, side by side in vector registers.

use std::ops::Range;

use super::metric::Metric;
use super::nearest::{Found, Open};
use super::segment::Segment;
use super::tasks::Task;
use crate::Result;
use crate::error::try_vec;
use crate::job::Job;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};

/// Diagonals that are swept together.
pub(super) use crate::simd::vector::LANES;

/// Sweeps the diagonals of a task, `LANES` of them at a time: cells (i, i + diagonal), i a window of `rows` and
/// i + diagonal one of `columns`.
pub(super) struct Sweep<'a, M> {
    pub(super) metric: M,
    pub(super) m: usize,
    pub(super) task: &'a Task,
    pub(super) rows: &'a Segment,
    pub(super) columns: &'a Segment,
    /// What the rows' windows found among the columns'.
    pub(super) row_found: &'a mut Found,
    /// What the columns' windows found among the rows'.
    pub(super) column_found: &'a mut Found,
    pub(super) job: &'a Job,
}

/// `LANES` entries from `at` on.
#[inline(always)]
pub(super) fn lanes<T>(x: &[T], at: usize) -> &[T; LANES] {
    x[at..at + LANES].first_chunk().unwrap()
}

/// `LANES` entries from `at` on, as vectors.
#[inline(always)]
pub(super) fn load<V: Vector, const N: usize>(x: &[f64], at: usize) -> [V; N] {
    let x = lanes(x, at);
    let mut out = [V::splat(0.0); N];
    for (g, out) in out.iter_mut().enumerate() {
        *out = V::load(x, g * V::WIDTH);
    }
    out
}

/// The lanes of some vectors.
#[inline(always)]
pub(super) fn stored<V: Vector, const N: usize>(x: &[V; N]) -> [f64; LANES] {
    let mut out = [0.0; LANES];
    for (g, x) in x.iter().enumerate() {
        x.store(&mut out, g * V::WIDTH);
    }
    out
}

/// The first cells of the diagonals, summed directly; NaN, which never wins, past the last one.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // zipped, the arrays do not stay in registers
pub(super) fn first_cells<V: Vector, const N: usize, M: Metric>(
    metric: M,
    m: usize,
    rows: &Segment,
    columns: &Segment,
    first: usize,
    last: usize,
) -> [f64; LANES] {
    let (row_mean, means): (f64, [V; N]) = (rows.mu[0], load(&columns.mu, first));
    let mut cells = [V::splat(0.0); N];
    for k in 0..m {
        let a = V::splat(rows.r[k] - row_mean);
        let b = lanes(&columns.r, first + k);
        for g in 0..N {
            cells[g] = metric.enter(cells[g], a, V::load(b, g * V::WIDTH).minus(means[g]));
        }
    }
    let mut out = stored(&cells);
    out[LANES.min(last - first)..].fill(f64::NAN);
    out
}

/// Rows that are looked at closely when one has something of use: such rows come in runs.
const RUN: usize = 4;

/// Rows that the blocks of a task sweep in turn: what they need of the columns stays in the caches meanwhile.
const PIECE: usize = 8192;

/// What the rows of a piece need of the columns: the vectors that begin with each window. Read from the segment, most of
/// them would cross two lines of the cache.
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
        let Range { start: first, end: last } = task.diagonals;
        for start in (0..rows.len.min(columns.len - first)).step_by(PIECE) {
            let piece = start..(start + PIECE).min(rows.len);
            let near = Columns::<V>::new(columns, start + first..piece.end + last)?;
            for (block, cells) in task.blocks().zip(&mut cells) {
                let end = |diagonal: usize| piece.end.min(columns.len - diagonal).max(start);
                if end(block.start) > start {
                    self.block::<V, N>(start..end(block.start), block.start, cells, &near);
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

    /// Passes over rows none of whose cells is of use, and says which row stopped it.
    ///
    /// (Nothing but the cells changes in its loop, and nothing is called: all that it needs stays in registers.)
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
        let (row_w, row_floor) = (&rows.w[piece.clone()], &self.row_found.floor[piece]);
        let j = start + first;
        let met = j - near.start..j - near.start + count + LANES - V::WIDTH;
        let (p, q, w) = (&near.p[met.clone()], &near.q[met.clone()], &near.w[met]);
        let column_floor = &self.column_found.floor[j..j + count + LANES];
        let mut now: [V; N] = load(cells, 0);
        let mut i = 0;
        // Two short loops over the vectors: one long loop would not be unrolled, and the cells would live in memory.
        while i < count {
            let wi = V::splat(row_w[i]);
            let (wj, column_floor) = (&w[i..=i + LANES - V::WIDTH], lanes(column_floor, i));
            let mut top = V::splat(f64::NEG_INFINITY);
            let mut better = V::splat(0.0);
            for (g, &cell) in now.iter().enumerate() {
                let wj = wj[g * V::WIDTH];
                top = metric.row_part(cell, wj).larger(top);
                let score = metric.column_bound(cell, wi, wj);
                better = better.or(score.above(V::load(column_floor, g * V::WIDTH)));
            }
            better = better.or(metric.row_end(top, wi).above(V::splat(row_floor[i])));
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

/// Enters the cells of some rows that are better than what is known, and takes the cells past these rows: seldom, so not
/// inlined.
#[inline(never)]
fn record<M: Metric>(sweep: &mut Sweep<'_, M>, cells: &mut [f64; LANES], i: usize, j: usize, count: usize) {
    let Sweep { metric, rows, columns, .. } = *sweep;
    let (row_found, column_found) = (sweep.row_found.open(), sweep.column_found.open());
    dispatch_blocks(Record { metric, cells, rows, columns, i, j, count, row_found, column_found });
}

/// See [`record`].
struct Record<'a, M> {
    metric: M,
    cells: &'a mut [f64; LANES],
    rows: &'a Segment,
    columns: &'a Segment,
    /// The first row, and the column where it meets the first diagonal.
    i: usize,
    j: usize,
    count: usize,
    row_found: Open<'a>,
    column_found: Open<'a>,
}

impl<M: Metric> Blocks for Record<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { metric, rows, columns, mut row_found, mut column_found, .. } = self;
        let mut cells: [V; N] = load(self.cells, 0);
        for (i, j) in (self.i..self.i + self.count).zip(self.j..) {
            // (Here, and not where every row would be tested for it.)
            if !rows.w[i].is_nan() {
                let wi = V::splat(rows.w[i]);
                let (mut row, mut column): ([V; N], [V; N]) = (cells, load(&columns.w, j));
                for (cell, wj) in row.iter_mut().zip(&mut column) {
                    (*cell, *wj) = (metric.row_score(*cell, wi, *wj), metric.column_score(*cell, wi, *wj));
                }
                row_found.offer_row(i, &row, columns.start + j);
                column_found.offer_column(j, &column, rows.start + i);
            }
            let (pi, qi) = (V::splat(rows.p[i]), V::splat(rows.q[i]));
            let (pj, qj): ([V; N], [V; N]) = (load(&columns.p, j), load(&columns.q, j));
            for (g, cell) in cells.iter_mut().enumerate() {
                *cell = metric.step(*cell, pi, qi, pj[g], qj[g]);
            }
        }
        *self.cells = stored(&cells);
    }
}
