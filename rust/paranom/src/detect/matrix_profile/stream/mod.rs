//! One sample at a time: how far is the newest window from its nearest neighbour among the earlier ones?
//!
//! The covariances of the newest window with the earlier ones follow from those of the window before it, along diagonals
//! that never end. Two things bound their rounding errors. One covariance is summed anew at each step, in turn. And when
//! a value that dwarfed the others leaves a window, all covariances of that window are summed anew before they are used.
//! The neighbour found is reported with its exact distance.
//!
//! * `streaming_profile`: the stream.
//! * `dimension`: one feature of it, with `history`, the last items of a sequence, and `sums`.
//! * `advance`: the step of the covariances, and the search for the nearest window of one feature.
//! * `levels`: that search for several features.
//! * `several`: several lengths of windows, and the scores that are remembered.
//! * `state`: that as bytes.

mod advance;
mod dimension;
mod history;
mod levels;
mod several;
mod state;
mod streaming_profile;
mod sums;

pub use several::StreamingProfiles;
