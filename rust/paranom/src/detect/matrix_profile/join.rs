//! The join of one series with itself, or with a reference series: the sweep, then the exact distances.

use std::ops::Range;

use super::cuts::cuts;
use super::metric::{Distance, Lp, Metric, Relative, ZNormalized};
use super::nearest::{Candidates, SharedNearest};
use super::profile::{Neighbours, Profile};
use super::report::Report;
use super::segment::Segment;
use super::series::Series;
use super::settings::{Settings, check_size};
use super::sweep::Sweep;
use super::tasks::{self, Pairs, Task};
use crate::Result;
use crate::job::Job;
use crate::simd::vector::dispatch_blocks;

/// The profile of a series joined with itself: windows more than [`Settings::exclusion`] apart.
///
/// The job counts cells: pairs of windows.
pub fn self_join(x: &[f64], settings: &Settings, job: &Job) -> Result<Profile> {
    settings.check()?;
    settings.check_self_join(x.len())?;
    let series = &Series::new("x", x, settings.window, settings.distance, job)?;
    let exclusion = settings.exclusion();
    let cuts = cuts(std::slice::from_ref(series));
    let segments = segments(series, &cuts, settings, job)?;
    let (left, right) = (nothing_found(&segments, settings.k)?, nothing_found(&segments, settings.k)?);
    let tasks = tasks::tasks(Pairs::Within { cuts: &cuts, exclusion }, task_size(&cuts), settings.fraction);
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
    let left = report.neighbours(&cuts, left, before, job)?;
    let right = report.neighbours(&cuts, right, after, job)?;
    let best = Neighbours::merged(&left, &right)?;
    Ok(Profile { best, sides: Some((left, right)) })
}

/// For each window of `x`, its nearest neighbours among all windows of `reference`.
pub fn ab_join(x: &[f64], reference: &[f64], settings: &Settings, job: &Job) -> Result<Profile> {
    let join = AbJoin::new(x, reference, settings, job)?;
    let nearest = nothing_found(&join.mine, settings.k)?;
    join.sweep(&nearest, None, job)?;
    join.report((&join.series, &join.cuts), &join.reference, nearest, job)
}

/// As [`ab_join`], and the nearest neighbours of each window of `reference` among those of `x`, in one sweep.
pub fn ab_join_both(
    x: &[f64],
    reference: &[f64],
    settings: &Settings,
    job: &Job,
) -> Result<(Profile, Profile)> {
    let join = AbJoin::new(x, reference, settings, job)?;
    let nearest = nothing_found(&join.mine, settings.k)?;
    let theirs = nothing_found(&join.others, settings.k)?;
    join.sweep(&nearest, Some(&theirs), job)?;
    let mine = join.report((&join.series, &join.cuts), &join.reference, nearest, job)?;
    Ok((mine, join.report((&join.reference, &join.reference_cuts), &join.series, theirs, job)?))
}

/// Two series, ready to be joined.
struct AbJoin<'a> {
    settings: &'a Settings,
    series: Series,
    reference: Series,
    cuts: Vec<Range<usize>>,
    reference_cuts: Vec<Range<usize>>,
    mine: Vec<Segment>,
    others: Vec<Segment>,
}

impl<'a> AbJoin<'a> {
    fn new(x: &[f64], reference: &[f64], settings: &'a Settings, job: &Job) -> Result<Self> {
        settings.check()?;
        check_size("x", x.len())?;
        check_size("reference", reference.len())?;
        let series = Series::new("x", x, settings.window, settings.distance, job)?;
        let reference = Series::new("reference", reference, settings.window, settings.distance, job)?;
        let (cuts, reference_cuts) =
            (cuts(std::slice::from_ref(&series)), cuts(std::slice::from_ref(&reference)));
        let mine = segments(&series, &cuts, settings, job)?;
        let others = segments(&reference, &reference_cuts, settings, job)?;
        Ok(Self { settings, series, reference, cuts, reference_cuts, mine, others })
    }

    /// Finds the neighbours of the windows of the series and, if `theirs` is given, those of the reference.
    fn sweep(&self, nearest: &[SharedNearest], theirs: Option<&[SharedNearest]>, job: &Job) -> Result<()> {
        let mine = Joined { cuts: &self.cuts, segments: &self.mine, nearest: Some(nearest) };
        let others = Joined { cuts: &self.reference_cuts, segments: &self.others, nearest: theirs };
        sweep_between(self.settings, mine, others, job)
    }

    fn report(
        &self,
        (series, cuts): (&Series, &[Range<usize>]),
        reference: &Series,
        nearest: Vec<SharedNearest>,
        job: &Job,
    ) -> Result<Profile> {
        let report = Report::new(series, reference, self.settings)?;
        let best = report.neighbours(cuts, nearest, |_| 0..reference.windows(), job)?;
        Ok(Profile { best, sides: None })
    }
}

/// One of two series that are joined.
#[derive(Clone, Copy)]
pub(super) struct Joined<'a> {
    /// Its segments: which windows they hold, and what the sweep needs of them.
    pub(super) cuts: &'a [Range<usize>],
    pub(super) segments: &'a [Segment],
    /// Where the neighbours of each segment's windows are collected; None if nobody asks for them.
    pub(super) nearest: Option<&'a [SharedNearest]>,
}

impl<'a> Joined<'a> {
    fn side(&self, at: usize) -> Side<'a> {
        (&self.segments[at], self.nearest.map(|nearest| &nearest[at]))
    }
}

/// Finds the neighbours of the windows of one series among those of another, and the other way round.
pub(super) fn sweep_between(
    settings: &Settings,
    mine: Joined<'_>,
    others: Joined<'_>,
    job: &Job,
) -> Result<()> {
    let pairs = Pairs::Between { cuts: mine.cuts, reference: others.cuts };
    let size = task_size(mine.cuts).max(task_size(others.cuts));
    tasks::run(settings.threads, &tasks::tasks(pairs, size, settings.fraction), |task| {
        if task.swapped {
            sweep(task, settings, others.side(task.rows), mine.side(task.columns), job)
        } else {
            sweep(task, settings, mine.side(task.rows), others.side(task.columns), job)
        }
    })
}

/// Cells per task: milliseconds of work, and so many diagonals that their first cells cost little.
fn task_size(cuts: &[Range<usize>]) -> usize {
    let longest = cuts.iter().map(Range::len).max().unwrap_or(0);
    longest.saturating_mul(4096).max(1 << 26)
}

fn nothing_found(segments: &[Segment], k: usize) -> Result<Vec<SharedNearest>> {
    segments.iter().map(|s| SharedNearest::new(s.len, k)).collect()
}

fn segments(series: &Series, cuts: &[Range<usize>], settings: &Settings, job: &Job) -> Result<Vec<Segment>> {
    let segment = |range: &Range<usize>| {
        job.check()?;
        Ok(Segment::new(series, range.clone(), settings.distance, false))
    };
    cuts.iter().map(segment).collect()
}

/// A segment, and where its neighbours are collected; None if nobody asks for them.
pub(super) type Side<'a> = (&'a Segment, Option<&'a SharedNearest>);

/// Sweeps one task, and enters what it finds.
pub(super) fn sweep(
    task: &Task,
    settings: &Settings,
    rows: Side<'_>,
    columns: Side<'_>,
    job: &Job,
) -> Result<()> {
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
    (rows, row_nearest): Side<'_>,
    (columns, column_nearest): Side<'_>,
    job: &Job,
) -> Result<()> {
    let candidates = |segment: &Segment, nearest: Option<&SharedNearest>| {
        let nearest = nearest.map(SharedNearest::lock);
        let mut candidates = Candidates::new(segment.len, settings.k, nearest.as_deref())?;
        candidates.exclude(&segment.w);
        Ok(candidates)
    };
    let mut row_candidates = candidates(rows, row_nearest)?;
    let mut column_candidates = candidates(columns, column_nearest)?;
    dispatch_blocks(Sweep {
        metric,
        m: settings.window,
        task,
        rows,
        columns,
        row_candidates: &mut row_candidates,
        column_candidates: &mut column_candidates,
        job,
    })?;
    for (candidates, nearest) in [(row_candidates, row_nearest), (column_candidates, column_nearest)] {
        if let Some(nearest) = nearest {
            candidates.merge_into(&mut nearest.lock());
        }
    }
    Ok(())
}
