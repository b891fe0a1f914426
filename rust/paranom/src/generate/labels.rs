//! The rows of a recording that are labelled as anomalous, as runs.

use std::ops::ControlFlow;

use crate::{Error, Result};

/// The labelled rows of a recording of `period` rows, as runs [start, stop).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    period: u64,
    repeat: bool,
    runs: Vec<(u64, u64)>,
}

impl Labels {
    /// Runs in order, apart from each other, inside the recording.
    pub fn new(path: &str, period: u64, repeat: bool, runs: Vec<(u64, u64)>) -> Result<Self> {
        let mut before = 0;
        for (i, &(start, stop)) in runs.iter().enumerate() {
            if start >= stop || stop > period || (i > 0 && start < before) {
                return Err(Error::invalid(
                    path,
                    format!("[{start}, {stop}]"),
                    format!(
                        "must be rows [start, stop] in rising order within the {period} rows of the recording"
                    ),
                ));
            }
            before = stop;
        }
        Ok(Self { period, repeat, runs })
    }

    /// Calls `found(number, start, stop)` for each run that touches rows `first..=last`, in order, until it breaks.
    pub fn each(&self, first: u64, last: u64, mut found: impl FnMut(u64, u64, u64) -> ControlFlow<()>) {
        let rounds = if self.repeat { last / self.period } else { 0 };
        let begin = if self.repeat { first / self.period } else { 0 };
        for round in begin..=rounds {
            let base = round * self.period;
            let from = if round == begin {
                self.runs.partition_point(|&(_, stop)| base.saturating_add(stop) <= first)
            } else {
                0
            };
            for (i, &(start, stop)) in self.runs.iter().enumerate().skip(from) {
                // The last round may be cut off by the end of the row axis.
                let Some(start) = base.checked_add(start) else { return };
                let stop = base.saturating_add(stop);
                if start > last {
                    return;
                }
                let number = round.wrapping_mul(self.runs.len() as u64).wrapping_add(i as u64);
                if found(number, start, stop).is_break() {
                    return;
                }
            }
        }
    }

    /// Whether a run touches rows `start..stop`.
    pub fn touch(&self, start: u64, stop: u64) -> bool {
        let mut found = false;
        if stop > start {
            self.each(start, stop - 1, |_, _, _| {
                found = true;
                ControlFlow::Break(())
            });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_repeat_with_the_recording() {
        let runs = Labels::new("labels", 10, true, vec![(0, 2), (5, 10)]).unwrap();
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
        assert!(Labels::new("labels", 10, true, vec![(3, 3)]).is_err());
        assert!(Labels::new("labels", 10, true, vec![(3, 11)]).is_err());
        assert!(Labels::new("labels", 10, true, vec![(3, 5), (4, 6)]).is_err());
    }
}
