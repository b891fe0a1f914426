//! The score of the window that ends at each row of a stream.
//!
//! A new row is the next one of all windows that it is in, and the first of one: the encoder goes on in all of them side by side,
//! and one is complete. The decoder has it alone, since no other window has its latent vector.

use std::convert::Infallible;

use super::autoencoder::{Autoencoder, Loss};
use super::decoder::Decoder;
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

/// How a window is scored.
#[derive(Debug, Clone)]
pub enum Score {
    /// By the squared Mahalanobis distance of its latent vector.
    Latent {
        /// The mean of latent vectors.
        mean: Vec<f64>,
        /// What makes them white.
        white: Affine,
    },
    /// By how far it is from what becomes of its latent vector.
    Reconstruction(Loss),
}

/// A score, with the memory for it.
#[derive(Clone)]
enum Scorer {
    Latent { mean: Vec<f64>, white: Affine, away: Vec<f64>, whitened: Vec<Sums> },
    Reconstruction { loss: Loss, decoder: Decoder<f32> },
}

/// From raw rows to the score of each window.
#[derive(Clone)]
pub struct ScoreStream {
    scale: Scale,
    network: Autoencoder,
    scorer: Scorer,
    window: usize,
    seen: usize,
    /// The last rows as they came, and scaled; row n at place n modulo the window, and so are the windows that begin there.
    rows: Vec<f64>,
    scaled: Vec<f64>,
    states: Vec<Vec<State<Lane>>>,
    x: Vec<Lane>,
    latent: Vec<Lane>,
}

impl ScoreStream {
    /// A stream that has seen no row; an error where the parts do not fit each other.
    pub fn new(network: &Autoencoder, scale: Scale, score: Score, window: usize) -> Result<Self> {
        let d = network.features();
        let fits = scale.mean.len() == d && scale.std.len() == d;
        refuse_unless(fits, "scale", scale.mean.len(), "must fit the network")?;
        refuse_unless(window > 0, "window", window, "must be 1 or more")?;
        let values = window.checked_mul(d).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut states = try_vec(window.div_ceil(WINDOWS))?;
        for _ in 0..window.div_ceil(WINDOWS) {
            states.push(network.encoder.states()?);
        }
        Ok(Self {
            scorer: Scorer::new(network, score)?,
            x: lanes(padded(d))?,
            latent: lanes(padded(network.units()))?,
            rows: try_filled(0.0, values)?,
            scaled: try_filled(0.0, values)?,
            network: network.clone(),
            seen: 0,
            scale,
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
        let own = &mut self.scaled[place * d..(place + 1) * d];
        for (i, ((lane, own), x)) in self.x.iter_mut().zip(own).zip(row).enumerate() {
            let scaled = ((x - mean[i]) / std[i]).max(-limit).min(*limit);
            // The limits would make a number of a missing value.
            *own = if x.is_nan() { f64::NAN } else { scaled };
            *lane = Lane([*own as f32; WINDOWS]);
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
        let latent = self.latent[..self.network.units()].iter().map(|lane| lane.0[place % WINDOWS]);
        // What is missing has made all numbers of its windows missing.
        if latent.clone().any(f32::is_nan) {
            return None;
        }
        let (after, before) = self.scaled.split_at(place * d);
        Some(self.scorer.score(&self.network, latent, [before, after]))
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

impl Scorer {
    fn new(network: &Autoencoder, score: Score) -> Result<Self> {
        Ok(match score {
            Score::Latent { mean, white } => {
                let units = network.units();
                let fits = mean.len() == units && white.inputs() == units;
                refuse_unless(fits, "mean", mean.len(), "must fit the network and the Gaussian")?;
                Self::Latent { away: try_filled(0.0, units)?, whitened: white.room()?, mean, white }
            }
            Score::Reconstruction(loss) => Self::Reconstruction { loss, decoder: Decoder::new(network)? },
        })
    }

    /// The score of a window of scaled rows, in two parts, with its latent vector.
    fn score(
        &mut self,
        network: &Autoencoder,
        latent: impl Iterator<Item = f32>,
        window: [&[f64]; 2],
    ) -> f64 {
        match self {
            Self::Latent { mean, white, away, whitened } => {
                for ((away, latent), mean) in away.iter_mut().zip(latent).zip(&*mean) {
                    *away = f64::from(latent) - mean;
                }
                white.length(away, whitened)
            }
            Self::Reconstruction { loss, decoder } => {
                for (to, latent) in decoder.latent.iter_mut().zip(latent) {
                    *to = latent;
                }
                let d = network.features();
                let rows = (window[0].len() + window[1].len()) / d;
                let mut values = window.iter().copied().flatten();
                let mut error = 0.0;
                let Ok(()) = decoder.decode::<Infallible>(network, rows, |_, y| {
                    for (y, x) in y[..d].iter().zip(&mut values) {
                        error += loss.of(f64::from(*y) - x);
                    }
                    Ok(())
                });
                error
            }
        }
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
            let weights: Vec<f64> = (0..25).map(|i| (i as f64).cos()).collect();
            let white = Affine::new(&weights, &[0.0; 5]).unwrap();
            let latent = Score::Latent { mean: vec![0.1; 5], white: white.clone() };
            check(&network, window, latent, |_, latent| {
                let away: Vec<f64> = latent.iter().map(|x| x - 0.1).collect();
                white.squared_lengths(&away).unwrap()[0]
            });
            for loss in [Loss::L1, Loss::L2] {
                check(&network, window, Score::Reconstruction(loss), |own, latent| {
                    network.distances(own, latent, window, loss, 1, &Job::new()).unwrap()[0]
                });
            }
        }
    }

    fn check(network: &Autoencoder, window: usize, score: Score, wanted: impl Fn(&[f64], &[f64]) -> f64) {
        let scale = Scale { mean: vec![1.0, -2.0], std: vec![2.0, 0.5], limit: 3.0 };
        let mut stream = ScoreStream::new(network, scale, score, window).unwrap();
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
            assert_eq!(found, Some(wanted(own, &latent)));
        }
    }
}
