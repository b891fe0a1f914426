//! The windows of the last M samples, by time: those that feedback is possible on.

use std::collections::VecDeque;

use super::uncertainty::doubt;
use super::weights::Verdict;
use crate::simd::prefetch;

/// One scored window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ScoredWindow {
    /// The time of its detection.
    pub(super) time: u64,
    /// The process's own time then.
    pub(super) step: u64,
    /// Its unweighted score.
    pub(super) beta: f64,
    /// The program's H, as training left it.
    pub(super) ratio: f64,
    pub(super) verdict: Option<Verdict>,
}

/// The windows of the last M samples, and what false alarms among them do to K.
#[derive(Debug, Clone)]
pub(super) struct ScoredWindows {
    reference: usize,
    d: usize,
    windows: VecDeque<ScoredWindow>,
    /// The keys of the windows, d numbers each, in a ring of M places; the next window's is at `next`.
    keys: Vec<u64>,
    next: usize,
    /// K before the oldest window.
    settled: f64,
    /// K with all windows.
    k: f64,
}

impl ScoredWindows {
    pub(super) fn new(reference: usize, d: usize) -> Self {
        let k = reference as f64;
        Self { reference, d, windows: VecDeque::new(), keys: Vec::new(), next: 0, settled: k, k }
    }

    /// K: how far false alarms have pulled it towards the process's time.
    #[inline]
    pub(super) fn k(&self) -> f64 {
        self.k
    }

    /// The program's K, which moves at once and in whole steps.
    pub(super) fn move_k(&mut self, now: f64, false_positives: usize) {
        self.k += ((now - self.k) * (false_positives as f64 / self.reference as f64)).trunc();
        self.settled = self.k;
    }

    /// Adds a scored window.
    #[inline(always)]
    pub(super) fn add(&mut self, window: ScoredWindow, key: &[u64]) {
        if self.keys.is_empty() {
            self.keys = vec![0; self.reference * self.d];
        }
        self.windows.push_back(window);
        self.keys[self.next * self.d..][..self.d].copy_from_slice(key);
        self.next = if self.next + 1 == self.reference { 0 } else { self.next + 1 };
    }

    /// Asks for what the next [`Self::add`] writes.
    pub(super) fn prefetch(&self) {
        self.keys.get(self.next * self.d).into_iter().for_each(prefetch);
        self.windows.front().into_iter().for_each(prefetch);
        self.windows.back().into_iter().for_each(prefetch);
    }

    /// Forgets what is older than M samples; its false alarms stay in K.
    #[inline]
    pub(super) fn forget(&mut self, now: u64) {
        let oldest = self.oldest(now);
        while let Some(window) = self.windows.front().filter(|window| window.time < oldest) {
            if window.verdict == Some(Verdict::FalsePositive) {
                self.settled = doubt(self.settled, window.step as f64, self.reference);
            }
            self.windows.pop_front();
        }
    }

    /// The earliest time that is remembered.
    pub(super) fn oldest(&self, now: u64) -> u64 {
        (now + 1).saturating_sub(self.reference as u64)
    }

    /// The position of the window of a time.
    pub(super) fn find(&self, time: u64) -> Option<usize> {
        self.windows.binary_search_by_key(&time, |window| window.time).ok()
    }

    pub(super) fn window(&self, at: usize) -> (ScoredWindow, Vec<u64>) {
        let place = (self.next + self.reference - self.windows.len() + at) % self.reference;
        (self.windows[at], self.keys[place * self.d..][..self.d].to_vec())
    }

    /// Sets the verdict on a window, and moves K: false alarms count in the order of their times.
    pub(super) fn set_verdict(&mut self, at: usize, verdict: Option<Verdict>) {
        self.windows[at].verdict = verdict;
        self.recount();
    }

    fn recount(&mut self) {
        let dismissed = self.windows.iter().filter(|r| r.verdict == Some(Verdict::FalsePositive));
        self.k = dismissed.fold(self.settled, |k, r| doubt(k, r.step as f64, self.reference));
    }

    /// What is needed to continue: the windows with their keys, and both values of K.
    pub(super) fn snapshot(&self) -> (impl ExactSizeIterator<Item = (ScoredWindow, Vec<u64>)>, f64, f64) {
        ((0..self.windows.len()).map(|at| self.window(at)), self.settled, self.k)
    }

    /// The inverse of [`Self::snapshot`].
    pub(super) fn restore(
        reference: usize,
        d: usize,
        windows: Vec<(ScoredWindow, Vec<u64>)>,
        settled: f64,
        k: f64,
    ) -> Self {
        let mut scored = Self { settled, k, ..Self::new(reference, d) };
        for (window, key) in windows {
            scored.add(window, &key);
        }
        scored
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.windows.capacity() * size_of::<ScoredWindow>() + self.keys.capacity() * size_of::<u64>()
    }
}
