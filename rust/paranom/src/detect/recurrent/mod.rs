//! Recurrent networks, evaluated and trained: RNN, GRU and LSTM layers, one behind the other, and an affine map at the end.
//!
//! Each series is computed by itself, and each sum in the order of its inputs. So a series has the same bits
//! alone, among others, in pieces that carry their state on, on any number of threads and at every
//! instruction set.
//!
//! * `affine`: weights times inputs, plus a bias.
//! * `cell`: what a layer does with its sums.
//! * `network`: the layers.
//! * `rows`: one series, row by row; `wide`: some side by side; `run`: which of them when.
//! * `latent`: from a window of raw rows to a score, in one go.
//! * `training`: the same networks, trained.

mod affine;
mod cell;
mod latent;
mod network;
mod rows;
mod run;
pub mod training;
mod wide;

pub use affine::Affine;
pub use cell::Cell;
pub use latent::{LatentScore, Room, Scale};
pub use network::{Layer, Network, Shape};
