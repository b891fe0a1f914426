//! Windows of latent vectors, and how far others are from them.

use super::autoencoder::{Autoencoder, Loss};
use super::lanes::{Numbers, padded};
use super::layer::State;
use crate::Result;
use crate::error::try_filled;

/// Rows whose outputs are computed at once.
const ROWS: usize = 8;

/// Memory for a window, or some side by side.
#[derive(Debug, Clone)]
pub(super) struct Decoder<N> {
    /// What is decoded.
    pub(super) latent: Vec<N>,
    states: Vec<State<N>>,
    /// What the last layer gives for some rows, and what becomes of it; all padded.
    hidden: Vec<N>,
    outputs: Vec<N>,
}

impl<N: Numbers> Decoder<N> {
    pub(super) fn new(network: &Autoencoder) -> Result<Self> {
        let zeros = |count| try_filled(N::splat(0.0), count);
        Ok(Self {
            latent: zeros(padded(network.units()))?,
            states: network.decoder.states()?,
            hidden: zeros(ROWS * padded(network.decoder.units))?,
            outputs: zeros(ROWS * padded(network.features()))?,
        })
    }

    /// Hands over each row of the windows of `latent`; an error ends it.
    pub(super) fn decode<E>(
        &mut self,
        network: &Autoencoder,
        rows: usize,
        mut take: impl FnMut(usize, &[N]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let Self { latent, states, hidden, outputs } = self;
        let (wide, broad) = (padded(network.decoder.units), padded(network.features()));
        for (k, (layer, state)) in network.decoder.layers.iter().zip(&mut *states).enumerate() {
            layer.restart((k == 0).then_some(&latent[..]), state);
        }
        for first in (0..rows).step_by(ROWS) {
            let some = ROWS.min(rows - first);
            for hidden in hidden.chunks_exact_mut(wide).take(some) {
                network.decoder.advance(None, states);
                if let Some(last) = states.last() {
                    hidden.copy_from_slice(&last.hidden);
                }
            }
            network.output.forward_rows(&hidden[..some * wide], &mut outputs[..some * broad]);
            for (row, y) in (first..).zip(outputs.chunks_exact(broad).take(some)) {
                take(row, y)?;
            }
        }
        Ok(())
    }
}

impl Loss {
    /// What the difference of a value and its reconstruction counts; none where the value is missing.
    #[inline(always)]
    pub(super) fn of(self, gap: f64) -> f64 {
        match self {
            _ if gap.is_nan() => 0.0,
            Self::L1 => gap.abs(),
            Self::L2 => gap * gap,
        }
    }
}
