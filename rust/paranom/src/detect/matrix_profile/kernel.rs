//! The sweep: neighbouring diagonals of a pair of segments, side by side in vector registers.

use super::metric::Metric;
use super::nearest::{Found, Open};
use super::segment::Segment;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};

/// Diagonals that are swept together.
pub(super) use crate::simd::vector::LANES;

/// Sweeps the diagonals `first .. last` (`LANES` of them at most): cells (i, i + diagonal), i a window of `rows` and
/// i + diagonal one of `columns`.
pub(super) struct Sweep<'a, M> {
    pub(super) metric: M,
    pub(super) m: usize,
    pub(super) rows: &'a Segment,
    pub(super) columns: &'a Segment,
    pub(super) first: usize,
    pub(super) last: usize,
    /// What the rows' windows found among the columns'.
    pub(super) row_found: &'a mut Found,
    /// What the columns' windows found among the rows'.
    pub(super) column_found: &'a mut Found,
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
    let mut out = [f64::NAN; LANES];
    for (g, cell) in cells.iter().enumerate() {
        cell.store(&mut out, g * V::WIDTH);
    }
    out[LANES.min(last - first)..].fill(f64::NAN);
    out
}

impl<M: Metric> Blocks for Sweep<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { metric, m, rows, columns, first, last, row_found, column_found } = self;
        let start = first_cells::<V, N, M>(metric, m, rows, columns, first, last);
        let mut cells: [V; N] = load(&start, 0);
        let count = rows.len.min(columns.len - first);
        // Slices, and nothing behind a reference that changes: what the loop needs stays in registers.
        let (mut row_found, mut column_found) = (row_found.open(), column_found.open());
        let (p, q, w) = (&rows.p[..count], &rows.q[..count], &rows.w[..count]);
        let met = first..first + count + LANES;
        let (column_p, column_q) = (&columns.p[met.clone()], &columns.q[met.clone()]);
        let column_w = &columns.w[met];
        // Two short loops over the vectors: one long loop would not be unrolled, and the cells would live in memory.
        for i in 0..count {
            let j = i + first;
            let wi = V::splat(w[i]);
            let (wj, column_floor) = (lanes(column_w, i), lanes(column_found.floor, j));
            let row_floor = V::splat(row_found.floor[i]);
            let mut top = V::splat(f64::NEG_INFINITY);
            // (A plain 0 would let the compiler sort the bits into a tree, for which there are too few registers.)
            let mut better = top.above(top);
            for (g, &cell) in cells.iter().enumerate() {
                let wj = V::load(wj, g * V::WIDTH);
                top = metric.row_part(cell, wj).larger(top);
                let score = metric.column_bound(cell, wi, wj);
                better = better.or(score.above(V::load(column_floor, g * V::WIDTH)));
            }
            better = better.or(metric.row_end(top, wi).above(row_floor));
            if better.negative() != 0 && !w[i].is_nan() {
                let mut copy = [0.0; LANES];
                for (g, cell) in cells.iter().enumerate() {
                    cell.store(&mut copy, g * V::WIDTH);
                }
                record(metric, &copy, (rows, i), (columns, j), row_found.again(), column_found.again());
            }
            // After the branch: before it, too many registers would be in use.
            let (pi, qi) = (V::splat(p[i]), V::splat(q[i]));
            let (pj, qj) = (lanes(column_p, i), lanes(column_q, i));
            for (g, cell) in cells.iter_mut().enumerate() {
                let (pj, qj) = (V::load(pj, g * V::WIDTH), V::load(qj, g * V::WIDTH));
                *cell = metric.step(*cell, pi, qi, pj, qj);
            }
        }
    }
}

/// Enters the cells of a row that are better than what is known: seldom, so not inlined.
#[inline(never)]
fn record<M: Metric>(
    metric: M,
    cells: &[f64; LANES],
    rows: (&Segment, usize),
    columns: (&Segment, usize),
    row_found: Open<'_>,
    column_found: Open<'_>,
) {
    dispatch_blocks(Record { metric, cells, rows, columns, row_found, column_found });
}

struct Record<'a, M> {
    metric: M,
    cells: &'a [f64; LANES],
    rows: (&'a Segment, usize),
    columns: (&'a Segment, usize),
    row_found: Open<'a>,
    column_found: Open<'a>,
}

impl<M: Metric> Blocks for Record<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { metric, cells, rows: (rows, i), columns: (columns, j), mut row_found, mut column_found } =
            self;
        let wi = V::splat(rows.w[i]);
        let (mut row, mut column): ([V; N], [V; N]) = (load(cells, 0), load(&columns.w, j));
        for (cell, wj) in row.iter_mut().zip(&mut column) {
            (*cell, *wj) = (metric.row_score(*cell, wi, *wj), metric.column_score(*cell, wi, *wj));
        }
        row_found.offer_row(i, &row, columns.start + j);
        column_found.offer_column(j, &column, rows.start + i);
    }
}
