//! Recurrent networks over windows: trained, by exact gradients through all rows of a window and Adam, and evaluated.
//!
//! Sixteen windows lie side by side. Each computes by itself; the gradients of a batch are added in the order of its windows, in
//! groups of sixteen. So trained weights and scores have the same bits on any number of threads and at every instruction set, and a
//! window has the same ones alone, among others and in a stream. Numbers are float32, as in torch.
//!
//! * `lanes`: numbers of sixteen windows, products of matrices with them, outer products summed over rows and windows.
//! * `functions`: tanh and its like of float32; `gates`: what cells do with their sums, and back.
//! * `layer`, `stack`, `dense`: a recurrent layer, several, a linear map; forward and backward.
//! * `model`: what a trainer needs of a network; `autoencoder`, `forecaster`: the networks.
//! * `trainer`: epochs; `adam`: the steps.
//! * `decoder`: from a latent vector to a window, row by row.
//! * `evaluate`: latent vectors of windows, and back; `stream`: the score of each window of a stream.

mod adam;
mod autoencoder;
mod decoder;
mod dense;
mod evaluate;
mod forecaster;
mod functions;
mod gates;
mod lanes;
mod layer;
mod model;
mod stack;
mod stream;
mod trainer;

pub use adam::Adam;
pub use autoencoder::{Autoencoder, Loss};
pub use forecaster::Forecaster;
pub use model::{Group, Model, Windows};
pub use stream::{Scale, Score, ScoreStream};
pub use trainer::{Epoch, Trainer};
