//! The MPdist of a query to every interval of a series that is as long: how many of their windows are alike?
//!
//! Gharghabi, Imani, Bagnall, Darvishzadeh & Keogh, "Matrix Profile XII: MPdist" (ICDM 2018). The nearest neighbours of the
//! query's windows in the interval, and those of the interval's windows in the query, are put in one list. The distance is
//! the item of a low rank in that list.

use rayon::prelude::*;

use super::distance_profile::{Query, WindowMoments, check_values};
use super::metric::Distance;
use super::settings::check_size;
use super::short_diagonals::ShortDiagonals;
use crate::error::{try_filled, try_vec};
use crate::job::Job;
use crate::{Error, Result, pool};

/// Intervals that one task computes, at least.
const PART: usize = 2048;
/// From so many windows of the query on, a recurrence costs less than sums over the values.
const MANY: usize = 8;
/// Pairs whose correlation lacks less than this to 1 are compared by their values: near 0 a recurrence has too few digits.
const NEAR: f64 = 1e-7;
/// How much above the item of the list before an item is looked for.
const MARGIN: f64 = 1.1;

/// The MPdist of `query` to each interval of `x` of its length, by windows of `window` values: the item number `rank`
/// (from 0) of the sorted list of distances, or the last finite one. +inf where there is none.
///
/// The job counts intervals.
pub fn mpdist_profile(
    query: &[f64],
    x: &[f64],
    window: usize,
    rank: usize,
    distance: Distance,
    threads: usize,
    job: &Job,
) -> Result<Vec<f64>> {
    let (length, n) = (query.len(), x.len());
    if window < 3 || window > length {
        let rule = format!("must be from 3 to the length of query, {length}");
        return Err(Error::invalid("window", window, rule));
    }
    if n < length {
        let rule = format!("must have at least as many values as query, {length}");
        return Err(Error::invalid("x", format!("{n} values"), rule));
    }
    check_size("x", n)?;
    check_values("query", query, distance)?;
    check_values("x", x, distance)?;
    let queries: Vec<Query<'_>> = query.windows(window).map(|values| Query::new(values, distance)).collect();
    let intervals = n - length + 1;
    let mut out = try_filled(f64::INFINITY, intervals)?;
    let part = PART.max(2 * queries.len());
    let of_part = |(at, out): (usize, &mut [f64])| {
        let x = &x[at * part..at * part + out.len() + length - 1];
        if distance == Distance::ZNormalized && queries.len() >= MANY {
            return fill_by_recurrence(query, &queries, x, window, rank, out, job);
        }
        let moments = (distance == Distance::ZNormalized).then(|| WindowMoments::new(x, window));
        fill(&queries, (x, moments.as_ref()), window, rank, out, job)
    };
    pool::run(threads, || out.par_chunks_mut(part).enumerate().try_for_each(of_part))??;
    Ok(out)
}

/// Writes the distances of the first intervals of `x`.
fn fill(
    queries: &[Query<'_>],
    (x, moments): (&[f64], Option<&WindowMoments>),
    window: usize,
    rank: usize,
    out: &mut [f64],
    job: &Job,
) -> Result<()> {
    let mut nearest = Nearest::new(queries.len(), x.len() - window + 1, out.len())?;
    let mut distances = vec![f64::INFINITY; x.len() - window + 1];
    for (nth, query) in queries.iter().enumerate() {
        job.check()?;
        if !query.whole {
            continue;
        }
        match moments {
            Some(moments) => query.fill_with(x, moments, &mut distances),
            None => query.fill(x, &mut distances),
        }
        nearest.add(nth, &distances);
    }
    let mut ranked = Ranked::new(rank);
    for (i, out) in out.iter_mut().enumerate() {
        *out = ranked.of(nearest.lists(i)).unwrap_or(f64::INFINITY);
    }
    job.step(out.len() as u64)
}

/// As [`fill`], where the query has many windows: which pair of windows has the low rank follows from a recurrence, its
/// distance from the values.
fn fill_by_recurrence(
    query: &[f64],
    queries: &[Query<'_>],
    x: &[f64],
    window: usize,
    rank: usize,
    out: &mut [f64],
    job: &Job,
) -> Result<()> {
    let count = queries.len();
    let unit = 2.0 * window as f64;
    let mut lacks = ShortDiagonals::new(query, x, window)?;
    let mut nearest = Nearest::new(count, x.len() - window + 1, out.len())?;
    for (nth, query) in queries.iter().enumerate() {
        job.check()?;
        let row = lacks.row_mut(nth);
        if row.iter().any(|&lack| is_near(lack)) {
            for (at, lack) in row.iter_mut().enumerate().filter(|(_, lack)| is_near(**lack)) {
                let distance = query.alone(&x[at..at + window]);
                *lack = distance * distance / unit;
            }
        }
        nearest.add(nth, row);
    }
    let mut ranked = Ranked::new(rank);
    let mut last = (f64::NAN, f64::INFINITY);
    for (i, out) in out.iter_mut().enumerate() {
        let Some(lack) = ranked.of(nearest.lists(i)) else { continue };
        // The pair that was found for the interval before is often found again.
        if lack != last.0 {
            let (nth, at) = pair(&lacks, &nearest, i, lack);
            last = (lack, queries[nth].alone(&x[at..at + window]));
        }
        *out = last.1;
    }
    job.step(out.len() as u64)
}

/// Whether a pair is compared by its values: also where the recurrence gave no number.
fn is_near(lack: f64) -> bool {
    lack.is_nan() || lack < NEAR
}

/// The window of the query and that of interval `i` that lack so much, and are nearest neighbours.
fn pair(lacks: &ShortDiagonals, nearest: &Nearest, i: usize, lack: f64) -> (usize, usize) {
    let [own, _] = nearest.lists(i);
    let is = |other: &f64| *other == lack;
    if let Some(nth) = own.iter().position(is) {
        let row = &lacks.row(nth)[i..i + own.len()];
        return (nth, i + row.iter().position(is).unwrap_or(0));
    }
    let at = i + nearest.lists(i)[1].iter().position(is).unwrap_or(0);
    ((0..own.len()).find(|&nth| lacks.row(nth)[at] == lack).unwrap_or(0), at)
}

/// The nearest neighbours of all windows.
struct Nearest {
    count: usize,
    /// The nearest of the query's windows to each window of the series.
    to_query: Vec<f64>,
    /// The nearest of an interval's windows to each window of the query, interval by interval.
    to_interval: Vec<f64>,
    /// Memory that is used again.
    smallest: Vec<f64>,
}

impl Nearest {
    /// For a query of `count` windows, and a series of so many windows and intervals.
    fn new(count: usize, windows: usize, intervals: usize) -> Result<Self> {
        let mut to_interval = try_vec(intervals.saturating_mul(count))?;
        to_interval.resize(intervals * count, f64::INFINITY);
        let to_query = try_filled(f64::INFINITY, windows)?;
        Ok(Self { count, to_query, to_interval, smallest: try_vec(windows)? })
    }

    /// Adds the distances of a window of the query.
    fn add(&mut self, nth: usize, distances: &[f64]) {
        for (nearest, &d) in self.to_query.iter_mut().zip(distances) {
            *nearest = smaller(d, *nearest);
        }
        self.smallest.clear();
        self.smallest.extend_from_slice(distances);
        sliding_minimum(&mut self.smallest, self.count);
        for (list, &d) in self.to_interval.chunks_exact_mut(self.count).zip(&self.smallest) {
            list[nth] = d;
        }
    }

    /// The distances of the query's windows to interval `i`, and of its windows to the query.
    fn lists(&self, i: usize) -> [&[f64]; 2] {
        [&self.to_interval[i * self.count..][..self.count], &self.to_query[i..i + self.count]]
    }
}

#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// Leaves in place `i` the smallest of `size` values from there on, by doubling.
fn sliding_minimum(x: &mut [f64], size: usize) {
    let mut done = 1;
    while done < size {
        let step = done.min(size - done);
        // (Read before it is written: place i + step comes after place i.)
        for i in 0..x.len() - step {
            x[i] = smaller(x[i], x[i + step]);
        }
        done += step;
    }
}

/// Finds the item of a low rank of one list after the other, each of which is much like the one before.
struct Ranked {
    rank: usize,
    /// Somewhat above the item of the list before.
    limit: f64,
    low: Vec<f64>,
}

impl Ranked {
    fn new(rank: usize) -> Self {
        Self { rank, limit: f64::MAX, low: Vec::new() }
    }

    /// Item number `rank` of the sorted finite values, or the last one; None if there is none.
    fn of(&mut self, lists: [&[f64]; 2]) -> Option<f64> {
        // Those up to the limit, if they are enough.
        let mut count = self.take(lists, self.limit);
        if count <= self.rank {
            count = self.take(lists, f64::MAX);
        }
        let rank = self.rank.min(count.checked_sub(1)?);
        let value = *self.low[..count].select_nth_unstable_by(rank, f64::total_cmp).1;
        self.limit = (value * MARGIN).min(f64::MAX);
        Some(value)
    }

    /// Keeps the values up to `most`, and returns how many they are. Without branches: they could not be predicted.
    fn take(&mut self, lists: [&[f64]; 2], most: f64) -> usize {
        self.low.resize(lists[0].len() + lists[1].len() + 1, 0.0);
        let mut count = 0;
        for list in lists {
            for &value in list {
                self.low[count] = value;
                count += usize::from(value <= most);
            }
        }
        count
    }
}
