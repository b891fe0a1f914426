//! Several series at once: the mSTAMP profile.
//!
//! For each pair of windows the distances of the d dimensions are sorted. Level k is the mean of the k + 1 smallest ones,
//! after those of the dimensions that must be included. Each level has its own nearest neighbour.
//! Yeh, Kavantzas & Keogh, "Matrix Profile VI" (ICDM 2017).
//!
//! Most cells are pruned: a number per cell and dimension, cheaper than the distance, shows that no level of the cell can
//! beat what its windows have. The other cells are evaluated exactly.
//!
//! * `join`: the whole way, from the series to the profile.
//! * `part`: a run of windows in all dimensions.
//! * `sweep`: the sweep along neighbouring diagonals, and the exact evaluation of the cells that are not pruned.
//! * `bounds`, `lower_bounds`: the numbers that decide what is pruned, with `rows`, the cells that are swept at once.
//! * `prune`: the comparison of these numbers with the `thresholds`.

mod bounds;
mod join;
mod lower_bounds;
mod part;
mod prune;
mod rows;
mod sweep;
mod thresholds;

pub(super) use join::{order, sweep_any as sweep};
pub(super) use part::Part;

pub use join::{multidimensional, multidimensional_ab_join, subspaces};
