//! Some windows, and the nearest neighbours found for them so far.

use std::ops::Range;

use super::comparison::Comparison;
use super::conventions::Firsts;
use super::found::{Farthest, Found};
use super::limit::Limit;
use crate::Result;
use crate::detect::matrix_profile::nearest::{NONE, SharedNearest};
use crate::detect::matrix_profile::tasks::lag_tasks;
use crate::error::try_vec;
use crate::job::Job;

/// Cells per task: few enough diagonals that the columns' numbers stay in the cache.
const CELLS: usize = 1 << 20;

/// Windows that are compared with ever earlier ones. Many are kept at once, so their values are read anew each time.
pub(super) struct Block {
    windows: Range<usize>,
    kinds: Vec<Kind>,
    found: Vec<Found>,
    /// All windows from here on have been compared with.
    pub(super) reached: usize,
}

/// What a window is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// It has missing values, so that it cannot have a neighbour.
    Missing,
    /// All its values are equal, and the sweep leaves such windows out.
    Constant,
    Varied,
    /// It has a neighbour so near that it is none of the discords.
    RuledOut,
}

impl Block {
    /// A block of the windows of a piece, that has been compared with nothing.
    pub(super) fn new<C: Comparison>(compared: &C, piece: &C::Piece) -> Result<Self> {
        let windows = compared.windows(piece);
        let constants = compared.leaves_out_constants();
        let (mut kinds, mut found) = (try_vec(windows.len())?, try_vec(windows.len())?);
        for i in windows.clone() {
            kinds.push(if !compared.whole(piece, i) {
                Kind::Missing
            } else if constants && compared.constant(piece, i) {
                Kind::Constant
            } else {
                Kind::Varied
            });
            found.push((f64::NEG_INFINITY, NONE));
        }
        Ok(Self { reached: windows.end, windows, kinds, found })
    }

    /// Compares some of its windows, those of `piece`, with earlier ones that start so many lags before them.
    pub(super) fn compare<C: Comparison>(
        &mut self,
        compared: &C,
        piece: &C::Piece,
        earlier: &C::Piece,
        lags: &Range<usize>,
        job: &Job,
    ) -> Result<()> {
        let cuts = compared.cuts(piece);
        let local = |range: &Range<usize>| range.start - self.windows.start..range.end - self.windows.start;
        let nearest: Vec<SharedNearest> =
            cuts.iter().map(|range| compared.nearest(&self.found[local(range)])).collect::<Result<_>>()?;
        for task in lag_tasks(cuts, compared.cuts(earlier), lags, CELLS) {
            compared.sweep(&task, (piece, &nearest), earlier, job)?;
        }
        for (range, nearest) in cuts.iter().zip(&nearest) {
            let nearest = nearest.lock();
            for (at, found) in self.found[local(range)].iter_mut().enumerate() {
                let place = compared.place(at);
                *found = (nearest.score[place], nearest.index[place]);
            }
        }
        Ok(())
    }

    /// Compares its open windows with earlier ones that start so many lags before them. Returns whether some are open.
    pub(super) fn compare_open<C: Comparison>(
        &mut self,
        compared: &C,
        earlier: &C::Piece,
        lags: &Range<usize>,
        may: impl Fn(usize) -> bool,
        job: &Job,
    ) -> Result<bool> {
        let open = self.open(compared.settings().window / 2, may);
        for windows in &open {
            let piece = compared.piece(windows.clone())?;
            self.compare(compared, &piece, earlier, lags, job)?;
        }
        Ok(!open.is_empty())
    }

    /// Rules out the windows that have a neighbour nearer than a limit.
    pub(super) fn rule_out(&mut self, limit: &Limit) {
        for ((i, kind), &(score, _)) in self.windows.clone().zip(&mut self.kinds).zip(&self.found) {
            if *kind != Kind::Missing && limit.rules_out(i, score) {
                *kind = Kind::RuledOut;
            }
        }
    }

    /// The windows that can have neighbours and `may` be discords, as runs; gaps of a few windows are no gaps.
    fn open(&self, gap: usize, may: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (i, &kind) in self.windows.clone().zip(&self.kinds) {
            if matches!(kind, Kind::Missing | Kind::RuledOut) || !may(i) {
                continue;
            }
            match runs.last_mut() {
                Some(last) if i - last.end <= gap => last.end = i + 1,
                _ => runs.push(i..i + 1),
            }
        }
        runs
    }

    /// The window that is farthest from its neighbour, the first of several, among those that `may` be a discord. A window
    /// that has no neighbour at all once everything has been compared is none.
    pub(super) fn farthest(
        &self,
        exclusion: usize,
        firsts: Firsts,
        may: impl Fn(usize) -> bool,
    ) -> Option<Farthest> {
        let mut farthest: Option<Farthest> = None;
        for ((i, &kind), &found) in self.windows.clone().zip(&self.kinds).zip(&self.found) {
            if matches!(kind, Kind::Missing | Kind::RuledOut) || !may(i) {
                continue;
            }
            let end = i.saturating_sub(exclusion);
            let (score, neighbour) = firsts.better(kind == Kind::Constant, end, found);
            let none = self.reached == 0 && score == f64::NEG_INFINITY;
            if !none && farthest.is_none_or(|f| score < f.score) {
                farthest = Some(Farthest { score, window: i, neighbour });
            }
        }
        farthest
    }
}
