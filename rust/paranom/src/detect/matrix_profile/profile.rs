//! The result: distances and indices of the nearest neighbours.

use super::nearest::NONE;
use crate::Result;
use crate::error::try_vec;

/// The `k` nearest neighbours of each window, one row of `k` per window, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Neighbours per window.
    pub k: usize,
    /// Distances; +inf where there is no neighbour.
    pub distance: Vec<f64>,
    /// The windows they are; -1 where there is no neighbour.
    pub index: Vec<i64>,
}

/// A matrix profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The nearest neighbours anywhere.
    pub best: Neighbours,
    /// Within one series: the nearest among earlier windows, and among later ones.
    pub sides: Option<(Neighbours, Neighbours)>,
}

impl Neighbours {
    pub(super) fn none(windows: usize, k: usize) -> Result<Self> {
        let size = windows.saturating_mul(k);
        let (mut distance, mut index) = (try_vec(size)?, try_vec(size)?);
        distance.resize(size, f64::INFINITY);
        index.resize(size, -1);
        Ok(Self { k, distance, index })
    }

    /// `k` neighbours for each window; [`NONE`] stands for a missing one.
    pub(super) fn from_list(list: &[(f64, u32)], k: usize) -> Result<Self> {
        let (mut distance, mut index) = (try_vec(list.len())?, try_vec(list.len())?);
        for &(d, j) in list {
            distance.push(d);
            index.push(if j == NONE { -1 } else { i64::from(j) });
        }
        Ok(Self { k, distance, index })
    }

    /// The `k` nearest of both lists of each window; the left one first among equals.
    pub(super) fn merged(left: &Self, right: &Self) -> Result<Self> {
        let k = left.k;
        let mut out = Self::none(left.distance.len() / k, k)?;
        for start in (0..left.distance.len()).step_by(k) {
            let (mut l, mut r) = (start, start);
            for at in start..start + k {
                let (from, slot) =
                    if left.distance[l] <= right.distance[r] { (left, &mut l) } else { (right, &mut r) };
                (out.distance[at], out.index[at]) = (from.distance[*slot], from.index[*slot]);
                *slot += 1;
            }
        }
        Ok(out)
    }

    /// Place by place the nearer of both; the left one if equal.
    pub(super) fn nearer(left: &Self, right: &Self) -> Result<Self> {
        let mut out = Self::none(left.distance.len() / left.k, left.k)?;
        for at in 0..left.distance.len() {
            let from = if left.distance[at] <= right.distance[at] { left } else { right };
            (out.distance[at], out.index[at]) = (from.distance[at], from.index[at]);
        }
        Ok(out)
    }
}
