//! The step of the covariances from one sample to the next, and the search for the highest correlation.

use std::ops::Range;

use crate::detect::matrix_profile::lanes::{LANES, lanes};
use crate::simd::vector::{Blocks, Vector};

/// The slot of the highest correlation, the lowest of several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    pub(super) score: f64,
    pub(super) slot: Option<usize>,
}

impl Best {
    #[inline(always)]
    pub(super) fn offer(&mut self, slot: usize, score: f64) {
        if score > self.score {
            *self = Self { score, slot: Some(slot) };
        }
    }
}

/// What a constant window adds to a correlation.
#[inline(always)]
pub(super) fn flat<V: Vector>(w: V) -> V {
    w.above(V::splat(0.0)).choose(V::splat(0.0), V::splat(0.5))
}

/// The correlation of a slot's window with the newest one: NaN if one of them has a missing value, 1 if both are constant,
/// ½ if one is.
#[inline(always)]
pub(super) fn correlation(covariance: f64, w: &[f64], slot: usize) -> f64 {
    let (wi, wj) = (w[w.len() - 1], w[slot]);
    covariance * wi * wj + (flat(wi) + flat(wj))
}

/// Moves the covariances of some slots on by one sample; if `SEARCH`, finds the best of them.
pub(super) struct Advance<'a, const SEARCH: bool> {
    pub(super) slots: Range<usize>,
    pub(super) covariance: &'a mut [f64],
    pub(super) p: &'a [f64],
    pub(super) q: &'a [f64],
    pub(super) w: &'a [f64],
    /// Whether a window may be constant.
    pub(super) constants: bool,
    pub(super) best: &'a mut Best,
}

impl<const SEARCH: bool> Blocks for Advance<'_, SEARCH> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        if SEARCH && self.constants {
            self.step::<V, N, true>();
        } else {
            self.step::<V, N, false>();
        }
    }
}

impl<const SEARCH: bool> Advance<'_, SEARCH> {
    #[inline(always)]
    fn step<V: Vector, const N: usize, const CONSTANTS: bool>(self) {
        let Self { slots, covariance, p, q, w, best, .. } = self;
        let last = w.len() - 1;
        let (p_now, q_now) = (p[last], q[last]);
        let (pi, qi, wi) = (V::splat(p_now), V::splat(q_now), V::splat(w[last]));
        let whole = slots.len() / LANES * LANES;
        for at in (slots.start..slots.start + whole).step_by(LANES) {
            let (c, p, q, w_here) =
                (&mut covariance[at..at + LANES], lanes(p, at), lanes(q, at), lanes(w, at));
            let mut better = V::splat(0.0);
            for g in 0..N {
                let l = g * V::WIDTH;
                let cell = V::load(c, l).plus(pi.times(V::load(q, l)).plus(qi.times(V::load(p, l))));
                cell.store(c, l);
                if SEARCH {
                    let wj = V::load(w_here, l);
                    let mut score = cell.times(wi).times(wj);
                    if CONSTANTS {
                        score = score.plus(flat(wi).plus(flat(wj)));
                    }
                    better = better.or(score.above(V::splat(best.score)));
                }
            }
            // Seldom: so the scores are computed again, not kept.
            if better.negative() != 0 {
                for (slot, &cell) in (at..).zip(&*c) {
                    best.offer(slot, correlation(cell, w, slot));
                }
            }
        }
        for slot in slots.start + whole..slots.end {
            covariance[slot] += p_now * q[slot] + q_now * p[slot];
            if SEARCH {
                best.offer(slot, correlation(covariance[slot], w, slot));
            }
        }
    }
}
