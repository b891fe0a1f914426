//! The best neighbours found so far: of one task, and of all tasks together.

use std::cmp::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lanes::{LANES, load};
use crate::Result;
use crate::error::try_vec;
use crate::simd::vector::Vector;

/// No neighbour.
pub(super) const NONE: u32 = u32::MAX;

/// The `k` best scores of each window of a segment and their neighbours, best first; -inf and [`NONE`] where there are
/// fewer.
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

/// The best neighbours that all tasks together have found for a segment's windows.
#[derive(Debug)]
pub(super) struct SharedNearest(Mutex<Nearest>);

impl SharedNearest {
    /// Nothing found for `windows` windows.
    pub(super) fn new(windows: usize, k: usize) -> Result<Self> {
        Ok(Self(Mutex::new(Nearest::new(windows, k)?)))
    }

    // A panic leaves valid values behind the lock, and ends the call anyway.

    pub(super) fn lock(&self) -> MutexGuard<'_, Nearest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn into_nearest(self) -> Nearest {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The best neighbours that one task finds for the windows of one segment.
///
/// `threshold` starts just below the best score of all tasks so far. So a task still finds a neighbour that is exactly
/// as good as the best, whatever other tasks found before.
#[derive(Debug)]
pub(super) struct Candidates {
    /// A score counts if it is above this; one per window, and `LANES` more that no score exceeds.
    pub(super) threshold: Vec<f64>,
    /// As in [`Nearest`], but f64 like the scores, so that both are blended alike; -1 for none. With `k` = 1 as long as
    /// `threshold`.
    index: Vec<f64>,
    /// As in [`Nearest`]; empty with `k` = 1, where `threshold` holds the scores.
    score: Vec<f64>,
    k: usize,
}

impl Candidates {
    /// Room for so many windows. `shared` is what all tasks have found so far; None if the result is not used.
    pub(super) fn new(windows: usize, k: usize, shared: Option<&Nearest>) -> Result<Self> {
        let windows = windows + LANES;
        let mut threshold = try_vec(windows)?;
        if let Some(shared) = shared {
            threshold.extend(shared.score.chunks_exact(k).map(|list| list[k - 1].next_down()));
        }
        threshold.resize(windows, f64::INFINITY);
        let size = windows.saturating_mul(k);
        let (mut index, mut score) = (try_vec(size)?, Vec::new());
        index.resize(size, -1.0);
        if k > 1 {
            score = try_vec(size)?;
            score.resize(size, f64::NEG_INFINITY);
        }
        Ok(Self { threshold, index, score, k })
    }

    /// Windows whose weight is NaN get no neighbour.
    pub(super) fn exclude(&mut self, weights: &[f64]) {
        for (threshold, _) in self.threshold.iter_mut().zip(weights).filter(|(_, w)| w.is_nan()) {
            *threshold = f64::INFINITY;
        }
    }

    /// Its parts, each borrowed by itself.
    #[inline(always)]
    pub(super) fn parts(&mut self) -> CandidatesMut<'_> {
        CandidatesMut {
            threshold: &mut self.threshold,
            index: &mut self.index,
            score: &mut self.score,
            k: self.k,
        }
    }

    /// Offers everything to `shared`, of the same windows.
    pub(super) fn merge_into(&self, shared: &mut Nearest) {
        let scores = if self.k == 1 { &self.threshold } else { &self.score };
        for (at, (&score, &index)) in scores.iter().zip(&self.index).enumerate() {
            if index >= 0.0 {
                shared.offer(at / self.k, score, index as u32);
            }
        }
    }
}

/// The parts of [`Candidates`]: as local variables they stay in registers, where the whole would not.
#[derive(Debug)]
pub(super) struct CandidatesMut<'a> {
    pub(super) threshold: &'a mut [f64],
    index: &'a mut [f64],
    score: &'a mut [f64],
    k: usize,
}

impl CandidatesMut<'_> {
    /// Offers window `i` one neighbour, where only the nearest is kept. Returns whether it is nearer than the one before.
    #[inline(always)]
    pub(super) fn offer_nearest(&mut self, i: usize, score: f64, neighbour: usize) -> bool {
        let better = score > self.threshold[i];
        if better {
            (self.threshold[i], self.index[i]) = (score, neighbour as f64);
        }
        better
    }

    /// Offers window `i` the `LANES` windows `first ..` as neighbours.
    #[inline(always)]
    pub(super) fn offer_row<V: Vector, const N: usize>(&mut self, i: usize, scores: &[V; N], first: usize) {
        if self.k > 1 {
            let threshold = V::splat(self.threshold[i]);
            each_above(scores, |_| threshold, |l, score| self.offer(i, score, first + l));
            return;
        }
        // Without branches: whether a row or a column is better cannot be predicted.
        let mut top = V::splat(f64::NEG_INFINITY);
        for score in scores {
            top = score.larger(top);
        }
        let top = top.greatest();
        let mut worse = 0;
        for (g, score) in scores.iter().enumerate() {
            // A NaN becomes -inf.
            let score = score.larger(V::splat(f64::NEG_INFINITY));
            worse |= V::splat(top).above(score).negative() << (g * V::WIDTH);
        }
        let best = (first + worse.trailing_ones() as usize) as f64;
        let better = top > self.threshold[i];
        self.index[i] = if better { best } else { self.index[i] };
        self.threshold[i] = if better { top } else { self.threshold[i] };
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
            let threshold: [V; N] = load(self.threshold, j);
            each_above(scores, |g| threshold[g], |l, score| self.offer(j + l, score, neighbour));
            return;
        }
        let (threshold, index) = (&mut self.threshold[j..j + LANES], &mut self.index[j..j + LANES]);
        for (g, &score) in scores.iter().enumerate() {
            let at = g * V::WIDTH;
            let (best, of) = (V::load(threshold, at), V::load(index, at));
            let better = score.above(best);
            better.choose(score, best).store(threshold, at);
            better.choose(V::splat(neighbour as f64), of).store(index, at);
        }
    }

    /// Enters a neighbour of the segment's window `i` in its list, if its score is above the threshold.
    #[cold]
    fn offer(&mut self, i: usize, score: f64, neighbour: usize) {
        if score > self.threshold[i] {
            let list = i * self.k..(i + 1) * self.k;
            let (scores, indices) = (&mut self.score[list.clone()], &mut self.index[list]);
            let mut slot = self.k - 1;
            while slot > 0 && score > scores[slot - 1] {
                (scores[slot], indices[slot]) = (scores[slot - 1], indices[slot - 1]);
                slot -= 1;
            }
            (scores[slot], indices[slot]) = (score, neighbour as f64);
            self.threshold[i] = self.threshold[i].max(scores[self.k - 1]);
        }
    }
}

/// Calls `each` with every lane that is above its threshold, and the score in it.
#[inline(always)]
fn each_above<V: Vector, const N: usize>(
    scores: &[V; N],
    threshold: impl Fn(usize) -> V,
    mut each: impl FnMut(usize, f64),
) {
    let (mut above, mut values) = (0, [0.0; LANES]);
    for (g, &score) in scores.iter().enumerate() {
        above |= score.above(threshold(g)).negative() << (g * V::WIDTH);
        score.store(&mut values, g * V::WIDTH);
    }
    while above != 0 {
        let l = above.trailing_zeros() as usize;
        each(l, values[l]);
        above &= above - 1;
    }
}
