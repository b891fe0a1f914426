//! The join of one series with itself or with another: sweep, then report exact distances.

use std::ops::Range;

use super::exact;
use super::kernel::Sweep;
use super::metric::{Distance, Lp, Metric, Relative, ZNormalized};
use super::nearest::{Found, Known, NONE, Nearest};
use super::segment::{Segment, cuts};
use super::series::Series;
use super::tasks::{self, Pairs, Task};
use super::twins::{self, Twins};
use super::{Neighbours, Profile, Settings};
use crate::Result;
use crate::job::Job;
use crate::simd::vector::dispatch_blocks;

fn nothing_known(segments: &[Segment], k: usize) -> Result<Vec<Known>> {
    segments.iter().map(|s| Known::new(s.len, k)).collect()
}

/// Cells per task: milliseconds of work, and thousands of diagonals, so that what each one prepares counts little.
fn cells(cut: &[Range<usize>]) -> usize {
    let longest = cut.iter().map(Range::len).max().unwrap_or(0);
    longest.saturating_mul(4096).max(1 << 26)
}

/// Joins a series with itself.
pub(super) fn within(series: &Series, settings: &Settings, job: &Job) -> Result<Profile> {
    let exclusion = settings.exclusion();
    let cut = cuts(std::slice::from_ref(series));
    let segments = segments(series, &cut, settings, job)?;
    let (left, right) = (nothing_known(&segments, settings.k)?, nothing_known(&segments, settings.k)?);
    let tasks = tasks::tasks(Pairs::Within { cuts: &cut, exclusion }, cells(&cut), settings.fraction);
    tasks::run(settings.threads, &tasks, |task| {
        let (rows, columns) = if task.swapped { (&left, &right) } else { (&right, &left) };
        let rows = (&segments[task.rows], Some(&rows[task.rows]));
        let columns = (&segments[task.columns], Some(&columns[task.columns]));
        sweep(task, settings, rows, columns, job)
    })?;
    drop(segments);
    let report = Report::new(series, series, settings)?;
    let windows = series.windows();
    let before = |i: usize| 0..i.saturating_sub(exclusion);
    let after = |i: usize| (i + exclusion + 1).min(windows)..windows;
    let left = report.neighbours(&cut, left, before, job)?;
    let right = report.neighbours(&cut, right, after, job)?;
    let best = Neighbours::nearer(&left, &right)?;
    Ok(Profile { best, sides: Some((left, right)) })
}

/// Finds the neighbours of each window of a series in another one.
pub(super) fn between(series: &Series, other: &Series, settings: &Settings, job: &Job) -> Result<Profile> {
    let (cut, other_cut) = (cuts(std::slice::from_ref(series)), cuts(std::slice::from_ref(other)));
    let mine = segments(series, &cut, settings, job)?;
    let others = segments(other, &other_cut, settings, job)?;
    let known = nothing_known(&mine, settings.k)?;
    let tasks = tasks::tasks(
        Pairs::Between { cuts: &cut, other: &other_cut },
        cells(&cut).max(cells(&other_cut)),
        settings.fraction,
    );
    tasks::run(settings.threads, &tasks, |task| {
        if task.swapped {
            let columns = (&mine[task.columns], Some(&known[task.columns]));
            sweep(task, settings, (&others[task.rows], None), columns, job)
        } else {
            let rows = (&mine[task.rows], Some(&known[task.rows]));
            sweep(task, settings, rows, (&others[task.columns], None), job)
        }
    })?;
    let report = Report::new(series, other, settings)?;
    let best = report.neighbours(&cut, known, |_| 0..other.windows(), job)?;
    Ok(Profile { best, sides: None })
}

fn segments(series: &Series, cut: &[Range<usize>], settings: &Settings, job: &Job) -> Result<Vec<Segment>> {
    let segment = |range: &Range<usize>| {
        job.check()?;
        Ok(Segment::new(series, range.clone(), settings.distance, false))
    };
    cut.iter().map(segment).collect()
}

type Side<'a> = (&'a Segment, Option<&'a Known>);

fn sweep(task: &Task, settings: &Settings, rows: Side<'_>, columns: Side<'_>, job: &Job) -> Result<()> {
    match settings.distance {
        Distance::ZNormalized => sweep_with(ZNormalized, task, settings, rows, columns, job),
        Distance::L1 => sweep_with(Lp::<1>, task, settings, rows, columns, job),
        Distance::L2 => sweep_with(Lp::<2>, task, settings, rows, columns, job),
        Distance::Relative => sweep_with(Relative, task, settings, rows, columns, job),
    }
}

fn sweep_with<M: Metric>(
    metric: M,
    task: &Task,
    settings: &Settings,
    (rows, row_known): Side<'_>,
    (columns, column_known): Side<'_>,
    job: &Job,
) -> Result<()> {
    let found = |segment: &Segment, known: Option<&Known>| {
        let known = known.map(Known::lock);
        let mut found = Found::new(segment.len, settings.k, known.as_deref())?;
        found.leave_out(&segment.w);
        Ok(found)
    };
    let mut row_found = found(rows, row_known)?;
    let mut column_found = found(columns, column_known)?;
    dispatch_blocks(Sweep {
        metric,
        m: settings.m,
        task,
        rows,
        columns,
        row_found: &mut row_found,
        column_found: &mut column_found,
        job,
    })?;
    for (found, known) in [(row_found, row_known), (column_found, column_known)] {
        if let Some(known) = known {
            found.give(&mut known.lock());
        }
    }
    Ok(())
}

/// What turns scores into distances to report.
struct Report<'a> {
    series: &'a Series,
    other: &'a Series,
    settings: &'a Settings,
    hashes: Vec<u64>,
    twins: Twins,
    /// The constant windows of `other` and its other whole ones; both empty if they are nothing special.
    constant: Vec<u32>,
    varied: Vec<u32>,
}

impl<'a> Report<'a> {
    fn new(series: &'a Series, other: &'a Series, settings: &'a Settings) -> Result<Self> {
        let special = settings.distance == Distance::ZNormalized;
        let hashes = twins::hashes(other);
        let twins = Twins::new(other, &hashes, |i| other.whole[i] && !(special && other.constant(i)))?;
        let (twins, hashes) = if std::ptr::eq(series, other) {
            (twins.among_themselves(), hashes)
        } else {
            (twins, twins::hashes(series))
        };
        let windows = |constant: bool| -> Vec<u32> {
            let wanted = |i: &usize| special && other.whole[*i] && other.constant(*i) == constant;
            (0..other.windows()).filter(wanted).map(|i| i as u32).collect()
        };
        Ok(Self { series, other, settings, hashes, twins, constant: windows(true), varied: windows(false) })
    }

    /// The exact distances and neighbours of all windows, nearest first; `range(i)` says which windows of the other
    /// series window i may have as neighbours.
    fn neighbours(
        &self,
        cut: &[Range<usize>],
        known: Vec<Known>,
        range: impl Fn(usize) -> Range<usize> + Sync,
        job: &Job,
    ) -> Result<Neighbours> {
        let (k, windows) = (self.settings.k, self.series.windows());
        let known: Vec<Nearest> = known.into_iter().map(Known::into_nearest).collect();
        let of_window = |i: usize, list: &mut Vec<(f64, u32)>, out: &mut Vec<(f64, u32)>| {
            let segment = cut.partition_point(|r| r.end <= i);
            let places = (i - cut[segment].start) * k..(i - cut[segment].start + 1) * k;
            self.list(i, &known[segment].index[places], range(i), list);
            out.extend_from_slice(list);
            out.resize(out.len() + k - list.len(), (f64::INFINITY, NONE));
        };
        let list = tasks::for_windows(self.settings.threads, windows, job, of_window)?;
        Neighbours::from_list(&list, k)
    }

    /// Lists the nearest neighbours of window i: those that the sweep found, its twins, and the constant windows.
    fn list(&self, i: usize, found: &[u32], range: Range<usize>, list: &mut Vec<(f64, u32)>) {
        let Self { series, other, settings, .. } = self;
        let k = settings.k;
        list.clear();
        if !series.whole[i] {
            return;
        }
        for &j in found.iter().filter(|&&j| j != NONE) {
            list.push((exact::between(settings.distance, series, i, other, j as usize), j));
        }
        let constant = !self.constant.is_empty() && series.constant(i);
        let special = settings.distance == Distance::ZNormalized && series.constant(i);
        if !special {
            let equal = self.twins.from(self.hashes[i], range.start).take_while(|&j| j < range.end);
            let equal = equal.filter(|&j| series.window(i) == other.window(j));
            list.extend(equal.take(k).map(|j| (0.0, j as u32)));
        }
        let first = |of: &[u32]| -> Vec<u32> {
            let start = of.partition_point(|&j| (j as usize) < range.start);
            of[start..].iter().copied().take_while(|&j| (j as usize) < range.end).take(k).collect()
        };
        let unlike = (series.m as f64).sqrt();
        if special || !self.constant.is_empty() {
            list.extend(first(&self.constant).into_iter().map(|j| (if constant { 0.0 } else { unlike }, j)));
        }
        if special {
            list.extend(first(&self.varied).into_iter().map(|j| (unlike, j)));
        }
        list.retain(|(d, _)| d.is_finite());
        list.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        list.dedup_by_key(|(_, j)| *j);
        list.truncate(k);
    }
}
