//! Several series at once: the mSTAMP profile.
//!
//! For each pair of windows the distances of the d dimensions are sorted; level k is the mean of the k + 1 smallest
//! (after those of the dimensions that must be included). Each level has its own nearest neighbour.
//! Yeh, Kavantzas & Keogh, "Matrix Profile VI" (ICDM 2017).

use std::ops::Range;
use std::sync::Mutex;

use super::exact;
use super::kernel::{LANES, first_cells, lanes};
use super::metric::{Distance, Lp, Metric, Relative, ZNormalized};
use super::nearest::{Found, NONE, Nearest};
use super::segment::{Segment, cuts};
use super::series::Series;
use super::sieve::{Bars, Near, ROWS, Rows, advance, bound, sift};
use super::tasks::{self, Pairs};
use super::{Neighbours, Profile, Settings};
use crate::Result;
use crate::job::Job;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks, exchange, sort};

/// The dimensions in the order of their distances: those included first, the others sorted.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// The dimensions, the included ones first.
    dimensions: Vec<usize>,
    included: usize,
    /// Pairs of places to compare and exchange, which sort the others.
    network: Vec<(usize, usize)>,
}

impl Order {
    pub(super) fn new(d: usize, include: &[usize]) -> Self {
        let mut dimensions = include.to_vec();
        dimensions.extend((0..d).filter(|t| !include.contains(t)));
        let included = include.len();
        let network = network(d - included).into_iter().map(|(a, b)| (a + included, b + included)).collect();
        Self { dimensions, included, network }
    }

    /// Sorts the distances of the dimensions that are not included, lane by lane.
    #[inline(always)]
    pub(super) fn sort(&self, distances: &mut [[f64; LANES]]) {
        for &(low, high) in &self.network {
            let (head, tail) = distances.split_at_mut(high);
            let (a, b) = (&mut head[low], &mut tail[0]);
            for l in 0..LANES {
                let (x, y) = (a[l], b[l]);
                a[l] = if x < y { x } else { y };
                b[l] = if x < y { y } else { x };
            }
        }
    }

    /// The exact distances between windows i and j in all dimensions, each with its dimension, in order.
    fn distances(&self, series: &[Series], kind: Distance, i: usize, j: usize) -> Vec<(f64, usize)> {
        let mut all: Vec<(f64, usize)> = self
            .dimensions
            .iter()
            .map(|&t| (exact::between(kind, &series[t], i, &series[t], j), t))
            .collect();
        all[self.included..].sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    }
}

/// Batcher's merge exchange for any n (Knuth, TAOCP 3, 5.2.2, algorithm M).
fn network(n: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut apart) = (top, 0, p);
        loop {
            pairs.extend((0..n - apart).filter(|i| i & p == r).map(|i| (i, i + apart)));
            if q == p {
                break;
            }
            apart = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
    pairs
}

/// Joins d series with themselves. Each window has d neighbours: one per level.
pub(super) fn within(series: &[Series], order: &Order, settings: &Settings, job: &Job) -> Result<Profile> {
    match settings.distance {
        Distance::ZNormalized => within_with(ZNormalized, series, order, settings, job),
        Distance::L1 => within_with(Lp::<1>, series, order, settings, job),
        Distance::L2 => within_with(Lp::<2>, series, order, settings, job),
        Distance::Relative => within_with(Relative, series, order, settings, job),
    }
}

fn within_with<M: Metric>(
    metric: M,
    series: &[Series],
    order: &Order,
    settings: &Settings,
    job: &Job,
) -> Result<Profile> {
    let (d, exclusion) = (series.len(), settings.exclusion());
    let cut = cuts(series);
    // Segments by place in time, then by dimension (in order).
    let segment = |range: &Range<usize>, t: usize| -> Result<Segment> {
        job.check()?;
        Ok(Segment::new(&series[t], range.clone(), settings.distance, true))
    };
    let segments: Vec<Vec<Segment>> = cut
        .iter()
        .map(|range| order.dimensions.iter().map(|&t| segment(range, t)).collect())
        .collect::<Result<_>>()?;
    let known = || -> Result<Vec<Mutex<Vec<Nearest>>>> {
        let levels =
            |range: &Range<usize>| (0..d).map(|_| Nearest::new(range.len(), 1)).collect::<Result<_>>();
        cut.iter().map(|range| Ok(Mutex::new(levels(range)?))).collect()
    };
    let (left, right) = (known()?, known()?);
    let near: Vec<Option<Vec<Near>>> = segments
        .iter()
        .map(|of| if M::BOUNDED { of.iter().map(Near::new).collect() } else { None })
        .collect();
    let tasks = tasks::tasks(Pairs::Within { cuts: &cut, exclusion }, settings.fraction);
    tasks::run(settings.threads, &tasks, |task| {
        let (row_known, column_known) = if task.swapped { (&left, &right) } else { (&right, &left) };
        let (row_known, column_known) = (&row_known[task.rows], &column_known[task.columns]);
        let found = |segments: &[Segment], known: &Mutex<Vec<Nearest>>| -> Result<Vec<Found>> {
            lock(known).iter().map(|known| Found::new(&segments[0], 1, Some(known))).collect()
        };
        let (rows, columns) = (&segments[task.rows], &segments[task.columns]);
        let (mut row_found, mut column_found) = (found(rows, row_known)?, found(columns, column_known)?);
        let mut sieve = near[task.rows].as_ref().zip(near[task.columns].as_ref()).map(|(rows, columns)| {
            let bars = |found: &[Found]| Bars::new(found.iter().map(|found| &found.floor[..]), settings.m);
            Sieve { rows, columns, row_bars: bars(&row_found), column_bars: bars(&column_found) }
        });
        for block in task.blocks() {
            let cells: usize = block.clone().map(|d| rows[0].len.min(columns[0].len - d)).sum();
            dispatch_blocks(Sweep {
                metric,
                m: settings.m,
                order,
                rows,
                columns,
                first: block.start,
                last: block.end,
                sieve: sieve.as_mut(),
                row_found: &mut row_found,
                column_found: &mut column_found,
            });
            job.step(cells as u64)?;
        }
        for (found, known) in [(row_found, row_known), (column_found, column_known)] {
            for (found, known) in found.iter().zip(&mut *lock(known)) {
                found.give(known);
            }
        }
        Ok(())
    })?;
    drop(segments);
    let report = |known: Vec<Mutex<Vec<Nearest>>>| -> Result<Neighbours> {
        let known: Vec<Vec<Nearest>> = known
            .into_iter()
            .map(|k| k.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
            .collect();
        let rows = tasks::for_windows(settings.threads, series[0].windows(), job, |i| {
            let at = cut.partition_point(|r| r.end <= i);
            let index = |level: usize| known[at][level].index[i - cut[at].start];
            // Several levels often have the same neighbour.
            let mut seen: Vec<(u32, Vec<f64>)> = Vec::with_capacity(d);
            let mut distance = |level: usize| {
                let j = index(level);
                if j == NONE {
                    return (f64::INFINITY, NONE);
                }
                let at = seen.iter().position(|&(other, _)| other == j).unwrap_or_else(|| {
                    seen.push((j, levels(series, order, settings, i, j as usize)));
                    seen.len() - 1
                });
                let mean = seen[at].1[level];
                if mean.is_finite() { (mean, j) } else { (f64::INFINITY, NONE) }
            };
            (0..d).map(&mut distance).collect::<Vec<_>>()
        })?;
        Neighbours::from_lists(&rows, d)
    };
    let (left, right) = (report(left)?, report(right)?);
    let best = nearer(&left, &right)?;
    Ok(Profile { best, sides: Some((left, right)) })
}

fn lock(known: &Mutex<Vec<Nearest>>) -> std::sync::MutexGuard<'_, Vec<Nearest>> {
    known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The exact distance of two windows at each level.
fn levels(series: &[Series], order: &Order, settings: &Settings, i: usize, j: usize) -> Vec<f64> {
    let mut total = 0.0;
    let all = order.distances(series, settings.distance, i, j);
    let sums = all.iter().map(|(distance, _)| {
        total += distance;
        total
    });
    sums.enumerate().map(|(level, sum)| sum / (level + 1) as f64).collect()
}

/// Level by level the nearer of both; the left one if equal.
fn nearer(left: &Neighbours, right: &Neighbours) -> Result<Neighbours> {
    let mut out = Neighbours::none(left.distance.len() / left.k, left.k)?;
    for at in 0..left.distance.len() {
        let from = if left.distance[at] <= right.distance[at] { left } else { right };
        (out.distance[at], out.index[at]) = (from.distance[at], from.index[at]);
    }
    Ok(out)
}

/// The dimensions of level `level` between each window and its neighbour `index`: rows of `level + 1`, -1 if none.
pub(super) fn subspaces(
    series: &[Series],
    order: &Order,
    settings: &Settings,
    index: &[i64],
    level: usize,
    job: &Job,
) -> Result<Vec<i64>> {
    let windows = series[0].windows();
    let rows = tasks::for_windows(settings.threads, windows, job, |i| {
        let Some(j) = usize::try_from(index[i]).ok().filter(|&j| j < windows) else {
            return vec![-1; level + 1];
        };
        let all = order.distances(series, settings.distance, i, j);
        all[..=level].iter().map(|&(_, t)| t as i64).collect()
    })?;
    Ok(rows.concat())
}

/// What it takes to pass over most cells of a pair of segments.
struct Sieve<'a> {
    rows: &'a [Near],
    columns: &'a [Near],
    row_bars: Bars,
    column_bars: Bars,
}

/// As [`super::kernel::Sweep`], with one segment per dimension and one `Found` per level.
struct Sweep<'a, 'b, M> {
    metric: M,
    m: usize,
    order: &'a Order,
    rows: &'a [Segment],
    columns: &'a [Segment],
    first: usize,
    last: usize,
    sieve: Option<&'a mut Sieve<'b>>,
    row_found: &'a mut [Found],
    column_found: &'a mut [Found],
}

impl<M: Metric> Blocks for Sweep<'_, '_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(mut self) {
        let d = self.rows.len();
        let mut cells: Vec<[f64; LANES]> = Vec::with_capacity(d);
        for (a, b) in self.rows.iter().zip(self.columns) {
            cells.push(first_cells::<V, N, M>(self.metric, self.m, a, b, self.first, self.last));
        }
        let mut kept: Vec<Rows<f64>> = vec![[[0.0; LANES]; ROWS]; d];
        let mut bounds: Vec<Rows<f32>> = vec![[[0.0; LANES]; ROWS]; d];
        let mut distances = vec![V::splat(0.0); d];
        let count = self.rows[0].len.min(self.columns[0].len - self.first);
        for i in (0..count).step_by(ROWS) {
            let (j, size) = (i + self.first, ROWS.min(count - i));
            for ((cells, kept), (a, b)) in
                cells.iter_mut().zip(&mut kept).zip(self.rows.iter().zip(self.columns))
            {
                advance::<V, N, M>(self.metric, cells, kept, (a, i), (b, j), size);
            }
            let mut hits = [u32::MAX; ROWS];
            if M::BOUNDED
                && let Some(sieve) = &self.sieve
            {
                for ((kept, bounds), (a, b)) in
                    kept.iter().zip(&mut bounds).zip(sieve.rows.iter().zip(sieve.columns))
                {
                    bound::<V>(kept, bounds, (a, i), (b, j), size);
                }
                let order = (self.order.included, &self.order.network[..]);
                hits = sift::<V>(&bounds, order, (&sieve.row_bars, i), (&sieve.column_bars, j), size);
            }
            for (r, hits) in hits.into_iter().enumerate().take(size) {
                if hits != 0 {
                    self.look(&kept, (r, i + r), hits, &mut distances);
                }
            }
        }
    }
}

/// A few neighbouring cells: lanes `at ..` of row `r` of those kept, which is row `i` of the segment.
#[derive(Clone, Copy)]
struct Place {
    r: usize,
    i: usize,
    at: usize,
    /// The columns' windows look for neighbours among the rows', not the other way round.
    turned: bool,
}

impl<M: Metric> Sweep<'_, '_, M> {
    /// Enters those of a row's cells that are better than what is known: `hits` has a bit for each that may be.
    #[inline(always)]
    fn look<V: Vector>(
        &mut self,
        kept: &[Rows<f64>],
        (r, i): (usize, usize),
        hits: u32,
        distances: &mut [V],
    ) {
        for at in (0..LANES).step_by(V::WIDTH) {
            if hits >> at & ((1 << V::WIDTH) - 1) != 0 {
                for turned in [false, true] {
                    if !(turned && M::SYMMETRIC) {
                        self.look_at(kept, Place { r, i, at, turned }, distances);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn look_at<V: Vector>(&mut self, kept: &[Rows<f64>], place: Place, distances: &mut [V]) {
        match (distances.len(), self.order.included) {
            (2, 0) => self.sorted::<V, 2>(kept, place, distances),
            (3, 0) => self.sorted::<V, 3>(kept, place, distances),
            (4, 0) => self.sorted::<V, 4>(kept, place, distances),
            (5, 0) => self.sorted::<V, 5>(kept, place, distances),
            (6, 0) => self.sorted::<V, 6>(kept, place, distances),
            (7, 0) => self.sorted::<V, 7>(kept, place, distances),
            (8, 0) => self.sorted::<V, 8>(kept, place, distances),
            _ => {
                for (t, distance) in distances.iter_mut().enumerate() {
                    *distance = self.distance(&kept[t], t, place);
                }
                exchange(distances, &self.order.network);
            }
        }
        let Place { i, at, turned, .. } = place;
        let (for_rows, for_columns) = (!turned, turned || M::SYMMETRIC);
        let (j, nothing, never) = (i + self.first, V::splat(0.0), V::splat(f64::INFINITY));
        let mut total = nothing;
        for (level, &distance) in distances.iter().enumerate() {
            total = total.plus(distance);
            let score = nothing.minus(total);
            let (row, column) = (&mut self.row_found[level], &mut self.column_found[level]);
            let row_floor = if for_rows { V::splat(row.floor[i]) } else { never };
            let column_floor = if for_columns { V::load(lanes(&column.floor, j), at) } else { never };
            let mut better = V::bits(V::either(score.above(row_floor), score.above(column_floor)));
            if better == 0 {
                continue;
            }
            let mut scores = [0.0; LANES];
            score.store(&mut scores, 0);
            while better != 0 {
                let l = better.trailing_zeros() as usize;
                let (score, j) = (scores[l], j + at + l);
                let row_is = for_rows && row.open().offer_nearest(i, score, self.columns[0].start + j);
                let column_is = for_columns && column.open().offer_nearest(j, score, self.rows[0].start + i);
                if let Some(sieve) = &mut self.sieve {
                    if row_is {
                        sieve.row_bars.set(level, i, score);
                    }
                    if column_is {
                        sieve.column_bars.set(level, j, score);
                    }
                }
                better &= better - 1;
            }
        }
    }

    /// The distances, in f64, in dimension `t` (in order).
    #[inline(always)]
    fn distance<V: Vector>(&self, kept: &Rows<f64>, t: usize, place: Place) -> V {
        let Place { r, i, at, turned } = place;
        let (a, b, j) = (&self.rows[t], &self.columns[t], i + self.first);
        let (wi, wj) = (V::splat(a.w[i]), V::load(lanes(&b.w, j), at));
        let (wi, wj) = if turned { (wj, wi) } else { (wi, wj) };
        let flat = V::splat(a.flat[i]).plus(V::load(lanes(&b.flat, j), at));
        let exact = self.metric.distance(V::load(&kept[r], at), wi, wj, flat, V::splat(self.m as f64));
        exact.smaller(V::splat(f64::INFINITY)) // NaN: a hole
    }

    /// Those of all dimensions, sorted: as by the network, but in registers.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)] // unrolled only if written so
    fn sorted<V: Vector, const D: usize>(&self, kept: &[Rows<f64>], place: Place, out: &mut [V]) {
        let mut x = [V::splat(0.0); D];
        for t in 0..D {
            x[t] = self.distance(&kept[t], t, place);
        }
        sort(&mut x);
        out.copy_from_slice(&x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_sorts_by_the_zero_one_principle() {
        for n in 1..12 {
            for bits in 0..1u32 << n {
                let mut x: Vec<u32> = (0..n).map(|i| bits >> i & 1).collect();
                for (a, b) in network(n) {
                    if x[a] > x[b] {
                        x.swap(a, b);
                    }
                }
                assert!(x.is_sorted(), "{n} {bits:b}");
            }
        }
    }
}
