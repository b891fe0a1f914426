//! The whole way: from several series to their profile.

use std::ops::Range;

use super::bounds::Distances;
use super::lower_bounds::LowerBounds;
use super::part::Part;
use super::sweep::{Side, sweep};
use crate::detect::matrix_profile::cuts::cuts;
use crate::detect::matrix_profile::metric::{Distance, Lp, Metric, Relative, ZNormalized};
use crate::detect::matrix_profile::nearest::{NONE, Nearest, SharedNearest};
use crate::detect::matrix_profile::order::Order;
use crate::detect::matrix_profile::profile::{Neighbours, Profile};
use crate::detect::matrix_profile::segment::Segment;
use crate::detect::matrix_profile::series::Series;
use crate::detect::matrix_profile::settings::{Settings, check_size};
use crate::detect::matrix_profile::tasks::{self, Pairs, Task};
use crate::job::Job;
use crate::{Error, Result};

/// Cells per task and dimension: milliseconds of work.
const CELLS: usize = 1 << 24;

/// The profile of several series of equal length, joined with themselves (mSTAMP): per window one neighbour for each
/// level, level k being the mean distance over the best k + 1 series. Those in `include` always take part.
pub fn multidimensional(
    x: &[Vec<f64>],
    include: &[usize],
    settings: &Settings,
    job: &Job,
) -> Result<Profile> {
    let dimensions = &Dimensions::new("x", x, include, settings, job)?;
    settings.check_self_join(x[0].len())?;
    match settings.distance {
        Distance::ZNormalized => dimensions.join(ZNormalized, settings, job),
        Distance::L1 => dimensions.join(Lp::<1>, settings, job),
        Distance::L2 => dimensions.join(Lp::<2>, settings, job),
        Distance::Relative => dimensions.join(Relative, settings, job),
    }
}

/// For each window of several series and each level its nearest neighbour among the windows of as many other series.
pub fn multidimensional_ab_join(
    x: &[Vec<f64>],
    reference: &[Vec<f64>],
    include: &[usize],
    settings: &Settings,
    job: &Job,
) -> Result<Profile> {
    let dimensions = &Dimensions::new("x", x, include, settings, job)?;
    if reference.len() != x.len() {
        let rule = format!("must have as many series as x, {}", x.len());
        return Err(Error::invalid("reference", format!("{} series", reference.len()), rule));
    }
    let others = &Dimensions::new("reference", reference, include, settings, job)?;
    match settings.distance {
        Distance::ZNormalized => dimensions.join_with(others, ZNormalized, settings, job),
        Distance::L1 => dimensions.join_with(others, Lp::<1>, settings, job),
        Distance::L2 => dimensions.join_with(others, Lp::<2>, settings, job),
        Distance::Relative => dimensions.join_with(others, Relative, settings, job),
    }
}

/// The series that level `level` of a multidimensional profile takes between each window and its neighbour `index`:
/// rows of `level + 1` series, the included ones first and the others from near to far; -1 where there is no neighbour.
pub fn subspaces(
    x: &[Vec<f64>],
    include: &[usize],
    settings: &Settings,
    index: &[i64],
    level: usize,
    job: &Job,
) -> Result<Vec<i64>> {
    let Dimensions { series, order } = &Dimensions::new("x", x, include, settings, job)?;
    if level >= series.len() {
        let rule = format!("must be below the number of series, {}", x.len());
        return Err(Error::invalid("level", level, rule));
    }
    let windows = series[0].windows();
    if index.len() != windows {
        let found = format!("{} items", index.len());
        return Err(Error::invalid("index", found, "must have one item per window"));
    }
    tasks::for_windows(settings.threads, windows, job, |i, distances: &mut Vec<f64>, out| {
        match usize::try_from(index[i]).ok().filter(|&j| j < windows) {
            Some(j) => {
                out.extend(order.subspace(settings.distance, (series, i), (series, j), level, distances));
            }
            None => out.extend(std::iter::repeat_n(-1, level + 1)),
        }
    })
}

/// The series, and the order of their distances.
struct Dimensions {
    series: Vec<Series>,
    order: Order,
}

impl Dimensions {
    /// `path` names the series in errors.
    fn new(path: &str, x: &[Vec<f64>], include: &[usize], settings: &Settings, job: &Job) -> Result<Self> {
        settings.check()?;
        let d = x.len();
        let Some(n) = x.first().map(Vec::len) else {
            return Err(Error::invalid(path, "", "must have at least one dimension"));
        };
        if settings.k != 1 {
            return Err(Error::invalid("k", settings.k, "must be 1 for a multidimensional profile"));
        }
        let order = self::order(d, include)?;
        let series = |t: usize| {
            if x[t].len() != n {
                let rule = format!("must have as many values as {path}[0], {n}");
                return Err(Error::invalid(format!("{path}[{t}]"), format!("{} values", x[t].len()), rule));
            }
            check_size(path, n)?;
            Series::new(path, &x[t], settings.window, settings.distance, job)
        };
        let series = (0..d).map(series).collect::<Result<_>>()?;
        Ok(Self { series, order })
    }

    /// Joins the series with themselves. Each window has d neighbours: one per level.
    fn join<M: Metric>(&self, metric: M, settings: &Settings, job: &Job) -> Result<Profile> {
        let Self { series, order } = self;
        let (d, exclusion) = (series.len(), settings.exclusion());
        let cuts = cuts(series);
        let parts = self.parts::<M>(&cuts, settings, job)?;
        let (left, right) = (nothing_found(&cuts, d)?, nothing_found(&cuts, d)?);
        let tasks = tasks::tasks(Pairs::Within { cuts: &cuts, exclusion }, CELLS, settings.fraction);
        tasks::run(settings.threads, &tasks, |task| {
            let (rows, columns) = if task.swapped { (&left, &right) } else { (&right, &left) };
            let rows = (&parts[task.rows], Some(&rows[task.rows]));
            let columns = (&parts[task.columns], Some(&columns[task.columns]));
            sweep_bounded(metric, order, task, settings, rows, columns, job)
        })?;
        drop(parts);
        let left = self.report(self, &cuts, left, settings, job)?;
        let right = self.report(self, &cuts, right, settings, job)?;
        let best = Neighbours::nearer(&left, &right)?;
        Ok(Profile { best, sides: Some((left, right)) })
    }

    /// Joins the series with others.
    fn join_with<M: Metric>(
        &self,
        others: &Self,
        metric: M,
        settings: &Settings,
        job: &Job,
    ) -> Result<Profile> {
        let Self { series, order } = self;
        let (cuts, other_cuts) = (cuts(series), cuts(&others.series));
        let parts = self.parts::<M>(&cuts, settings, job)?;
        let other_parts = others.parts::<M>(&other_cuts, settings, job)?;
        let nearest = nothing_found(&cuts, series.len())?;
        let pairs = Pairs::Between { cuts: &cuts, reference: &other_cuts };
        let tasks = tasks::tasks(pairs, CELLS, settings.fraction);
        tasks::run(settings.threads, &tasks, |task| {
            let mine = |at: usize| (&parts[at], Some(&nearest[at]));
            let other = |at: usize| (&other_parts[at], None);
            if task.swapped {
                let (rows, columns) = (other(task.rows), mine(task.columns));
                sweep_bounded(metric, order, task, settings, rows, columns, job)
            } else {
                let (rows, columns) = (mine(task.rows), other(task.columns));
                sweep_bounded(metric, order, task, settings, rows, columns, job)
            }
        })?;
        let best = self.report(others, &cuts, nearest, settings, job)?;
        Ok(Profile { best, sides: None })
    }

    fn parts<M: Metric>(&self, cuts: &[Range<usize>], settings: &Settings, job: &Job) -> Result<Vec<Part>> {
        let part = |range: &Range<usize>| -> Result<Part> {
            let segment = |&t: &usize| -> Result<Segment> {
                job.check()?;
                Ok(Segment::new(&self.series[t], range.clone(), settings.distance, true))
            };
            let segments = self.order.dimensions.iter().map(segment).collect::<Result<_>>()?;
            Ok(Part::new(segments, M::BOUNDED))
        };
        cuts.iter().map(part).collect()
    }

    /// The exact mean distance of each window and level to the neighbour found, which is a window of `others`.
    fn report(
        &self,
        others: &Self,
        cuts: &[Range<usize>],
        nearest: Vec<SharedNearest>,
        settings: &Settings,
        job: &Job,
    ) -> Result<Neighbours> {
        let Self { series, order } = self;
        let d = series.len();
        let nearest: Vec<Nearest> = nearest.into_iter().map(SharedNearest::into_nearest).collect();
        // Several levels often have the same neighbour: its means at all levels are kept.
        let of_window = |i: usize, seen: &mut Vec<(u32, Vec<f64>)>, out: &mut Vec<(f64, u32)>| {
            let at = cuts.partition_point(|r| r.end <= i);
            let places = (i - cuts[at].start) * d..(i - cuts[at].start + 1) * d;
            let mut count = 0;
            for (level, &j) in nearest[at].index[places].iter().enumerate() {
                let mut mean = f64::INFINITY;
                if j != NONE {
                    let place = seen[..count].iter().position(|&(other, _)| other == j).unwrap_or(count);
                    if place == count {
                        if seen.len() == count {
                            seen.push((j, Vec::with_capacity(d)));
                        }
                        seen[count].0 = j;
                        let other = (&others.series[..], j as usize);
                        order.means(settings.distance, (series, i), other, &mut seen[count].1);
                        count += 1;
                    }
                    mean = seen[place].1[level];
                }
                out.push(if mean.is_finite() { (mean, j) } else { (f64::INFINITY, NONE) });
            }
        };
        let list = tasks::for_windows(settings.threads, series[0].windows(), job, of_window)?;
        Neighbours::from_list(&list, d)
    }
}

/// The order of the distances of `d` series, of which some take part in every level.
pub(crate) fn order(d: usize, include: &[usize]) -> Result<Order> {
    for (at, &t) in include.iter().enumerate() {
        if t >= d || include[..at].contains(&t) {
            let rule = format!("must name different dimensions below {d}");
            return Err(Error::invalid(format!("include[{at}]"), t, rule));
        }
    }
    Ok(Order::new(d, include))
}

/// Nothing found for the windows and levels of `d` series: level `level` of window i is number `d * i + level`.
fn nothing_found(cuts: &[Range<usize>], d: usize) -> Result<Vec<SharedNearest>> {
    cuts.iter().map(|range| SharedNearest::new(range.len() * d, 1)).collect()
}

/// Sweeps one task with the distance of the settings.
pub(crate) fn sweep_any(
    order: &Order,
    task: &Task,
    settings: &Settings,
    rows: Side<'_>,
    columns: Side<'_>,
    job: &Job,
) -> Result<()> {
    match settings.distance {
        Distance::ZNormalized => sweep_bounded(ZNormalized, order, task, settings, rows, columns, job),
        Distance::L1 => sweep_bounded(Lp::<1>, order, task, settings, rows, columns, job),
        Distance::L2 => sweep_bounded(Lp::<2>, order, task, settings, rows, columns, job),
        Distance::Relative => sweep_bounded(Relative, order, task, settings, rows, columns, job),
    }
}

/// Sweeps one task, with lower bounds where there are some.
fn sweep_bounded<M: Metric>(
    metric: M,
    order: &Order,
    task: &Task,
    settings: &Settings,
    rows: Side<'_>,
    columns: Side<'_>,
    job: &Job,
) -> Result<()> {
    match (&rows.0.bound_weights, &columns.0.bound_weights) {
        (Some(row_weights), Some(column_weights)) => {
            let bound = LowerBounds { rows: row_weights, columns: column_weights };
            sweep(metric, bound, order, task, settings.window, rows, columns, job)
        }
        _ => sweep(metric, Distances, order, task, settings.window, rows, columns, job),
    }
}
