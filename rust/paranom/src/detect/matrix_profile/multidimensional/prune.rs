//! Lower-bound pruning: which cells can have a better neighbour at some level.

use super::rows::{ROWS, Rows};
use super::thresholds::{Number, Thresholds};
use crate::detect::matrix_profile::lanes::LANES;
use crate::simd::vector::{Lanes, exchange, sort};

/// From so many cells on it pays to lower the thresholds first to the best of them.
const MANY: u32 = 40;

/// The pruning thresholds of some rows and of the columns that they meet.
pub(super) struct ThresholdPair<'a, T> {
    /// Window by window.
    pub(super) rows: &'a mut Thresholds<T>,
    /// Level by level.
    pub(super) columns: &'a mut Thresholds<T>,
    /// Whether they may be lowered to the sums of the best cells: not if a cell's number stands for two distances.
    pub(super) lower: bool,
}

/// The lanes of each of `size` rows that are not pruned: those with a level whose sum is below one of its two thresholds,
/// those of row `i` and column `j` onwards. Where there are many, the thresholds are first lowered to the sums of the best
/// of them. So all lanes that are not pruned must be evaluated.
#[inline(always)]
pub(super) fn prune<T: Number, L: Lanes<T>>(
    numbers: &mut [Rows<T>],
    (included, network): (usize, &[(usize, usize)]),
    thresholds: ThresholdPair<'_, T>,
    at: (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    match (numbers.len(), included) {
        (2, 0) => prune_sorted::<T, L, 2>(numbers, thresholds, at, size),
        (3, 0) => prune_sorted::<T, L, 3>(numbers, thresholds, at, size),
        (4, 0) => prune_sorted::<T, L, 4>(numbers, thresholds, at, size),
        (5, 0) => prune_sorted::<T, L, 5>(numbers, thresholds, at, size),
        (6, 0) => prune_sorted::<T, L, 6>(numbers, thresholds, at, size),
        (7, 0) => prune_sorted::<T, L, 7>(numbers, thresholds, at, size),
        (8, 0) => prune_sorted::<T, L, 8>(numbers, thresholds, at, size),
        _ => prune_any::<T, L>(numbers, network, thresholds, at, size),
    }
}

#[inline(always)]
fn prune_sorted<T: Number, L: Lanes<T>, const D: usize>(
    numbers: &mut [Rows<T>],
    thresholds: ThresholdPair<'_, T>,
    (i, j): (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    let numbers: &mut [Rows<T>; D] = numbers.first_chunk_mut().unwrap();
    let first = not_pruned::<T, L, D, false>(numbers, &thresholds, (i, j), size);
    if !thresholds.lower || first.iter().map(|lanes| lanes.count_ones()).sum::<u32>() <= MANY {
        return first;
    }
    tighten::<T, L, D>(numbers, thresholds.rows, thresholds.columns, (i, j), size);
    not_pruned::<T, L, D, true>(numbers, &thresholds, (i, j), size)
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

/// The lanes of each row that are not pruned; `SUMMED`: the numbers are the sums already.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn not_pruned<T: Number, L: Lanes<T>, const D: usize, const SUMMED: bool>(
    numbers: &[Rows<T>; D],
    thresholds: &ThresholdPair<'_, T>,
    (i, j): (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    let mut columns: [&[T]; D] = [&[]; D];
    for k in 0..D {
        columns[k] = &thresholds.columns.windows(k, j)[..size + LANES];
    }
    let mut lanes = [0; ROWS];
    for r in 0..size {
        let row: &[T; D] = thresholds.rows.levels(i + r);
        for g in 0..LANES / L::WIDTH {
            let at = g * L::WIDTH;
            let sums: [L; D] = if SUMMED { load_all(numbers, r, at) } else { sums(numbers, r, at) };
            let mut short = L::splat(T::ZERO);
            for k in 0..D {
                let threshold = L::splat(row[k]).larger(L::load(columns[k], r + at));
                short = short.or(sums[k].minus(threshold));
            }
            lanes[r] |= short.negative() << at;
        }
    }
    lanes
}

/// Lowers the thresholds of each row and column to the sums of the best of these cells, and leaves the sums in place of
/// the numbers.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // unrolled only if written so
fn tighten<T: Number, L: Lanes<T>, const D: usize>(
    numbers: &mut [Rows<T>; D],
    rows: &mut Thresholds<T>,
    columns: &mut Thresholds<T>,
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
fn prune_any<T: Number, L: Lanes<T>>(
    numbers: &[Rows<T>],
    network: &[(usize, usize)],
    thresholds: ThresholdPair<'_, T>,
    (i, j): (usize, usize),
    size: usize,
) -> [u32; ROWS] {
    let mut x = vec![L::splat(T::ZERO); numbers.len()];
    let mut lanes = [0; ROWS];
    for (r, lanes) in lanes.iter_mut().enumerate().take(size) {
        for at in (0..LANES).step_by(L::WIDTH) {
            for (x, numbers) in x.iter_mut().zip(numbers) {
                *x = L::load(&numbers[r], at);
            }
            exchange(&mut x, network);
            let (mut total, mut short) = (L::splat(T::ZERO), L::splat(T::ZERO));
            for (k, &x) in x.iter().enumerate() {
                total = total.plus(x);
                let threshold = L::splat(thresholds.rows.at(k, i + r));
                let threshold = threshold.larger(L::load(thresholds.columns.windows(k, j + r), at));
                short = short.or(total.minus(threshold));
            }
            *lanes |= short.negative() << at;
        }
    }
    lanes
}
