//! Several series at once: the mSTAMP profile.
//!
//! For each pair of windows the distances of the d dimensions are sorted; level k is the mean of the k + 1 smallest
//! (after those of the dimensions that must be included). Each level has its own nearest neighbour.
//! Yeh, Kavantzas & Keogh, "Matrix Profile VI" (ICDM 2017).

use std::ops::Range;
use std::sync::Mutex;

use super::exact;
use super::kernel::{LANES, first_cells, lanes, load};
use super::metric::{Distance, Lp, Metric, Relative, ZNormalized};
use super::nearest::{Found, NONE, Nearest};
use super::segment::{Segment, cuts};
use super::series::Series;
use super::tasks::{self, Pairs, Task};
use super::{Neighbours, Profile, Settings};
use crate::Result;
use crate::job::Job;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};

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
    let tasks = tasks::tasks(Pairs::Within { cuts: &cut, exclusion }, settings.fraction);
    tasks::run(settings.threads, &tasks, |task| {
        let (row_known, column_known) = if task.swapped { (&left, &right) } else { (&right, &left) };
        let (row_known, column_known) = (&row_known[task.rows], &column_known[task.columns]);
        let found = |segments: &[Segment], known: &Mutex<Vec<Nearest>>| -> Result<Vec<Found>> {
            lock(known).iter().map(|known| Found::new(&segments[0], 1, Some(known))).collect()
        };
        let (rows, columns) = (&segments[task.rows], &segments[task.columns]);
        let (mut row_found, mut column_found) = (found(rows, row_known)?, found(columns, column_known)?);
        sweep(metric, task, order, settings, (rows, &mut row_found), (columns, &mut column_found), job)?;
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
            (0..d)
                .map(|level| level_distance(series, order, settings, i, index(level), level))
                .collect::<Vec<_>>()
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

fn level_distance(
    series: &[Series],
    order: &Order,
    settings: &Settings,
    i: usize,
    j: u32,
    level: usize,
) -> (f64, u32) {
    if j == NONE {
        return (f64::INFINITY, NONE);
    }
    let all = order.distances(series, settings.distance, i, j as usize);
    let mean = all[..=level].iter().map(|(distance, _)| distance).sum::<f64>() / (level + 1) as f64;
    if mean.is_finite() { (mean, j) } else { (f64::INFINITY, NONE) }
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

type Side<'a> = (&'a [Segment], &'a mut [Found]);

fn sweep<M: Metric>(
    metric: M,
    task: &Task,
    order: &Order,
    settings: &Settings,
    (rows, row_found): Side<'_>,
    (columns, column_found): Side<'_>,
    job: &Job,
) -> Result<()> {
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
            row_found: &mut *row_found,
            column_found: &mut *column_found,
        });
        job.step(cells as u64)?;
    }
    Ok(())
}

/// As [`super::kernel::Sweep`], with one segment per dimension and one `Found` per level.
struct Sweep<'a, M> {
    metric: M,
    m: usize,
    order: &'a Order,
    rows: &'a [Segment],
    columns: &'a [Segment],
    first: usize,
    last: usize,
    row_found: &'a mut [Found],
    column_found: &'a mut [Found],
}

impl<M: Metric> Blocks for Sweep<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { metric, m, order, rows, columns, first, last, row_found, column_found } = self;
        let size = m as f64;
        let mut cells: Vec<[f64; LANES]> = Vec::with_capacity(rows.len());
        for (a, b) in rows.iter().zip(columns) {
            cells.push(first_cells::<V, N, M>(metric, m, a, b, first, last));
        }
        // Of each dimension; then sorted; then, negative, the sums of the levels: scores.
        let mut sums = vec![[0.0; LANES]; rows.len()];
        for i in 0..rows[0].len.min(columns[0].len - first) {
            let j = i + first;
            for (((cell, sum), a), b) in cells.iter_mut().zip(&mut sums).zip(rows).zip(columns) {
                let (pi, qi, wi, fi) = (a.p[i], a.q[i], a.w[i], a.flat[i]);
                let (pj, qj, wj, fj) = (lanes(&b.p, j), lanes(&b.q, j), lanes(&b.w, j), lanes(&b.flat, j));
                for l in 0..LANES {
                    let distance = metric.distance(cell[l], wi, wj[l], fi + fj[l], size);
                    sum[l] = if distance.is_nan() { f64::INFINITY } else { distance };
                    cell[l] = metric.step(cell[l], pi, qi, pj[l], qj[l]);
                }
            }
            order.sort(&mut sums);
            let mut total = [0.0; LANES];
            let mut better = 0u64;
            for ((sum, row), column) in sums.iter_mut().zip(&*row_found).zip(&*column_found) {
                let (row_floor, column_floor) = (row.floor[i], lanes(&column.floor, j));
                for l in 0..LANES {
                    total[l] += sum[l];
                    sum[l] = -total[l];
                    better |= u64::from(sum[l] > row_floor) | u64::from(sum[l] > column_floor[l]);
                }
            }
            if better != 0 {
                record(&sums, (rows[0].start, i, row_found), (columns[0].start, j, column_found));
            }
        }
    }
}

#[inline(never)]
fn record(
    scores: &[[f64; LANES]],
    rows: (usize, usize, &mut [Found]),
    columns: (usize, usize, &mut [Found]),
) {
    dispatch_blocks(Record { scores, rows, columns });
}

struct Record<'a> {
    scores: &'a [[f64; LANES]],
    rows: (usize, usize, &'a mut [Found]),
    columns: (usize, usize, &'a mut [Found]),
}

impl Blocks for Record<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { scores, rows: (row_start, i, row_found), columns: (column_start, j, column_found) } = self;
        for ((scores, row), column) in scores.iter().zip(row_found).zip(column_found) {
            let scores: [V; N] = load(scores, 0);
            row.offer_row(i, &scores, column_start + j);
            column.offer_column(j, &scores, row_start + i);
        }
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
