//! The sweep at one length: it finds nearer neighbours than those carried along.

use super::carried::Carried;
use super::moments::Moments;
use crate::Result;
use crate::detect::matrix_profile::cuts::cuts;
use crate::detect::matrix_profile::join::sweep;
use crate::detect::matrix_profile::nearest::SharedNearest;
use crate::detect::matrix_profile::segment::Segment;
use crate::detect::matrix_profile::series::Series;
use crate::detect::matrix_profile::settings::Settings;
use crate::detect::matrix_profile::tasks::{self, Pairs};
use crate::job::Job;

/// Cells that a task sweeps.
const CELLS: usize = 1 << 26;

/// Sweeps a share of all pairs of windows: the `turn`-th one, so that each length sweeps another one.
pub(super) fn sweep_share(
    x: &[f64],
    settings: &Settings,
    turn: u64,
    moments: &Moments,
    carried: &mut Carried,
    job: &Job,
) -> Result<()> {
    let series = Series::unformed("x", x, settings.window, settings.distance)?;
    let cuts = cuts(std::slice::from_ref(&series));
    let segments: Vec<Segment> =
        cuts.iter().map(|range| Segment::new(&series, range.clone(), settings.distance, false)).collect();
    let nearest: Vec<SharedNearest> =
        cuts.iter().map(|range| SharedNearest::new(range.len(), 1)).collect::<Result<_>>()?;
    for (range, nearest) in cuts.iter().zip(&nearest) {
        let mut nearest = nearest.lock();
        nearest.score.copy_from_slice(&carried.score[range.clone()]);
        nearest.index.copy_from_slice(&carried.neighbour[range.clone()]);
    }
    let pairs = Pairs::Within { cuts: &cuts, exclusion: settings.exclusion() };
    let cells = (CELLS as f64 / settings.fraction) as usize;
    let tasks = tasks::tasks_in_turn(pairs, cells, settings.fraction, turn);
    tasks::run(settings.threads, &tasks, |task| {
        let rows = (&segments[task.rows], Some(&nearest[task.rows]));
        let columns = (&segments[task.columns], Some(&nearest[task.columns]));
        sweep(task, settings, rows, columns, job)
    })?;
    for (range, nearest) in cuts.iter().zip(nearest) {
        let nearest = nearest.into_nearest();
        for (at, i) in range.clone().enumerate() {
            carried.enter(i, nearest.score[at], nearest.index[at], moments);
        }
    }
    Ok(())
}
