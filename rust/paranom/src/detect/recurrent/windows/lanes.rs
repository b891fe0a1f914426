//! Numbers of as many windows side by side, and products of matrices with them.
//!
//! Sums run over the columns, or over the rows of a window, in their order, in each lane by itself; how many lanes and rows are
//! computed at once has no part in it. So every instruction set gives the same bits.

use crate::Result;
use crate::error::try_filled;
use crate::simd::vector::{Blocks, Lanes, Single, Vector, dispatch_blocks};
use crate::simd::{Kernel, dispatch};

/// Windows that lie side by side.
pub(super) const WINDOWS: usize = 16;
/// Rows of a matrix that are computed side by side.
const ROWS: usize = 8;

/// Panels that one window takes at once: sums wait for themselves, and more would not fit into registers.
const MOST: usize = 10;

/// A number of each window, where a line of the cache begins.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Lane(pub [f32; WINDOWS]);

/// None of them.
pub(super) const ZERO: Lane = Lane([0.0; WINDOWS]);

/// As many lanes as whole panels write.
pub(super) fn padded(rows: usize) -> usize {
    rows.next_multiple_of(ROWS)
}

/// Room for lanes.
pub(super) fn lanes(count: usize) -> Result<Vec<Lane>> {
    try_filled(ZERO, count)
}

/// All numbers of some lanes, one behind the other.
#[inline(always)]
pub(super) fn flat(lanes: &[Lane]) -> &[f32] {
    // SAFETY: a `Lane` is `WINDOWS` numbers and nothing else (its size is its alignment).
    #[allow(unsafe_code)]
    unsafe {
        std::slice::from_raw_parts(lanes.as_ptr().cast(), lanes.len() * WINDOWS)
    }
}

/// The same to write to.
#[inline(always)]
pub(super) fn flat_mut(lanes: &mut [Lane]) -> &mut [f32] {
    // SAFETY: as above.
    #[allow(unsafe_code)]
    unsafe {
        std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), lanes.len() * WINDOWS)
    }
}

/// A number of each of some windows side by side: of [`WINDOWS`], or of one alone. Both give the same bits.
pub(super) trait Numbers: Copy {
    /// How many windows.
    const COUNT: usize;
    /// The same number for each.
    fn splat(value: f32) -> Self;
    /// That of a window.
    fn get(self, window: usize) -> f32;
    /// Sets that of a window.
    fn set(&mut self, window: usize, value: f32);
    /// All numbers, one behind the other.
    fn flat(all: &[Self]) -> &[f32];
    /// The same to write to.
    fn flat_mut(all: &mut [Self]) -> &mut [f32];
    /// Adds the product of a matrix with a vector; `y` is as long as whole panels are.
    fn add_product(matrix: &Matrix, x: &[Self], y: &mut [Self]);
    /// Adds the products of a matrix with the vectors of some rows; all of `x` and `y` are padded.
    fn add_products(matrix: &Matrix, x: &[Self], y: &mut [Self]);
}

impl Numbers for Lane {
    const COUNT: usize = WINDOWS;
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; WINDOWS])
    }
    #[inline(always)]
    fn get(self, window: usize) -> f32 {
        self.0[window]
    }
    #[inline(always)]
    fn set(&mut self, window: usize, value: f32) {
        self.0[window] = value;
    }
    #[inline(always)]
    fn flat(all: &[Self]) -> &[f32] {
        flat(all)
    }
    #[inline(always)]
    fn flat_mut(all: &mut [Self]) -> &mut [f32] {
        flat_mut(all)
    }
    fn add_product(matrix: &Matrix, x: &[Self], y: &mut [Self]) {
        matrix.add_product(x, y);
    }
    fn add_products(matrix: &Matrix, x: &[Self], y: &mut [Self]) {
        let (wide, broad) = (padded(matrix.columns), padded(matrix.rows));
        for (x, y) in x.chunks_exact(wide).zip(y.chunks_exact_mut(broad)) {
            matrix.add_product(x, y);
        }
    }
}

impl Numbers for f32 {
    const COUNT: usize = 1;
    #[inline(always)]
    fn splat(value: f32) -> Self {
        value
    }
    #[inline(always)]
    fn get(self, _: usize) -> f32 {
        self
    }
    #[inline(always)]
    fn set(&mut self, _: usize, value: f32) {
        *self = value;
    }
    #[inline(always)]
    fn flat(all: &[Self]) -> &[f32] {
        all
    }
    #[inline(always)]
    fn flat_mut(all: &mut [Self]) -> &mut [f32] {
        all
    }
    fn add_product(matrix: &Matrix, x: &[Self], y: &mut [Self]) {
        dispatch(Alone { matrix, x, y });
    }
    fn add_products(matrix: &Matrix, x: &[Self], y: &mut [Self]) {
        dispatch(Rowwise { matrix, x, y });
    }
}

/// A matrix, its rows in panels.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    rows: usize,
    columns: usize,
    /// Panels that stand side by side, but for a few at the end.
    group: usize,
    /// For each group, for each column, one entry for each of its panels.
    panels: Vec<[f32; ROWS]>,
}

impl Matrix {
    /// Zeros.
    pub(super) fn zeros(rows: usize, columns: usize) -> Result<Self> {
        let panels = rows.div_ceil(ROWS);
        // As even groups as there are.
        let group = panels.div_ceil(panels.div_ceil(MOST));
        Ok(Self { rows, columns, group, panels: try_filled([0.0; ROWS], panels * columns)? })
    }

    /// The groups of panels, each with how many it has.
    fn groups(&self) -> impl Iterator<Item = (usize, &[[f32; ROWS]])> {
        self.panels.chunks(self.group * self.columns).map(|group| (group.len() / self.columns, group))
    }

    /// The entries of a panel, column by column.
    fn panel(&mut self, panel: usize) -> impl Iterator<Item = &mut [f32; ROWS]> {
        let first = panel / self.group * self.group;
        let some = self.group.min(self.rows.div_ceil(ROWS) - first);
        let group = &mut self.panels[first * self.columns..][..some * self.columns];
        group.chunks_exact_mut(some).map(move |entries| &mut entries[panel - first])
    }

    /// Takes weights (rows, columns), of which row `turn` comes first and those before it last.
    pub(super) fn take(&mut self, weights: &[f32], turn: usize) {
        for (row, values) in weights.chunks_exact(self.columns).enumerate() {
            let row = (row + self.rows - turn) % self.rows;
            for (entry, &value) in self.panel(row / ROWS).zip(values) {
                entry[row % ROWS] = value;
            }
        }
    }

    /// Takes the transpose of weights (columns, rows), of which row `turn` comes first and those before it last.
    pub(super) fn take_transposed(&mut self, weights: &[f32], turn: usize) {
        let (rows, columns) = (self.rows, self.columns);
        for panel in 0..rows.div_ceil(ROWS) {
            let own = panel * ROWS..rows.min((panel + 1) * ROWS);
            for (column, entry) in self.panel(panel).enumerate() {
                let values = &weights[(column + turn) % columns * rows..][own.clone()];
                entry[..values.len()].copy_from_slice(values);
            }
        }
    }

    /// Adds the product with a vector of lanes; `y` is as long as whole panels are.
    pub(super) fn add_product(&self, x: &[Lane], y: &mut [Lane]) {
        dispatch_blocks(Product { matrix: self, x, y });
    }
}

struct Product<'a> {
    matrix: &'a Matrix,
    x: &'a [Lane],
    y: &'a mut [Lane],
}

impl Blocks for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let x = &self.x[..self.matrix.columns];
        let panels = self.matrix.groups().flat_map(|(some, group)| (0..some).map(move |k| (some, group, k)));
        for ((some, group, k), y) in panels.zip(self.y.as_chunks_mut::<ROWS>().0) {
            for side in (0..WINDOWS).step_by(V::Single::WIDTH) {
                let mut sums: [V::Single; ROWS] = std::array::from_fn(|r| V::Single::load(&y[r].0, side));
                for (weights, x) in group.chunks_exact(some).zip(x) {
                    let x = V::Single::load(&x.0, side);
                    for (sum, &weight) in sums.iter_mut().zip(&weights[k]) {
                        *sum = sum.plus(V::Single::splat(weight).times(x));
                    }
                }
                for (y, sum) in y.iter_mut().zip(sums) {
                    sum.store(&mut y.0, side);
                }
            }
        }
    }
}

/// The product with a vector of one window: rows lie side by side.
struct Alone<'a> {
    matrix: &'a Matrix,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Alone<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut y = self.y.as_chunks_mut::<ROWS>().0;
        for (some, group) in self.matrix.groups() {
            let own;
            (own, y) = y.split_at_mut(some);
            match some {
                1 => at_once::<1>(group, self.x, own),
                2 => at_once::<2>(group, self.x, own),
                3 => at_once::<3>(group, self.x, own),
                4 => at_once::<4>(group, self.x, own),
                5 => at_once::<5>(group, self.x, own),
                6 => at_once::<6>(group, self.x, own),
                7 => at_once::<7>(group, self.x, own),
                8 => at_once::<8>(group, self.x, own),
                9 => at_once::<9>(group, self.x, own),
                _ => at_once::<MOST>(group, self.x, own),
            }
        }
    }
}

/// A group of so many panels.
#[inline(always)]
fn at_once<const N: usize>(group: &[[f32; ROWS]], x: &[f32], y: &mut [[f32; ROWS]]) {
    let mut sums: [[f32; ROWS]; N] = std::array::from_fn(|k| y[k]);
    for (weights, &x) in group.as_chunks::<N>().0.iter().zip(x) {
        for (sums, weights) in sums.iter_mut().zip(weights) {
            add(sums, weights, x);
        }
    }
    y[..N].copy_from_slice(&sums);
}

/// Products with a vector for each row of one window: rows of it lie side by side.
struct Rowwise<'a> {
    matrix: &'a Matrix,
    x: &'a [f32],
    y: &'a mut [f32],
}

/// Rows of a window that are computed side by side.
const STEPS: usize = 4;

impl Kernel for Rowwise<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { matrix, x, y } = self;
        let (wide, broad) = (padded(matrix.columns), padded(matrix.rows));
        let (many, few) = x.split_at(x.len() / (STEPS * wide) * STEPS * wide);
        let (many_y, few_y) = y.split_at_mut(many.len() / wide * broad);
        for (x, y) in many.chunks_exact(STEPS * wide).zip(many_y.chunks_exact_mut(STEPS * broad)) {
            let panels = matrix.groups().flat_map(|(some, group)| (0..some).map(move |k| (some, group, k)));
            for (k, (some, group, place)) in panels.enumerate() {
                let x: [&[f32]; STEPS] = std::array::from_fn(|row| &x[row * wide..][..matrix.columns]);
                let mut sums = [[0.0; ROWS]; STEPS];
                for (row, sums) in sums.iter_mut().enumerate() {
                    sums.copy_from_slice(&y[row * broad + k * ROWS..][..ROWS]);
                }
                for (i, weights) in group.chunks_exact(some).enumerate() {
                    for (sums, x) in sums.iter_mut().zip(x) {
                        add(sums, &weights[place], x[i]);
                    }
                }
                for (row, sums) in sums.iter().enumerate() {
                    y[row * broad + k * ROWS..][..ROWS].copy_from_slice(sums);
                }
            }
        }
        for (x, y) in few.chunks_exact(wide).zip(few_y.chunks_exact_mut(broad)) {
            Alone { matrix, x, y }.run();
        }
    }
}

#[inline(always)]
fn add(sums: &mut [f32; ROWS], weights: &[f32; ROWS], x: f32) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum += weight * x;
    }
}

/// Vectors of lanes, one for each row of a window: the `count` lanes that begin `at` in every `stride` lanes.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub lanes: &'a [Lane],
    pub stride: usize,
    pub at: usize,
    pub count: usize,
}

/// The sum of the outer products of two vectors over rows and windows, into (left, right); row `turn` of it comes from the first
/// lane on the left. Both may be read up to three lanes beyond their count.
pub(super) fn outer_products(left: Rows<'_>, right: Rows<'_>, turn: usize, out: &mut [f32]) {
    dispatch_blocks(Outer { left, right, turn, out });
}

struct Outer<'a> {
    left: Rows<'a>,
    right: Rows<'a>,
    turn: usize,
    out: &'a mut [f32],
}

impl Blocks for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        // As many sums as fit into registers.
        if V::Single::WIDTH == WINDOWS { self.by::<V::Single, 4>() } else { self.by::<V::Single, 2>() }
    }
}

/// Lanes on the left of a tile.
const TALL: usize = 4;

impl Outer<'_> {
    #[inline(always)]
    fn by<S: Single, const BROAD: usize>(self) {
        let Self { left, right, turn, out } = self;
        for row in (0..left.count).step_by(TALL) {
            for column in (0..right.count).step_by(BROAD) {
                let mut whole = [[ZERO; BROAD]; TALL];
                for side in (0..WINDOWS).step_by(S::WIDTH) {
                    let mut sums = [[S::splat(0.0); BROAD]; TALL];
                    let rows =
                        left.lanes.chunks_exact(left.stride).zip(right.lanes.chunks_exact(right.stride));
                    for (a, b) in rows {
                        let (a, b) = (&a[left.at + row..][..TALL], &b[right.at + column..][..BROAD]);
                        let b: [S; BROAD] = std::array::from_fn(|j| S::load(&b[j].0, side));
                        for (sums, a) in sums.iter_mut().zip(a) {
                            let a = S::load(&a.0, side);
                            for (sum, b) in sums.iter_mut().zip(b) {
                                *sum = sum.plus(a.times(b));
                            }
                        }
                    }
                    for (whole, sums) in whole.iter_mut().zip(sums) {
                        for (whole, sum) in whole.iter_mut().zip(sums) {
                            sum.store(&mut whole.0, side);
                        }
                    }
                }
                for (i, whole) in whole.iter().enumerate().take(left.count - row) {
                    let place = (row + i + turn) % left.count;
                    for (j, whole) in whole.iter().enumerate().take(right.count - column) {
                        out[place * right.count + column + j] = folded(&whole.0);
                    }
                }
            }
        }
    }
}

/// The sum of the lanes: halves onto each other.
#[inline(always)]
pub(super) fn folded(lanes: &[f32; WINDOWS]) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|i| lanes[i] + lanes[i + 8]);
    let four: [f32; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: usize, seed: usize) -> Vec<Lane> {
        let number = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f32 / 500.0 - 1.0;
        (0..count).map(|i| Lane(std::array::from_fn(|l| number(WINDOWS * i + l)))).collect()
    }

    #[test]
    fn products_are_sums_in_order() {
        for (rows, columns) in [(1, 1), (8, 3), (13, 5), (16, 20), (107, 2), (160, 9)] {
            let weights: Vec<f32> = flat(&some(rows * columns, 3))[..rows * columns].to_vec();
            let (x, begun) = (some(columns, 1), some(padded(rows), 2));
            let turn = rows / 2;
            let mut matrix = Matrix::zeros(rows, columns).unwrap();
            matrix.take(&weights, turn);
            let mut transposed = Matrix::zeros(rows, columns).unwrap();
            let across: Vec<f32> =
                (0..rows * columns).map(|i| weights[i % rows * columns + i / rows]).collect();
            transposed.take_transposed(&across, 0);
            let mut straight = Matrix::zeros(rows, columns).unwrap();
            straight.take(&weights, 0);
            assert_eq!(transposed.panels, straight.panels);
            let mut y = begun.clone();
            matrix.add_product(&x, &mut y);
            for (r, y) in y.iter().enumerate().take(rows) {
                for l in 0..WINDOWS {
                    let row = &weights[(r + turn) % rows * columns..][..columns];
                    let wanted = row.iter().zip(&x).fold(begun[r].0[l], |sum, (w, x)| sum + w * x.0[l]);
                    assert_eq!(y.0[l], wanted);
                }
            }
            for l in 0..WINDOWS {
                let one = |lanes: &[Lane]| lanes.iter().map(|lane| lane.0[l]).collect::<Vec<f32>>();
                let mut alone = one(&begun);
                f32::add_product(&matrix, &one(&x), &mut alone);
                assert_eq!(alone, one(&y));
            }
            // Windows that lie side by side, as rows of one.
            let as_rows = |lanes: &[Lane], count: usize| -> Vec<f32> {
                let row = |l| (0..count).map(move |i| lanes.get(i).map_or(0.0, |lane: &Lane| lane.0[l]));
                (0..7).flat_map(row).collect()
            };
            let mut rows_y = as_rows(&begun, padded(rows));
            f32::add_products(&matrix, &as_rows(&x, padded(columns)), &mut rows_y);
            assert_eq!(rows_y, as_rows(&y, padded(rows)));
        }
    }

    #[test]
    fn outer_products_are_sums_over_rows_and_then_over_lanes() {
        let (steps, rows, columns) = (5, 6, 3);
        let (a, b) = (some(steps * 12, 1), some(steps * 8, 2));
        let left = Rows { lanes: &a, stride: 12, at: 2, count: rows };
        let right = Rows { lanes: &b, stride: 8, at: 0, count: columns };
        let mut wanted = vec![0.0; rows * columns];
        for i in 0..rows {
            for j in 0..columns {
                let sum = |l: usize| {
                    (0..steps).fold(0.0, |sum, t| sum + a[t * 12 + 2 + i].0[l] * b[t * 8 + j].0[l])
                };
                wanted[(i + 2) % rows * columns + j] = folded(&std::array::from_fn(sum));
            }
        }
        let mut out = vec![0.0; rows * columns];
        outer_products(left, right, 2, &mut out);
        assert_eq!(out, wanted);
    }
}
