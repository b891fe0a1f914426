//! The nearest reference window of a channel: its cells say which windows could be it, and these are summed exactly.

use super::channel::Channel;
use super::config::Scale;
use super::lattice::{self, BLOCK, LANES, Lattice};
use super::reference::pairwise;
use super::types::{MOST, Nearest};

/// A scaled distance and its window.
type Best = (f64, usize);

/// No window yet.
const NOTHING: Best = (f64::INFINITY, usize::MAX);

impl Channel {
    /// The nearest window, after `advance`; `None` if too little is there to compare. `lows` is room for one number per block.
    #[inline(always)]
    pub(super) fn search<const WEIGHED: bool>(&self, lows: &mut [f64]) -> Option<Nearest> {
        let Self { live, reference, .. } = self;
        if 2 * live.missing > live.m || (WEIGHED && reference.excluded == reference.windows) {
            return None;
        }
        let found =
            if WEIGHED && reference.is_weighed() { self.best_weighed(lows) } else { self.best_plain() };
        Some(self.nearest(found.unwrap_or_else(|| self.best_by_brute_force())))
    }

    /// The smallest distance and its window, or `None` if too many windows could be it.
    #[inline(always)]
    fn best_plain(&self) -> Option<Best> {
        let least = &*self.cells.least;
        let cells = &self.cells.all().as_chunks::<BLOCK>().0[..least.len()];
        let live = self.live.samples();
        let reference = &self.reference.samples[self.reference.first..];
        // With all samples on the lattice, one pass is enough.
        let inside = self.live.beyond == 0 && self.reference.clamped == 0;
        let mut reach = self.lattice.about(self.cells.low);
        loop {
            let mut best = NOTHING;
            let mut checked = 0;
            for b in 0..least.len() {
                let mut lanes = lattice::within(&least[b], reach);
                while lanes != 0 {
                    let lane = lanes.trailing_zeros() as usize;
                    lanes &= lanes - 1;
                    let mut rows = lattice::within_lane(&cells[b], lane, reach);
                    while rows != 0 {
                        let row = rows.trailing_zeros() as usize;
                        rows &= rows - 1;
                        let k = (b * BLOCK) | (row * LANES) | lane;
                        best = better(best, (self.distance(live, &reference[k..][..live.len()]), k));
                        checked += 1;
                    }
                    if checked > self.exact_check_limit() {
                        return None;
                    }
                }
            }
            if inside {
                return Some(best);
            }
            let needed = self.lattice.reach(best.0, self.excess());
            if needed <= reach {
                return Some(best);
            }
            reach = needed;
        }
    }

    /// The same where windows have weights: the smallest weighted distance.
    #[inline(always)]
    fn best_weighed(&self, lows: &mut [f64]) -> Option<Best> {
        let cells = self.cells.all().as_chunks::<BLOCK>().0;
        let weigh = self.reference.weigh[self.reference.first..].as_chunks::<BLOCK>().0;
        let Lattice { density, error, rounding, .. } = self.lattice;
        // What a cell leaves out, less what it may be wrong by.
        let shift = self.excess() * density - error;
        let mut reach = f64::INFINITY;
        for ((cells, weigh), low) in cells.iter().zip(weigh).zip(lows.iter_mut()) {
            *low = f64::INFINITY;
            let mut lanes = [f64::INFINITY; 8];
            for row in 0..BLOCK / 8 {
                for l in 0..8 {
                    let value = lower_bound(cells[row * 8 + l], weigh[row * 8 + l], shift);
                    lanes[l] = if value < lanes[l] { value } else { lanes[l] };
                }
            }
            *low = lanes.into_iter().fold(f64::INFINITY, |low, lane| if lane < low { lane } else { low });
            reach = if *low < reach { *low } else { reach };
        }
        loop {
            let mut best = NOTHING;
            let mut checked = 0;
            for (b, ((cells, weigh), low)) in cells.iter().zip(weigh).zip(&*lows).enumerate() {
                if *low > reach {
                    continue;
                }
                for row in 0..BLOCK / LANES {
                    let beyond = std::array::from_fn(|l| {
                        let bound = lower_bound(cells[row * LANES + l], weigh[row * LANES + l], shift);
                        let near = bound <= reach;
                        i32::from(!near)
                    });
                    let mut lanes = lattice::within(&beyond, 0);
                    while lanes != 0 {
                        let k = b * BLOCK + row * LANES + lanes.trailing_zeros() as usize;
                        lanes &= lanes - 1;
                        if k < self.reference.windows && !self.reference.is_excluded(k) {
                            best = better(best, (self.scaled_distance(k), k));
                            checked += 1;
                        }
                    }
                }
                if checked > self.exact_check_limit() {
                    return None;
                }
            }
            let needed = best.0 * density * (1.0 + 2.0 * rounding);
            if needed > reach {
                reach = needed;
            } else {
                // Undefined, too: an infinite distance where all cells are 0, and so were summed.
                return Some(best);
            }
        }
    }

    /// Windows that are summed one by one before all of them are, side by side.
    #[inline(always)]
    fn exact_check_limit(&self) -> usize {
        8 + self.reference.windows / 16
    }

    /// The same, all windows summed.
    #[inline(never)]
    pub(super) fn best_by_brute_force(&self) -> Best {
        const WIDE: usize = 32;
        let Self { live, reference, .. } = self;
        let samples = &reference.samples[reference.first..];
        let mut best = NOTHING;
        if reference.published {
            for k in (0..reference.windows).filter(|&k| !reference.is_excluded(k)) {
                best = better(best, (self.scaled_distance(k), k));
            }
            return best;
        }
        for block in (0..reference.windows).step_by(WIDE) {
            let mut sums = [0.0; WIDE];
            for (i, &x) in live.samples().iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                for (sum, r) in sums.iter_mut().zip(&samples[block + i..][..WIDE]) {
                    *sum += (x - r).abs();
                }
            }
            for k in (block..reference.windows).take(WIDE).filter(|&k| !reference.is_excluded(k)) {
                best = better(best, (reference.scaled(sums[k - block], k), k));
            }
        }
        best
    }

    /// By how much all windows are farther than their cells say: live samples lie beyond the lattice. Where samples
    /// of the reference do too, nothing is certain, and 0 is right.
    #[inline(always)]
    fn excess(&self) -> f64 {
        if self.live.beyond == 0 || self.reference.clamped > 0 { 0.0 } else { self.sum_beyond() }
    }

    #[inline(never)]
    fn sum_beyond(&self) -> f64 {
        self.live.samples().iter().map(|&x| self.lattice.beyond(x)).sum()
    }

    /// A distance, summed from left to right, or as the published program does.
    #[inline(always)]
    fn distance(&self, live: &[f64], window: &[f64]) -> f64 {
        if self.reference.published {
            return self.distance_as_published(live, window);
        }
        let terms = live.iter().zip(window).map(|(x, r)| (x - r).abs());
        if self.live.missing == 0 {
            return terms.fold(0.0, |sum, term| sum + term);
        }
        terms.fold(0.0, |sum, term| if term.is_nan() { sum } else { sum + term })
    }

    #[inline(never)]
    fn distance_as_published(&self, live: &[f64], window: &[f64]) -> f64 {
        let window = &window[..live.len()];
        if self.live.missing == 0 {
            return pairwise(0..live.len(), |i| (live[i] - window[i]).abs());
        }
        pairwise(0..live.len(), |i| if live[i].is_nan() { 0.0 } else { (live[i] - window[i]).abs() })
    }

    /// A window's scaled distance, summed.
    fn scaled_distance(&self, k: usize) -> f64 {
        let window = &self.reference.samples[self.reference.first + k..][..self.live.m];
        self.reference.scaled(self.distance(self.live.samples(), window), k)
    }

    /// The best window by its number, with its distance in units of the scale.
    #[inline(always)]
    pub(super) fn nearest(&self, (value, k): Best) -> Nearest {
        let Self { live, reference, .. } = self;
        let valid = f64::from((live.m - live.missing) as u32);
        let value = match reference.scale {
            Scale::Relative if live.missing > 0 => value * (live.m as f64 / valid),
            Scale::Relative => value,
            _ => value / (reference.unit * valid),
        };
        Nearest { window: reference.left + k as u64, value: value.min(MOST) }
    }
}

/// The smaller value; of equal ones, the first window's.
#[inline(always)]
fn better(a: Best, b: Best) -> Best {
    if b.0 < a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a }
}

/// The least that a window's scaled distance can be, by its cell. Of an excluded one: infinity, or NaN, which is
/// below nothing.
#[inline(always)]
fn lower_bound(cell: i32, weigh: f64, shift: f64) -> f64 {
    (f64::from(cell) + shift).max(0.0) * weigh
}
