//! Some windows, and the nearest neighbours found for them so far.

use std::ops::Range;

use super::conventions::{Firsts, is_constant};
use super::piece::Piece;
use super::values::Values;
use crate::Result;
use crate::detect::matrix_profile::join::{Side, sweep};
use crate::detect::matrix_profile::nearest::SharedNearest;
use crate::detect::matrix_profile::settings::Settings;
use crate::detect::matrix_profile::tasks::{Task, lag_tasks};
use crate::job::Job;

/// Cells per task: few enough diagonals that the columns' numbers stay in the cache.
const CELLS: usize = 1 << 20;

/// Windows that are compared with ever earlier ones.
pub(super) struct Block {
    piece: Piece,
    nearest: Vec<SharedNearest>,
    /// All windows from here on have been compared with.
    pub(super) reached: usize,
}

/// The window of a block that is farthest from its neighbour; the score is larger for nearer ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Farthest {
    pub(super) score: f64,
    pub(super) window: usize,
    pub(super) neighbour: u32,
}

impl Block {
    /// A block that has been compared with nothing.
    pub(super) fn new(piece: Piece) -> Result<Self> {
        let nearest = piece.cuts.iter().map(|r| SharedNearest::new(r.len(), 1)).collect::<Result<_>>()?;
        let reached = piece.windows.end;
        Ok(Self { piece, nearest, reached })
    }

    /// Compares its windows with those of another piece that start so many lags before them.
    pub(super) fn compare(
        &self,
        earlier: &Piece,
        lags: &Range<usize>,
        settings: &Settings,
        job: &Job,
    ) -> Result<()> {
        for task in lag_tasks(&self.piece.cuts, &earlier.cuts, lags, CELLS) {
            self.run(&task, earlier, settings, job)?;
        }
        Ok(())
    }

    fn run(&self, task: &Task, earlier: &Piece, settings: &Settings, job: &Job) -> Result<()> {
        let mine = |at: usize| -> Side<'_> { (&self.piece.segments[at], Some(&self.nearest[at])) };
        let other = |at: usize| -> Side<'_> { (&earlier.segments[at], None) };
        if task.swapped {
            sweep(task, settings, other(task.rows), mine(task.columns), job)
        } else {
            sweep(task, settings, mine(task.rows), other(task.columns), job)
        }
    }

    /// Compares its windows with those in `earlier` that it has not been compared with, and that lie before it.
    pub(super) fn reach<S: Values + ?Sized>(
        &mut self,
        values: &S,
        earlier: Range<usize>,
        settings: &Settings,
        job: &Job,
    ) -> Result<()> {
        let piece = Piece::read(values, earlier.clone(), settings.window, settings.distance)?;
        self.compare(&piece, &(settings.exclusion() + 1..usize::MAX), settings, job)?;
        self.reached = earlier.start;
        Ok(())
    }

    /// The window that is farthest from its neighbour, the first of several, among those that `may` be a discord. A window
    /// that has no neighbour at all once everything has been compared is none.
    pub(super) fn farthest(
        &self,
        firsts: Firsts,
        settings: &Settings,
        may: impl Fn(usize) -> bool,
    ) -> Option<Farthest> {
        let mut farthest: Option<Farthest> = None;
        for (range, nearest) in self.piece.cuts.iter().zip(&self.nearest) {
            let nearest = nearest.lock();
            for i in range.clone().filter(|&i| self.piece.whole(i) && may(i)) {
                let at = i - range.start;
                let end = i.saturating_sub(settings.exclusion());
                let constant = is_constant(&self.piece, i, settings.distance);
                let (score, neighbour) = firsts.better(constant, end, (nearest.score[at], nearest.index[at]));
                let none = self.reached == 0 && score == f64::NEG_INFINITY;
                if !none && farthest.is_none_or(|f| score < f.score) {
                    farthest = Some(Farthest { score, window: i, neighbour });
                }
            }
        }
        farthest
    }

    /// Its first constant window and its first other one.
    pub(super) fn firsts(&self, settings: &Settings) -> Firsts {
        Firsts::of(&self.piece, settings.distance)
    }
}
