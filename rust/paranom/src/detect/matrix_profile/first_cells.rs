//! The first cell of each diagonal, from which the recurrence goes on.

use super::lanes::{LANES, lanes, load, stored};
use super::metric::Metric;
use super::segment::Segment;
use crate::simd::vector::Vector;

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
