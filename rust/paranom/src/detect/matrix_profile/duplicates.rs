//! Bitwise identical windows: found by hashing, so that their distance is exactly 0 whatever rounding does.

use super::rolling_hash::RollingHash;
use super::series::Series;
use crate::Result;
use crate::error::try_vec;

/// The hash of every window of a series.
pub(super) fn hashes(series: &Series) -> Vec<u64> {
    let m = series.m;
    let roll = RollingHash::new(m);
    let mut hash = roll.of(&series.x[..m]);
    let mut out = Vec::with_capacity(series.windows());
    out.push(hash);
    for i in 1..series.windows() {
        hash = roll.enter(roll.leave(hash, series.x[i - 1]), series.x[i + m - 1]);
        out.push(hash);
    }
    out
}

/// The windows of a series by hash.
#[derive(Debug)]
pub(super) struct Duplicates {
    /// Hash and index of every window that may have a duplicate, sorted.
    sorted: Vec<(u64, u32)>,
}

impl Duplicates {
    /// Sorts the windows of `series` that are `eligible`.
    pub(super) fn new(series: &Series, hashes: &[u64], eligible: impl Fn(usize) -> bool) -> Result<Self> {
        let mut sorted = try_vec(series.windows())?;
        sorted.extend((0..series.windows()).filter(|&i| eligible(i)).map(|i| (hashes[i], i as u32)));
        sorted.sort_unstable();
        Ok(Self { sorted })
    }

    /// Drops the windows whose hash no other window of the series has: usually all of them.
    pub(super) fn among_themselves(mut self) -> Self {
        let shared: Vec<_> = self.sorted.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1).collect();
        self.sorted = shared.concat();
        self
    }

    /// The windows `from ..` of that hash, in order.
    pub(super) fn from(&self, hash: u64, from: usize) -> impl Iterator<Item = usize> + '_ {
        let start = self.sorted.partition_point(|&(h, i)| (h, i as usize) < (hash, from));
        self.sorted[start..].iter().take_while(move |(h, _)| *h == hash).map(|&(_, i)| i as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::metric::Distance;
    use super::*;

    #[test]
    fn equal_windows_share_a_hash_and_others_do_not() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i % 17)).collect();
        let series = Series::new("x", &x, 5, Distance::L1, &crate::job::Job::new()).unwrap();
        let hashes = hashes(&series);
        for i in 0..series.windows() {
            for j in 0..series.windows() {
                assert_eq!(hashes[i] == hashes[j], i % 17 == j % 17);
            }
        }
        let duplicates = Duplicates::new(&series, &hashes, |_| true).unwrap();
        assert_eq!(duplicates.from(hashes[3], 20).take(2).collect::<Vec<_>>(), [20, 37]);
    }
}
