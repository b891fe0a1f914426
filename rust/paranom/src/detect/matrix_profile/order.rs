//! The order in which the distances of several dimensions are added up.

use super::exact;
use super::lanes::LANES;
use super::metric::Distance;
use super::series::Series;
use crate::simd::vector::merge_exchange;

/// The dimensions in the order of their distances: those included first, the others sorted.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// The dimensions, the included ones first.
    pub(super) dimensions: Vec<usize>,
    pub(super) included: usize,
    /// Pairs of places to compare and exchange, which sort the others.
    pub(super) network: Vec<(usize, usize)>,
}

impl Order {
    pub(super) fn new(d: usize, include: &[usize]) -> Self {
        let mut dimensions = include.to_vec();
        dimensions.extend((0..d).filter(|t| !include.contains(t)));
        let included = include.len();
        let network = network(d - included).into_iter().map(|(a, b)| (a + included, b + included)).collect();
        Self { dimensions, included, network }
    }

    /// Sorts the distances of the dimensions that are not included, lane by lane.
    #[inline(always)]
    pub(super) fn sort(&self, distances: &mut [[f64; LANES]]) {
        for &(low, high) in &self.network {
            let (head, tail) = distances.split_at_mut(high);
            let (a, b) = (&mut head[low], &mut tail[0]);
            for l in 0..LANES {
                let (x, y) = (a[l], b[l]);
                a[l] = if x < y { x } else { y };
                b[l] = if x < y { y } else { x };
            }
        }
    }

    /// The exact distance between a window of some series and one of others at each level: the mean over the dimensions of
    /// the level.
    pub(super) fn means(
        &self,
        kind: Distance,
        window: (&[Series], usize),
        other: (&[Series], usize),
        out: &mut Vec<f64>,
    ) {
        exact::in_dimensions(kind, window, other, &self.dimensions, out);
        out[self.included..].sort_unstable_by(f64::total_cmp);
        let mut total = 0.0;
        for (level, mean) in out.iter_mut().enumerate() {
            total += *mean;
            *mean = total / (level + 1) as f64;
        }
    }

    /// The dimensions of a level between two such windows: those included, then the others from near to far.
    pub(super) fn subspace(
        &self,
        kind: Distance,
        window: (&[Series], usize),
        other: (&[Series], usize),
        level: usize,
        distances: &mut Vec<f64>,
    ) -> impl Iterator<Item = i64> {
        exact::in_dimensions(kind, window, other, &self.dimensions, distances);
        let mut places: Vec<usize> = (0..distances.len()).collect();
        places[self.included..].sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
        places.truncate(level + 1);
        places.into_iter().map(|place| self.dimensions[place] as i64)
    }
}

/// The pairs of places that sort n numbers.
fn network(n: usize) -> Vec<(usize, usize)> {
    let rounds = n.next_power_of_two().trailing_zeros() as usize;
    let mut pairs = vec![(0, 0); n * rounds * (rounds + 1) / 4 + n];
    let count = merge_exchange(n, &mut pairs);
    pairs.truncate(count);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_sorts_by_the_zero_one_principle() {
        for n in 1..12 {
            for bits in 0..1u32 << n {
                let mut x: Vec<u32> = (0..n).map(|i| bits >> i & 1).collect();
                for (a, b) in network(n) {
                    if x[a] > x[b] {
                        x.swap(a, b);
                    }
                }
                assert!(x.is_sorted(), "{n} {bits:b}");
            }
        }
    }
}
