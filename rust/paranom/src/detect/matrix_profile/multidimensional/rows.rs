//! The cells that are swept at once: a few rows of `LANES` diagonals.

use crate::detect::matrix_profile::lanes::LANES;
use crate::detect::matrix_profile::segment::Segment;

/// Rows that are swept at once: more would not fit the nearest cache, fewer would change dimension too often.
pub(super) const ROWS: usize = 16;

/// One number per cell of a few rows.
pub(super) type Rows<T> = [[T; LANES]; ROWS];

/// Rows `i ..` of the first segment, which meet columns `j ..` of the second.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) rows: &'a Segment,
    pub(super) columns: &'a Segment,
    pub(super) i: usize,
    pub(super) j: usize,
    /// The number of rows.
    pub(super) size: usize,
    /// The length of a window.
    pub(super) m: usize,
}
