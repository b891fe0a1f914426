//! The nearest neighbours found so far.

use std::cmp::Ordering;

use super::kernel::LANES;
use super::segment::Segment;
use crate::Result;
use crate::error::try_vec;

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

/// What one task finds for the windows of one segment.
///
/// `floor` starts just below what is known already, so that the result of a task, where it is as good as the best,
/// does not depend on what other tasks found before.
#[derive(Debug)]
pub(super) struct Found {
    /// A score must be above this to be of use; one per window, and `LANES` more that nothing passes.
    pub(super) floor: Vec<f64>,
    nearest: Nearest,
}

impl Found {
    /// Room for a segment's windows; `known` is what all tasks together know, None if nobody asks for the result.
    pub(super) fn new(segment: &Segment, k: usize, known: Option<&Nearest>) -> Result<Self> {
        let mut floor = vec![f64::INFINITY; segment.len + LANES];
        let Some(known) = known else { return Ok(Self { floor, nearest: Nearest::new(0, k)? }) };
        for (i, floor) in floor.iter_mut().take(segment.len).enumerate() {
            *floor = known.score[(i + 1) * k - 1].next_down();
        }
        Ok(Self { floor, nearest: Nearest::new(segment.len, k)? })
    }

    /// Enters a neighbour of the segment's window `i`; its score is above the floor.
    pub(super) fn offer(&mut self, i: usize, score: f64, neighbour: usize) {
        let Nearest { k, score: scores, index } = &mut self.nearest;
        let list = i * *k..(i + 1) * *k;
        let (scores, indices) = (&mut scores[list.clone()], &mut index[list]);
        let mut slot = *k - 1;
        while slot > 0 && score > scores[slot - 1] {
            (scores[slot], indices[slot]) = (scores[slot - 1], indices[slot - 1]);
            slot -= 1;
        }
        (scores[slot], indices[slot]) = (score, neighbour as u32);
        self.floor[i] = self.floor[i].max(scores[*k - 1]);
    }

    /// Hands everything to `known`, of the same windows.
    pub(super) fn give(&self, known: &mut Nearest) {
        let k = self.nearest.k;
        for (at, (&score, &index)) in self.nearest.score.iter().zip(&self.nearest.index).enumerate() {
            if index != NONE {
                known.offer(at / k, score, index);
            }
        }
    }
}
