//! The matrix profile: for each window of a series, the distance to its nearest neighbour, and which that is.
//!
//! Yeh et al., "Matrix Profile I" (ICDM 2016). Cells (pairs of windows) are visited along diagonals, in the order of
//! SCRIMP (Zhu et al., ICDM 2018), with the recurrence of mpx (Kaplan).
//!
//! One call goes through these files:
//!
//! * `settings`: what the caller chooses.
//! * `series`: the values; which windows have missing values or are constant, and the span of each.
//! * `cuts`, `segment`: the series is cut into runs of windows of similar span; each run is centred and scaled by itself.
//! * `tasks`: pairs of segments, cut into pieces of work that do not depend on the number of threads.
//! * `first_cells`, `sweep`, `record`, with the distances in `metric`: the sweep along neighbouring diagonals.
//! * `nearest`: the best neighbours found so far.
//! * `report`, with `exact`, `form` and `duplicates`: the exact distance of each window to the neighbour found.
//! * `profile`: the result.
//!
//! `distance_profile` compares one window with all windows of a series, directly; `mpdist_profile` a longer query, by the
//! windows in it (`short_diagonals`).
//!
//! `join` is the whole way for one series or two, `multidimensional` for several series at once (mSTAMP), `left_discords` for
//! series of any length, `pan_profile` for many lengths of windows, `consensus` for what several series have in common, and
//! `stream` for samples that come one at a time.

mod consensus;
mod cuts;
mod distance_profile;
mod double;
mod duplicates;
mod exact;
mod first_cells;
mod form;
mod join;
mod lanes;
mod left_discords;
mod metric;
mod mpdist_profile;
mod multidimensional;
mod nearest;
mod order;
mod pan_profile;
mod profile;
mod record;
mod report;
mod rolling_hash;
mod scale;
mod segment;
mod series;
mod settings;
mod short_diagonals;
mod stream;
mod sum;
mod sweep;
mod tasks;

pub use consensus::{Consensus, consensus_motif};
pub use distance_profile::distance_profile;
pub use join::{ab_join, ab_join_both, self_join};
pub use left_discords::{
    Columns, LeftDiscord, LeftDiscords, Values, left_discords, left_discords_multidimensional,
};
pub use metric::Distance;
pub use mpdist_profile::mpdist_profile;
pub use multidimensional::{multidimensional, multidimensional_ab_join, subspaces};
pub use pan_profile::{Length, Pair, PanProfile, pan_profile};
pub use profile::{Neighbours, Profile};
pub use settings::{Settings, exclusion};
pub use stream::StreamingProfiles;
