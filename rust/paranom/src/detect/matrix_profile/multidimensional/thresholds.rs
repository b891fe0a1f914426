//! The pruning thresholds of the windows of a segment, level by level, in the units of the numbers that they are compared
//! with.

use crate::detect::matrix_profile::lanes::LANES;

/// The numbers that joint distances are compared in: f64 where they are distances, f32 where they are lower bounds.
pub(super) trait Number: Copy + PartialOrd {
    /// Its 0.
    const ZERO: Self;
    /// Its infinity.
    const INFINITY: Self;
    /// Above each sum that may stand for a score (a negative distance) above `score`.
    fn threshold(score: f64, level: usize, scale: f64) -> Self;
    /// Above `least`, and above each sum that may stand for a distance as small as the one that `least` stands for.
    fn just_above(least: Self, level: usize) -> Self;
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    const INFINITY: Self = f64::INFINITY;
    #[inline(always)]
    fn threshold(score: f64, _level: usize, _scale: f64) -> Self {
        (-score).min(f64::MAX) // finite, so that an infinite sum is not below it
    }
    #[inline(always)]
    fn just_above(least: Self, _level: usize) -> Self {
        least * (1.0 + 2.0 * f64::EPSILON) + f64::MIN_POSITIVE
    }
}

/// Above every distance that counts, and below that of windows with a missing value.
const HIGHEST: f32 = 1e14;

impl Number for f32 {
    const ZERO: Self = 0.0;
    const INFINITY: Self = f32::INFINITY;
    #[inline(always)]
    fn threshold(score: f64, level: usize, scale: f64) -> Self {
        // A distance of 0 must pass if the score to beat is just below 0, and need not if it is 0.
        let least = (level + 1) as f32 * (1.0 / (1 << 29) as f32);
        if score == 0.0 { 0.0 } else { ((-score * scale) as f32).min(HIGHEST) + least }
    }
    #[inline(always)]
    fn just_above(least: Self, level: usize) -> Self {
        // See `lower_bounds`: what was taken off each square may have been 2^-19 of which the root is below 1/512, and the
        // rest is relative.
        least * (1.0 + 1.0 / 512.0) + (level + 1) as f32 / 512.0
    }
}

/// A pruning threshold for each window and level.
#[derive(Debug)]
pub(super) struct Thresholds<T> {
    thresholds: Vec<T>,
    /// The stride from window to window, and from level to level.
    window: usize,
    level: usize,
    scale: f64,
}

impl<T: Number> Thresholds<T> {
    /// Those of the scores to beat, `d * window + level`, and of `LANES` windows more that prune all.
    ///
    /// `scale` is a distance of 1 in units of the numbers. Contiguous are the windows at a level if `by_level`, else the
    /// levels of a window.
    pub(super) fn new(scores: &[f64], d: usize, scale: f64, by_level: bool) -> Self {
        let windows = scores.len() / d + LANES;
        let (window, level) = if by_level { (1, windows) } else { (d, 1) };
        let none = T::threshold(f64::INFINITY, 0, scale);
        let mut all = Self { thresholds: vec![none; windows * d], window, level, scale };
        for (i, scores) in scores.chunks_exact(d).enumerate() {
            for (level, &score) in scores.iter().enumerate() {
                all.set(level, i, score);
            }
        }
        all
    }

    /// Those of the levels of window `i`, which are contiguous.
    #[inline(always)]
    pub(super) fn levels<const D: usize>(&self, i: usize) -> &[T; D] {
        self.thresholds[i * D..].first_chunk().unwrap()
    }

    /// Those of windows `i ..` at a level, which are contiguous.
    #[inline(always)]
    pub(super) fn windows(&self, level: usize, i: usize) -> &[T] {
        &self.thresholds[level * self.level + i..]
    }

    /// That of a window at a level.
    #[inline(always)]
    pub(super) fn at(&self, level: usize, i: usize) -> T {
        self.thresholds[level * self.level + i * self.window]
    }

    /// Sets that of a window that has a new score to beat.
    #[inline(always)]
    pub(super) fn set(&mut self, level: usize, i: usize, score: f64) {
        self.thresholds[level * self.level + i * self.window] = T::threshold(score, level, self.scale);
    }

    /// Lowers that of window `i` to just above `least`, if it is higher; those of windows `i ..` where the windows at a level
    /// are contiguous.
    #[inline(always)]
    pub(super) fn lower(&mut self, level: usize, i: usize, least: &[T]) {
        let thresholds = &mut self.thresholds[level * self.level + i * self.window..][..least.len()];
        for (threshold, &least) in thresholds.iter_mut().zip(least) {
            let new = T::just_above(least, level);
            *threshold = if new < *threshold { new } else { *threshold };
        }
    }
}
