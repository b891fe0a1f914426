//! Mean and weight of every window at one length.

use rayon::prelude::*;

use super::values::Values;

/// Windows that one task computes.
const PART: usize = 1 << 14;
/// Where a sum of squares is so small a part of the sum around the median, too many digits are lost.
const LOST: f64 = 1e-7;

/// The numbers that turn sums of products into correlations.
pub(super) struct Moments {
    pub(super) m: usize,
    pub(super) mean: Vec<f64>,
    /// One over the root of the sum of squares around the mean; NaN where a window is constant or has a missing value.
    pub(super) weight: Vec<f64>,
}

impl Moments {
    /// Room for a series of `n` values.
    pub(super) fn new(n: usize) -> crate::Result<Self> {
        let (mut mean, mut weight) = (crate::error::try_vec(n)?, crate::error::try_vec(n)?);
        mean.resize(n, 0.0);
        weight.resize(n, f64::NAN);
        Ok(Self { m: 0, mean, weight })
    }

    /// The number of windows.
    pub(super) fn windows(&self) -> usize {
        self.mean.len()
    }

    /// Computes them for windows of `m` values.
    pub(super) fn fill(&mut self, values: &Values, m: usize) {
        self.m = m;
        let windows = values.x.len() - m + 1;
        self.mean.truncate(windows);
        self.weight.truncate(windows);
        let parts = self.mean.par_chunks_mut(PART).zip(self.weight.par_chunks_mut(PART)).enumerate();
        parts.for_each(|(part, (means, weights))| {
            for (at, (mean, weight)) in means.iter_mut().zip(weights).enumerate() {
                (*mean, *weight) = moments(values, part * PART + at, m);
            }
        });
    }
}

fn moments(values: &Values, i: usize, m: usize) -> (f64, f64) {
    let size = m as f64;
    let mean = values.sums[i + m].minus(values.sums[i]) / size;
    if !values.whole(i, m) || values.constant(i, m) {
        return (mean, f64::NAN);
    }
    let total = values.squares[i + m].minus(values.squares[i]);
    let mut squares = total - size * mean * mean;
    if squares < LOST * total {
        // Too much cancels: sum the squares directly.
        squares = values.x[i..i + m].iter().map(|v| (v - mean) * (v - mean)).sum();
    }
    (mean, 1.0 / squares.sqrt())
}
