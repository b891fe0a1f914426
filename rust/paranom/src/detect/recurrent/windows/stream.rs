//! The score of the window that ends at each row of a stream.
//!
//! A new row is the next one of all windows that it is in, and the first of one: the network goes on in all of them side by side,
//! and one is complete.

use super::autoencoder::Autoencoder;
use super::lanes::{Lane, WINDOWS, lanes, padded};
use super::layer::State;
use crate::detect::recurrent::affine::{Affine, Sums};
use crate::error::{refuse_unless, try_filled, try_vec};
use crate::{Error, Result};

/// How rows are scaled: their mean and standard deviation by channel, and the largest size of what comes out.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Means.
    pub mean: Vec<f64>,
    /// Standard deviations.
    pub std: Vec<f64>,
    /// The limit.
    pub limit: f64,
}

/// From raw rows to the squared Mahalanobis distance of each window's latent vector.
#[derive(Clone)]
pub struct LatentStream {
    scale: Scale,
    network: Autoencoder,
    /// Of latent vectors: their mean, and what makes them white.
    mean: Vec<f64>,
    white: Affine,
    window: usize,
    seen: usize,
    /// The last rows as they came; row n at place n modulo the window, and so are the windows that begin there.
    rows: Vec<f64>,
    states: Vec<Vec<State<Lane>>>,
    x: Vec<Lane>,
    latent: Vec<Lane>,
    away: Vec<f64>,
    whitened: Vec<Sums>,
}

impl LatentStream {
    /// A stream that has seen no row; an error where the parts do not fit each other.
    pub fn new(
        network: &Autoencoder,
        scale: Scale,
        mean: Vec<f64>,
        white: Affine,
        window: usize,
    ) -> Result<Self> {
        let (d, units) = (network.features(), network.units());
        let fits =
            scale.mean.len() == d && scale.std.len() == d && mean.len() == units && white.inputs() == units;
        refuse_unless(fits, "mean", mean.len(), "must fit the network and the Gaussian")?;
        refuse_unless(window > 0, "window", window, "must be 1 or more")?;
        let values = window.checked_mul(d).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut states = try_vec(window.div_ceil(WINDOWS))?;
        for _ in 0..window.div_ceil(WINDOWS) {
            states.push(network.encoder.states()?);
        }
        Ok(Self {
            x: lanes(padded(d))?,
            latent: lanes(padded(units))?,
            away: try_filled(0.0, units)?,
            whitened: white.room()?,
            rows: try_filled(0.0, values)?,
            network: network.clone(),
            seen: 0,
            scale,
            mean,
            white,
            window,
            states,
        })
    }

    /// Channels of a row.
    pub fn features(&self) -> usize {
        self.network.features()
    }

    /// Takes a row; gives the score of the window that ends there. None where it is not complete, or a value of it is missing.
    pub fn take(&mut self, row: &[f64]) -> Option<f64> {
        let d = row.len();
        let place = self.seen % self.window;
        self.rows[place * d..(place + 1) * d].copy_from_slice(row);
        let Scale { mean, std, limit } = &self.scale;
        for (i, (lane, x)) in self.x.iter_mut().zip(row).enumerate() {
            let scaled = ((x - mean[i]) / std[i]).max(-limit).min(*limit);
            // The limits would make a number of a missing value.
            *lane = Lane([if x.is_nan() { f32::NAN } else { scaled as f32 }; WINDOWS]);
        }
        for state in &mut self.states[place / WINDOWS] {
            state.restart(place % WINDOWS);
        }
        for states in &mut self.states {
            self.network.encoder.advance(Some(&self.x), states);
        }
        self.seen += 1;
        if self.seen < self.window {
            return None;
        }
        let place = self.seen % self.window;
        self.network.latent_of(&self.states[place / WINDOWS], &mut self.latent);
        for ((away, lane), mean) in self.away.iter_mut().zip(&self.latent).zip(&self.mean) {
            *away = f64::from(lane.0[place % WINDOWS]) - mean;
        }
        // What is missing has made all numbers of its windows missing.
        if self.away.iter().any(|x| x.is_nan()) {
            return None;
        }
        Some(self.white.length(&self.away, &mut self.whitened))
    }

    /// The last rows, as many as a window has, or fewer; the oldest first.
    pub fn recent(&self) -> Vec<f64> {
        let (d, place) = (self.features(), self.seen % self.window);
        if self.seen < self.window {
            return self.rows[..place * d].to_vec();
        }
        let (after, before) = self.rows.split_at(place * d);
        [before, after].concat()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // made-up numbers: their last bits do not matter
mod tests {
    use super::*;
    use crate::detect::recurrent::Cell;
    use crate::detect::recurrent::windows::{Loss, Model};
    use crate::job::Job;

    #[test]
    fn a_stream_has_the_bits_of_its_windows() {
        for (cell, variational, window) in
            [(Cell::Rnn, false, 1), (Cell::Gru, true, 17), (Cell::Lstm, false, 20)]
        {
            let network = Autoencoder::new(cell, 2, 5, 2, variational, Loss::L1).unwrap();
            let weights: Vec<f32> = (0..network.weights()).map(|i| (i as f32 * 0.7).sin()).collect();
            let network = network.with(&weights).unwrap();
            let scale = Scale { mean: vec![1.0, -2.0], std: vec![2.0, 0.5], limit: 3.0 };
            let weights: Vec<f64> = (0..25).map(|i| (i as f64).cos()).collect();
            let (mean, white) = (vec![0.1; 5], Affine::new(&weights, &[0.0; 5]).unwrap());
            let mut stream = LatentStream::new(&network, scale, mean, white.clone(), window).unwrap();
            let mut rows: Vec<f64> = (0..120).map(|i| 4.0 * (i as f64 * 0.3).sin()).collect();
            rows[23] = f64::NAN;
            let scaled: Vec<f64> = rows
                .chunks(2)
                .flat_map(|row| [(row[0] - 1.0) / 2.0, (row[1] + 2.0) / 0.5].map(|x: f64| x.clamp(-3.0, 3.0)))
                .collect();
            for t in 0..60 {
                let found = stream.take(&rows[2 * t..2 * t + 2]);
                if t + 1 < window || (11..11 + window).contains(&t) {
                    assert_eq!(found, None);
                    continue;
                }
                assert_eq!(stream.recent()[..], rows[2 * (t + 1 - window)..2 * t + 2]);
                let own = &scaled[2 * (t + 1 - window)..2 * t + 2];
                let latent = network.encode(own, window, 1, &Job::new()).unwrap();
                let away: Vec<f64> = latent.iter().map(|x| x - 0.1).collect();
                assert_eq!(found, Some(white.squared_lengths(&away).unwrap()[0]));
            }
        }
    }
}
