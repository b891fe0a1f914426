//! Bitwise identical windows: found by hashing, so that their distance is exactly 0 whatever rounding does.

use super::series::Series;
use crate::Result;
use crate::error::try_vec;

const PRIME: u64 = (1 << 61) - 1;
const BASE: u64 = 0x0b4f_3c1d_9e37_79b9;

/// The hash of every window of a series: a polynomial in [`BASE`] over the bits of its values.
pub(super) fn hashes(series: &Series) -> Vec<u64> {
    let m = series.m;
    let roll = Roll::new(m);
    let mut hash = series.x[..m].iter().fold(0, |hash, &v| roll.enter(hash, v));
    let mut out = Vec::with_capacity(series.windows());
    out.push(hash);
    for i in 1..series.windows() {
        hash = roll.enter(roll.leave(hash, series.x[i - 1]), series.x[i + m - 1]);
        out.push(hash);
    }
    out
}

/// Moves a hash from one window to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roll {
    /// What the oldest value is multiplied with.
    top: u64,
}

impl Roll {
    /// For windows of `m` values.
    pub(super) fn new(m: usize) -> Self {
        Self { top: (1..m).fold(1, |power, _| times(power, BASE)) }
    }

    /// The hash without the oldest value, `v`.
    pub(super) fn leave(self, hash: u64, v: f64) -> u64 {
        plus(hash, PRIME - times(digit(v), self.top))
    }

    /// The hash with one more value.
    #[allow(clippy::unused_self)] // the pair of `leave`
    pub(super) fn enter(self, hash: u64, v: f64) -> u64 {
        plus(times(hash, BASE), digit(v))
    }
}

fn digit(v: f64) -> u64 {
    let bits = v.to_bits();
    // Two digits below the prime, mixed into one.
    plus(times(bits >> 32, 0x1234_5678_9abc_def1), bits & 0xffff_ffff)
}

fn plus(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    plus((product as u64) & PRIME, (product >> 61) as u64)
}

/// The windows of a series by hash.
#[derive(Debug)]
pub(super) struct Twins {
    /// Hash and index of every window that may have a twin, sorted.
    sorted: Vec<(u64, u32)>,
}

impl Twins {
    /// Sorts the whole windows of `series` that `eligible` lets through.
    pub(super) fn new(series: &Series, hashes: &[u64], eligible: impl Fn(usize) -> bool) -> Result<Self> {
        let mut sorted = try_vec(series.windows())?;
        sorted.extend((0..series.windows()).filter(|&i| eligible(i)).map(|i| (hashes[i], i as u32)));
        sorted.sort_unstable();
        Ok(Self { sorted })
    }

    /// Forgets the windows whose hash no other window of the series has: usually all.
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
    use super::super::Distance;
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
        let twins = Twins::new(&series, &hashes, |_| true).unwrap();
        assert_eq!(twins.from(hashes[3], 20).take(2).collect::<Vec<_>>(), [20, 37]);
    }
}
