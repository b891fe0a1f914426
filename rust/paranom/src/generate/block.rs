//! Rows, cut into the blocks that tasks fill, and the types that values are delivered in.

use crate::random::TILE;

/// Rows that one task fills: a column's share stays in the second-level cache.
pub const BLOCK: usize = 64 * TILE;

/// Calls `work` for each tile's share of the rows from `row` on.
pub fn by_tile<T>(row: u64, out: &mut [T], mut work: impl FnMut(u64, &mut [T])) {
    let (mut row, mut out) = (row, out);
    while !out.is_empty() {
        let take = out.len().min(TILE - (row % TILE as u64) as usize);
        let (now, later) = out.split_at_mut(take);
        work(row, now);
        row = row.wrapping_add(take as u64);
        out = later;
    }
}

/// A type that values are delivered in.
pub trait Real: Copy + Send + Sync {
    /// Stands for a missing value.
    const NAN: Self;

    /// Whether values are rounded to it.
    const ROUNDS: bool;

    /// The largest number of the type.
    const MOST: f64;

    /// Its name.
    const NAME: &str;

    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;

    /// Whether it is NaN.
    fn is_nan(self) -> bool;

    /// Replaces values at or above a bound by the largest one below it.
    fn keep_below(bound: f64, values: &mut [Self]);

    /// Lets `fill` write values, computed as f64, into `out`.
    fn write<R>(out: &mut [Self], fill: impl FnOnce(&mut [f64]) -> R) -> R;
}

impl Real for f64 {
    const NAN: Self = Self::NAN;
    const ROUNDS: bool = false;
    const MOST: f64 = f64::MAX;
    const NAME: &str = "float64";

    #[inline(always)]
    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn is_nan(self) -> bool {
        self.is_nan()
    }

    fn keep_below(_: f64, _: &mut [Self]) {}

    fn write<R>(out: &mut [Self], fill: impl FnOnce(&mut [f64]) -> R) -> R {
        fill(out)
    }
}

impl Real for f32 {
    const NAN: Self = Self::NAN;
    const ROUNDS: bool = true;
    const MOST: f64 = f32::MAX as f64;
    const NAME: &str = "float32";

    #[inline(always)]
    fn is_finite(self) -> bool {
        self.is_finite()
    }

    fn is_nan(self) -> bool {
        self.is_nan()
    }

    fn keep_below(bound: f64, values: &mut [Self]) {
        let bound = bound as Self;
        let most = bound.next_down();
        for x in values {
            *x = if *x >= bound { most } else { *x };
        }
    }

    fn write<R>(out: &mut [Self], fill: impl FnOnce(&mut [f64]) -> R) -> R {
        let mut wide = vec![0.0; out.len()];
        let result = fill(&mut wide);
        for (x, y) in out.iter_mut().zip(wide) {
            *x = y as Self;
        }
        result
    }
}

/// Neighbouring rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// The first row.
    pub start: u64,
    /// How many.
    pub len: usize,
}

impl RowRange {
    /// The last row.
    pub fn last(&self) -> u64 {
        self.start + (self.len as u64 - 1)
    }
}

/// One task: neighbouring rows, and where they go.
pub(super) struct Block<'a, T> {
    pub rows: RowRange,
    pub columns: Vec<&'a mut [T]>,
    pub labels: &'a mut [i8],
}

/// Cuts ranges of rows into blocks that end at multiples of [`BLOCK`], so that tiles are whole where they can be.
pub(super) fn blocks<'a, T>(
    ranges: &[RowRange],
    columns: Vec<&'a mut [T]>,
    labels: &'a mut [i8],
) -> Vec<Block<'a, T>> {
    let mut columns = columns;
    let mut labels = labels;
    let mut blocks = Vec::new();
    for &RowRange { start, len } in ranges {
        let (mut start, mut len) = (start, len);
        while len > 0 {
            let take = len.min(BLOCK - (start % BLOCK as u64) as usize);
            let (mine, rest) = std::mem::take(&mut labels).split_at_mut(take);
            labels = rest;
            let mut parts = Vec::with_capacity(columns.len());
            for column in &mut columns {
                let (mine, rest) = std::mem::take(column).split_at_mut(take);
                *column = rest;
                parts.push(mine);
            }
            blocks.push(Block { rows: RowRange { start, len: take }, columns: parts, labels: mine });
            start = start.wrapping_add(take as u64);
            len -= take;
        }
    }
    assert!(labels.is_empty() && columns.iter().all(|column| column.is_empty()), "lengths match the rows");
    blocks
}
