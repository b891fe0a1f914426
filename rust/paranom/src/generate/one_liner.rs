//! One-liners: statistics that take one line of code (Wu and Keogh 2021, "one-liners").
//!
//! Each gives a number for every row from the rows around it; an event is *found* by one when its largest number, over
//! a neighbourhood, lies in the event or within [`TOLERANCE`] rows of it: the rule of the UCR archive. There are
//! [`COUNT`]: the value, the step to it, the bend, and, over windows of 4 to 128 rows, mean, variance, mean step and
//! the distance from the mean; most in both directions, since the lowest may be the outlier.
//!
//! A number depends on the rows around its own row alone, in a fixed order of additions (windows double: a window is
//! the sum of its halves), never on where a slice begins.

use std::ops::Range;

use crate::simd::{Kernel, dispatch};

/// How far from an event the largest number may lie to find it.
pub const TOLERANCE: u64 = 100;
/// Rows before and after a row that its numbers depend on, at most.
pub const HALO: usize = 65;
/// Rows whose numbers are computed together.
pub const PAGE: usize = 512;
/// How many one-liners there are.
pub const COUNT: usize = 48;

/// The windows are 2, 4, ..., 2^LEVELS rows; the first has no one-liners of its own.
const LEVELS: usize = 7;
const WIDTH: usize = PAGE + 2 * HALO;

/// The one-liners' names, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = ["x", "-x", "|dx|", "-|dx|", "|ddx|", "isnan(x)"].map(String::from).into();
    for level in 2..=LEVELS {
        let w = 1 << level;
        names.extend([
            format!("mean(x, {w})"),
            format!("-mean(x, {w})"),
            format!("std(x, {w})"),
            format!("-std(x, {w})"),
            format!("mean(|dx|, {w})"),
            format!("-mean(|dx|, {w})"),
            format!("|x - mean(x, {w})|"),
        ]);
    }
    names
}

/// The largest number of each one-liner over some rows; what is no number does not count.
pub type Largest = [f64; COUNT];

/// Before any row.
pub const NONE: Largest = [f64::NEG_INFINITY; COUNT];

/// Enters the larger numbers of `other`.
pub fn raise(largest: &mut Largest, other: &Largest) {
    for (most, &x) in largest.iter_mut().zip(other) {
        *most = if x > *most { x } else { *most };
    }
}

/// Enters the numbers of rows into the records of the ranges they lie in.
///
/// `values` holds the rows with [`HALO`] more on each side (NaN where there are none); `ranges` are counted from the
/// first row after the halo, and each has its record.
///
/// # Panics
/// If there are more than [`PAGE`] rows, or a range leaves them.
pub fn survey(values: &[f64], ranges: &[Range<usize>], records: &mut [Largest]) {
    assert!(
        values.len() <= WIDTH && ranges.len() == records.len(),
        "a page at most, and a record for each range"
    );
    dispatch(Survey { values, ranges, records });
}

struct Survey<'a> {
    values: &'a [f64],
    ranges: &'a [Range<usize>],
    records: &'a mut [Largest],
}

impl Survey<'_> {
    /// Enters one kind of number, and its opposite if that counts too.
    #[inline(always)]
    fn enter(&mut self, numbers: &[f64], at: usize, both: bool) {
        const LANES: usize = 8;
        for (range, record) in self.ranges.iter().zip(self.records.iter_mut()) {
            let numbers = &numbers[range.clone()];
            let mut high = [f64::NEG_INFINITY; LANES];
            let mut low = [f64::INFINITY; LANES];
            let mut parts = numbers.chunks_exact(LANES);
            for part in &mut parts {
                for lane in 0..LANES {
                    let x = part[lane];
                    high[lane] = if x > high[lane] { x } else { high[lane] };
                    low[lane] = if x < low[lane] { x } else { low[lane] };
                }
            }
            for (lane, &x) in parts.remainder().iter().enumerate() {
                high[lane] = if x > high[lane] { x } else { high[lane] };
                low[lane] = if x < low[lane] { x } else { low[lane] };
            }
            for lane in 0..LANES {
                record[at] = if high[lane] > record[at] { high[lane] } else { record[at] };
                if both {
                    record[at + 1] = if -low[lane] > record[at + 1] { -low[lane] } else { record[at + 1] };
                }
            }
        }
    }
}

impl Kernel for Survey<'_> {
    type Output = ();
    #[inline(always)]
    fn run(mut self) {
        let n = self.values.len() - 2 * HALO;
        let mut x = [f64::NAN; WIDTH];
        x[..n + 2 * HALO].copy_from_slice(self.values);
        let here = HALO..HALO + n;
        self.enter(&x[here.clone()], 0, true);
        let mut missing = [0.0; WIDTH];
        for (missing, x) in missing.iter_mut().zip(&x) {
            *missing = if x.is_nan() { 1.0 } else { 0.0 };
        }
        self.enter(&missing[here.clone()], 5, false);
        // The step to a row from the one before; the bend in it.
        let mut step = [f64::NAN; WIDTH];
        for k in 1..WIDTH {
            step[k] = (x[k] - x[k - 1]).abs();
        }
        self.enter(&step[here.clone()], 2, true);
        let mut number = [f64::NAN; WIDTH];
        for k in 1..WIDTH - 1 {
            number[k] = ((x[k + 1] - x[k]) - (x[k] - x[k - 1])).abs();
        }
        self.enter(&number[here], 4, false);
        // Sums, sums of squared distances from the mean, and sums of steps, over windows from k on that double.
        let (mut sum, mut spread, mut steps) = (x, [0.0; WIDTH], step);
        for level in 1..=LEVELS {
            let half = 1 << (level - 1);
            let w = 2 * half;
            let share = 1.0 / (2 * half) as f64;
            // Both halves hold `half` rows: their means are apart by the difference over half, so that the squares grow
            // by its square times half / 2 / half^2.
            for k in 0..WIDTH - half {
                let apart = sum[k] - sum[k + half];
                spread[k] = (spread[k] + spread[k + half]) + apart * apart * share;
            }
            for k in 0..WIDTH - half {
                sum[k] += sum[k + half];
                steps[k] += steps[k + half];
            }
            if level == 1 {
                continue;
            }
            let at = 6 + 7 * (level - 2);
            // Windows around a row: w / 2 rows before it, the row, and w / 2 - 1 after it.
            let window = HALO - w / 2..HALO - w / 2 + n;
            self.enter(&sum[window.clone()], at, true);
            self.enter(&spread[window.clone()], at + 2, true);
            self.enter(&steps[window.clone()], at + 4, true);
            for k in 0..n {
                number[k] = (x[HALO + k] - sum[window.start + k] * share).abs();
            }
            self.enter(&number[..n], at + 6, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest(x: &[f64], range: Range<usize>) -> Largest {
        let mut padded = vec![f64::NAN; HALO];
        padded.extend(x);
        padded.extend([f64::NAN; HALO]);
        let mut records = [NONE];
        survey(&padded, &[range], &mut records);
        records[0]
    }

    #[test]
    fn windows_lie_around_their_row() {
        let x: Vec<f64> = (0..300).map(|i| if i == 150 { 1.0 } else { 0.0 }).collect();
        for level in 2..=LEVELS {
            let (w, at) = (1 << level, 6 + 7 * (level - 2));
            for (row, reached) in
                [(150 - w / 2, false), (150 - w / 2 + 1, true), (150 + w / 2, true), (150 + w / 2 + 1, false)]
            {
                let found = largest(&x, row..row + 1);
                assert_eq!(found[at], if reached { 1.0 } else { 0.0 }, "window {w}, row {row}");
                let squares = 1.0 - 1.0 / w as f64;
                assert_eq!(found[at + 2], if reached { squares } else { 0.0 }, "window {w}, row {row}");
            }
        }
    }

    #[test]
    fn nothing_stands_out_of_a_constant() {
        let found = largest(&[7.25; 400], 130..270);
        let expected: Vec<f64> = names()
            .iter()
            .map(|name| match name.split_once("mean(x, ") {
                _ if name == "x" => 7.25,
                _ if name == "-x" => -7.25,
                Some((sign, w)) if !sign.contains('|') => {
                    let w: f64 = w.trim_end_matches(')').parse().unwrap();
                    if sign == "-" { -7.25 * w } else { 7.25 * w }
                }
                _ => 0.0,
            })
            .collect();
        assert_eq!(found.to_vec(), expected);
    }
}
