//! Weights of patterns. A pattern is the tuple of the channels' nearest reference windows; its weight multiplies
//! the score, is 1 until it is trained, and remembers the feedback on it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// The component of a key for a channel that had no nearest window.
pub(super) const NO_WINDOW: u64 = u64::MAX;

/// The smallest score a pattern with a verdict is taken for, as a share of the threshold: without it, no weight
/// could make an exact copy of the reference alarm, though someone confirmed it as an anomaly.
const LEAST_SHARE: f64 = 1e-10;

/// Two scores count as contradicting verdicts when they are closer than this.
const APART: f64 = 1.0 + 1e-9;

/// The feedback on a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    TruePositive,
    FalsePositive,
}

/// A verdict on a detection of this pattern: when, and what its unweighted score was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Feedback {
    pub(super) time: u64,
    pub(super) verdict: Verdict,
    pub(super) beta: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weight {
    /// What training made of it.
    pub(super) trained: f64,
    /// Unweighted scores from `confirmed` on alarm, those up to `dismissed` do not: verdicts past undoing.
    pub(super) confirmed: f64,
    pub(super) dismissed: f64,
    /// Verdicts that can still be undone, in the order they were given.
    pub(super) feedback: Vec<Feedback>,
    /// When it was last used, for forgetting.
    pub(super) used: u64,
}

impl Weight {
    fn new() -> Self {
        Self { trained: 1.0, confirmed: f64::INFINITY, dismissed: 0.0, feedback: Vec::new(), used: 0 }
    }

    fn has_verdict(&self) -> bool {
        self.confirmed < f64::INFINITY || self.dismissed > 0.0 || !self.feedback.is_empty()
    }

    /// A verdict joins the limits; an older one that contradicts it goes.
    fn settle(limits: &mut (f64, f64), given: &Feedback) {
        let (confirmed, dismissed) = limits;
        match given.verdict {
            Verdict::TruePositive => {
                *confirmed = confirmed.min(given.beta);
                if *dismissed * APART >= *confirmed {
                    *dismissed = 0.0;
                }
            }
            Verdict::FalsePositive => {
                *dismissed = dismissed.max(given.beta);
                if *dismissed * APART >= *confirmed {
                    *confirmed = f64::INFINITY;
                }
            }
        }
    }

    /// The weight: what training made of it, moved so that verdicts hold.
    fn value(&self, threshold: f64) -> f64 {
        let mut limits = (self.confirmed, self.dismissed);
        self.feedback.iter().for_each(|given| Self::settle(&mut limits, given));
        let least = LEAST_SHARE * threshold;
        // A confirmed score alarms at twice the threshold, a dismissed one ends at half of it.
        let low = if limits.0 < f64::INFINITY { threshold / limits.0.max(least) } else { 0.0 };
        let high = if limits.1 > 0.0 { threshold / limits.1.max(least) } else { f64::INFINITY };
        if 2.0 * low > high / 2.0 {
            return low.sqrt() * high.sqrt();
        }
        self.trained.max(2.0 * low).min(high / 2.0)
    }
}

/// The weights of a process.
#[derive(Debug, Clone, Default)]
pub(super) struct Weights {
    map: HashMap<Box<[u64]>, Weight, BuildHasherDefault<KeyHasher>>,
    clock: u64,
    near: Vec<u64>,
}

impl Weights {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// The weighted score of a pattern.
    #[inline]
    pub(super) fn score(&mut self, key: &[u64], beta: f64, threshold: f64) -> f64 {
        if self.map.is_empty() {
            return beta;
        }
        let Some(weight) = self.map.get_mut(key) else { return beta };
        self.clock += 1;
        weight.used = self.clock;
        if weight.has_verdict() {
            weight.value(threshold) * beta.max(LEAST_SHARE * threshold)
        } else {
            weight.trained * beta
        }
    }

    fn entry(&mut self, key: &[u64]) -> &mut Weight {
        self.clock += 1;
        if !self.map.contains_key(key) {
            self.map.insert(key.into(), Weight::new());
        }
        let weight = self.map.get_mut(key).expect("just put there");
        weight.used = self.clock;
        weight
    }

    /// Lowers the pattern's weight and its neighbours' towards `target`, by `rest` times the decay of their
    /// distance; never raises one.
    pub(super) fn lower(&mut self, key: &[u64], target: f64, rest: f64, decay: &[f64], windows: &Range<u64>) {
        let m = decay.len() / 2;
        for (i, a) in decay.iter().enumerate() {
            if let Some(near) = self.neighbour(key, i as i64 - m as i64, windows) {
                let old = self.map.get(&*near).map_or(1.0, |weight| weight.trained);
                let new = old + a * rest * (target - old);
                if new < old {
                    self.entry(&near).trained = new;
                }
                self.near = near;
            }
        }
    }

    /// The program's training: everything near is multiplied by decay · (1 - p) / 2H. Returns the new H. `base` is the
    /// number of windows.
    pub(super) fn multiply(
        &mut self,
        key: &[u64],
        mut ratio: f64,
        rest: f64,
        decay: &[f64],
        base: u64,
        threshold: f64,
    ) -> f64 {
        let m = decay.len() / 2;
        for (i, a) in decay.iter().enumerate() {
            if let Some(near) = self.neighbour_as_published(key, i as i64 - m as i64, base) {
                let weight = self.entry(&near);
                let old = weight.trained;
                weight.trained = bounded(old * (a * rest / (2.0 * ratio)));
                if i == m {
                    // The program takes H for the weighted ratio here, though it holds the unweighted one.
                    let next = weight.trained * (ratio * threshold / old) / threshold;
                    // None of a weight that has sunk to nothing.
                    ratio = if old > 0.0 && !next.is_nan() { next } else { 0.0 };
                }
                self.near = near;
            }
        }
        ratio
    }

    /// The program's answer to a confirmed anomaly: times 2 / H.
    pub(super) fn confirm(&mut self, key: &[u64], ratio: f64, base: u64) {
        if ratio > 0.0
            && let Some(near) = self.neighbour_as_published(key, 0, base)
        {
            let weight = self.entry(&near);
            weight.trained = bounded(weight.trained * (2.0 / ratio));
            self.near = near;
        }
    }

    /// The key with every window moved by `offset`, as the published program writes it: one number whose digits to
    /// the `base` are the windows, added up in floats. A window that leaves the reference carries into the next
    /// digit, so that the number is another key's. `None` if it is no key's.
    fn neighbour_as_published(&mut self, key: &[u64], offset: i64, base: u64) -> Option<Vec<u64>> {
        /// Beyond it the program's floats are too coarse to be a key again.
        const MOST: f64 = 1e38;
        if key.contains(&NO_WINDOW) {
            return self.neighbour(key, offset, &(0..base));
        }
        let mut number = 0.0;
        let mut power = Some(1_u128);
        for &window in key {
            let moved = window as f64 + offset as f64;
            if moved != 0.0 {
                number += power? as f64 * moved;
            }
            power = power.and_then(|power| power.checked_mul(base.into()));
        }
        if !(0.0..MOST).contains(&number) {
            return None;
        }
        let mut rest = number as u128;
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        for _ in key {
            near.push((rest % u128::from(base)) as u64);
            rest /= u128::from(base);
        }
        (rest == 0).then_some(near)
    }

    /// The key with every window moved by `offset`, unless one leaves the reference.
    fn neighbour(&mut self, key: &[u64], offset: i64, windows: &Range<u64>) -> Option<Vec<u64>> {
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        for &window in key {
            let moved = if window == NO_WINDOW { NO_WINDOW } else { window.checked_add_signed(offset)? };
            if moved != NO_WINDOW && !windows.contains(&moved) {
                return None;
            }
            near.push(moved);
        }
        Some(near)
    }

    /// Adds, replaces or (with `None`) takes back the verdict on the detection at `time`.
    pub(super) fn set_verdict(
        &mut self,
        key: &[u64],
        time: u64,
        verdict: Option<Verdict>,
        beta: f64,
        forgotten: u64,
    ) {
        if verdict.is_none() && !self.map.contains_key(key) {
            return; // it was forgotten meanwhile
        }
        let weight = self.entry(key);
        let same = |given: &Feedback| given.time == time;
        if weight.feedback.iter().any(|given| same(given) && Some(given.verdict) == verdict) {
            return;
        }
        weight.feedback.retain(|given| !same(given));
        // Verdicts past undoing become limits.
        let mut limits = (weight.confirmed, weight.dismissed);
        while let Some(given) = weight.feedback.first().filter(|given| given.time < forgotten) {
            Weight::settle(&mut limits, given);
            weight.feedback.remove(0);
        }
        (weight.confirmed, weight.dismissed) = limits;
        if let Some(verdict) = verdict {
            weight.feedback.push(Feedback { time, verdict, beta });
        } else if !weight.has_verdict() && weight.trained == 1.0 {
            self.map.remove(key);
        }
    }

    /// Forgets the least recently used weights, those without a verdict first, once there are more than `most`.
    pub(super) fn trim(&mut self, most: usize) {
        if self.map.len() <= most {
            return;
        }
        let age = |weight: &Weight| (weight.has_verdict(), weight.used);
        let mut ages: Vec<_> = self.map.values().map(age).collect();
        ages.sort_unstable();
        let oldest_kept = ages[ages.len() - (most - most / 4)];
        self.map.retain(|_, weight| age(weight) >= oldest_kept);
    }

    /// All weights, by key.
    pub(super) fn sorted(&self) -> Vec<(&[u64], &Weight)> {
        let mut all: Vec<_> = self.map.iter().map(|(key, weight)| (&**key, weight)).collect();
        all.sort_unstable_by_key(|&(key, _)| key);
        all
    }

    pub(super) fn clock(&self) -> u64 {
        self.clock
    }

    /// From what [`Self::sorted`] and [`Self::clock`] gave.
    pub(super) fn restore(all: Vec<(Vec<u64>, Weight)>, clock: u64) -> Self {
        let map = all.into_iter().map(|(key, weight)| (key.into(), weight)).collect();
        Self { map, clock, near: Vec::new() }
    }

    /// Bytes on the heap, about.
    pub(super) fn bytes(&self, d: usize) -> usize {
        self.map.capacity() * (size_of::<(Box<[u64]>, Weight)>() + 1) + self.map.len() * d * size_of::<u64>()
    }
}

/// Weights of the program stay finite, so that no score is NaN.
fn bounded(weight: f64) -> f64 {
    if weight < 1e150 { weight } else { 1e150 }
}

/// Multiply and rotate, eight bytes at a time: keys are short, and their order never reaches a result.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u64; 2] = [3, 5];

    fn set(weights: &mut Weights, time: u64, verdict: Option<Verdict>, beta: f64) {
        weights.set_verdict(&KEY, time, verdict, beta, 0);
    }

    #[test]
    fn verdicts_hold_are_idempotent_and_undone_in_any_order() {
        let mut w = Weights::default();
        set(&mut w, 1, Some(Verdict::TruePositive), 0.3);
        set(&mut w, 2, Some(Verdict::FalsePositive), 0.25);
        assert!(w.score(&KEY, 0.3, 0.2) > 0.2 && w.score(&KEY, 0.25, 0.2) <= 0.2);
        let once = w.score(&KEY, 0.3, 0.2);
        set(&mut w, 1, Some(Verdict::TruePositive), 0.3);
        assert_eq!(w.score(&KEY, 0.3, 0.2), once);
        set(&mut w, 1, None, 0.3);
        assert_eq!(w.score(&KEY, 0.25, 0.2), 0.1);
        set(&mut w, 2, None, 0.25);
        assert_eq!((w.score(&KEY, 0.25, 0.2), w.len()), (0.25, 0));
    }

    #[test]
    fn the_newest_of_contradicting_verdicts_wins() {
        let mut w = Weights::default();
        set(&mut w, 1, Some(Verdict::TruePositive), 0.3);
        set(&mut w, 2, Some(Verdict::FalsePositive), 0.5);
        assert!(w.score(&KEY, 0.5, 0.2) <= 0.2);
        set(&mut w, 3, Some(Verdict::TruePositive), 0.4);
        assert!(w.score(&KEY, 0.4, 0.2) > 0.2);
    }

    #[test]
    fn an_exact_copy_can_be_confirmed() {
        let mut w = Weights::default();
        set(&mut w, 1, Some(Verdict::TruePositive), 0.0);
        assert!(w.score(&KEY, 0.0, 0.2) > 0.2);
    }

    #[test]
    fn verdicts_outlive_other_weights() {
        let mut w = Weights::default();
        set(&mut w, 1, Some(Verdict::FalsePositive), 1.0);
        for k in 10..200 {
            w.lower(&[k, k], 0.1, 1.0, &[1.0], &(0..1000));
        }
        w.trim(20);
        assert_eq!(w.len(), 15);
        assert!(w.score(&KEY, 1.0, 0.2) <= 0.2);
    }
}
