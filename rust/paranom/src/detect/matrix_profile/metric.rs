//! The distances, and how each one moves along a diagonal of the distance matrix.
//!
//! A cell `(i, j)` of a diagonal holds a number (`cell`) from which the next one, `(i + 1, j + 1)`, follows with a few
//! additions. Per window there are three numbers: `p` and `q` drive the step, `w` turns a cell into a score.
//! Scores are compared with `>`: larger is nearer, and NaN, the `w` of a window that has no neighbours, never wins.

use crate::simd::vector::Vector;

/// A distance between two windows of `m` values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// Euclidean, after each window is shifted to mean 0 and scaled to standard deviation 1.
    ZNormalized,
    /// The sum of absolute differences.
    L1,
    /// Euclidean.
    L2,
    /// The sum of absolute differences, divided by the sum of the neighbour's absolute values (RAMP's).
    Relative,
}

impl Distance {
    /// The largest value whose distances do not overflow.
    pub(super) fn largest_value(self) -> f64 {
        match self {
            Self::ZNormalized => f64::MAX,
            Self::L1 | Self::Relative => 1e290,
            Self::L2 => 1e145,
        }
    }
}

/// How cells move and score; one type per distance, so that the kernels are compiled for each.
pub(super) trait Metric: Copy + Sync {
    /// The cell's share of one pair of (centred) values.
    fn pair<V: Vector>(self, a: V, b: V) -> V;
    /// The next cell on the diagonal: one pair of values (`p`) enters, one (`q`) leaves.
    #[inline(always)]
    fn step<V: Vector>(self, cell: V, pi: V, qi: V, pj: V, qj: V) -> V {
        cell.plus(self.pair(pi, pj).minus(self.pair(qi, qj)))
    }
    /// The score of window j as a neighbour of window i.
    fn row_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V;
    /// The score of window i as a neighbour of window j.
    #[inline(always)]
    fn column_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        self.row_score(cell, wj, wi)
    }
    /// The distance that a cell stands for, for two windows whose `flat` says how constant they are (0 or ½).
    fn distance(self, cell: f64, wi: f64, wj: f64, flat: f64, m: f64) -> f64;
}

/// Cells are covariances, scores are correlations: the recurrence of mpx (Kaplan; SCRIMP order of diagonals).
#[derive(Clone, Copy)]
pub(super) struct ZNormalized;
/// Cells are sums of absolute (`P` = 1) or squared (`P` = 2) differences, scores are their negatives.
#[derive(Clone, Copy)]
pub(super) struct Lp<const P: u8>;
/// Cells as in [`Lp<1>`]; a score is divided by the neighbour's norm.
#[derive(Clone, Copy)]
pub(super) struct Relative;

impl Metric for ZNormalized {
    #[inline(always)]
    fn pair<V: Vector>(self, a: V, b: V) -> V {
        a.times(b)
    }
    #[inline(always)]
    fn step<V: Vector>(self, cell: V, pi: V, qi: V, pj: V, qj: V) -> V {
        cell.plus(pi.times(qj).plus(qi.times(pj)))
    }
    #[inline(always)]
    fn row_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        cell.times(wj).times(wi)
    }
    #[inline(always)]
    fn column_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        self.row_score(cell, wi, wj) // the same operations: computed once
    }
    #[inline(always)]
    fn distance(self, cell: f64, wi: f64, wj: f64, flat: f64, m: f64) -> f64 {
        let short = 1.0 - (cell * wi * wj + flat);
        (2.0 * m * if short < 0.0 { 0.0 } else { short }).sqrt()
    }
}

impl<const P: u8> Metric for Lp<P> {
    #[inline(always)]
    fn pair<V: Vector>(self, a: V, b: V) -> V {
        let d = a.minus(b);
        if P == 1 { d.size() } else { d.times(d) }
    }
    #[inline(always)]
    fn row_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        wi.plus(wj).minus(cell)
    }
    #[inline(always)]
    fn distance(self, cell: f64, wi: f64, wj: f64, _flat: f64, _m: f64) -> f64 {
        let d = cell + (wi + wj);
        let d = if d < 0.0 { 0.0 } else { d };
        if P == 1 { d } else { d.sqrt() }
    }
}

impl Metric for Relative {
    #[inline(always)]
    fn pair<V: Vector>(self, a: V, b: V) -> V {
        Lp::<1>.pair(a, b)
    }
    #[inline(always)]
    fn row_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        // wi takes part so that a window with a hole has no neighbours.
        V::splat(0.0).times(wi).minus(cell.times(wj))
    }
    #[inline(always)]
    fn distance(self, cell: f64, wi: f64, wj: f64, _flat: f64, _m: f64) -> f64 {
        let d = 0.0 * wi + cell * wj;
        if d < 0.0 { 0.0 } else { d }
    }
}
