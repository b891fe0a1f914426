//! Lower bounds of z-normalised distances, in f32.
//!
//! The number of a cell and dimension is a lower bound of its distance, in units of the square root of 2m:
//! `x = 1 - 2^-20 - c·wj·wi` (less what constant windows add), then the root of `max(x, 2^-60)`. Sorted and summed level by
//! level, these numbers are compared with the pruning thresholds. With u = 2^-24 the sum is a lower bound because
//!
//! * `c·wj·wi` has five roundings, of three factors and two products: for correlations up to 2 in size it is off by less
//!   than 11 u, and the differences by 3 u more: less than the 16 u = 2^-20 subtracted. (A correlation beyond 2 comes of
//!   overflow only; below -2 the error is relative, 6 u at most, and covered by what follows.)
//! * Each smaller distance makes no sorted distance larger, so sorting keeps the bound. The square root is off by 2^-11 of
//!   itself, the sum of d terms has d - 1 roundings, the threshold one. So the threshold is raised by 2^-11 + (d + 16)·2u
//!   of itself, and by 2^-29 per dimension for distances below 2^-30.
//!
//! So a pruned cell never has a better neighbour, though a cell that is not pruned may have none: the profile does not
//! depend on this file.

use super::bounds::Bound;
use super::rows::{Place, Rows};
use crate::detect::matrix_profile::lanes::{LANES, lanes, load};
use crate::detect::matrix_profile::metric::Metric;
use crate::detect::matrix_profile::segment::Segment;
use crate::simd::vector::{Lanes, Single, Vector};

/// The weights of a segment, in f32.
#[derive(Debug)]
pub(super) struct Weights {
    /// The weights; 0 for windows that are constant or have a missing value.
    w: Vec<f32>,
    /// What such a window adds to a correlation: ½ if it is constant, -[`FAR`] if it has a missing value.
    extra: Vec<f32>,
    /// Whether there is such a window.
    any_extra: bool,
}

/// The square of a distance (in units of 2m) that is above every threshold, and so is its root.
const FAR: f32 = 1e30;

impl Weights {
    /// None if the numbers might leave the range of f32.
    pub(super) fn new(segment: &Segment) -> Option<Self> {
        let size = segment.w.len();
        let mut weights = Self { w: vec![f32::NAN; size], extra: vec![0.0; size], any_extra: false };
        for i in 0..segment.len {
            let (w, flat) = (segment.w[i], segment.flat[i]);
            if w.is_nan() || flat > 0.0 {
                (weights.w[i], weights.extra[i]) = (0.0, if w.is_nan() { -FAR } else { flat as f32 });
                weights.any_extra = true;
            } else if (1e-15..1e15).contains(&w) {
                weights.w[i] = w as f32;
            } else {
                return None;
            }
        }
        Some(weights)
    }
}

/// Lower bounds of z-normalised distances.
#[derive(Clone, Copy)]
pub(super) struct LowerBounds<'a> {
    pub(super) rows: &'a [Weights],
    pub(super) columns: &'a [Weights],
}

impl Bound for LowerBounds<'_> {
    type Number = f32;
    type Lanes<V: Vector> = V::Single;

    fn scale(self, d: usize, m: usize) -> f64 {
        // Raised by the relative error of the bounds.
        (1.0 + 1.0 / 2048.0 + (d + 16) as f64 / 8_388_608.0) / (2.0 * m as f64).sqrt()
    }

    #[inline(always)]
    fn advance<V: Vector, const N: usize, M: Metric>(
        self,
        metric: M,
        t: usize,
        place: Place<'_>,
        state: &mut [f64; LANES],
        kept: &mut Rows<f64>,
        numbers: &mut Rows<f32>,
    ) {
        let weights = (&self.rows[t], &self.columns[t]);
        if weights.1.any_extra {
            advance_and_bound::<V, N, M, true>(metric, place, weights, state, kept, numbers);
        } else {
            advance_and_bound::<V, N, M, false>(metric, place, weights, state, kept, numbers);
        }
    }
}

/// Steps the cells of `LANES` diagonals through some rows, keeps them, and computes their bounds while they are in
/// registers.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // so that the cells stay in registers
fn advance_and_bound<V: Vector, const N: usize, M: Metric, const EXTRA: bool>(
    metric: M,
    Place { rows, columns, i, j, size, .. }: Place<'_>,
    weights: (&Weights, &Weights),
    state: &mut [f64; LANES],
    kept: &mut Rows<f64>,
    bounds: &mut Rows<f32>,
) {
    // Slices of one length each, so that their bounds are checked here, not in the loop.
    let row = i..i + size;
    let (p, q, w, extra) =
        (&rows.p[row.clone()], &rows.q[row.clone()], &weights.0.w[row.clone()], &weights.0.extra[row]);
    let met = j..j + size + LANES;
    let (column_p, column_q) = (&columns.p[met.clone()], &columns.q[met.clone()]);
    let (column_w, column_extra) = (&weights.1.w[met.clone()], &weights.1.extra[met]);
    let mut cells: [V; N] = load(state, 0);
    for r in 0..size {
        let (pi, qi) = (V::splat(p[r]), V::splat(q[r]));
        let wi = V::Single::splat(w[r]);
        let most = V::Single::splat(1.0 - 1.0 / 1_048_576.0 - extra[r]);
        let (pj, qj) = (lanes(column_p, r), lanes(column_q, r));
        let wj = lanes(column_w, r);
        let (kept, bounds) = (&mut kept[r], &mut bounds[r]);
        for g in 0..N / 2 {
            let (low, high) = (2 * g * V::WIDTH, (2 * g + 1) * V::WIDTH);
            cells[2 * g].store(kept, low);
            cells[2 * g + 1].store(kept, high);
            let cell = cells[2 * g].narrow(cells[2 * g + 1]);
            let mut correlation = cell.times(V::Single::load(wj, low)).times(wi);
            if EXTRA {
                correlation = correlation.plus(V::Single::load(&column_extra[r..], low));
            }
            most.minus(correlation).about_root().store(bounds, low);
            for (g, at) in [(2 * g, low), (2 * g + 1, high)] {
                cells[g] = metric.step(cells[g], pi, qi, V::load(pj, at), V::load(qj, at));
            }
        }
    }
    for g in 0..N {
        cells[g].store(state, g * V::WIDTH);
    }
}
