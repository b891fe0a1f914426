//! Left discords: the windows that are farthest from all windows before them, in series of any length.
//!
//! The question is that of DAMP (Lu, Wu, Mueen, Zuluaga & Keogh, KDD 2022). The answer is exact, and found best-first. Every
//! window is first compared with those shortly before it. That shows for nearly all of them that they are no discords. The
//! windows are taken in blocks. The block with the least promising neighbours is compared with windows further back, in
//! steps that double, until it has seen all, or another block has become the first. A block that is first and has seen all
//! holds the next discord.
//!
//! Of a long series, the discords of its beginning are found first. They are discords of the whole, or others are farther.
//! So windows with a nearer neighbour are ruled out: those that are not are compared further back in passing, while the
//! earlier windows that neighbouring blocks share are at hand.
//!
//! Memory does not grow with the length of the series, but for a few bytes per block: the values are read piece by piece.
//!
//! * `values`: where the values come from.
//! * `comparison`: what the search needs to know of windows; `single`: those of one series; `joint`: those of several at once.
//! * `piece`: some windows of one series, prepared for the sweep.
//! * `conventions`: the nearest neighbours that the sweep does not find: constant windows.
//! * `block`: some windows, and the nearest neighbours found for them so far.
//! * `found`: what is found. `limit`: what rules out windows. `search`: the whole way.

mod block;
mod comparison;
mod conventions;
mod found;
mod joint;
mod limit;
mod piece;
mod search;
mod single;
mod values;

pub use found::LeftDiscord;
pub use joint::Columns;
pub use search::{LeftDiscords, left_discords, left_discords_multidimensional};
pub use values::Values;
