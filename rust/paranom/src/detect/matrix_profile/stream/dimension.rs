//! One feature of a stream: its last samples, and the covariances of the newest window with the earlier ones.

use std::collections::VecDeque;

use super::advance::{Advance, Best, correlation};
use super::history::History;
use super::sums::{span, sum};
use crate::Result;
use crate::detect::matrix_profile::metric::Distance;
use crate::detect::matrix_profile::rolling_hash::RollingHash;
use crate::detect::matrix_profile::{exact, form};
use crate::error::try_filled;
use crate::simd::vector::dispatch_blocks;

/// A window this many times narrower than those before it gets its covariances anew.
const DROP: f64 = 1024.0;

/// The state of one feature.
///
/// Slot s stands for the window that starts `windows - 1 - s` samples before the newest one, so a slot is a diagonal.
/// All histories end with the newest sample or window.
#[derive(Debug, Clone)]
pub(super) struct Dimension {
    /// Samples; a missing one is filled with the value before it.
    pub(super) x: History<f64>,
    /// 1 for a sample that was not finite.
    pub(super) missing: History<u8>,
    /// The numbers of the step to each window, and its weight, see [`crate::detect::matrix_profile::metric`]. The weight
    /// is 0 if the window is constant, NaN if it has a missing value.
    p: History<f64>,
    q: History<f64>,
    pub(super) w: History<f64>,
    pub(super) hash: History<u64>,
    /// The covariance of each slot's window with the newest one.
    pub(super) covariance: Vec<f64>,
    /// The last window that was constant, and the slot that was the best in the step before; neither is saved.
    last_constant: Option<u64>,
    hint: Option<usize>,
    /// The widest window since all covariances were summed anew.
    pub(super) peak: f64,
    /// The windows at which that happened, as far as they are remembered.
    pub(super) drops: VecDeque<u64>,
}

/// The numbers of a window.
struct Moments {
    p: f64,
    q: f64,
    w: f64,
    span: f64,
}

impl Dimension {
    /// For `samples` remembered samples, in which there are `windows` windows, and `slots` of them before the newest one.
    pub(super) fn new(samples: usize, windows: usize, slots: usize) -> Result<Self> {
        let covariance = try_filled(0.0, slots)?;
        Ok(Self {
            x: History::new(samples, 0.0)?,
            missing: History::new(samples, 0)?,
            p: History::new(windows, 0.0)?,
            q: History::new(windows, 0.0)?,
            w: History::new(windows, f64::NAN)?,
            hash: History::new(windows, 0)?,
            covariance,
            last_constant: None,
            hint: None,
            peak: 0.0,
            drops: VecDeque::new(),
        })
    }

    /// Appends a sample.
    pub(super) fn push(&mut self, value: f64, seen: u64) {
        let finite = value.is_finite();
        let last = if seen == 0 { 0.0 } else { self.x.last() };
        self.missing.push(u8::from(!finite));
        self.x.push(if finite { value + 0.0 } else { last });
    }

    /// Makes the window that the newest sample ends the newest one; if `SEARCH`, finds the one it correlates most with.
    pub(super) fn advance<const SEARCH: bool>(
        &mut self,
        number: u64,
        m: usize,
        windows: usize,
        roll: RollingHash,
    ) -> Best {
        let moments = self.moments(number, self.x.all().len(), m);
        let hash = self.newest_hash(number, m, roll);
        self.keep(number, &moments, hash);
        let dropped = self.note_drop(number, windows, moments.span);
        let slots = self.slots_to_sum(number, windows, dropped);
        let constants = self.last_constant.is_some_and(|last| last >= oldest(number, windows));
        let best = self.step::<SEARCH>(slots, m, constants);
        self.hint = best.slot;
        best
    }

    /// Computes the numbers of window `number` anew, whose last sample is the one before `end`, and appends them.
    pub(super) fn recompute(&mut self, number: u64, end: usize, m: usize, roll: RollingHash) {
        let moments = self.moments(number, end, m);
        let hash = roll.of(&self.x.all()[end - m..end]);
        self.keep(number, &moments, hash);
    }

    /// The exact distance of a slot's window to the newest one, +inf if one has a missing value.
    pub(super) fn distance(&self, m: usize, slot: usize) -> f64 {
        let (x, w) = (self.x.all(), self.w.all());
        let last = w.len() - 1;
        if w[slot].is_nan() || w[last].is_nan() {
            return f64::INFINITY;
        }
        match (w[slot] == 0.0, w[last] == 0.0) {
            (true, true) => 0.0,
            (true, false) | (false, true) => (m as f64).sqrt(),
            (false, false) => {
                let (a, b) = (&x[slot..slot + m], &x[x.len() - m..]);
                let form = |x| form::form(x, span(x));
                exact::distance(Distance::ZNormalized, (a, form(a)), (b, form(b)))
            }
        }
    }

    /// The first slot whose window has the same bits as the newest one.
    pub(super) fn duplicate(&self, m: usize) -> Option<usize> {
        let (hashes, w, x) = (self.hash.all(), self.w.all(), self.x.all());
        let newest = hashes[hashes.len() - 1];
        let same = |&s: &usize| hashes[s] == newest && w[s] > 0.0 && x[s..s + m] == x[x.len() - m..];
        (0..self.covariance.len()).find(same)
    }

    /// The numbers of window `number`, whose last sample is the one before `end`.
    fn moments(&self, number: u64, end: usize, m: usize) -> Moments {
        let all = self.x.all();
        let x = &all[end - m..end];
        let size = m as f64;
        let newest = x[m - 1];
        let span = span(x);
        let mean = sum(x, x, |v, _| v - newest) / size;
        let squares = sum(x, x, |v, _| ((v - newest) - mean) * ((v - newest) - mean));
        let whole = self.missing.all()[end - m..end].iter().fold(0, |any, &missing| any | missing) == 0;
        let constant = span == 0.0;
        let w = match (whole, constant) {
            (false, _) => f64::NAN,
            (true, true) => 0.0,
            (true, false) => 1.0 / squares.sqrt(),
        };
        let (p, q) = if number == 0 || end == m {
            (0.0, 0.0)
        } else {
            let step = newest - all[end - m - 1];
            // newest - mean of this window, plus oldest - mean of the window before.
            (step * 0.5, -mean + ((step / size - mean) - step))
        };
        Moments { p, q, w, span }
    }

    fn newest_hash(&self, number: u64, m: usize, roll: RollingHash) -> u64 {
        let x = self.x.all();
        if number == 0 {
            return roll.of(&x[x.len() - m..]);
        }
        roll.enter(roll.leave(self.hash.last(), x[x.len() - m - 1]), x[x.len() - 1])
    }

    fn keep(&mut self, number: u64, moments: &Moments, hash: u64) {
        if moments.w == 0.0 {
            self.last_constant = Some(number);
        }
        self.p.push(moments.p);
        self.q.push(moments.q);
        self.w.push(moments.w);
        self.hash.push(hash);
    }

    /// Whether the newest window is so narrow that all covariances are summed anew.
    fn note_drop(&mut self, number: u64, windows: usize, span: f64) -> bool {
        self.peak = self.peak.max(span);
        let dropped = span > 0.0 && span * DROP < self.peak;
        if dropped {
            self.peak = span;
            self.drops.push_back(number);
        }
        let oldest = oldest(number, windows);
        while self.drops.front().is_some_and(|&first| first < oldest) {
            self.drops.pop_front();
        }
        dropped
    }

    /// The slots whose covariances are summed anew, in order: all after a drop; else the diagonal that begins here, those
    /// of the windows after earlier drops, and one more in turn.
    fn slots_to_sum(&self, number: u64, windows: usize, dropped: bool) -> Vec<usize> {
        let oldest = oldest(number, windows);
        let slot_of = |window: u64| windows - 1 - (number - window) as usize;
        let slots = self.covariance.len();
        if dropped {
            return (slot_of(oldest)..slots).collect();
        }
        let turn = (number % slots as u64) as usize;
        let begins = (oldest == 0).then(|| slot_of(0));
        let after_drops = self.drops.iter().map(|&window| slot_of(window));
        let all = after_drops.chain(begins).chain([turn.max(slot_of(oldest))]);
        let mut all: Vec<usize> = all.filter(|&slot| slot < slots).collect();
        all.sort_unstable();
        all
    }

    /// Moves all covariances on to the newest window; those of `again` are summed anew.
    fn step<const SEARCH: bool>(&mut self, again: Vec<usize>, m: usize, constants: bool) -> Best {
        let slots = self.covariance.len();
        let mut best = Best { score: f64::NEG_INFINITY, slot: None };
        if SEARCH {
            best.score = self.least(&again);
        }
        let mut start = 0;
        // Each of them ends a run of slots that follow by the recurrence.
        for end in again.into_iter().map(Some).chain([None]) {
            let run = start..end.unwrap_or(slots).max(start);
            dispatch_blocks(Advance::<SEARCH> {
                slots: run,
                covariance: &mut self.covariance,
                p: self.p.all(),
                q: self.q.all(),
                w: self.w.all(),
                constants,
                best: &mut best,
            });
            if let Some(slot) = end {
                self.covariance[slot] = self.direct(slot, m);
                best.offer(slot, correlation(self.covariance[slot], self.w.all(), slot));
                start = slot + 1;
            }
        }
        best
    }

    /// Just below the score that the best slot of the step before will have: some slot will be above it.
    fn least(&self, again: &[usize]) -> f64 {
        let Some(slot) = self.hint.filter(|slot| !again.contains(slot)) else { return f64::NEG_INFINITY };
        let (p, q) = (self.p.all(), self.q.all());
        let last = p.len() - 1;
        let covariance = self.covariance[slot] + (p[last] * q[slot] + q[last] * p[slot]);
        let score = correlation(covariance, self.w.all(), slot);
        if score.is_nan() { f64::NEG_INFINITY } else { score.next_down() }
    }

    /// The covariance (times m) of a slot's window with the newest one, from the values.
    fn direct(&self, slot: usize, m: usize) -> f64 {
        let x = self.x.all();
        let (a, b) = (&x[slot..slot + m], &x[x.len() - m..]);
        let mean = |x: &[f64]| sum(x, x, |v, _| v - x[0]) / m as f64;
        let (mean_a, mean_b) = (mean(a), mean(b));
        sum(a, b, |u, v| ((u - a[0]) - mean_a) * ((v - b[0]) - mean_b))
    }
}

/// The oldest window that is remembered when `number` is the newest one.
fn oldest(number: u64, windows: usize) -> u64 {
    number.saturating_sub(windows as u64 - 1)
}
