//! The numbers that decide which cells are pruned. [`Distances`] takes the distances themselves.

use super::rows::{Place, Rows};
use super::thresholds::Number;
use crate::detect::matrix_profile::lanes::{LANES, lanes, load};
use crate::detect::matrix_profile::metric::Metric;
use crate::simd::vector::{Lanes, Vector};

/// A number per cell and dimension that is at most the distance, in units of its own.
pub(super) trait Bound: Copy {
    /// The type of the numbers.
    type Number: Number;
    /// Some of them, side by side.
    type Lanes<V: Vector>: Lanes<Self::Number>;
    /// The factor that makes a sum of up to `d` distances between windows of `m` values a pruning threshold.
    fn scale(self, d: usize, m: usize) -> f64;
    /// Steps the cells of dimension `t` (in order) through some rows: keeps them, and computes their numbers.
    fn advance<V: Vector, const N: usize, M: Metric>(
        self,
        metric: M,
        t: usize,
        place: Place<'_>,
        state: &mut [f64; LANES],
        kept: &mut Rows<f64>,
        numbers: &mut Rows<Self::Number>,
    );
}

/// The distances themselves.
#[derive(Clone, Copy)]
pub(super) struct Distances;

impl Bound for Distances {
    type Number = f64;
    type Lanes<V: Vector> = V;

    fn scale(self, _d: usize, _m: usize) -> f64 {
        1.0
    }

    #[inline(always)]
    fn advance<V: Vector, const N: usize, M: Metric>(
        self,
        metric: M,
        _t: usize,
        place: Place<'_>,
        state: &mut [f64; LANES],
        kept: &mut Rows<f64>,
        numbers: &mut Rows<f64>,
    ) {
        advance::<V, N, M>(metric, place, state, kept);
        measure::<V, M>(metric, place, kept, numbers);
    }
}

/// Steps the cells of `LANES` diagonals through some rows, and keeps those of each row.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // so that the cells stay in registers
fn advance<V: Vector, const N: usize, M: Metric>(
    metric: M,
    Place { rows, columns, i, j, size, .. }: Place<'_>,
    state: &mut [f64; LANES],
    kept: &mut Rows<f64>,
) {
    let mut cells: [V; N] = load(state, 0);
    for r in 0..size {
        let (pi, qi) = (V::splat(rows.p[i + r]), V::splat(rows.q[i + r]));
        let (pj, qj) = (lanes(&columns.p, j + r), lanes(&columns.q, j + r));
        let kept = &mut kept[r];
        for g in 0..N {
            cells[g].store(kept, g * V::WIDTH);
            cells[g] = metric.step(cells[g], pi, qi, V::load(pj, g * V::WIDTH), V::load(qj, g * V::WIDTH));
        }
    }
    for g in 0..N {
        cells[g].store(state, g * V::WIDTH);
    }
}

/// The distances of cells; the smaller of both, where the metric is not symmetric.
#[inline(always)]
fn measure<V: Vector, M: Metric>(
    metric: M,
    Place { rows, columns, i, j, size, m }: Place<'_>,
    cells: &Rows<f64>,
    distances: &mut Rows<f64>,
) {
    for r in 0..size {
        let (wi, fi) = (V::splat(rows.w[i + r]), V::splat(rows.flat[i + r]));
        let (wj, fj) = (lanes(&columns.w, j + r), lanes(&columns.flat, j + r));
        for at in (0..LANES).step_by(V::WIDTH) {
            let (cell, wj, flat) = (V::load(&cells[r], at), V::load(wj, at), fi.plus(V::load(fj, at)));
            let mut nearer = distance(metric, cell, wi, wj, flat, m);
            if !M::SYMMETRIC {
                nearer = nearer.smaller(distance(metric, cell, wj, wi, flat, m));
            }
            nearer.store(&mut distances[r], at);
        }
    }
}

/// The distance of window i to window j: +inf if one has a missing value.
#[inline(always)]
pub(super) fn distance<V: Vector, M: Metric>(metric: M, cell: V, wi: V, wj: V, flat: V, m: usize) -> V {
    metric.distance(cell, wi, wj, flat, V::splat(m as f64)).smaller(V::splat(f64::INFINITY))
}
