//! The windows of one series.

use std::ops::Range;

use super::comparison::Comparison;
use super::found::{Farthest, Found, LeftDiscord};
use super::piece::{FAR, Piece, read_values};
use super::values::Values;
use crate::Result;
use crate::detect::matrix_profile::exact;
use crate::detect::matrix_profile::join::{Side, sweep};
use crate::detect::matrix_profile::metric::Distance;
use crate::detect::matrix_profile::nearest::SharedNearest;
use crate::detect::matrix_profile::series::Series;
use crate::detect::matrix_profile::settings::Settings;
use crate::detect::matrix_profile::tasks::Task;
use crate::job::Job;

/// Above this correlation, look for bitwise identical windows.
const NEAR_ONE: f64 = 1.0 - 1e-9;

/// One series.
pub(super) struct Single<'a, S: ?Sized> {
    pub(super) values: &'a S,
    pub(super) settings: &'a Settings,
}

impl<S: Values + ?Sized> Comparison for Single<'_, S> {
    type Piece = Piece;

    fn settings(&self) -> &Settings {
        self.settings
    }

    fn rows(&self) -> usize {
        self.values.count()
    }

    fn piece(&self, windows: Range<usize>) -> Result<Piece> {
        Piece::read(self.values, windows, self.settings.window, self.settings.distance)
    }

    fn windows(&self, piece: &Piece) -> Range<usize> {
        piece.windows.clone()
    }

    fn cuts<'p>(&self, piece: &'p Piece) -> &'p [Range<usize>] {
        &piece.cuts
    }

    fn nearest(&self, found: &[Found]) -> Result<SharedNearest> {
        let shared = SharedNearest::new(found.len(), 1)?;
        let mut nearest = shared.lock();
        for (at, &(score, neighbour)) in found.iter().enumerate() {
            (nearest.score[at], nearest.index[at]) = (score, neighbour);
        }
        drop(nearest);
        Ok(shared)
    }

    fn place(&self, at: usize) -> usize {
        at
    }

    fn sweep(
        &self,
        task: &Task,
        (later, nearest): (&Piece, &[SharedNearest]),
        earlier: &Piece,
        job: &Job,
    ) -> Result<()> {
        let mine = |at: usize| -> Side<'_> { (&later.segments[at], Some(&nearest[at])) };
        let other = |at: usize| -> Side<'_> { (&earlier.segments[at], None) };
        if task.swapped {
            sweep(task, self.settings, other(task.rows), mine(task.columns), job)
        } else {
            sweep(task, self.settings, mine(task.rows), other(task.columns), job)
        }
    }

    fn whole(&self, piece: &Piece, window: usize) -> bool {
        piece.whole(window)
    }

    fn leaves_out_constants(&self) -> bool {
        self.settings.distance == Distance::ZNormalized
    }

    fn constant(&self, piece: &Piece, window: usize) -> bool {
        piece.constant(window)
    }

    /// The exact distance, and the first duplicate as the neighbour if there is one.
    fn report(&self, found: &Farthest, job: &Job) -> Result<LeftDiscord> {
        let Settings { window: m, distance, .. } = *self.settings;
        let i = found.window;
        let read = |start: usize| read_values(self.values, start..start + m, distance);
        let series = |x: Vec<f64>| Series::new("x", &x, m, distance, job);
        let values = series(read(i)?)?;
        let mut neighbour = found.neighbour as usize;
        if distance != Distance::ZNormalized || (found.score > NEAR_ONE && !values.constant(0)) {
            neighbour = self.duplicate(i, &values.x, job)?.unwrap_or(neighbour);
        }
        let distance = exact::between(distance, &values, 0, &series(read(neighbour)?)?, 0);
        Ok(LeftDiscord { window: i, distance, neighbour })
    }
}

impl<S: Values + ?Sized> Single<'_, S> {
    /// The first earlier window that has the same values.
    fn duplicate(&self, window: usize, values: &[f64], job: &Job) -> Result<Option<usize>> {
        let Settings { window: m, distance, .. } = *self.settings;
        let end = window.saturating_sub(self.settings.exclusion());
        for start in (0..end).step_by(FAR) {
            job.check()?;
            let stop = (start + FAR).min(end);
            let x = read_values(self.values, start..stop + m - 1, distance)?;
            if let Some(at) = x.windows(m).position(|x| x == values) {
                return Ok(Some(start + at));
            }
        }
        Ok(None)
    }
}
