//! The windows of a reference, found by their distance.

use std::ops::Range;

use rayon::prelude::*;

use super::directions;
use super::sums::{product, squared_distance, squared_distance_of_some};
use crate::job::Job;
use crate::simd::{Kernel, dispatch};
use crate::{Error, Result, pool};

/// Windows whose bounds are computed side by side.
const BLOCK: usize = 32;
/// Coordinates after which a block is looked at again.
const FIRST: usize = 4;
/// Queries of one task.
const TASK: usize = 256;
/// Windows that a sweep sums side by side, and cells between two looks at the sums.
const WIDE: usize = 32;
const LOOK: usize = 16;
/// Rounding of a sum, as a share of it; the true one is below 1e-12.
const ROUNDING: f64 = 1e-9;
/// A query that summed more than one in so many windows was hard: the next ones sweep.
const HARD: usize = 8;
/// Queries after which one does not sweep, to see whether it is easy again.
const TRY: u32 = 32;
/// Rounding of a coordinate, as a share of the lengths of both windows; the true one is below 1e-12.
const SLACK: f64 = 1e-11;

/// A window of the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The sum of squared differences of the cells.
    pub squared: f64,
    /// Its first row.
    pub start: usize,
}

/// What one query tells the next one, of the same series: where its neighbour may begin, and how to look for it. The result
/// does not depend on it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guide {
    start: Option<usize>,
    hard: bool,
    queries: u32,
}

/// The windows of a reference.
#[derive(Debug, Clone)]
pub struct NearestIndex {
    d: usize,
    window: usize,
    /// Row after row; missing values are NaN.
    rows: Vec<f64>,
    /// Channel after channel, each with so many missing values behind it.
    columns: Vec<f64>,
    /// First rows of the windows that are compared, by their first coordinate; and whether a row is one of them.
    starts: Vec<usize>,
    kept: Vec<bool>,
    directions: Vec<Vec<f64>>,
    /// The windows' coordinates, one direction after the other.
    coordinates: Vec<Vec<f64>>,
    /// The length of the longest window, as a vector.
    longest: f64,
}

impl NearestIndex {
    /// From the rows of the reference (row after row). Windows with a missing value are left out. Of more than `most`
    /// windows, as many are taken, evenly spread.
    pub fn new(rows: Vec<f64>, d: usize, window: usize, most: usize, job: &Job) -> Result<Self> {
        let count = rows.len() / d;
        let mut since = 0;
        let mut complete = Vec::new();
        for (i, row) in rows.chunks_exact(d).enumerate() {
            since = if row.iter().any(|x| x.is_nan()) { 0 } else { since + 1 };
            if since >= window {
                complete.push(i + 1 - window);
            }
        }
        if complete.is_empty() {
            let rule = format!("must hold {window} rows in a row without a missing value");
            return Err(Error::invalid("X", count, rule));
        }
        if complete.len() > most {
            let last = (complete.len() - 1) as u128;
            let pick = |i: usize| complete[(i as u128 * last / (most - 1).max(1) as u128) as usize];
            complete = (0..most).map(pick).collect();
        }
        let mut kept = vec![false; count];
        for &start in &complete {
            kept[start] = true;
        }
        let length = window * d;
        let windows: Vec<&[f64]> = complete.iter().map(|&k| &rows[k * d..k * d + length]).collect();
        let directions = directions::find(&windows);
        job.check()?;
        let along: Vec<Vec<f64>> =
            directions.iter().map(|direction| dispatch(Along { windows: &windows, direction })).collect();
        let longest = dispatch(Longest { windows: &windows }).sqrt();
        let mut order: Vec<usize> = (0..complete.len()).collect();
        if let Some(first) = along.first() {
            order.sort_by(|&a, &b| first[a].total_cmp(&first[b]));
        }
        let sorted = |values: &Vec<f64>| order.iter().map(|&i| values[i]).collect();
        let coordinates = along.iter().map(sorted).collect();
        let starts = order.iter().map(|&i| complete[i]).collect();
        let mut columns = Vec::with_capacity((count + WIDE) * d);
        for j in 0..d {
            columns.extend(rows.iter().skip(j).step_by(d));
            columns.extend([f64::NAN; WIDE]);
        }
        Ok(Self { d, window, rows, columns, starts, kept, directions, coordinates, longest })
    }

    /// Windows that are compared.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none: never.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        size_of::<f64>()
            * (self.rows.len() + self.columns.len() + self.starts.len() * (1 + self.coordinates.len()))
            + size_of::<f64>() * self.directions.len() * self.length()
            + self.kept.len()
    }

    fn length(&self) -> usize {
        self.window * self.d
    }

    /// The rows of the reference.
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// The cells of the window that begins at a row.
    pub fn cells(&self, start: usize) -> &[f64] {
        &self.rows[start * self.d..start * self.d + self.length()]
    }

    /// The k-th nearest window of each window of `rows` (row after row), and how far it is: the root of the mean squared
    /// difference of the cells that are there. Not there (NaN, and no index) is a window with less than half of its
    /// cells. The result does not depend on `threads`.
    pub fn distances(
        &self,
        rows: &[f64],
        k: usize,
        threads: usize,
        job: &Job,
    ) -> Result<(Vec<f64>, Vec<i64>)> {
        let count = (rows.len() / self.d + 1).saturating_sub(self.window);
        let mut found = vec![(f64::NAN, -1_i64); count];
        let task = |(i, part): (usize, &mut [(f64, i64)])| {
            let first = i * TASK;
            dispatch(Search { index: self, rows, k, first, found: part });
            job.step(part.len() as u64)
        };
        if count > TASK && threads > 1 {
            pool::run(threads, || found.par_chunks_mut(TASK).enumerate().try_for_each(task))??;
        } else {
            found.chunks_mut(TASK).enumerate().try_for_each(task)?;
        }
        Ok(found.into_iter().unzip())
    }

    /// The k-th nearest window of one window.
    pub fn nearest(&self, cells: &[f64], k: usize, guide: &mut Guide) -> Option<Neighbour> {
        dispatch(One { index: self, cells, k, guide })
    }

    #[inline(always)]
    fn find(&self, cells: &[f64], k: usize, guide: &mut Guide, best: &mut Best) {
        best.clear(k);
        self.search(cells, *guide, best);
        guide.start = best.found.first().map(|n| n.start + 1);
        guide.queries = guide.queries.wrapping_add(1);
        guide.hard =
            guide.hard && !guide.queries.is_multiple_of(TRY) || best.summed * HARD > self.starts.len();
    }

    #[inline(always)]
    fn search(&self, cells: &[f64], guide: Guide, best: &mut Best) {
        let missing = cells.iter().filter(|x| x.is_nan()).count();
        if missing > 0 {
            if 2 * missing <= cells.len() {
                for &start in &self.starts {
                    if let Some(squared) = squared_distance_of_some(cells, self.cells(start)) {
                        best.offer(Neighbour { squared, start });
                    }
                }
            }
            return;
        }
        if let Some(start) = guide.start.filter(|&start| self.kept.get(start).is_some_and(|&kept| kept)) {
            self.sum(cells, start, best);
        }
        let hinted = best.found.first().map(|n| n.start);
        if guide.hard || self.directions.is_empty() {
            self.sweep(cells, hinted, best);
            return;
        }
        let mut own = [0.0; 16];
        for (to, direction) in own.iter_mut().zip(&self.directions) {
            *to = product(cells, direction);
        }
        let slack = SLACK * (product(cells, cells).sqrt() + self.longest);
        let first = &self.coordinates[0];
        let (mut low, mut high) = {
            let at = first.partition_point(|&x| x < own[0]);
            (at, at)
        };
        let (mut left, mut right) = (true, true);
        while left || right {
            left &= low > 0 && own[0] - first[low - 1] <= best.root() + slack;
            if left {
                let block = low.saturating_sub(BLOCK)..low;
                low = block.start;
                self.look(cells, &own, slack, block, hinted, best);
            }
            right &= high < first.len() && first[high] - own[0] <= best.root() + slack;
            if right {
                let block = high..(high + BLOCK).min(first.len());
                high = block.end;
                self.look(cells, &own, slack, block, hinted, best);
            }
        }
    }

    /// Sums those of a block of windows whose bounds are low enough.
    #[inline(always)]
    fn look(
        &self,
        cells: &[f64],
        own: &[f64; 16],
        slack: f64,
        block: Range<usize>,
        hinted: Option<usize>,
        best: &mut Best,
    ) {
        let mut bounds = [0.0; BLOCK];
        let most = (best.root() + slack) * (best.root() + slack);
        for (k, (coordinates, &x)) in self.coordinates.iter().zip(own).enumerate() {
            for (bound, &y) in bounds.iter_mut().zip(&coordinates[block.clone()]) {
                *bound += (x - y) * (x - y);
            }
            if k + 1 == FIRST && bounds[..block.len()].iter().all(|&bound| bound > most) {
                return;
            }
        }
        for (at, &bound) in block.zip(&bounds) {
            let root = best.root() + slack;
            // NaN and infinities are summed.
            let is_far = bound > root * root;
            if !is_far && Some(self.starts[at]) != hinted {
                self.sum(cells, self.starts[at], best);
            }
        }
    }

    /// Sums all windows side by side, and those again, in their own order, that are near enough.
    #[inline(always)]
    fn sweep(&self, cells: &[f64], hinted: Option<usize>, best: &mut Best) {
        let count = self.rows.len() / self.d;
        let stride = count + WIDE;
        for first in (0..=count - self.window).step_by(WIDE) {
            let mut sums = [0.0; WIDE];
            let most = best.most() * (1.0 + ROUNDING);
            for (i, row) in cells.chunks_exact(self.d).enumerate() {
                for (j, &x) in row.iter().enumerate() {
                    let from = j * stride + first + i;
                    // What lies behind the last row is missing.
                    let Some(others) = self.columns[from..].first_chunk::<WIDE>() else { continue };
                    for (sum, y) in sums.iter_mut().zip(others) {
                        *sum += (x - y) * (x - y);
                    }
                }
                if i % LOOK == LOOK - 1 && sums.iter().fold(f64::INFINITY, |low, &sum| low.min(sum)) > most {
                    break;
                }
            }
            for (start, &sum) in (first..=count - self.window).zip(&sums) {
                if sum <= best.most() * (1.0 + ROUNDING) && self.kept[start] && Some(start) != hinted {
                    self.sum(cells, start, best);
                }
            }
        }
    }

    #[inline(always)]
    fn sum(&self, cells: &[f64], start: usize, best: &mut Best) {
        best.summed += 1;
        if let Some(squared) = squared_distance(cells, self.cells(start), best.most()) {
            best.offer(Neighbour { squared, start });
        }
    }
}

/// The nearest windows so far: by distance, then by first row.
#[derive(Debug, Default)]
struct Best {
    k: usize,
    found: Vec<Neighbour>,
    root: f64,
    /// Windows summed for this query.
    summed: usize,
}

impl Best {
    fn clear(&mut self, k: usize) {
        self.k = k;
        self.found.clear();
        self.root = f64::INFINITY;
        self.summed = 0;
    }

    /// The largest sum that matters.
    #[inline(always)]
    fn most(&self) -> f64 {
        if self.found.len() < self.k { f64::INFINITY } else { self.found[self.k - 1].squared }
    }

    /// Its root.
    #[inline(always)]
    fn root(&self) -> f64 {
        self.root
    }

    #[inline(always)]
    fn offer(&mut self, new: Neighbour) {
        let at = self.found.partition_point(|old| (old.squared, old.start) < (new.squared, new.start));
        if at < self.k {
            self.found.truncate(self.k - 1);
            self.found.insert(at, new);
            self.root = self.most().sqrt();
        }
    }
}

struct Search<'a> {
    index: &'a NearestIndex,
    rows: &'a [f64],
    k: usize,
    first: usize,
    found: &'a mut [(f64, i64)],
}

impl Kernel for Search<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { index, rows, k, first, found } = self;
        let k = k.min(index.starts.len());
        let mut best = Best::default();
        let mut guide = Guide::default();
        for (i, out) in found.iter_mut().enumerate() {
            let from = (first + i) * index.d;
            index.find(&rows[from..from + index.length()], k, &mut guide, &mut best);
            if let Some(n) = best.found.last() {
                *out = ((n.squared / index.length() as f64).sqrt(), n.start as i64);
            }
        }
    }
}

struct One<'a> {
    index: &'a NearestIndex,
    cells: &'a [f64],
    k: usize,
    guide: &'a mut Guide,
}

impl Kernel for One<'_> {
    type Output = Option<Neighbour>;

    #[inline(always)]
    fn run(self) -> Option<Neighbour> {
        let mut best = Best::default();
        self.index.find(self.cells, self.k.min(self.index.starts.len()), self.guide, &mut best);
        best.found.last().copied()
    }
}

struct Along<'a> {
    windows: &'a [&'a [f64]],
    direction: &'a [f64],
}

impl Kernel for Along<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        self.windows.iter().map(|window| product(window, self.direction)).collect()
    }
}

struct Longest<'a> {
    windows: &'a [&'a [f64]],
}

impl Kernel for Longest<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        self.windows.iter().map(|window| product(window, window)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<f64> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// The k-th nearest by brute force, in the order of summation of the index.
    fn brute_force(index: &NearestIndex, cells: &[f64], k: usize) -> Neighbour {
        let mut best = Best::default();
        best.clear(k);
        for &start in &index.starts {
            let squared = squared_distance(cells, index.cells(start), f64::INFINITY).unwrap_or(f64::NAN);
            best.offer(Neighbour { squared, start });
        }
        best.found[k - 1]
    }

    #[test]
    fn noise_is_swept_and_waves_are_searched_with_the_same_result() {
        for (d, window) in [(1, 60), (1, 7), (3, 20)] {
            let mut reference = noise(400 * d);
            reference[133 * d] = f64::NAN;
            let waves: Vec<f64> =
                (0..400 * d).map(|i| (i as f64 / 40.0) % 1.0 + 1e-3 * reference[i].abs()).collect();
            for (rows, most, hard) in
                [(reference, usize::MAX, true), (waves, usize::MAX, false), (noise(400 * d), 90, true)]
            {
                let index = NearestIndex::new(rows.clone(), d, window, most, &Job::new()).expect("an index");
                let queries: Vec<f64> = if hard {
                    noise(800 * d).split_off(400 * d)
                } else {
                    rows.iter().map(|x| x + 1e-4).collect()
                };
                for k in [1, 3] {
                    let mut guide = Guide::default();
                    let mut swept = 0;
                    for cells in queries.windows(window * d).step_by(d) {
                        if cells.iter().any(|x| x.is_nan()) {
                            continue;
                        }
                        swept += usize::from(guide.hard);
                        let found = index.nearest(cells, k, &mut guide);
                        assert_eq!(
                            found,
                            Some(brute_force(&index, cells, k)),
                            "d {d}, window {window}, k {k}"
                        );
                    }
                    assert!(!hard || window < 60 || swept > 100, "noise is hard: {swept}");
                }
            }
        }
    }
}
