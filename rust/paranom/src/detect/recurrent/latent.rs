//! From a window of raw rows to how unusual its latent vector is, without memory that is taken anew.

use super::affine::{Affine, Sums};
use super::network::{Network, Shape};
use super::rows::{self, Rows};
use crate::error::try_filled;
use crate::simd::dispatch;
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

/// A scale, a network, a map of its last output (of variational ones) and a Gaussian: its mean and what makes it white.
#[derive(Debug)]
pub struct LatentScore {
    scale: Scale,
    encoder: Network,
    map: Option<Affine>,
    mean: Vec<f64>,
    white: Affine,
}

/// Memory for one window.
pub struct Room {
    scaled: Vec<f64>,
    buffers: rows::Buffers,
    mapped: Vec<Sums>,
    latent: Vec<f64>,
    white: Vec<Sums>,
}

impl LatentScore {
    /// An error where the parts do not fit each other.
    pub fn new(
        scale: Scale,
        encoder: Network,
        map: Option<Affine>,
        mean: Vec<f64>,
        white: Affine,
    ) -> Result<Self> {
        let units = encoder.units;
        let latent = map.as_ref().map_or(units, Affine::outputs);
        let fits = scale.mean.len() == encoder.inputs()
            && scale.std.len() == encoder.inputs()
            && map.as_ref().is_none_or(|map| map.inputs() == units)
            && mean.len() == latent
            && white.inputs() == latent;
        if !fits {
            return Err(Error::invalid("mean", mean.len(), "must fit the network, its map and the Gaussian"));
        }
        Ok(Self { scale, encoder, map, mean, white })
    }

    /// Channels of a row.
    pub fn inputs(&self) -> usize {
        self.encoder.inputs()
    }

    /// Memory for a window of some rows.
    pub fn room(&self, rows: usize) -> Result<Room> {
        let values = rows.checked_mul(self.encoder.inputs()).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        Ok(Room {
            scaled: try_filled(0.0, values)?,
            buffers: rows::Buffers::new(&self.encoder)?,
            mapped: self.map.as_ref().map_or(Ok(Vec::new()), Affine::room)?,
            latent: try_filled(0.0, self.mean.len())?,
            white: self.white.room()?,
        })
    }

    /// The squared Mahalanobis distance of a window's latent vector; None where a value is missing.
    ///
    /// # Panics
    ///
    /// If the window has another number of rows than the room.
    pub fn score(&self, window: &[f64], room: &mut Room) -> Option<f64> {
        let Room { scaled, buffers, mapped, latent, white } = room;
        assert_eq!(window.len(), scaled.len(), "a room of as many rows");
        let Scale { mean, std, limit } = &self.scale;
        for (to, row) in scaled.chunks_mut(mean.len()).zip(window.chunks(mean.len())) {
            for (i, (to, x)) in to.iter_mut().zip(row).enumerate() {
                *to = ((x - mean[i]) / std[i]).max(-limit).min(*limit);
            }
        }
        // The limits would make a number of a missing value.
        if window.iter().any(|x| x.is_nan()) {
            return None;
        }
        let (encoder, steps) = (&self.encoder, window.len() / mean.len());
        buffers.state.fill(0.0);
        let shape = Shape { steps, constant: false, outputs: false };
        dispatch(Rows { network: encoder, x: scaled, out: &mut [], shape, buffers: &mut *buffers });
        let at = (encoder.layers.len() - 1) * encoder.padded * encoder.cell.memory();
        let output = &buffers.state[at..at + encoder.units];
        match &self.map {
            Some(map) => {
                map.length(output, mapped);
                latent.copy_from_slice(&mapped.as_flattened()[..map.outputs()]);
            }
            None => latent.copy_from_slice(output),
        }
        for (x, mean) in latent.iter_mut().zip(&self.mean) {
            *x -= mean;
        }
        Some(self.white.length(latent, white))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // made-up numbers: their last bits do not matter
mod tests {
    use super::*;
    use crate::detect::recurrent::{Cell, Layer};
    use crate::job::Job;

    fn map(outputs: usize, inputs: usize, seed: f64) -> Affine {
        let weights: Vec<f64> = (0..outputs * inputs).map(|i| (i as f64 * 0.7 + seed).sin()).collect();
        Affine::new(&weights, &vec![0.1; outputs]).unwrap()
    }

    #[test]
    fn a_window_has_the_bits_of_its_parts() {
        for (cell, gates) in [(Cell::Gru, 3), (Cell::Lstm, 4)] {
            let layer = |inputs| Layer { input: map(gates * 5, inputs, 1.0), hidden: map(gates * 5, 5, 2.0) };
            let network = Network::new(cell, vec![layer(2), layer(5)], None).unwrap();
            let scale = Scale { mean: vec![1.0, -2.0], std: vec![2.0, 0.5], limit: 3.0 };
            let (to, white, center) = (map(3, 5, 3.0), map(3, 3, 4.0), vec![0.1, 0.2, 0.3]);
            let score =
                LatentScore::new(scale, network.clone(), Some(to.clone()), center.clone(), white.clone())
                    .unwrap();
            let mut window: Vec<f64> = (0..14).map(|i| 5.0 * (i as f64).sin()).collect();
            let mut room = score.room(7).unwrap();
            score.score(&[9.0; 14], &mut room);
            let found = score.score(&window, &mut room).unwrap();
            let scaled: Vec<f64> = window
                .chunks(2)
                .flat_map(|row| [(row[0] - 1.0) / 2.0, (row[1] + 2.0) / 0.5].map(|x: f64| x.clamp(-3.0, 3.0)))
                .collect();
            let mut state = vec![0.0; network.state()];
            let shape = Shape { steps: 7, constant: false, outputs: false };
            network.run(&scaled, &mut state, shape, 1, &Job::new()).unwrap();
            let latent = to.outputs_of(&state[network.state() / 2..][..5]).unwrap();
            let away: Vec<f64> = latent.iter().zip(&center).map(|(x, mean)| x - mean).collect();
            assert_eq!(white.squared_lengths(&away).unwrap(), [found]);
            window[3] = f64::NAN;
            assert_eq!(score.score(&window, &mut room), None);
            let scale = Scale { mean: vec![1.0], std: vec![2.0], limit: 3.0 };
            assert!(LatentScore::new(scale, network, Some(to), center, white).is_err());
        }
    }
}
