//! How far the z-normalised windows of a short series are from those of a long one, all pairs: along diagonals that are as
//! short as the short series has windows, so that a recurrence gathers hardly any rounding errors.

use super::cuts::cuts;
use super::first_cells::first_cells;
use super::lanes::{LANES, load};
use super::metric::{Distance, Metric, ZNormalized};
use super::segment::Segment;
use super::series::Series;
use crate::Result;
use crate::error::try_filled;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};

/// What each pair's correlation lacks to 1, row by row: a row for each window of the short series. It grows with the
/// distance. NaN where one of both windows is constant or has a missing value.
pub(super) struct ShortDiagonals {
    lacks: Vec<f64>,
    stride: usize,
    windows: usize,
}

impl ShortDiagonals {
    /// For windows of `m` values.
    pub(super) fn new(short: &[f64], long: &[f64], m: usize) -> Result<Self> {
        let series = |x| Series::unformed("x", x, m, Distance::ZNormalized);
        let (short, long) = (series(short)?, series(long)?);
        let segments = |series: &Series| -> Vec<Segment> {
            let cuts = cuts(std::slice::from_ref(series));
            cuts.into_iter().map(|range| Segment::new(series, range, Distance::ZNormalized, false)).collect()
        };
        let (rows, columns) = (segments(&short), segments(&long));
        let windows = long.windows();
        // The last vectors of a row may be written past its end.
        let stride = windows + LANES;
        let mut lacks = try_filled(f64::NAN, short.windows() * stride)?;
        for rows in &rows {
            for columns in &columns {
                for first in (0..columns.len).step_by(LANES) {
                    let last = (first + LANES).min(columns.len);
                    let lacks = &mut lacks[rows.start * stride + columns.start..];
                    dispatch_blocks(Fill { rows, columns, m, first, last, lacks, stride });
                }
                below(rows, columns, m, &mut lacks[rows.start * stride + columns.start..], stride);
            }
        }
        Ok(Self { lacks, stride, windows })
    }

    /// What a window of the short series lacks to each of the long one.
    pub(super) fn row(&self, nth: usize) -> &[f64] {
        &self.lacks[nth * self.stride..][..self.windows]
    }

    /// As [`Self::row`].
    pub(super) fn row_mut(&mut self, nth: usize) -> &mut [f64] {
        &mut self.lacks[nth * self.stride..][..self.windows]
    }
}

/// Fills the diagonals `first .. last` of two segments: cells (i, i + diagonal).
struct Fill<'a> {
    rows: &'a Segment,
    columns: &'a Segment,
    m: usize,
    first: usize,
    last: usize,
    lacks: &'a mut [f64],
    stride: usize,
}

impl Blocks for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { rows, columns, m, first, last, lacks, stride } = self;
        let cells = first_cells::<V, N, ZNormalized>(ZNormalized, m, rows, columns, first, last);
        let mut cells: [V; N] = load(&cells, 0);
        let one = V::splat(1.0);
        for (i, j) in (0..rows.len.min(columns.len - first)).zip(first..) {
            let (wi, pi, qi) = (V::splat(rows.w[i]), V::splat(rows.p[i]), V::splat(rows.q[i]));
            let (w, p, q): ([V; N], [V; N], [V; N]) =
                (load(&columns.w, j), load(&columns.p, j), load(&columns.q, j));
            let out = &mut lacks[i * stride + j..][..LANES];
            for g in 0..N {
                one.minus(cells[g].times(wi).times(w[g])).store(out, g * V::WIDTH);
                cells[g] = ZNormalized.step(cells[g], pi, qi, p[g], q[g]);
            }
        }
    }
}

/// Fills the cells (i, j) with j < i: a triangle, at the beginning of a segment of columns.
fn below(rows: &Segment, columns: &Segment, m: usize, lacks: &mut [f64], stride: usize) {
    for first in 1..rows.len {
        let mut cell: f64 =
            (0..m).map(|k| (rows.r[first + k] - rows.mu[first]) * (columns.r[k] - columns.mu[0])).sum();
        for (i, j) in (first..rows.len).zip(0..columns.len) {
            lacks[i * stride + j] = 1.0 - cell * rows.w[i] * columns.w[j];
            cell = ZNormalized.step(cell, rows.p[i], rows.q[i], columns.p[j], columns.q[j]);
        }
    }
}
