//! Which cells of a joint profile deserve an exact look: a lower bound of the distances, in f32.
//!
//! Most cells are of no use to anyone. For z-normalised distances that shows in half the digits: per cell and
//! dimension `x = 1 - 2^-20 - c·wj·wi` (less what constant windows add), then `sqrt(max(x, 0))`, sorted and summed up
//! level by level, is compared with a *bar*, the distance to beat, rounded up. With u = 2^-24 the bound is one because
//!
//! * `c·wj·wi` has five roundings, of three factors and two products: for correlations up to 2 in size it is off by
//!   less than 11 u, and the differences by 3 u more: less than the 16 u = 2^-20 subtracted. (A correlation beyond
//!   2 comes of overflow only; below -2 the error is relative, 6 u at most, and covered by what follows.)
//! * Each smaller distance makes no sorted distance larger, so sorting keeps the bound; the square root has one
//!   rounding, the sum of d terms d - 1, the bar one: less than (d + 16)·2u relative, by which the bar is raised.
//!
//! So a cell that is let through may be of no use, and one that is held back never is of any: the profile
//! does not depend on this file.

use super::kernel::{LANES, lanes};
use super::segment::Segment;
use crate::simd::vector::{Lanes, Single, Vector, exchange, sort};

/// Rows that are sifted at once: cells and bounds of eight dimensions then stay in the first-level cache.
pub(super) const ROWS: usize = 8;

/// One number per cell of a few rows.
pub(super) type Rows<T> = [[T; LANES]; ROWS];

/// What the bounds need of a segment.
#[derive(Debug)]
pub(super) struct Near {
    /// The weights; 0 for windows that are constant or have a hole.
    w: Vec<f32>,
    /// What such a window adds to a correlation: ½ if it is constant, -inf if it has a hole.
    extra: Vec<f32>,
    /// Whether there is such a window.
    any_extra: bool,
}

impl Near {
    /// None if the numbers might leave the range of f32.
    pub(super) fn new(segment: &Segment) -> Option<Self> {
        let size = segment.w.len();
        let mut near = Self { w: vec![f32::NAN; size], extra: vec![0.0; size], any_extra: false };
        for i in 0..segment.len {
            let (w, flat) = (segment.w[i], segment.flat[i]);
            if w.is_nan() || flat > 0.0 {
                (near.w[i], near.extra[i]) = (0.0, if w.is_nan() { f32::NEG_INFINITY } else { flat as f32 });
                near.any_extra = true;
            } else if (1e-15..1e15).contains(&w) {
                near.w[i] = w as f32;
            } else {
                return None;
            }
        }
        Some(near)
    }
}

/// The bounds of the cells of rows `i ..` and, in row `i`, columns `j ..`, in units of the square root of 2m.
#[inline(always)]
pub(super) fn bound<V: Vector>(
    cells: &Rows<f64>,
    bounds: &mut Rows<f32>,
    rows: (&Near, usize),
    columns: (&Near, usize),
    size: usize,
) {
    if columns.0.any_extra {
        bound_with::<V, true>(cells, bounds, rows, columns, size);
    } else {
        bound_with::<V, false>(cells, bounds, rows, columns, size);
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn bound_with<V: Vector, const EXTRA: bool>(
    cells: &Rows<f64>,
    bounds: &mut Rows<f32>,
    (rows, i): (&Near, usize),
    (columns, j): (&Near, usize),
    size: usize,
) {
    let zero = V::Single::splat(0.0);
    for r in 0..size {
        let (cells, bounds) = (&cells[r], &mut bounds[r]);
        let wi = V::Single::splat(rows.w[i + r]);
        let most = V::Single::splat(1.0 - 1.0 / 1_048_576.0 - rows.extra[i + r]);
        let w = single_lanes(&columns.w, j + r);
        let extra = single_lanes(&columns.extra, j + r);
        for g in 0..LANES / V::Single::WIDTH {
            let at = g * V::Single::WIDTH;
            let cell = V::load(cells, at).narrow(V::load(cells, at + V::WIDTH));
            let mut near = cell.times(V::Single::load(w, at)).times(wi);
            if EXTRA {
                near = near.plus(V::Single::load(extra, at));
            }
            zero.larger(most.minus(near)).root().store(bounds, at);
        }
    }
}

#[inline(always)]
fn single_lanes(x: &[f32], at: usize) -> &[f32; LANES] {
    x[at..at + LANES].first_chunk().unwrap()
}

/// For each level, what the windows of a segment have to beat.
#[derive(Debug)]
pub(super) struct Bars {
    levels: Vec<Vec<f32>>,
    scale: f64,
}

impl Bars {
    /// The bars of `floors`, one list for each level.
    pub(super) fn new<'a>(floors: impl ExactSizeIterator<Item = &'a [f64]>, m: usize) -> Self {
        let d = floors.len();
        let raised = 1.0 + (d + 16) as f64 / 8_388_608.0;
        let mut bars = Self { levels: vec![Vec::new(); d], scale: raised / (2.0 * m as f64).sqrt() };
        for (level, floors) in floors.enumerate() {
            bars.levels[level] = floors.iter().map(|&floor| bars.bar(floor)).collect();
        }
        bars
    }

    /// That window `i` has a new floor (a negative distance).
    #[inline(always)]
    pub(super) fn set(&mut self, level: usize, i: usize, floor: f64) {
        self.levels[level][i] = self.bar(floor);
    }

    #[inline(always)]
    fn bar(&self, floor: f64) -> f32 {
        // A distance of 0 must pass a floor just below it, and need not pass a floor of 0.
        if floor == 0.0 { 0.0 } else { (-floor * self.scale) as f32 + f32::MIN_POSITIVE }
    }
}

/// The lanes of each row that have a level whose bound is below one of its two bars.
#[inline(always)]
pub(super) fn sift<V: Vector>(
    bounds: &[Rows<f32>],
    (included, network): (usize, &[(usize, usize)]),
    (rows, i): (&Bars, usize),
    (columns, j): (&Bars, usize),
    size: usize,
) -> [u32; ROWS] {
    let (rows, columns) = ((rows, i), (columns, j));
    match (bounds.len(), included) {
        (1, _) => sift_sorted::<V, 1>(bounds, rows, columns, size),
        (2, 0) => sift_sorted::<V, 2>(bounds, rows, columns, size),
        (3, 0) => sift_sorted::<V, 3>(bounds, rows, columns, size),
        (4, 0) => sift_sorted::<V, 4>(bounds, rows, columns, size),
        (5, 0) => sift_sorted::<V, 5>(bounds, rows, columns, size),
        (6, 0) => sift_sorted::<V, 6>(bounds, rows, columns, size),
        (7, 0) => sift_sorted::<V, 7>(bounds, rows, columns, size),
        (8, 0) => sift_sorted::<V, 8>(bounds, rows, columns, size),
        _ => sift_any::<V>(bounds, network, rows, columns, size),
    }
}

/// With the distances of a cell in registers.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // unrolled only if written so
fn sift_sorted<V: Vector, const D: usize>(
    bounds: &[Rows<f32>],
    (rows, i): (&Bars, usize),
    (columns, j): (&Bars, usize),
    size: usize,
) -> [u32; ROWS] {
    let bounds: &[Rows<f32>; D] = bounds.first_chunk().unwrap();
    let rows: &[Vec<f32>; D] = rows.levels.first_chunk().unwrap();
    let columns: &[Vec<f32>; D] = columns.levels.first_chunk().unwrap();
    let mut hits = [0; ROWS];
    for r in 0..size {
        let mut column_bars = [&[0.0; LANES]; D];
        for k in 0..D {
            column_bars[k] = single_lanes(&columns[k], j + r);
        }
        for g in 0..LANES / V::Single::WIDTH {
            let at = g * V::Single::WIDTH;
            let mut x = [V::Single::splat(0.0); D];
            for t in 0..D {
                x[t] = V::Single::load(&bounds[t][r], at);
            }
            sort(&mut x);
            let mut total = V::Single::splat(0.0);
            let mut short = V::Single::splat(-1.0);
            for k in 0..D {
                total = total.plus(x[k]);
                let bar = V::Single::splat(rows[k][i + r]).larger(V::Single::load(column_bars[k], at));
                short = bar.minus(total).larger(short);
            }
            hits[r] |= short.positive() << at;
        }
    }
    hits
}

/// For any number of dimensions, some of which may be included ones.
#[inline(always)]
fn sift_any<V: Vector>(
    bounds: &[Rows<f32>],
    network: &[(usize, usize)],
    (rows, i): (&Bars, usize),
    (columns, j): (&Bars, usize),
    size: usize,
) -> [u32; ROWS] {
    let mut x = vec![V::Single::splat(0.0); bounds.len()];
    let mut hits = [0; ROWS];
    for (r, hits) in hits.iter_mut().enumerate().take(size) {
        for g in 0..LANES / V::Single::WIDTH {
            let at = g * V::Single::WIDTH;
            for (x, bounds) in x.iter_mut().zip(bounds) {
                *x = V::Single::load(&bounds[r], at);
            }
            exchange(&mut x, network);
            let mut total = V::Single::splat(0.0);
            let mut short = V::Single::splat(-1.0);
            for ((&x, rows), columns) in x.iter().zip(&rows.levels).zip(&columns.levels) {
                total = total.plus(x);
                let bar = V::Single::splat(rows[i + r]).larger(V::Single::load(columns, j + r + at));
                short = bar.minus(total).larger(short);
            }
            *hits |= short.positive() << at;
        }
    }
    hits
}

/// Steps the cells of `LANES` diagonals through rows `i ..`, and keeps those of each row.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // so that the cells stay in registers
pub(super) fn advance<V: Vector, const N: usize, M: super::metric::Metric>(
    metric: M,
    state: &mut [f64; LANES],
    kept: &mut Rows<f64>,
    (rows, i): (&Segment, usize),
    (columns, j): (&Segment, usize),
    size: usize,
) {
    let mut cells: [V; N] = super::kernel::load(state, 0);
    for r in 0..size {
        let (pi, qi) = (V::splat(rows.p[i + r]), V::splat(rows.q[i + r]));
        let (pj, qj) = (lanes(&columns.p, j + r), lanes(&columns.q, j + r));
        let kept = &mut kept[r];
        for g in 0..N {
            cells[g].store(kept, g * V::WIDTH);
            cells[g] = metric.step(cells[g], pi, qi, V::load(pj, g * V::WIDTH), V::load(qj, g * V::WIDTH));
        }
    }
    for g in 0..N {
        cells[g].store(state, g * V::WIDTH);
    }
}
