//! What is found: for a window, in a block, and in the end.

/// What was found for a window: a score, larger for nearer neighbours, and the neighbour; -inf and
/// [`NONE`](crate::detect::matrix_profile::nearest::NONE) for none.
pub(super) type Found = (f64, u32);

/// The window of a block that is farthest from its neighbour; the score is larger for nearer ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Farthest {
    pub(super) score: f64,
    pub(super) window: usize,
    pub(super) neighbour: u32,
}

/// A window that is far from all windows before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeftDiscord {
    /// Its first row.
    pub window: usize,
    /// The distance to the nearest window before it.
    pub distance: f64,
    /// That window.
    pub neighbour: usize,
}
