//! Recurrent networks, evaluated and trained: RNN, GRU and LSTM layers, one behind the other, and an affine map at the end.
//!
//! Each series is computed by itself, and each sum in the order of its inputs. So a series has the same bits alone, among
//! others, in pieces that carry their state on, on any number of threads and at every instruction set.
//!
//! * `affine`: weights times inputs, plus a bias.
//! * `cell`: what a layer does with its sums.
//! * `network`: the layers.
//! * `rows`: one series, row by row.
//! * `windows`: networks over windows, in float32: trained, evaluated, in streams.

mod affine;
mod cell;
mod network;
mod rows;
pub mod windows;

pub use affine::Affine;
pub use cell::Cell;
pub use network::{Layer, Network};
