//! The windows of several series at once, by their joint distance at one level (mSTAMP's).

use std::ops::Range;

use super::comparison::Comparison;
use super::found::{Farthest, Found, LeftDiscord};
use super::piece::check_values;
use super::values::Values;
use crate::detect::matrix_profile::cuts::cuts;
use crate::detect::matrix_profile::metric::Distance;
use crate::detect::matrix_profile::multidimensional::{Part, order, sweep};
use crate::detect::matrix_profile::nearest::SharedNearest;
use crate::detect::matrix_profile::order::Order;
use crate::detect::matrix_profile::segment::Segment;
use crate::detect::matrix_profile::series::Series;
use crate::detect::matrix_profile::settings::Settings;
use crate::detect::matrix_profile::tasks::Task;
use crate::error::{try_filled, try_vec};
use crate::job::Job;
use crate::{Error, Result};

/// Several series in one sequence of numbers, and which distance of them counts.
#[derive(Debug, Clone)]
pub struct Columns {
    /// How many series.
    pub count: usize,
    /// Whether one series follows the other; else one row follows the other.
    pub by_column: bool,
    /// The series that take part in every level.
    pub include: Vec<usize>,
    /// The level: the distance is the mean over the best `level + 1` series.
    pub level: usize,
}

/// Several series.
pub(super) struct Joint<'a, S: ?Sized> {
    values: &'a S,
    settings: &'a Settings,
    columns: &'a Columns,
    order: Order,
}

/// Windows of several series.
pub(super) struct JointPiece {
    windows: Range<usize>,
    parts: Vec<Part>,
    cuts: Vec<Range<usize>>,
    series: Vec<Series>,
}

impl<'a, S: Values + ?Sized> Joint<'a, S> {
    pub(super) fn new(values: &'a S, settings: &'a Settings, columns: &'a Columns) -> Result<Self> {
        let Columns { count, level, .. } = *columns;
        let order = order(count, &columns.include)?;
        if level >= count {
            return Err(Error::invalid(
                "level",
                level,
                format!("must be below the number of series, {count}"),
            ));
        }
        if !values.count().is_multiple_of(count) {
            let rule = format!("must have a multiple of {count} values");
            return Err(Error::invalid("x", format!("{} values", values.count()), rule));
        }
        Ok(Self { values, settings, columns, order })
    }

    /// Reads some rows, series by series.
    fn read(&self, rows: Range<usize>) -> Result<Vec<Vec<f64>>> {
        let d = self.columns.count;
        let mut series = Vec::with_capacity(d);
        if self.columns.by_column {
            for t in 0..d {
                let mut x = try_filled(0.0, rows.len())?;
                self.values.read(t * self.rows() + rows.start, &mut x)?;
                series.push(x);
            }
        } else {
            let mut flat = try_filled(0.0, rows.len() * d)?;
            self.values.read(rows.start * d, &mut flat)?;
            for t in 0..d {
                let mut x = try_vec(rows.len())?;
                x.extend(flat[t..].iter().step_by(d));
                series.push(x);
            }
        }
        for (t, x) in series.iter().enumerate() {
            check_values(x, self.settings.distance, |at| format!("x[{}, {t}]", rows.start + at))?;
        }
        Ok(series)
    }

    /// One window, ready for exact distances.
    fn window(&self, start: usize, job: &Job) -> Result<Vec<Series>> {
        let Settings { window: m, distance, .. } = *self.settings;
        self.read(start..start + m)?.iter().map(|x| Series::new("x", x, m, distance, job)).collect()
    }
}

impl<S: Values + ?Sized> Comparison for Joint<'_, S> {
    type Piece = JointPiece;

    fn settings(&self) -> &Settings {
        self.settings
    }

    fn rows(&self) -> usize {
        self.values.count() / self.columns.count
    }

    fn piece(&self, windows: Range<usize>) -> Result<JointPiece> {
        let Settings { window: m, distance, .. } = *self.settings;
        let x = self.read(windows.start..windows.end + m - 1)?;
        let series: Vec<Series> =
            x.iter().map(|x| Series::unformed("x", x, m, distance)).collect::<Result<_>>()?;
        let local = cuts(&series);
        let part = |range: &Range<usize>| {
            let segment = |&t: &usize| {
                let mut segment = Segment::new(&series[t], range.clone(), distance, true);
                segment.start += windows.start;
                segment
            };
            Part::new(self.order.dimensions.iter().map(segment).collect(), distance == Distance::ZNormalized)
        };
        let parts = local.iter().map(part).collect();
        let cuts = local.iter().map(|r| r.start + windows.start..r.end + windows.start).collect();
        Ok(JointPiece { windows, parts, cuts, series })
    }

    fn windows(&self, piece: &JointPiece) -> Range<usize> {
        piece.windows.clone()
    }

    fn cuts<'p>(&self, piece: &'p JointPiece) -> &'p [Range<usize>] {
        &piece.cuts
    }

    /// At the other levels nothing better can be found, so that they take no part.
    fn nearest(&self, found: &[Found]) -> Result<SharedNearest> {
        let d = self.columns.count;
        let shared = SharedNearest::new(found.len() * d, 1)?;
        let mut nearest = shared.lock();
        nearest.score.fill(f64::INFINITY);
        for (at, &(score, neighbour)) in found.iter().enumerate() {
            let place = self.place(at);
            (nearest.score[place], nearest.index[place]) = (score, neighbour);
        }
        drop(nearest);
        Ok(shared)
    }

    fn place(&self, at: usize) -> usize {
        at * self.columns.count + self.columns.level
    }

    fn sweep(
        &self,
        task: &Task,
        (later, nearest): (&JointPiece, &[SharedNearest]),
        earlier: &JointPiece,
        job: &Job,
    ) -> Result<()> {
        let mine = |at: usize| (&later.parts[at], Some(&nearest[at]));
        let other = |at: usize| (&earlier.parts[at], None);
        if task.swapped {
            sweep(&self.order, task, self.settings, other(task.rows), mine(task.columns), job)
        } else {
            sweep(&self.order, task, self.settings, mine(task.rows), other(task.columns), job)
        }
    }

    /// Whether as many series as the level needs are whole, those that take part in every level among them.
    fn whole(&self, piece: &JointPiece, window: usize) -> bool {
        let whole = |t: usize| piece.series[t].whole[window - piece.windows.start];
        let needed = self.columns.level + 1;
        let always = &self.order.dimensions[..self.order.included.min(needed)];
        always.iter().all(|&t| whole(t)) && (0..self.columns.count).filter(|&t| whole(t)).count() >= needed
    }

    fn leaves_out_constants(&self) -> bool {
        false
    }

    fn constant(&self, _piece: &JointPiece, _window: usize) -> bool {
        false
    }

    fn report(&self, found: &Farthest, job: &Job) -> Result<LeftDiscord> {
        let neighbour = found.neighbour as usize;
        let (mine, other) = (self.window(found.window, job)?, self.window(neighbour, job)?);
        let mut means = Vec::new();
        self.order.means(self.settings.distance, (&mine, 0), (&other, 0), &mut means);
        Ok(LeftDiscord { window: found.window, distance: means[self.columns.level], neighbour })
    }
}
