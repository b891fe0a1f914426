//! What the windows of a segment have to beat, level by level, in the units of the numbers that are compared with it.

use super::kernel::LANES;

/// The numbers that joint distances are compared in: f64 where they are distances, f32 where they are lower bounds.
pub(super) trait Number: Copy + PartialOrd {
    /// Its 0.
    const ZERO: Self;
    /// Its infinity.
    const INFINITY: Self;
    /// Above each sum that may stand for a distance larger than `floor` (a negative distance).
    fn bar(floor: f64, level: usize, scale: f64) -> Self;
    /// Above `least`, and above each sum that may stand for a distance as small as the one that `least` stands for.
    fn just_above(least: Self, level: usize) -> Self;
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    const INFINITY: Self = f64::INFINITY;
    #[inline(always)]
    fn bar(floor: f64, _level: usize, _scale: f64) -> Self {
        (-floor).min(f64::MAX) // finite: what is infinite is not below it
    }
    #[inline(always)]
    fn just_above(least: Self, _level: usize) -> Self {
        least * (1.0 + 2.0 * f64::EPSILON) + f64::MIN_POSITIVE
    }
}

/// No bar is higher, and no distance that counts; one of windows with a hole is.
const HIGHEST: f32 = 1e14;

impl Number for f32 {
    const ZERO: Self = 0.0;
    const INFINITY: Self = f32::INFINITY;
    #[inline(always)]
    fn bar(floor: f64, level: usize, scale: f64) -> Self {
        // A distance of 0 must pass a floor just below it, and need not pass a floor of 0.
        let least = (level + 1) as f32 * (1.0 / (1 << 29) as f32);
        if floor == 0.0 { 0.0 } else { ((-floor * scale) as f32).min(HIGHEST) + least }
    }
    #[inline(always)]
    fn just_above(least: Self, level: usize) -> Self {
        // See `sieve`: what was taken off each square may have been 2^-19 of which the root is below 1/512, and the
        // rest is relative.
        least * (1.0 + 1.0 / 512.0) + (level + 1) as f32 / 512.0
    }
}

/// A bar for each window and level.
#[derive(Debug)]
pub(super) struct Bars<T> {
    bars: Vec<T>,
    /// How far apart the bars of neighbouring windows are, and those of neighbouring levels.
    window: usize,
    level: usize,
    scale: f64,
}

impl<T: Number> Bars<T> {
    /// Those of floors (negative distances) `d * window + level`, and of `LANES` windows more that nothing passes.
    ///
    /// `scale` is what a distance is in units of the numbers. One of both is contiguous: the levels of a window, or
    /// the windows at a level.
    pub(super) fn new(floors: &[f64], d: usize, scale: f64, by_level: bool) -> Self {
        let windows = floors.len() / d + LANES;
        let (window, level) = if by_level { (1, windows) } else { (d, 1) };
        let none = T::bar(f64::INFINITY, 0, scale);
        let mut bars = Self { bars: vec![none; windows * d], window, level, scale };
        for (i, floors) in floors.chunks_exact(d).enumerate() {
            for (level, &floor) in floors.iter().enumerate() {
                bars.set(level, i, floor);
            }
        }
        bars
    }

    /// Those of the levels of window `i`, which are contiguous.
    #[inline(always)]
    pub(super) fn levels<const D: usize>(&self, i: usize) -> &[T; D] {
        self.bars[i * D..].first_chunk().unwrap()
    }

    /// Those of windows `i ..` at a level, which are contiguous.
    #[inline(always)]
    pub(super) fn windows(&self, level: usize, i: usize) -> &[T] {
        &self.bars[level * self.level + i..]
    }

    /// That of a window at a level.
    #[inline(always)]
    pub(super) fn at(&self, level: usize, i: usize) -> T {
        self.bars[level * self.level + i * self.window]
    }

    /// That a window has a new floor.
    #[inline(always)]
    pub(super) fn set(&mut self, level: usize, i: usize, floor: f64) {
        self.bars[level * self.level + i * self.window] = T::bar(floor, level, self.scale);
    }

    /// Lowers the bar of window `i`, if it is higher, to just above `least`; of windows `i ..`, where theirs at a level are
    /// contiguous.
    #[inline(always)]
    pub(super) fn lower(&mut self, level: usize, i: usize, least: &[T]) {
        let bars = &mut self.bars[level * self.level + i * self.window..][..least.len()];
        for (bar, &least) in bars.iter_mut().zip(least) {
            let new = T::just_above(least, level);
            *bar = if new < *bar { new } else { *bar };
        }
    }
}
