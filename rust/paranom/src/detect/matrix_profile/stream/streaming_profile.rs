//! The left matrix profile of a stream.

use super::advance::{Best, correlation};
use super::dimension::Dimension;
use super::levels::SearchLevels;
use crate::detect::matrix_profile::order::Order;
use crate::detect::matrix_profile::rolling_hash::RollingHash;
use crate::detect::matrix_profile::settings::exclusion;
use crate::simd::dispatch;
use crate::{Error, Result};

/// Above this correlation, look for bitwise identical windows.
const NEAR_ONE: f64 = 1.0 - 1e-9;
/// Larger values have no finite products.
pub(super) const MOST: f64 = 1e145;

/// A stream of samples of d values, and the last ones of them.
#[derive(Debug, Clone)]
pub(super) struct StreamingProfile {
    pub(super) m: usize,
    pub(super) history: usize,
    pub(super) dimensions: Vec<Dimension>,
    /// Samples seen.
    pub(super) seen: u64,
    roll: RollingHash,
    order: Order,
    /// The neighbour of the newest window at each level, as a number of the whole stream.
    pub(super) index: Vec<i64>,
}

impl StreamingProfile {
    /// A stream of `d` values per sample, for windows of `window` samples; it remembers `history` samples.
    pub(super) fn new(window: usize, history: usize, d: usize) -> Result<Self> {
        if window < 3 {
            return Err(Error::invalid("window", window, "must be at least 3"));
        }
        if window > history / 2 {
            let rule = format!("must be at least twice window = {window}");
            return Err(Error::invalid("history", history, rule));
        }
        if d == 0 {
            return Err(Error::invalid("n_features", d, "must be at least 1"));
        }
        let windows = history - window + 1;
        let slots = windows - 1 - exclusion(window);
        let dimensions = (0..d).map(|_| Dimension::new(history, windows, slots)).collect::<Result<_>>()?;
        Ok(Self {
            m: window,
            history,
            dimensions,
            seen: 0,
            roll: RollingHash::new(window),
            order: Order::new(d, &[]),
            index: vec![-1; d],
        })
    }

    /// The correlations of the newest window with the earlier ones that are no trivial neighbours, the oldest first, of
    /// the first feature; NaN where there is no window.
    pub(super) fn correlations(&self) -> Vec<f64> {
        let dimension = &self.dimensions[0];
        let of = |(slot, &covariance): (usize, &f64)| correlation(covariance, dimension.w.all(), slot);
        dimension.covariance.iter().enumerate().map(of).collect()
    }

    fn windows(&self) -> usize {
        self.history - self.m + 1
    }

    /// Checks a sample: an error means that [`Self::update`] refuses it.
    pub(super) fn check(&self, x: &[f64]) -> Result<()> {
        if x.len() != self.dimensions.len() {
            let rule = format!("must have n_features = {} values", self.dimensions.len());
            return Err(Error::invalid("x", x.len(), rule));
        }
        match x.iter().position(|v| v.is_finite() && v.abs() > MOST) {
            Some(at) => Err(Error::invalid(
                format!("x[{at}]"),
                format!("{:e}", x[at]),
                "must be at most 1e145 in size",
            )),
            None => Ok(()),
        }
    }

    /// Takes a sample; writes the distance from the window that it ends to the nearest earlier one: one score per
    /// level (see [`crate::detect::matrix_profile::multidimensional`]). +inf while there is no neighbour, NaN while there
    /// is no window.
    pub(super) fn update(&mut self, x: &[f64], scores: &mut [f64]) -> Result<()> {
        self.check(x)?;
        for (dimension, &value) in self.dimensions.iter_mut().zip(x) {
            dimension.push(value, self.seen);
        }
        self.seen += 1;
        self.index.fill(-1);
        let Some(newest) = self.seen.checked_sub(self.m as u64) else {
            scores.fill(f64::NAN);
            return Ok(());
        };
        let (m, windows) = (self.m, self.windows());
        scores.fill(f64::INFINITY);
        if let [dimension] = &mut self.dimensions[..] {
            let best = dimension.advance::<true>(newest, m, windows, self.roll);
            self.score_one(newest, best, scores);
        } else {
            for dimension in &mut self.dimensions {
                dimension.advance::<false>(newest, m, windows, self.roll);
            }
            self.score_levels(newest, scores);
        }
        Ok(())
    }

    /// The number of the window that a slot stands for.
    fn number(&self, newest: u64, slot: usize) -> i64 {
        newest as i64 - (self.windows() - 1 - slot) as i64
    }

    fn score_one(&mut self, newest: u64, best: Best, scores: &mut [f64]) {
        let dimension = &self.dimensions[0];
        let Some(mut slot) = best.slot else { return };
        if best.score > NEAR_ONE {
            // Of several that are nearly equal, rounding may have chosen another than a duplicate.
            slot = dimension.duplicate(self.m).unwrap_or(slot);
        }
        scores[0] = dimension.distance(self.m, slot);
        self.index[0] = self.number(newest, slot);
    }

    fn score_levels(&mut self, newest: u64, scores: &mut [f64]) {
        let best = dispatch(SearchLevels { m: self.m, dimensions: &self.dimensions, order: &self.order });
        for (level, slot) in best.into_iter().enumerate() {
            let Some(slot) = slot else { continue };
            let mut all: Vec<f64> = self.dimensions.iter().map(|d| d.distance(self.m, slot)).collect();
            all.sort_by(f64::total_cmp);
            scores[level] = all[..=level].iter().sum::<f64>() / (level + 1) as f64;
            self.index[level] = self.number(newest, slot);
        }
    }

    /// Computes anew what is not saved: all but the samples and the covariances.
    pub(super) fn restore(&mut self) {
        let (m, windows) = (self.m, self.windows());
        for dimension in &mut self.dimensions {
            for back in (0..windows as u64).rev() {
                // Windows that the stream has not had stay as they are.
                let Some(number) = (self.seen + 1).checked_sub(m as u64 + 1 + back) else { continue };
                dimension.recompute(number, self.history - back as usize, m, self.roll);
            }
        }
    }
}
