//! The consensus motif: the window that is nearest to all of several series.
//!
//! The question is that of Ostinato (Kamgar, Gharghabi & Keogh, "Matrix Profile XV", ICDM 2019). The radius of a window is
//! its distance to the farthest of its nearest windows in the other series. It only grows as more series are looked at. So
//! the series are first joined in pairs, which bounds the radius of each window from below. Then the windows are taken in
//! blocks, and the block with the least bound is compared with one series more, until the first block has been compared
//! with all: it holds the window with the least radius. Where the recurrence does not tell windows apart (two series: a pair
//! of windows is as near from both sides), the exact radii decide.
//!
//! * `prepared`: one of the series.
//! * `block`: some windows, and the bounds of their radii.
//! * `search`: the whole way.

mod block;
mod prepared;
mod search;

pub use search::{Consensus, consensus_motif};
