//! The pan profile: the discord and the motif of each of many window lengths, comparable across lengths.
//!
//! Madrid, Imani, Mercer, Zimmerman, Shakibay & Keogh, "Matrix Profile XX" (ICBK 2019) compute a matrix profile for each
//! length. Here lengths that lie close together share their work: the nearest neighbour of a window is often its nearest
//! neighbour at the next length, and the covariance of both follows from that at the length before with one product.
//! So only some lengths are swept, each a share of the pairs of windows, and each another share. In between neighbours
//! are carried along.
//!
//! * `values`: the series, centred.
//! * `moments`: mean and weight of every window at one length.
//! * `carried`: the neighbours, and their covariances.
//! * `sweep`: the sweep at one length.
//! * `summary`: what is kept of a length.
//! * `search`: the whole way.

mod carried;
mod moments;
mod search;
mod summary;
mod sweep;
mod values;

pub use search::{PanProfile, pan_profile};
pub use summary::{Length, Pair};
