//! The distances, and the recurrence of each along a diagonal of the distance matrix.
//!
//! A cell `(i, j)` of a diagonal holds a number (`cell`) from which the next one, `(i + 1, j + 1)`, follows with a few
//! additions. Each window has three numbers: the step takes `p` and `q`, and `w` turns a cell into a score.
//! Scores are compared with `>`: larger is nearer, and NaN, the `w` of a window that has no neighbours, never wins.
//!
//! A score is made in two steps: a part per cell, and an end per row. The largest score of a row comes from its largest
//! part, because rounding is monotone. So the kernel computes the end of that part only.

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

/// The score of two constant windows, z-normalised: their distance is 0.
pub(super) const EQUAL: f64 = 1.0;
/// The score of a constant window and another: their distance is the root of the window's length.
pub(super) const UNLIKE: f64 = 0.5;

/// How cells move and score; one type per distance, so that the kernels are compiled for each.
pub(super) trait Metric: Copy + Sync {
    /// Whether there is a cheap lower bound for it (`multidimensional::bounds`).
    const BOUNDED: bool = false;
    /// Whether the distance from i to j is that from j to i.
    const SYMMETRIC: bool = true;
    /// The cell with one more pair of (centred) values.
    fn enter<V: Vector>(self, cell: V, a: V, b: V) -> V;
    /// The next cell on the diagonal: one pair of values (`p`) enters, one (`q`) leaves.
    fn step<V: Vector>(self, cell: V, pi: V, qi: V, pj: V, qj: V) -> V;
    /// The first step of `row_score`. It may pass over a NaN in `wj`.
    fn row_part<V: Vector>(self, cell: V, wj: V) -> V;
    /// The second step of `row_score`.
    fn row_end<V: Vector>(self, part: V, wi: V) -> V;
    /// The score of window j as a neighbour of window i.
    #[inline(always)]
    fn row_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        self.row_end(self.row_part(cell, wj), wi)
    }
    /// The score of window i as a neighbour of window j.
    #[inline(always)]
    fn column_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        self.row_score(cell, wi, wj)
    }
    /// As `column_score`, but it may pass over a NaN in `wi` or `wj`.
    #[inline(always)]
    fn column_bound<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        self.column_score(cell, wi, wj) // the same operations as `row_part`: computed once
    }
    /// The distance of window i to its neighbour j, from their cell. `flat`: ½ for each of both that is constant.
    fn distance<V: Vector>(self, cell: V, wi: V, wj: V, flat: V, m: V) -> V;
}

/// Cells are covariances, scores are correlations: the recurrence of mpx (Kaplan; SCRIMP order of diagonals).
#[derive(Clone, Copy)]
pub(super) struct ZNormalized;
/// Cells and scores are sums of absolute (`P` = 1) or squared (`P` = 2) differences, negative.
#[derive(Clone, Copy)]
pub(super) struct Lp<const P: u8>;
/// Cells as in [`Lp<1>`]; a score is divided by the neighbour's norm.
#[derive(Clone, Copy)]
pub(super) struct Relative;

impl<const P: u8> Lp<P> {
    /// A pair's share of the distance.
    #[inline(always)]
    pub(super) fn pair<V: Vector>(a: V, b: V) -> V {
        let d = a.minus(b);
        if P == 1 { d.size() } else { d.times(d) }
    }
}

impl Metric for ZNormalized {
    const BOUNDED: bool = true;
    #[inline(always)]
    fn enter<V: Vector>(self, cell: V, a: V, b: V) -> V {
        cell.plus(a.times(b))
    }
    #[inline(always)]
    fn step<V: Vector>(self, cell: V, pi: V, qi: V, pj: V, qj: V) -> V {
        cell.plus(pi.times(qj).plus(qi.times(pj)))
    }
    #[inline(always)]
    fn row_part<V: Vector>(self, cell: V, wj: V) -> V {
        cell.times(wj)
    }
    #[inline(always)]
    fn row_end<V: Vector>(self, part: V, wi: V) -> V {
        part.times(wi)
    }
    #[inline(always)]
    fn distance<V: Vector>(self, cell: V, wi: V, wj: V, flat: V, m: V) -> V {
        let short = V::splat(1.0).minus(cell.times(wi).times(wj).plus(flat));
        m.plus(m).times(V::splat(0.0).larger(short)).root()
    }
}

impl<const P: u8> Metric for Lp<P> {
    #[inline(always)]
    fn enter<V: Vector>(self, cell: V, a: V, b: V) -> V {
        cell.minus(Self::pair(a, b))
    }
    #[inline(always)]
    fn step<V: Vector>(self, cell: V, pi: V, qi: V, pj: V, qj: V) -> V {
        cell.plus(Self::pair(qi, qj).minus(Self::pair(pi, pj)))
    }
    #[inline(always)]
    fn row_part<V: Vector>(self, cell: V, _wj: V) -> V {
        cell
    }
    #[inline(always)]
    fn row_end<V: Vector>(self, part: V, wi: V) -> V {
        part.plus(wi)
    }
    #[inline(always)]
    fn row_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        cell.plus(wi.plus(wj))
    }
    #[inline(always)]
    fn column_bound<V: Vector>(self, cell: V, _wi: V, _wj: V) -> V {
        cell
    }
    #[inline(always)]
    fn distance<V: Vector>(self, cell: V, wi: V, wj: V, _flat: V, _m: V) -> V {
        let d = V::splat(0.0).larger(wi.plus(wj).minus(cell));
        if P == 1 { d } else { d.root() }
    }
}

impl Metric for Relative {
    const SYMMETRIC: bool = false;
    #[inline(always)]
    fn enter<V: Vector>(self, cell: V, a: V, b: V) -> V {
        Lp::<1>.enter(cell, a, b)
    }
    #[inline(always)]
    fn step<V: Vector>(self, cell: V, pi: V, qi: V, pj: V, qj: V) -> V {
        Lp::<1>.step(cell, pi, qi, pj, qj)
    }
    #[inline(always)]
    fn row_part<V: Vector>(self, cell: V, wj: V) -> V {
        cell.times(wj)
    }
    #[inline(always)]
    fn row_end<V: Vector>(self, part: V, wi: V) -> V {
        // wi takes part so that a window with a missing value has no neighbours.
        part.plus(V::splat(0.0).times(wi))
    }
    #[inline(always)]
    fn column_score<V: Vector>(self, cell: V, wi: V, wj: V) -> V {
        self.row_score(cell, wj, wi)
    }
    #[inline(always)]
    fn column_bound<V: Vector>(self, cell: V, wi: V, _wj: V) -> V {
        cell.times(wi)
    }
    #[inline(always)]
    fn distance<V: Vector>(self, cell: V, wi: V, wj: V, _flat: V, _m: V) -> V {
        V::splat(0.0).larger(V::splat(0.0).times(wi).minus(cell.times(wj)))
    }
}
