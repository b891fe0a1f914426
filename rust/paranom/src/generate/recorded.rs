//! Recorded data as the normal rule, and the stretches of it that are labelled as anomalous already.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::rule::{At, Rule};
use crate::{Error, Result};

/// A recording, row for row; it begins anew when it ends (the plan refuses rows beyond it where it must not).
#[derive(Debug)]
pub struct Recorded(pub Arc<[f64]>);

impl Rule for Recorded {
    fn fill(&self, at: At, out: &mut [f64]) {
        let n = self.0.len();
        let mut from = (at.row % n as u64) as usize;
        let mut out = out;
        while !out.is_empty() {
            let take = out.len().min(n - from);
            let (now, later) = out.split_at_mut(take);
            now.copy_from_slice(&self.0[from..from + take]);
            out = later;
            from = 0;
        }
    }

    fn support(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }
}

/// Labelled stretches of a recording of `period` rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    period: u64,
    repeat: bool,
    stretches: Vec<(u64, u64)>,
}

impl Runs {
    /// Stretches in order, apart from each other, inside the recording.
    pub fn new(path: &str, period: u64, repeat: bool, runs: Vec<(u64, u64)>) -> Result<Self> {
        let mut before = 0;
        for (i, &(start, stop)) in runs.iter().enumerate() {
            if start >= stop || stop > period || (i > 0 && start < before) {
                return Err(Error::invalid(
                    path,
                    format!("[{start}, {stop}]"),
                    format!(
                        "must be stretches [start, stop] in rising order within the {period} rows of the recording"
                    ),
                ));
            }
            before = stop;
        }
        Ok(Self { period, repeat, stretches: runs })
    }

    /// Calls `found(number, start, stop)` for each stretch that touches rows `first..=last`, in order, until it breaks.
    pub fn each(&self, first: u64, last: u64, mut found: impl FnMut(u64, u64, u64) -> ControlFlow<()>) {
        let rounds = if self.repeat { last / self.period } else { 0 };
        let begin = if self.repeat { first / self.period } else { 0 };
        for round in begin..=rounds {
            let base = round * self.period;
            let from = if round == begin {
                self.stretches.partition_point(|&(_, stop)| base.saturating_add(stop) <= first)
            } else {
                0
            };
            for (i, &(start, stop)) in self.stretches.iter().enumerate().skip(from) {
                // The last round may be cut off by the end of the row axis.
                let Some(start) = base.checked_add(start) else { return };
                let stop = base.saturating_add(stop);
                if start > last {
                    return;
                }
                let number = round.wrapping_mul(self.stretches.len() as u64).wrapping_add(i as u64);
                if found(number, start, stop).is_break() {
                    return;
                }
            }
        }
    }

    /// Whether a stretch touches rows `start..stop`.
    pub fn touch(&self, start: u64, stop: u64) -> bool {
        let mut hit = false;
        if stop > start {
            self.each(start, stop - 1, |_, _, _| {
                hit = true;
                ControlFlow::Break(())
            });
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_repeat_with_the_recording() {
        let runs = Runs::new("labels", 10, true, vec![(0, 2), (5, 10)]).unwrap();
        let mut seen = Vec::new();
        runs.each(8, 21, |number, start, stop| {
            seen.push((number, start, stop));
            ControlFlow::Continue(())
        });
        assert_eq!(seen, [(1, 5, 10), (2, 10, 12), (3, 15, 20), (4, 20, 22)]);
        assert!(!runs.touch(22, 25));
        assert!(runs.touch(22, 26));
        assert!(runs.touch(0, u64::MAX), "at once, not round by round");
    }

    #[test]
    fn runs_must_be_in_order() {
        assert!(Runs::new("labels", 10, true, vec![(3, 3)]).is_err());
        assert!(Runs::new("labels", 10, true, vec![(3, 11)]).is_err());
        assert!(Runs::new("labels", 10, true, vec![(3, 5), (4, 6)]).is_err());
    }
}
