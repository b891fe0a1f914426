//! The distances, and how each one moves along a diagonal of the distance matrix.
//!
//! A cell `(i, j)` of a diagonal holds a number (`cell`) from which the next one, `(i + 1, j + 1)`, follows with a few
//! additions. Per window there are three numbers: `p` and `q` drive the step, `w` turns a cell into a score.
//! Scores are compared with `>`: larger is nearer, and NaN, the `w` of a window that has no neighbours, never wins.

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
    fn pair(self, a: f64, b: f64) -> f64;
    /// The next cell on the diagonal.
    fn step(self, cell: f64, pi: f64, qi: f64, pj: f64, qj: f64) -> f64;
    /// The score of window j as a neighbour of window i.
    fn row_score(self, cell: f64, wi: f64, wj: f64) -> f64;
    /// The score of window i as a neighbour of window j.
    fn column_score(self, cell: f64, wi: f64, wj: f64) -> f64;
    /// The distance that a cell stands for, for two windows whose `flat` says how constant they are (0 or ½).
    fn distance(self, cell: f64, wi: f64, wj: f64, flat: f64, m: f64) -> f64;
}

/// Cells are covariances, scores are correlations: the recurrence of mpx (Kaplan; SCRIMP order of diagonals).
#[derive(Clone, Copy)]
pub(super) struct ZNormalized;
/// Cells are sums of absolute differences, scores are their negatives.
#[derive(Clone, Copy)]
pub(super) struct L1;
/// Cells are sums of squared differences, scores are their negatives.
#[derive(Clone, Copy)]
pub(super) struct L2;
/// Cells as in [`L1`]; a score is divided by the neighbour's norm.
#[derive(Clone, Copy)]
pub(super) struct Relative;

impl Metric for ZNormalized {
    #[inline(always)]
    fn pair(self, a: f64, b: f64) -> f64 {
        a * b
    }
    #[inline(always)]
    fn step(self, cell: f64, pi: f64, qi: f64, pj: f64, qj: f64) -> f64 {
        cell + (pi * qj + qi * pj)
    }
    #[inline(always)]
    fn row_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        cell * wi * wj
    }
    #[inline(always)]
    fn column_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        cell * wi * wj
    }
    #[inline(always)]
    fn distance(self, cell: f64, wi: f64, wj: f64, flat: f64, m: f64) -> f64 {
        let short = 1.0 - (cell * wi * wj + flat);
        (2.0 * m * if short < 0.0 { 0.0 } else { short }).sqrt()
    }
}

impl Metric for L1 {
    #[inline(always)]
    fn pair(self, a: f64, b: f64) -> f64 {
        (a - b).abs()
    }
    #[inline(always)]
    fn step(self, cell: f64, pi: f64, qi: f64, pj: f64, qj: f64) -> f64 {
        cell + ((pi - pj).abs() - (qi - qj).abs())
    }
    #[inline(always)]
    fn row_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        (wi + wj) - cell
    }
    #[inline(always)]
    fn column_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        (wi + wj) - cell
    }
    #[inline(always)]
    fn distance(self, cell: f64, wi: f64, wj: f64, _flat: f64, _m: f64) -> f64 {
        let d = cell + (wi + wj);
        if d < 0.0 { 0.0 } else { d }
    }
}

impl Metric for L2 {
    #[inline(always)]
    fn pair(self, a: f64, b: f64) -> f64 {
        (a - b) * (a - b)
    }
    #[inline(always)]
    fn step(self, cell: f64, pi: f64, qi: f64, pj: f64, qj: f64) -> f64 {
        let (entering, leaving) = (pi - pj, qi - qj);
        cell + (entering * entering - leaving * leaving)
    }
    #[inline(always)]
    fn row_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        (wi + wj) - cell
    }
    #[inline(always)]
    fn column_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        (wi + wj) - cell
    }
    #[inline(always)]
    fn distance(self, cell: f64, wi: f64, wj: f64, _flat: f64, _m: f64) -> f64 {
        let d = cell + (wi + wj);
        (if d < 0.0 { 0.0 } else { d }).sqrt()
    }
}

impl Metric for Relative {
    #[inline(always)]
    fn pair(self, a: f64, b: f64) -> f64 {
        (a - b).abs()
    }
    #[inline(always)]
    fn step(self, cell: f64, pi: f64, qi: f64, pj: f64, qj: f64) -> f64 {
        cell + ((pi - pj).abs() - (qi - qj).abs())
    }
    #[inline(always)]
    fn row_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        // wi takes part so that a window with a hole has no neighbours.
        0.0 * wi - cell * wj
    }
    #[inline(always)]
    fn column_score(self, cell: f64, wi: f64, wj: f64) -> f64 {
        0.0 * wj - cell * wi
    }
    #[inline(always)]
    fn distance(self, cell: f64, wi: f64, wj: f64, _flat: f64, _m: f64) -> f64 {
        let d = 0.0 * wi + cell * wj;
        if d < 0.0 { 0.0 } else { d }
    }
}
