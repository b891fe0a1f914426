//! Several series at once: the mSTAMP profile.
//!
//! For each pair of windows the distances of the d dimensions are sorted; level k is the mean of the k + 1 smallest
//! (after those of the dimensions that must be included). Each level has its own nearest neighbour.
//! Yeh, Kavantzas & Keogh, "Matrix Profile VI" (ICDM 2017).

use std::ops::Range;

use super::bars::{Bars, Number};
use super::kernel::{LANES, first_cells};
use super::metric::{Distance, Lp, Metric, Relative, ZNormalized};
use super::nearest::{Found, Known, NONE, Nearest, Open};
use super::order::Order;
use super::segment::{Segment, cuts};
use super::series::Series;
use super::sieve::{BarPair, Bounded, Exact, Near, Place, ROWS, Rows, Sieve, distance, sift};
use super::tasks::{self, Pairs, Task};
use super::{Neighbours, Profile, Settings};
use crate::Result;
use crate::job::Job;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks, exchange, sort};

/// Cells per task and dimension: milliseconds of work.
const CELLS: usize = 1 << 24;

/// Joins d series with themselves. Each window has d neighbours: one per level.
pub(super) fn within(series: &[Series], order: &Order, settings: &Settings, job: &Job) -> Result<Profile> {
    match settings.distance {
        Distance::ZNormalized => within_with(ZNormalized, series, order, settings, job),
        Distance::L1 => within_with(Lp::<1>, series, order, settings, job),
        Distance::L2 => within_with(Lp::<2>, series, order, settings, job),
        Distance::Relative => within_with(Relative, series, order, settings, job),
    }
}

/// A run of windows in all dimensions (in order).
struct Part {
    segments: Vec<Segment>,
    /// What the bounds need, unless numbers might leave their range.
    near: Option<Vec<Near>>,
    /// The weights of all dimensions, window by window, and how constant they are (½ or 0).
    w: Vec<f64>,
    flat: Vec<f64>,
}

impl Part {
    fn new(segments: Vec<Segment>, bounded: bool) -> Self {
        let near = if bounded { segments.iter().map(Near::new).collect() } else { None };
        let by_window = |of: fn(&Segment) -> &[f64]| -> Vec<f64> {
            (0..segments[0].len).flat_map(|i| segments.iter().map(move |s| of(s)[i])).collect()
        };
        Self { near, w: by_window(|s| &s.w), flat: by_window(|s| &s.flat), segments }
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
    let part = |range: &Range<usize>| -> Result<Part> {
        let segment = |&t: &usize| -> Result<Segment> {
            job.check()?;
            Ok(Segment::new(&series[t], range.clone(), settings.distance, true))
        };
        Ok(Part::new(order.dimensions.iter().map(segment).collect::<Result<_>>()?, M::BOUNDED))
    };
    let parts: Vec<Part> = cut.iter().map(part).collect::<Result<_>>()?;
    // Level `level` of window i is number `d * i + level`.
    let nothing_known =
        || -> Result<Vec<Known>> { cut.iter().map(|range| Known::new(range.len() * d, 1)).collect() };
    let (left, right) = (nothing_known()?, nothing_known()?);
    let tasks = tasks::tasks(Pairs::Within { cuts: &cut, exclusion }, CELLS, settings.fraction);
    tasks::run(settings.threads, &tasks, |task| {
        let (rows, columns) = if task.swapped { (&left, &right) } else { (&right, &left) };
        let rows = (&parts[task.rows], &rows[task.rows]);
        let columns = (&parts[task.columns], &columns[task.columns]);
        match (&rows.0.near, &columns.0.near) {
            (Some(near), Some(other)) => {
                let bounded = Bounded { rows: near, columns: other };
                sweep(metric, bounded, order, task, settings.m, rows, columns, job)
            }
            _ => sweep(metric, Exact, order, task, settings.m, rows, columns, job),
        }
    })?;
    drop(parts);
    let report = |known: Vec<Known>| -> Result<Neighbours> {
        let known: Vec<Nearest> = known.into_iter().map(Known::into_nearest).collect();
        // Several levels often have the same neighbour: its means at all levels are kept.
        let of_window = |i: usize, seen: &mut Vec<(u32, Vec<f64>)>, out: &mut Vec<(f64, u32)>| {
            let at = cut.partition_point(|r| r.end <= i);
            let places = (i - cut[at].start) * d..(i - cut[at].start + 1) * d;
            let mut count = 0;
            for (level, &j) in known[at].index[places].iter().enumerate() {
                let mut mean = f64::INFINITY;
                if j != NONE {
                    let place = seen[..count].iter().position(|&(other, _)| other == j).unwrap_or(count);
                    if place == count {
                        if seen.len() == count {
                            seen.push((j, Vec::with_capacity(d)));
                        }
                        seen[count].0 = j;
                        order.means(series, settings.distance, i, j as usize, &mut seen[count].1);
                        count += 1;
                    }
                    mean = seen[place].1[level];
                }
                out.push(if mean.is_finite() { (mean, j) } else { (f64::INFINITY, NONE) });
            }
        };
        let list = tasks::for_windows(settings.threads, series[0].windows(), job, of_window)?;
        Neighbours::from_list(&list, d)
    };
    let (left, right) = (report(left)?, report(right)?);
    let best = nearer(&left, &right)?;
    Ok(Profile { best, sides: Some((left, right)) })
}

/// One task: sweeps its diagonals, and gives what was found to those who know.
#[allow(clippy::too_many_arguments)]
fn sweep<M: Metric, S: Sieve>(
    metric: M,
    sieve: S,
    order: &Order,
    task: &Task,
    m: usize,
    (rows, row_known): (&Part, &Known),
    (columns, column_known): (&Part, &Known),
    job: &Job,
) -> Result<()> {
    let d = rows.segments.len();
    let lengths = (rows.segments[0].len, columns.segments[0].len);
    let found = |len: usize, known: &Known| Found::new(len * d, 1, Some(&known.lock()));
    let (mut row_found, mut column_found) = (found(lengths.0, row_known)?, found(lengths.1, column_known)?);
    let scale = sieve.scale(d, m);
    let bars = |found: &Found, len: usize, by_level| Bars::new(&found.floor[..len * d], d, scale, by_level);
    let mut row_bars = bars(&row_found, lengths.0, false);
    let mut column_bars = bars(&column_found, lengths.1, true);
    for block in task.blocks() {
        let cells: usize = block.clone().map(|d| lengths.0.min(lengths.1 - d)).sum();
        dispatch_blocks(Sweep {
            metric,
            sieve,
            m,
            order,
            rows,
            columns,
            first: block.start,
            last: block.end,
            row_bars: &mut row_bars,
            column_bars: &mut column_bars,
            row_found: row_found.open(),
            column_found: column_found.open(),
        });
        job.step(cells as u64)?;
    }
    row_found.give(&mut row_known.lock());
    column_found.give(&mut column_known.lock());
    Ok(())
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
    tasks::for_windows(settings.threads, windows, job, |i, distances: &mut Vec<f64>, out| {
        match usize::try_from(index[i]).ok().filter(|&j| j < windows) {
            Some(j) => out.extend(order.subspace(series, settings.distance, (i, j), level, distances)),
            None => out.extend(std::iter::repeat_n(-1, level + 1)),
        }
    })
}

/// As [`super::kernel::Sweep`], in several dimensions.
struct Sweep<'a, M, S: Sieve> {
    metric: M,
    sieve: S,
    m: usize,
    order: &'a Order,
    rows: &'a Part,
    columns: &'a Part,
    first: usize,
    last: usize,
    row_bars: &'a mut Bars<S::Number>,
    column_bars: &'a mut Bars<S::Number>,
    row_found: Open<'a>,
    column_found: Open<'a>,
}

impl<M: Metric, S: Sieve> Blocks for Sweep<'_, M, S> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(mut self) {
        let (rows, columns) = (&self.rows.segments[..], &self.columns.segments[..]);
        let d = rows.len();
        let mut states: Vec<[f64; LANES]> = Vec::with_capacity(d);
        for (a, b) in rows.iter().zip(columns) {
            states.push(first_cells::<V, N, M>(self.metric, self.m, a, b, self.first, self.last));
        }
        let mut kept: Vec<Rows<f64>> = vec![[[0.0; LANES]; ROWS]; d];
        let mut numbers: Vec<Rows<S::Number>> = vec![[[S::Number::ZERO; LANES]; ROWS]; d];
        let count = rows[0].len.min(columns[0].len - self.first);
        for i in (0..count).step_by(ROWS) {
            let (j, size) = (i + self.first, ROWS.min(count - i));
            for t in 0..d {
                let place = Place { rows: &rows[t], columns: &columns[t], i, j, size, m: self.m };
                let (kept, numbers) = (&mut kept[t], &mut numbers[t]);
                self.sieve.advance::<V, N, M>(self.metric, t, place, &mut states[t], kept, numbers);
            }
            let network = (self.order.included, &self.order.network[..]);
            let bars = BarPair { rows: self.row_bars, columns: self.column_bars, lower: M::SYMMETRIC };
            let hits = sift::<S::Number, S::Lanes<V>>(&mut numbers, network, bars, (i, j), size);
            for (r, mut hits) in hits.into_iter().enumerate().take(size) {
                while hits != 0 {
                    self.look(&kept, r, i + r, hits.trailing_zeros() as usize);
                    hits &= hits - 1;
                }
            }
        }
    }
}

impl<M: Metric, S: Sieve> Sweep<'_, M, S> {
    /// Enters lane `l` of row `r` of the kept cells, which is row `i` of the segment, where it is better than what is known.
    #[inline(always)]
    fn look(&mut self, kept: &[Rows<f64>], r: usize, i: usize, l: usize) {
        match (kept.len(), self.order.included) {
            (2, 0) => self.look_sorted::<2>(kept, r, i, l),
            (3, 0) => self.look_sorted::<3>(kept, r, i, l),
            (4, 0) => self.look_sorted::<4>(kept, r, i, l),
            (5, 0) => self.look_sorted::<5>(kept, r, i, l),
            (6, 0) => self.look_sorted::<6>(kept, r, i, l),
            (7, 0) => self.look_sorted::<7>(kept, r, i, l),
            (8, 0) => self.look_sorted::<8>(kept, r, i, l),
            _ => self.look_any(kept, r, i, l),
        }
    }

    #[inline(always)]
    fn look_sorted<const D: usize>(&mut self, kept: &[Rows<f64>], r: usize, i: usize, l: usize) {
        let mut distances = [0.0; D];
        for side in Self::SIDES {
            self.distances(kept, (r, i, l), side, &mut distances);
            sort(&mut distances);
            self.enter(&distances, i, l, side);
        }
    }

    #[inline(always)]
    fn look_any(&mut self, kept: &[Rows<f64>], r: usize, i: usize, l: usize) {
        let mut distances = vec![0.0; kept.len()];
        for side in Self::SIDES {
            self.distances(kept, (r, i, l), side, &mut distances);
            exchange(&mut distances, &self.order.network);
            self.enter(&distances, i, l, side);
        }
    }

    const SIDES: &'static [Side] = if M::SYMMETRIC { &[Side::Both] } else { &[Side::Row, Side::Column] };

    /// The distances of a cell in each dimension.
    #[inline(always)]
    fn distances(&self, kept: &[Rows<f64>], (r, i, l): (usize, usize, usize), side: &Side, out: &mut [f64]) {
        let (d, j) = (out.len(), i + self.first + l);
        let (row, column) = (i * d..(i + 1) * d, j * d..(j + 1) * d);
        let (mut wi, fi) = (&self.rows.w[row.clone()], &self.rows.flat[row]);
        let (mut wj, fj) = (&self.columns.w[column.clone()], &self.columns.flat[column]);
        if matches!(side, Side::Column) {
            (wi, wj) = (wj, wi);
        }
        for t in 0..d {
            out[t] = distance(self.metric, kept[t][r][l], wi[t], wj[t], fi[t] + fj[t], self.m);
        }
    }

    /// Enters a cell with these distances, level by level.
    #[inline(always)]
    fn enter(&mut self, distances: &[f64], i: usize, l: usize, side: &Side) {
        let (d, j) = (distances.len(), i + self.first + l);
        let neighbour = (self.columns.segments[0].start + j, self.rows.segments[0].start + i);
        let mut total = 0.0;
        for (level, distance) in distances.iter().enumerate() {
            total += distance;
            if !matches!(side, Side::Column)
                && self.row_found.offer_nearest(i * d + level, -total, neighbour.0)
            {
                self.row_bars.set(level, i, -total);
            }
            if !matches!(side, Side::Row)
                && self.column_found.offer_nearest(j * d + level, -total, neighbour.1)
            {
                self.column_bars.set(level, j, -total);
            }
        }
    }
}

/// Whose neighbour the other is.
enum Side {
    Row,
    Column,
    Both,
}
