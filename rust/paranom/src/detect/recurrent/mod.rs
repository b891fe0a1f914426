//! Recurrent networks, evaluated: RNN, GRU and LSTM layers, one behind the other, and an affine map at the end.
//!
//! Each series is computed by itself, and each sum in the order of its inputs. So a series has the same bits
//! alone, among others, in pieces that carry their state on, on any number of threads and at every
//! instruction set.
//!
//! * `affine`: weights times inputs, plus a bias.
//! * `network`: the layers, and how they take a series.

mod affine;
mod network;

pub use affine::Affine;
pub use network::{Cell, Layer, Network, Shape};
