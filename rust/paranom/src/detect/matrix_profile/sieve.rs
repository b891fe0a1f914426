//! Which cells of a joint profile deserve a look, a few rows of `LANES` diagonals at a time.
//!
//! Per cell and dimension there is a number; sorted and summed up level by level they are compared with the bars, the
//! sums to beat. [`Exact`] takes the distances for it. For z-normalised distances half the digits show that most cells
//! are of no use, and [`Bounded`] takes lower bounds, in f32 and in units of the square root of 2m:
//! `x = 1 - 2^-20 - c·wj·wi` (less what constant windows add), then the root of `max(x, 2^-60)`. With u = 2^-24 it is one
//! because
//!
//! * `c·wj·wi` has five roundings, of three factors and two products: for correlations up to 2 in size it is off by
//!   less than 11 u, and the differences by 3 u more: less than the 16 u = 2^-20 subtracted. (A correlation beyond
//!   2 comes of overflow only; below -2 the error is relative, 6 u at most, and covered by what follows.)
//! * Each smaller distance makes no sorted distance larger, so sorting keeps the bound; the square root is off by 2^-11
//!   of itself, the sum of d terms has d - 1 roundings, the bar one: the bar is raised by 2^-11 + (d + 16)·2u of itself,
//!   and by 2^-29 per dimension for those that are nearer than 2^-30.
//!
//! So a cell that is let through may be of no use, and one that is held back never is of any: the profile
//! does not depend on this file.

use super::bars::{Bars, Number};
use super::kernel::{LANES, lanes, load};
use super::metric::Metric;
use super::segment::Segment;
use crate::simd::vector::{Lanes, Single, Vector, exchange, sort};

/// Rows that are sifted at once: more would leave the nearest caches, fewer spend more on each dimension in turn.
pub(super) const ROWS: usize = 16;

/// One number per cell of a few rows.
pub(super) type Rows<T> = [[T; LANES]; ROWS];

/// So many hits in a few rows that it pays to find out first which are the best of them.
const MANY: u32 = 40;

/// Rows `i ..` of the first segment, which meet columns `j ..` of the second.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) rows: &'a Segment,
    pub(super) columns: &'a Segment,
    pub(super) i: usize,
    pub(super) j: usize,
    /// The number of rows.
    pub(super) size: usize,
    /// The length of a window.
    pub(super) m: usize,
}

/// What makes the numbers that are compared.
pub(super) trait Sieve: Copy {
    /// Their type.
    type Number: Number;
    /// Some of them.
    type Lanes<V: Vector>: Lanes<Self::Number>;
    /// What a sum of up to `d` distances between windows of `m` values is multiplied with to become a bar.
    fn scale(self, d: usize, m: usize) -> f64;
    /// Steps the cells of dimension `t` (in order) through some rows: keeps them, and makes their numbers.
    fn advance<V: Vector, const N: usize, M: Metric>(
        self,
        metric: M,
        t: usize,
        place: Place<'_>,
        state: &mut [f64; LANES],
        kept: &mut Rows<f64>,
        numbers: &mut Rows<Self::Number>,
    );
}

/// The distances themselves.
#[derive(Clone, Copy)]
pub(super) struct Exact;

impl Sieve for Exact {
    type Number = f64;
    type Lanes<V: Vector> = V;

    fn scale(self, _d: usize, _m: usize) -> f64 {
        1.0
    }

    #[inline(always)]
    fn advance<V: Vector, const N: usize, M: Metric>(
        self,
        metric: M,
        _t: usize,
        place: Place<'_>,
        state: &mut [f64; LANES],
        kept: &mut Rows<f64>,
        numbers: &mut Rows<f64>,
    ) {
        advance::<V, N, M>(metric, place, state, kept);
        measure::<V, M>(metric, place, kept, numbers);
    }
}

/// Steps the cells of `LANES` diagonals through some rows, and keeps those of each row.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // so that the cells stay in registers
fn advance<V: Vector, const N: usize, M: Metric>(
    metric: M,
    Place { rows, columns, i, j, size, .. }: Place<'_>,
    state: &mut [f64; LANES],
    kept: &mut Rows<f64>,
) {
    let mut cells: [V; N] = load(state, 0);
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

/// The distances of cells; the smaller of both, where it matters which window is the other's neighbour.
#[inline(always)]
fn measure<V: Vector, M: Metric>(
    metric: M,
    Place { rows, columns, i, j, size, m }: Place<'_>,
    cells: &Rows<f64>,
    distances: &mut Rows<f64>,
) {
    for r in 0..size {
        let (wi, fi) = (V::splat(rows.w[i + r]), V::splat(rows.flat[i + r]));
        let (wj, fj) = (lanes(&columns.w, j + r), lanes(&columns.flat, j + r));
        for at in (0..LANES).step_by(V::WIDTH) {
            let (cell, wj, flat) = (V::load(&cells[r], at), V::load(wj, at), fi.plus(V::load(fj, at)));
            let mut nearer = distance(metric, cell, wi, wj, flat, m);
            if !M::SYMMETRIC {
                nearer = nearer.smaller(distance(metric, cell, wj, wi, flat, m));
            }
            nearer.store(&mut distances[r], at);
        }
    }
}

/// The distance of window i to window j: +inf if one has a hole.
#[inline(always)]
pub(super) fn distance<V: Vector, M: Metric>(metric: M, cell: V, wi: V, wj: V, flat: V, m: usize) -> V {
    metric.distance(cell, wi, wj, flat, V::splat(m as f64)).smaller(V::splat(f64::INFINITY))
}

/// What the bounds need of a segment.
#[derive(Debug)]
pub(super) struct Near {
    /// The weights; 0 for windows that are constant or have a hole.
    w: Vec<f32>,
    /// What such a window adds to a correlation: ½ if it is constant, -[`FAR`] if it has a hole.
    extra: Vec<f32>,
    /// Whether there is such a window.
    any_extra: bool,
}

/// The square of a distance (in units of 2m) that is above every bar, and so is its root.
const FAR: f32 = 1e30;

impl Near {
    /// None if the numbers might leave the range of f32.
    pub(super) fn new(segment: &Segment) -> Option<Self> {
        let size = segment.w.len();
        let mut near = Self { w: vec![f32::NAN; size], extra: vec![0.0; size], any_extra: false };
        for i in 0..segment.len {
            let (w, flat) = (segment.w[i], segment.flat[i]);
            if w.is_nan() || flat > 0.0 {
                (near.w[i], near.extra[i]) = (0.0, if w.is_nan() { -FAR } else { flat as f32 });
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

/// Lower bounds of z-normalised distances.
#[derive(Clone, Copy)]
pub(super) struct Bounded<'a> {
    pub(super) rows: &'a [Near],
    pub(super) columns: &'a [Near],
}

impl Sieve for Bounded<'_> {
    type Number = f32;
    type Lanes<V: Vector> = V::Single;

    fn scale(self, d: usize, m: usize) -> f64 {
        // Raised by what the bounds may be too large.
        (1.0 + 1.0 / 2048.0 + (d + 16) as f64 / 8_388_608.0) / (2.0 * m as f64).sqrt()
    }

    #[inline(always)]
    fn advance<V: Vector, const N: usize, M: Metric>(
        self,
        metric: M,
        t: usize,
        place: Place<'_>,
        state: &mut [f64; LANES],
        kept: &mut Rows<f64>,
        numbers: &mut Rows<f32>,
    ) {
        let near = (&self.rows[t], &self.columns[t]);
        if near.1.any_extra {
            advance_and_bound::<V, N, M, true>(metric, place, near, state, kept, numbers);
        } else {
            advance_and_bound::<V, N, M, false>(metric, place, near, state, kept, numbers);
        }
    }
}

/// [`advance`], with the bounds of the cells while they are in registers.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // so that the cells stay in registers
fn advance_and_bound<V: Vector, const N: usize, M: Metric, const EXTRA: bool>(
    metric: M,
    Place { rows, columns, i, j, size, .. }: Place<'_>,
    near: (&Near, &Near),
    state: &mut [f64; LANES],
    kept: &mut Rows<f64>,
    bounds: &mut Rows<f32>,
) {
    // Slices of one length each: their bounds are checked here, not in the loop.
    let row = i..i + size;
    let (p, q, w, extra) =
        (&rows.p[row.clone()], &rows.q[row.clone()], &near.0.w[row.clone()], &near.0.extra[row]);
    let met = j..j + size + LANES;
    let (column_p, column_q) = (&columns.p[met.clone()], &columns.q[met.clone()]);
    let (column_w, column_extra) = (&near.1.w[met.clone()], &near.1.extra[met]);
    let mut cells: [V; N] = load(state, 0);
    for r in 0..size {
        let (pi, qi) = (V::splat(p[r]), V::splat(q[r]));
        let wi = V::Single::splat(w[r]);
        let most = V::Single::splat(1.0 - 1.0 / 1_048_576.0 - extra[r]);
        let (pj, qj) = (lanes(column_p, r), lanes(column_q, r));
        let wj = lanes(column_w, r);
        let (kept, bounds) = (&mut kept[r], &mut bounds[r]);
        for g in 0..N / 2 {
            let (low, high) = (2 * g * V::WIDTH, (2 * g + 1) * V::WIDTH);
            cells[2 * g].store(kept, low);
            cells[2 * g + 1].store(kept, high);
            let cell = cells[2 * g].narrow(cells[2 * g + 1]);
            let mut near = cell.times(V::Single::load(wj, low)).times(wi);
            if EXTRA {
                near = near.plus(V::Single::load(&column_extra[r..], low));
            }
            most.minus(near).about_root().store(bounds, low);
            for (g, at) in [(2 * g, low), (2 * g + 1, high)] {
                cells[g] = metric.step(cells[g], pi, qi, V::load(pj, at), V::load(qj, at));
            }
        }
    }
    for g in 0..N {
        cells[g].store(state, g * V::WIDTH);
    }
}

/// What some rows and the columns that they meet have to beat.
pub(super) struct BarPair<'a, T> {
    /// Window by window.
    pub(super) rows: &'a mut Bars<T>,
    /// Level by level.
    pub(super) columns: &'a mut Bars<T>,
    /// Whether they may be lowered to what the best cells have: not if a cell's number stands for two distances.
    pub(super) lower: bool,
}

/// The lanes of each of `size` rows that have a level whose sum is below one of its two bars, those of row `i` and
/// column `j` onwards. Where there are many, the bars are lowered first to what the best of them have: so all lanes
/// that are let through must be looked at.
#[inline(always)]
pub(super) fn sift<T: Number, L: Lanes<T>>(
    numbers: &mut [Rows<T>],
    (included, network): (usize, &[(usize, usize)]),
    bars: BarPair<'_, T>,
    at: (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    match (numbers.len(), included) {
        (2, 0) => sift_sorted::<T, L, 2>(numbers, bars, at, size),
        (3, 0) => sift_sorted::<T, L, 3>(numbers, bars, at, size),
        (4, 0) => sift_sorted::<T, L, 4>(numbers, bars, at, size),
        (5, 0) => sift_sorted::<T, L, 5>(numbers, bars, at, size),
        (6, 0) => sift_sorted::<T, L, 6>(numbers, bars, at, size),
        (7, 0) => sift_sorted::<T, L, 7>(numbers, bars, at, size),
        (8, 0) => sift_sorted::<T, L, 8>(numbers, bars, at, size),
        _ => sift_any::<T, L>(numbers, network, bars, at, size),
    }
}

#[inline(always)]
fn sift_sorted<T: Number, L: Lanes<T>, const D: usize>(
    numbers: &mut [Rows<T>],
    bars: BarPair<'_, T>,
    (i, j): (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    let numbers: &mut [Rows<T>; D] = numbers.first_chunk_mut().unwrap();
    let hits = hits::<T, L, D, false>(numbers, &bars, (i, j), size);
    if !bars.lower || hits.iter().map(|hits| hits.count_ones()).sum::<u32>() <= MANY {
        return hits;
    }
    tighten::<T, L, D>(numbers, bars.rows, bars.columns, (i, j), size);
    self::hits::<T, L, D, true>(numbers, &bars, (i, j), size)
}

/// The sums of eight dimensions at most, level by level, sorted in registers.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // unrolled only if written so
fn sums<T: Number, L: Lanes<T>, const D: usize>(numbers: &[Rows<T>; D], r: usize, at: usize) -> [L; D] {
    let mut x: [L; D] = load_all(numbers, r, at);
    sort(&mut x);
    for k in 1..D {
        x[k] = x[k - 1].plus(x[k]);
    }
    x
}

#[inline(always)]
#[allow(clippy::needless_range_loop)] // unrolled only if written so
fn load_all<T: Number, L: Lanes<T>, const D: usize>(numbers: &[Rows<T>; D], r: usize, at: usize) -> [L; D] {
    let mut x = [L::splat(T::ZERO); D];
    for t in 0..D {
        x[t] = L::load(&numbers[t][r], at);
    }
    x
}

/// The lanes of each row that have something to offer; `SUMMED`: the numbers are the sums already.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn hits<T: Number, L: Lanes<T>, const D: usize, const SUMMED: bool>(
    numbers: &[Rows<T>; D],
    bars: &BarPair<'_, T>,
    (i, j): (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    let mut columns: [&[T]; D] = [&[]; D];
    for k in 0..D {
        columns[k] = &bars.columns.windows(k, j)[..size + LANES];
    }
    let mut hits = [0; ROWS];
    for r in 0..size {
        let row: &[T; D] = bars.rows.levels(i + r);
        for g in 0..LANES / L::WIDTH {
            let at = g * L::WIDTH;
            let sums: [L; D] = if SUMMED { load_all(numbers, r, at) } else { sums(numbers, r, at) };
            let mut short = L::splat(T::ZERO);
            for k in 0..D {
                let bar = L::splat(row[k]).larger(L::load(columns[k], r + at));
                short = short.or(sums[k].minus(bar));
            }
            hits[r] |= short.negative() << at;
        }
    }
    hits
}

/// Lowers the bars of each row and column to what the best of these cells has, and leaves their sums.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // unrolled only if written so
fn tighten<T: Number, L: Lanes<T>, const D: usize>(
    numbers: &mut [Rows<T>; D],
    rows: &mut Bars<T>,
    columns: &mut Bars<T>,
    (i, j): (usize, usize),
    size: usize,
) {
    let mut column_least = [[T::INFINITY; LANES + ROWS]; D];
    for r in 0..size {
        let mut row_least = [L::splat(T::INFINITY); D];
        for at in (0..LANES).step_by(L::WIDTH) {
            let sums: [L; D] = sums(numbers, r, at);
            for k in 0..D {
                sums[k].store(&mut numbers[k][r], at);
                row_least[k] = sums[k].smaller(row_least[k]); // not NaN, past the last diagonal
                let column = &mut column_least[k];
                sums[k].smaller(L::load(column, r + at)).store(column, r + at);
            }
        }
        for k in 0..D {
            rows.lower(k, i + r, &[row_least[k].least()]);
        }
    }
    for k in 0..D {
        columns.lower(k, j, &column_least[k][..LANES + size - 1]);
    }
}

/// For any number of dimensions, some of which may be included ones.
#[inline(always)]
fn sift_any<T: Number, L: Lanes<T>>(
    numbers: &[Rows<T>],
    network: &[(usize, usize)],
    bars: BarPair<'_, T>,
    (i, j): (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    let mut x = vec![L::splat(T::ZERO); numbers.len()];
    let mut hits = [0; ROWS];
    for (r, hits) in hits.iter_mut().enumerate().take(size) {
        for at in (0..LANES).step_by(L::WIDTH) {
            for (x, numbers) in x.iter_mut().zip(numbers) {
                *x = L::load(&numbers[r], at);
            }
            exchange(&mut x, network);
            let (mut total, mut short) = (L::splat(T::ZERO), L::splat(T::ZERO));
            for (k, &x) in x.iter().enumerate() {
                total = total.plus(x);
                let bar = L::splat(bars.rows.at(k, i + r));
                let bar = bar.larger(L::load(bars.columns.windows(k, j + r), at));
                short = short.or(total.minus(bar));
            }
            *hits |= short.negative() << at;
        }
    }
    hits
}
