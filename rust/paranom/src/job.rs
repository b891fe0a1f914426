//! Cancellation and progress of long work: the only state that worker threads share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The bytes that could not be had when memory ran low; 0 while there is enough.
static MISSING_BYTES: AtomicU64 = AtomicU64::new(0);

/// Notes that memory ran low: some bytes could be had from a reserve only. All jobs stop.
pub fn note_low_memory(bytes: u64) {
    MISSING_BYTES.store(bytes.max(1), Ordering::Relaxed);
}

/// Notes that there is enough memory again.
pub fn note_enough_memory() {
    MISSING_BYTES.store(0, Ordering::Relaxed);
}

/// Whether memory ran low.
pub fn is_memory_low() -> bool {
    MISSING_BYTES.load(Ordering::Relaxed) > 0
}

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

    /// Says whether the work must stop: it was asked to, or memory ran low.
    pub fn check(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        match MISSING_BYTES.load(Ordering::Relaxed) {
            0 => Ok(()),
            bytes => Err(Error::OutOfMemory { bytes }),
        }
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
