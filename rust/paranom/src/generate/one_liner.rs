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

use crate::simd::vector::{Blocks, LANES, Vector, dispatch_blocks};

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
/// A page, and what the windows and vectors of its last row reach beyond it.
const ROOM: usize = WIDTH + (1 << (LEVELS - 1)) + LANES;

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
    dispatch_blocks(Survey { values, ranges, records });
}

struct Survey<'a> {
    values: &'a [f64],
    ranges: &'a [Range<usize>],
    records: &'a mut [Largest],
}

impl Blocks for Survey<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let len = self.values.len();
        let mut x = [f64::NAN; ROOM];
        x[..len].copy_from_slice(self.values);
        // Sums, sums of squared distances from the mean, and sums of steps, over windows from a row on that double.
        let mut windows = Windows { sum: x, spread: [0.0; ROOM], steps: [f64::NAN; ROOM] };
        for at in (1..len).step_by(V::WIDTH) {
            // The step to a row from the one before.
            V::load(&x, at).minus(V::load(&x, at - 1)).size().store(&mut windows.steps, at);
        }
        for (range, record) in self.ranges.iter().zip(self.records.iter_mut()) {
            match range.len() {
                0 => {}
                rows if rows < V::WIDTH => enter_rows::<f64>(&x, &windows.steps, range, record),
                _ => enter_rows::<V>(&x, &windows.steps, range, record),
            }
        }
        for level in 1..=LEVELS {
            windows.double::<V>(1 << (level - 1), len);
            if level == 1 {
                continue;
            }
            let w = 1 << level;
            for (range, record) in self.ranges.iter().zip(self.records.iter_mut()) {
                let record = &mut record[6 + 7 * (level - 2)..];
                match range.len() {
                    0 => {}
                    rows if rows < V::WIDTH => windows.enter::<f64>(w, &x, range, record),
                    _ => windows.enter::<V>(w, &x, range, record),
                }
            }
        }
    }
}

/// What the windows from each row on sum up to.
struct Windows {
    sum: [f64; ROOM],
    spread: [f64; ROOM],
    steps: [f64; ROOM],
}

impl Windows {
    /// Joins windows of `half` rows in pairs; what lies beyond `len` rows is of no use.
    #[inline(always)]
    fn double<V: Vector>(&mut self, half: usize, len: usize) {
        // Both halves hold `half` rows: their means are apart by the difference over half, so that the squares grow
        // by its square times half / 2 / half^2.
        let share = V::splat(1.0 / (2 * half) as f64);
        for at in (0..len).step_by(V::WIDTH) {
            let (first, second) = (V::load(&self.sum, at), V::load(&self.sum, at + half));
            let apart = first.minus(second);
            first.plus(second).store(&mut self.sum, at);
            let both = V::load(&self.spread, at).plus(V::load(&self.spread, at + half));
            both.plus(apart.times(apart).times(share)).store(&mut self.spread, at);
            V::load(&self.steps, at).plus(V::load(&self.steps, at + half)).store(&mut self.steps, at);
        }
    }

    /// Enters the numbers of a range of rows, at least as many as a vector has lanes: of windows of `w` rows.
    #[inline(always)]
    fn enter<V: Vector>(&self, w: usize, x: &[f64; ROOM], range: &Range<usize>, record: &mut [f64]) {
        let share = V::splat(1.0 / w as f64);
        let (most, least) = (V::splat(f64::NEG_INFINITY), V::splat(f64::INFINITY));
        let (mut high, mut low, mut apart) = ([most; 3], [least; 3], most);
        let last = range.end - V::WIDTH;
        let mut row = range.start;
        loop {
            // Windows around a row: w / 2 rows before it, the row, and w / 2 - 1 after it.
            let at = HALO - w / 2 + row;
            let sum = V::load(&self.sum, at);
            for (i, number) in
                [sum, V::load(&self.spread, at), V::load(&self.steps, at)].into_iter().enumerate()
            {
                high[i] = number.larger(high[i]);
                low[i] = number.smaller(low[i]);
            }
            apart = V::load(x, HALO + row).minus(sum.times(share)).size().larger(apart);
            if row == last {
                break;
            }
            row = (row + V::WIDTH).min(last);
        }
        for i in 0..3 {
            enter(&mut record[2 * i], high[i].greatest());
            enter(&mut record[2 * i + 1], -low[i].least());
        }
        enter(&mut record[6], apart.greatest());
    }
}

/// Enters the numbers of a range of rows, at least as many as a vector has lanes: those without windows.
#[inline(always)]
fn enter_rows<V: Vector>(x: &[f64; ROOM], step: &[f64; ROOM], range: &Range<usize>, record: &mut Largest) {
    let (most, least) = (V::splat(f64::NEG_INFINITY), V::splat(f64::INFINITY));
    let (mut high, mut low, mut bend) = ([most; 2], [least; 2], most);
    let last = range.end + HALO - V::WIDTH;
    let mut at = range.start + HALO;
    loop {
        let (before, here, after) = (V::load(x, at - 1), V::load(x, at), V::load(x, at + 1));
        for (i, number) in [here, V::load(step, at)].into_iter().enumerate() {
            high[i] = number.larger(high[i]);
            low[i] = number.smaller(low[i]);
        }
        bend = after.minus(here).minus(here.minus(before)).size().larger(bend);
        if at == last {
            break;
        }
        at = (at + V::WIDTH).min(last);
    }
    for i in 0..2 {
        enter(&mut record[2 * i], high[i].greatest());
        enter(&mut record[2 * i + 1], -low[i].least());
    }
    enter(&mut record[4], bend.greatest());
    let is_missing = x[range.start + HALO..range.end + HALO].iter().fold(false, |any, x| any | x.is_nan());
    enter(&mut record[5], f64::from(u8::from(is_missing)));
}

/// Enters a number if it is larger.
#[inline(always)]
fn enter(record: &mut f64, number: f64) {
    *record = if number > *record { number } else { *record };
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
