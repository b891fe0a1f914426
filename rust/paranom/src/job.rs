//! Cancellation and progress of long work: the only state that worker threads share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{Error, Result};

/// A handle to work in progress. Workers call [`Job::step`] once per block, not per row.
#[derive(Debug, Default)]
pub struct Job {
    stop: AtomicBool,
    done: AtomicU64,
}

impl Job {
    /// A job that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop at the next block.
    pub fn cancel(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Says whether the work was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Counts `units` as done, and says whether the work was asked to stop.
    pub fn step(&self, units: u64) -> Result<()> {
        self.done.fetch_add(units, Ordering::Relaxed);
        self.check()
    }

    /// The units done so far.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_job_says_so() {
        let job = Job::new();
        assert_eq!(job.step(3), Ok(()));
        job.cancel();
        assert_eq!(job.step(4), Err(Error::Cancelled));
        assert_eq!(job.done(), 7);
    }
}
