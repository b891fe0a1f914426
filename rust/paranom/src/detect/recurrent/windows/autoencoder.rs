//! An autoencoder: an encoder, a decoder that sees the latent vector in each row, and a linear map at its end; in the variational
//! form the latent vector is drawn from N(mean, exp(log variance)).

use super::dense::Dense;
use super::functions::exp;
use super::lanes::{Lane, WINDOWS, ZERO, lanes, padded};
use super::layer::Input;
use super::model::{Group, Model, Windows};
use super::stack::{Stack, Tapes};
use crate::detect::recurrent::Cell;
use crate::{Error, Result};

/// What the difference of a value and its reconstruction counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Its size.
    L1,
    /// Its square.
    L2,
}

/// The network.
#[derive(Debug, Clone)]
pub struct Autoencoder {
    pub(super) features: usize,
    pub(super) encoder: Stack,
    pub(super) decoder: Stack,
    pub(super) output: Dense,
    /// Mean and log variance.
    pub(super) latent: Option<(Dense, Dense)>,
    loss: Loss,
}

/// Memory for some windows.
pub struct Room {
    x: Vec<Lane>,
    /// 1 where a value is there.
    known: Vec<Lane>,
    encoder: Tapes,
    decoder: Tapes,
    restored: Vec<Lane>,
    mean: Vec<Lane>,
    log_variance: Vec<Lane>,
    latent: Vec<Lane>,
    to_latent: Vec<Lane>,
    to_mean: Vec<Lane>,
    to_log_variance: Vec<Lane>,
}

impl Autoencoder {
    /// A network whose decoder has twice the units of its encoder.
    pub fn new(
        cell: Cell,
        features: usize,
        units: usize,
        layers: usize,
        variational: bool,
        loss: Loss,
    ) -> Result<Self> {
        let latent =
            if variational { Some((Dense::new(units, units)?, Dense::new(units, units)?)) } else { None };
        Ok(Self {
            features,
            encoder: Stack::new(cell, features, units, layers)?,
            decoder: Stack::new(cell, units, 2 * units, layers)?,
            output: Dense::new(2 * units, features)?,
            latent,
            loss,
        })
    }

    /// Puts windows side by side.
    fn arrange(&self, group: &Group<'_>, room: &mut Room) {
        let (d, wide) = (self.features, padded(self.features));
        room.x.fill(ZERO);
        room.known.fill(ZERO);
        for (l, &number) in group.which.iter().enumerate() {
            let rows = group.windows.at(number).chunks_exact(group.windows.columns);
            for (t, row) in rows.enumerate() {
                for i in 0..d {
                    room.x[t * wide + i].0[l] = row[i];
                    room.known[t * wide + i].0[l] = if row.len() > d { row[d + i] } else { 1.0 };
                }
            }
        }
    }

    /// The latent vector, and the KL divergence of each window.
    fn draw(&self, group: &Group<'_>, room: &mut Room) -> [f64; WINDOWS] {
        let (units, wide) = (self.encoder.units, padded(self.encoder.units));
        let outputs = room.encoder.outputs(units);
        let last = &outputs[outputs.len() - wide..];
        let mut divergence = [0.0; WINDOWS];
        let Some((to_mean, to_log_variance)) = &self.latent else {
            room.latent.copy_from_slice(last);
            return divergence;
        };
        to_mean.forward(last, &mut room.mean);
        to_log_variance.forward(last, &mut room.log_variance);
        for i in 0..units {
            for (l, divergence) in divergence.iter_mut().enumerate() {
                let (mean, log_variance) = (room.mean[i].0[l], room.log_variance[i].0[l]);
                let noise = group.noise.get(l * units + i).copied().unwrap_or(0.0);
                room.latent[i].0[l] = mean + noise * exp(log_variance / 2.0);
                let part = mean * mean + exp(log_variance) - 1.0 - log_variance;
                *divergence += 0.5 * f64::from(part);
            }
        }
        divergence
    }

    /// The error of each window; its gradient comes in place of what was restored.
    fn errors(&self, group: &Group<'_>, room: &mut Room) -> [f64; WINDOWS] {
        let mut errors = [0.0; WINDOWS];
        let share = 1.0 / group.batch as f32;
        let wide = padded(self.features);
        let rows = room.restored.chunks_exact_mut(wide).zip(room.x.chunks_exact(wide));
        for ((restored, x), known) in rows.zip(room.known.chunks_exact(wide)) {
            for ((y, x), known) in restored.iter_mut().zip(x).zip(known).take(self.features) {
                for (l, error) in errors.iter_mut().enumerate() {
                    let gap = y.0[l] - x.0[l];
                    let (size, slope) = match self.loss {
                        Loss::L1 => (gap.abs(), f32::from(gap > 0.0) - f32::from(gap < 0.0)),
                        Loss::L2 => (gap * gap, 2.0 * gap),
                    };
                    *error += f64::from(size * known.0[l]);
                    // Of no number no number comes.
                    let slope = if gap.is_nan() { gap } else { slope };
                    y.0[l] = slope * known.0[l] * share;
                }
            }
        }
        errors
    }

    /// The gradient of all weights, from those of the restored values.
    fn back(&self, group: &Group<'_>, room: &mut Room, gradient: &mut [f32]) -> Result<()> {
        let (units, wide) = (self.encoder.units, padded(self.encoder.units));
        let (features, broad) = (padded(self.features), padded(self.decoder.units));
        let (for_encoder, rest) = gradient.split_at_mut(self.encoder.weights());
        let (outputs, to_outputs) = room.decoder.outputs_and_gradient(self.decoder.units);
        to_outputs.fill(ZERO);
        for (y, to) in room.restored.chunks_exact(features).zip(to_outputs.chunks_exact_mut(broad)) {
            self.output.back(y, to);
        }
        let (for_decoder, rest) = rest.split_at_mut(self.decoder.weights());
        let (for_output, rest) = rest.split_at_mut(self.output.weights());
        self.output.gradient(&room.restored, outputs, for_output)?;
        let (latent, to_latent) = (Input::Constant(&room.latent), &mut room.to_latent[..]);
        self.decoder.backward(latent, Some(to_latent), &mut room.decoder, for_decoder);
        let (outputs, to_outputs) = room.encoder.outputs_and_gradient(units);
        to_outputs.fill(ZERO);
        let at = to_outputs.len() - wide;
        let (last, to_last) = (&outputs[at..], &mut to_outputs[at..]);
        if let Some((to_mean, to_log_variance)) = &self.latent {
            let weight = group.weight / group.batch as f32;
            for i in 0..units {
                for l in 0..group.which.len() {
                    let (mean, log_variance) = (room.mean[i].0[l], room.log_variance[i].0[l]);
                    let (noise, to) = (group.noise[l * units + i], room.to_latent[i].0[l]);
                    room.to_mean[i].0[l] = to + weight * mean;
                    let drawn = to * noise * (0.5 * exp(log_variance / 2.0));
                    room.to_log_variance[i].0[l] = drawn + weight * (0.5 * (exp(log_variance) - 1.0));
                }
                for l in group.which.len()..WINDOWS {
                    room.to_mean[i].0[l] = 0.0;
                    room.to_log_variance[i].0[l] = 0.0;
                }
            }
            let (for_mean, for_log_variance) = rest.split_at_mut(to_mean.weights());
            to_mean.back(&room.to_mean, to_last);
            to_log_variance.back(&room.to_log_variance, to_last);
            to_mean.gradient(&room.to_mean, last, for_mean)?;
            to_log_variance.gradient(&room.to_log_variance, last, for_log_variance)?;
        } else {
            to_last.copy_from_slice(&room.to_latent);
        }
        self.encoder.backward(Input::Rows(&room.x, features), None, &mut room.encoder, for_encoder);
        Ok(())
    }
}

impl Model for Autoencoder {
    type Room = Room;

    fn weights(&self) -> usize {
        let latent = self.latent.as_ref().map_or(0, |(a, b)| a.weights() + b.weights());
        self.encoder.weights() + self.decoder.weights() + self.output.weights() + latent
    }

    fn take(&mut self, weights: &[f32]) {
        let rest = self.encoder.take(weights);
        let rest = self.decoder.take(rest);
        let (own, rest) = rest.split_at(self.output.weights());
        self.output.take(own);
        if let Some((mean, log_variance)) = &mut self.latent {
            let (own, rest) = rest.split_at(mean.weights());
            mean.take(own);
            log_variance.take(rest);
        }
    }

    fn room(&self, rows: usize) -> Result<Room> {
        let (values, units) = (rows * padded(self.features), padded(self.encoder.units));
        Ok(Room {
            x: lanes(values)?,
            known: lanes(values)?,
            encoder: self.encoder.tapes(rows)?,
            decoder: self.decoder.tapes(rows)?,
            restored: lanes(values)?,
            mean: lanes(units)?,
            log_variance: lanes(units)?,
            latent: lanes(units)?,
            to_latent: lanes(units)?,
            to_mean: lanes(units)?,
            to_log_variance: lanes(units)?,
        })
    }

    fn check(&self, windows: Windows<'_>) -> Result<()> {
        if windows.rows > 0 && (windows.columns == self.features || windows.columns == 2 * self.features) {
            return Ok(());
        }
        let rule = format!("must have rows, and {} columns or twice as many", self.features);
        Err(Error::invalid("windows", format!("{} x {}", windows.rows, windows.columns), rule))
    }

    fn noise(&self) -> usize {
        if self.latent.is_some() { self.encoder.units } else { 0 }
    }

    fn losses(
        &self,
        group: &Group<'_>,
        room: &mut Room,
        gradient: Option<&mut [f32]>,
    ) -> Result<[f64; WINDOWS]> {
        let (features, broad) = (padded(self.features), padded(self.decoder.units));
        self.arrange(group, room);
        self.encoder.forward(Input::Rows(&room.x, features), &mut room.encoder);
        let divergence = self.draw(group, room);
        self.decoder.forward(Input::Constant(&room.latent), &mut room.decoder);
        let outputs = room.decoder.outputs(self.decoder.units).chunks_exact(broad);
        for (hidden, y) in outputs.zip(room.restored.chunks_exact_mut(features)) {
            self.output.forward(hidden, y);
        }
        let errors = self.errors(group, room);
        if let Some(gradient) = gradient {
            self.back(group, room, gradient)?;
        }
        Ok(std::array::from_fn(|l| errors[l] + f64::from(group.weight) * divergence[l]))
    }
}
