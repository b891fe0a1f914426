//! How windows are compared: those of one series, or those of several at once.

use std::ops::Range;

use super::found::{Farthest, Found, LeftDiscord};
use crate::Result;
use crate::detect::matrix_profile::nearest::SharedNearest;
use crate::detect::matrix_profile::settings::Settings;
use crate::detect::matrix_profile::tasks::Task;
use crate::job::Job;

/// What the search needs of a series, or of several. All numbers of windows are those of the whole series.
pub(super) trait Comparison: Sync {
    /// Some windows, prepared for the sweep.
    type Piece: Send + Sync;
    /// How windows are compared.
    fn settings(&self) -> &Settings;
    /// The number of rows.
    fn rows(&self) -> usize;
    /// Reads and prepares some windows.
    fn piece(&self, windows: Range<usize>) -> Result<Self::Piece>;
    /// The windows of a piece.
    fn windows(&self, piece: &Self::Piece) -> Range<usize>;
    /// The segments of a piece.
    fn cuts<'p>(&self, piece: &'p Self::Piece) -> &'p [Range<usize>];
    /// The neighbours found so far for the windows of a segment, as the sweep needs them.
    fn nearest(&self, found: &[Found]) -> Result<SharedNearest>;
    /// Where in there the neighbour of the `at`-th window is.
    fn place(&self, at: usize) -> usize;
    /// Runs a task of later windows, whose neighbours are collected, and earlier ones.
    fn sweep(
        &self,
        task: &Task,
        later: (&Self::Piece, &[SharedNearest]),
        earlier: &Self::Piece,
        job: &Job,
    ) -> Result<()>;
    /// Whether a window has enough finite values to have a neighbour.
    fn whole(&self, piece: &Self::Piece, window: usize) -> bool;
    /// Whether the sweep leaves out constant windows, whose distances are set by conventions.
    fn leaves_out_constants(&self) -> bool;
    /// Whether a window is whole and all its values are equal; asked only where the sweep leaves such windows out.
    fn constant(&self, piece: &Self::Piece, window: usize) -> bool;
    /// What is reported of a discord: its exact distance.
    fn report(&self, found: &Farthest, job: &Job) -> Result<LeftDiscord>;
}
