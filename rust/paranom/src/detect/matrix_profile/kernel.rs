//! The sweep: neighbouring diagonals of a pair of segments, side by side in vector registers.

use super::metric::Metric;
use super::nearest::Found;
use super::segment::Segment;
use crate::simd::Kernel;

/// Diagonals that are swept together.
pub(super) const LANES: usize = 32;

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
pub(super) fn lanes(x: &[f64], at: usize) -> &[f64; LANES] {
    x[at..at + LANES].first_chunk().unwrap()
}

/// The first cells of the diagonals, summed directly; NaN, which never wins, past the last one.
#[inline(always)]
pub(super) fn first_cells<M: Metric>(
    metric: M,
    m: usize,
    rows: &Segment,
    columns: &Segment,
    first: usize,
    last: usize,
) -> [f64; LANES] {
    let (row_mean, means) = (rows.mu[0], lanes(&columns.mu, first));
    let mut cell = [0.0; LANES];
    for k in 0..m {
        let a = rows.r[k] - row_mean;
        let b = lanes(&columns.r, first + k);
        for l in 0..LANES {
            cell[l] += metric.pair(a, b[l] - means[l]);
        }
    }
    for (l, cell) in cell.iter_mut().enumerate() {
        if first + l >= last {
            *cell = f64::NAN;
        }
    }
    cell
}

impl<M: Metric> Kernel for Sweep<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { metric, m, rows, columns, first, last, row_found, column_found } = self;
        let mut cell = first_cells(metric, m, rows, columns, first, last);
        for i in 0..rows.len.min(columns.len - first) {
            let j = i + first;
            let (pi, qi, wi) = (rows.p[i], rows.q[i], rows.w[i]);
            let (pj, qj, wj) = (lanes(&columns.p, j), lanes(&columns.q, j), lanes(&columns.w, j));
            let row_floor = row_found.floor[i];
            let column_floor = lanes(&column_found.floor, j);
            let mut better = 0u64;
            for l in 0..LANES {
                let row = metric.row_score(cell[l], wi, wj[l]);
                let column = metric.column_score(cell[l], wi, wj[l]);
                better |= u64::from(row > row_floor) | u64::from(column > column_floor[l]);
            }
            if better != 0 {
                record(metric, &cell, (rows, i), (columns, j), row_found, column_found);
            }
            for l in 0..LANES {
                cell[l] = metric.step(cell[l], pi, qi, pj[l], qj[l]);
            }
        }
    }
}

/// Enters the cells of a row that are better than what is known: a few per window, so not worth vectors.
#[inline(never)]
fn record<M: Metric>(
    metric: M,
    cell: &[f64; LANES],
    (rows, i): (&Segment, usize),
    (columns, j): (&Segment, usize),
    row_found: &mut Found,
    column_found: &mut Found,
) {
    let wi = rows.w[i];
    for (l, &cell) in cell.iter().enumerate() {
        let wj = columns.w[j + l];
        let row = metric.row_score(cell, wi, wj);
        if row > row_found.floor[i] {
            row_found.offer(i, row, columns.start + j + l);
        }
        let column = metric.column_score(cell, wi, wj);
        if column > column_found.floor[j + l] {
            column_found.offer(j + l, column, rows.start + i);
        }
    }
}
