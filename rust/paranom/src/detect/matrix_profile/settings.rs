//! How a matrix profile is computed, and the checks of the series.

use super::metric::Distance;
use crate::{Error, Result};

/// How windows are compared, and how much work is spent.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The length of a window.
    pub window: usize,
    /// The distance.
    pub distance: Distance,
    /// How many neighbours to find for each window.
    pub k: usize,
    /// The share of the diagonals to sweep: 1 for the exact profile, less for an upper bound of it.
    pub fraction: f64,
    /// The number of threads.
    pub threads: usize,
}

impl Settings {
    /// Windows of one series that start at most this far apart are no neighbours.
    pub fn exclusion(&self) -> usize {
        exclusion(self.window)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.k == 0 {
            return Err(Error::invalid("k", self.k, "must be at least 1"));
        }
        if !(self.fraction > 0.0 && self.fraction <= 1.0) {
            return Err(Error::invalid("fraction", self.fraction, "must be above 0, and 1 at most"));
        }
        Ok(())
    }

    /// Checks the length of a series that is joined with itself.
    pub(super) fn check_self_join(&self, values: usize) -> Result<()> {
        check_size("x", values)?;
        if self.window > values / 2 && self.window >= 3 {
            let rule = format!("must be at most half the length of x, {values}");
            return Err(Error::invalid("window", self.window, rule));
        }
        Ok(())
    }
}

/// Windows of `window` values of one series that start at most this far apart are no neighbours: a quarter of the
/// window, rounded up.
pub fn exclusion(window: usize) -> usize {
    window.div_ceil(4)
}

/// Windows are numbered by u32. (A longer profile would take centuries.)
pub(super) fn check_size(path: &str, values: usize) -> Result<()> {
    if values >= u32::MAX as usize {
        return Err(Error::invalid(path, format!("{values} values"), "must have fewer than 4294967295"));
    }
    Ok(())
}
