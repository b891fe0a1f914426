//! The nearest neighbours found so far.

use std::cmp::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::kernel::{LANES, load};
use crate::Result;
use crate::error::try_vec;
use crate::simd::vector::Vector;

/// No neighbour.
pub(super) const NONE: u32 = u32::MAX;

/// The `k` best scores of each window of a segment and whose they are, best first; -inf and [`NONE`] where there are fewer.
#[derive(Debug)]
pub(super) struct Nearest {
    pub(super) k: usize,
    pub(super) score: Vec<f64>,
    pub(super) index: Vec<u32>,
}

impl Nearest {
    /// Nothing found for `windows` windows.
    pub(super) fn new(windows: usize, k: usize) -> Result<Self> {
        let size = windows.saturating_mul(k);
        let (mut score, mut index) = (try_vec(size)?, try_vec(size)?);
        score.resize(size, f64::NEG_INFINITY);
        index.resize(size, NONE);
        Ok(Self { k, score, index })
    }

    /// Enters a neighbour of window `i` if it is among the best `k`. The order is total (higher score, then lower
    /// index), so that what is kept does not depend on the order of the offers.
    pub(super) fn offer(&mut self, i: usize, score: f64, index: u32) {
        let list = i * self.k..(i + 1) * self.k;
        let (scores, indices) = (&mut self.score[list.clone()], &mut self.index[list]);
        let before = |s: f64, at: u32| match score.partial_cmp(&s) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => index < at,
            _ => false,
        };
        let Some(slot) = (0..scores.len()).find(|&slot| before(scores[slot], indices[slot])) else { return };
        scores[slot..].rotate_right(1);
        indices[slot..].rotate_right(1);
        (scores[slot], indices[slot]) = (score, index);
    }
}

/// What all tasks together know of a segment's windows.
#[derive(Debug)]
pub(super) struct Known(Mutex<Nearest>);

impl Known {
    /// Nothing, of `windows` windows.
    pub(super) fn new(windows: usize, k: usize) -> Result<Self> {
        Ok(Self(Mutex::new(Nearest::new(windows, k)?)))
    }

    // What is behind the lock is valid after any panic, and a panic ends the call anyway.

    pub(super) fn lock(&self) -> MutexGuard<'_, Nearest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn into_nearest(self) -> Nearest {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one task finds for the windows of one segment.
///
/// `floor` starts just below what is known already, so that the result of a task, where it is as good as the best,
/// does not depend on what other tasks found before.
#[derive(Debug)]
pub(super) struct Found {
    /// A score must be above this to be of use; one per window, and `LANES` more that nothing passes.
    pub(super) floor: Vec<f64>,
    /// As in [`Nearest`], but f64, to be blended as scores are; -1 for none. With `k` = 1 as long as `floor`.
    index: Vec<f64>,
    /// As in [`Nearest`]; with `k` = 1 none: `floor` has them.
    score: Vec<f64>,
    k: usize,
}

impl Found {
    /// Room for so many windows; `known` is what all tasks together know, None if nobody asks for the result.
    pub(super) fn new(windows: usize, k: usize, known: Option<&Nearest>) -> Result<Self> {
        let windows = windows + LANES;
        let mut floor = try_vec(windows)?;
        if let Some(known) = known {
            floor.extend(known.score.chunks_exact(k).map(|list| list[k - 1].next_down()));
        }
        floor.resize(windows, f64::INFINITY);
        let size = windows.saturating_mul(k);
        let (mut index, mut score) = (try_vec(size)?, Vec::new());
        index.resize(size, -1.0);
        if k > 1 {
            score = try_vec(size)?;
            score.resize(size, f64::NEG_INFINITY);
        }
        Ok(Self { floor, index, score, k })
    }

    /// Nothing is of use to windows whose weight is NaN.
    pub(super) fn leave_out(&mut self, weights: &[f64]) {
        for (floor, _) in self.floor.iter_mut().zip(weights).filter(|(_, w)| w.is_nan()) {
            *floor = f64::INFINITY;
        }
    }

    /// Its parts, each borrowed by itself.
    #[inline(always)]
    pub(super) fn open(&mut self) -> Open<'_> {
        Open { floor: &mut self.floor, index: &mut self.index, score: &mut self.score, k: self.k }
    }

    /// Hands everything to `known`, of the same windows.
    pub(super) fn give(&self, known: &mut Nearest) {
        let scores = if self.k == 1 { &self.floor } else { &self.score };
        for (at, (&score, &index)) in scores.iter().zip(&self.index).enumerate() {
            if index >= 0.0 {
                known.offer(at / self.k, score, index as u32);
            }
        }
    }
}

/// The parts of a [`Found`]: as local variables they stay in registers where a `Found` would not.
#[derive(Debug)]
pub(super) struct Open<'a> {
    pub(super) floor: &'a mut [f64],
    index: &'a mut [f64],
    score: &'a mut [f64],
    k: usize,
}

impl Open<'_> {
    /// Offers window `i` one neighbour, where only the nearest is kept; says whether it was one.
    #[inline(always)]
    pub(super) fn offer_nearest(&mut self, i: usize, score: f64, neighbour: usize) -> bool {
        let better = score > self.floor[i];
        if better {
            (self.floor[i], self.index[i]) = (score, neighbour as f64);
        }
        better
    }

    /// Offers window `i` the `LANES` windows `first ..` as neighbours.
    #[inline(always)]
    pub(super) fn offer_row<V: Vector, const N: usize>(&mut self, i: usize, scores: &[V; N], first: usize) {
        if self.k > 1 {
            let floor = V::splat(self.floor[i]);
            each_above(scores, |_| floor, |l, score| self.offer(i, score, first + l));
            return;
        }
        // Without branches: whether a row or a column is better is as good as random.
        let mut top = V::splat(f64::NEG_INFINITY);
        for score in scores {
            top = score.larger(top);
        }
        let top = top.greatest();
        let mut worse = 0;
        for (g, score) in scores.iter().enumerate() {
            // (Not NaN.)
            let score = score.larger(V::splat(f64::NEG_INFINITY));
            worse |= V::splat(top).above(score).negative() << (g * V::WIDTH);
        }
        let best = (first + worse.trailing_ones() as usize) as f64;
        let better = top > self.floor[i];
        self.index[i] = if better { best } else { self.index[i] };
        self.floor[i] = if better { top } else { self.floor[i] };
    }

    /// Offers each of the `LANES` windows `j ..` window `neighbour`.
    #[inline(always)]
    pub(super) fn offer_column<V: Vector, const N: usize>(
        &mut self,
        j: usize,
        scores: &[V; N],
        neighbour: usize,
    ) {
        if self.k > 1 {
            let floor: [V; N] = load(self.floor, j);
            each_above(scores, |g| floor[g], |l, score| self.offer(j + l, score, neighbour));
            return;
        }
        let (floor, index) = (&mut self.floor[j..j + LANES], &mut self.index[j..j + LANES]);
        for (g, &score) in scores.iter().enumerate() {
            let at = g * V::WIDTH;
            let (known, whose) = (V::load(floor, at), V::load(index, at));
            let better = score.above(known);
            better.choose(score, known).store(floor, at);
            better.choose(V::splat(neighbour as f64), whose).store(index, at);
        }
    }

    /// Enters a neighbour of the segment's window `i` in its list, if it is above the floor.
    #[cold]
    fn offer(&mut self, i: usize, score: f64, neighbour: usize) {
        if score > self.floor[i] {
            let list = i * self.k..(i + 1) * self.k;
            let (scores, indices) = (&mut self.score[list.clone()], &mut self.index[list]);
            let mut slot = self.k - 1;
            while slot > 0 && score > scores[slot - 1] {
                (scores[slot], indices[slot]) = (scores[slot - 1], indices[slot - 1]);
                slot -= 1;
            }
            (scores[slot], indices[slot]) = (score, neighbour as f64);
            self.floor[i] = self.floor[i].max(scores[self.k - 1]);
        }
    }
}

/// Calls `each` with every lane that is above its floor, and the score in it.
#[inline(always)]
fn each_above<V: Vector, const N: usize>(
    scores: &[V; N],
    floor: impl Fn(usize) -> V,
    mut each: impl FnMut(usize, f64),
) {
    let (mut above, mut values) = (0, [0.0; LANES]);
    for (g, &score) in scores.iter().enumerate() {
        above |= score.above(floor(g)).negative() << (g * V::WIDTH);
        score.store(&mut values, g * V::WIDTH);
    }
    while above != 0 {
        let l = above.trailing_zeros() as usize;
        each(l, values[l]);
        above &= above - 1;
    }
}
