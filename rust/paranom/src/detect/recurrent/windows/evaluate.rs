//! Latent vectors of windows, and windows of latent vectors.

use super::autoencoder::Autoencoder;
use super::lanes::{Lane, WINDOWS, ZERO, lanes, padded};
use super::layer::State;
use super::model::Model;
use crate::error::{refuse_unless, try_filled};
use crate::job::Job;
use crate::{Error, Result, pool};

/// Windows that one task computes.
const TASK: usize = 4 * WINDOWS;
/// Rows between two looks at whether to stop.
const STEPS: usize = 4096;

impl Autoencoder {
    /// The network with weights, in torch's order.
    pub fn with(mut self, weights: &[f32]) -> Result<Self> {
        let count = self.weights();
        refuse_unless(weights.len() == count, "weights", weights.len(), &format!("must be {count} numbers"))?;
        self.take(weights);
        Ok(self)
    }

    /// Channels of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Numbers of a latent vector.
    pub fn units(&self) -> usize {
        self.encoder.units
    }

    /// The latent vectors (k, units) of windows (k, rows, features); of drawn ones, the means.
    pub fn encode(&self, windows: &[f64], rows: usize, threads: usize, job: &Job) -> Result<Vec<f64>> {
        refuse_unless(rows > 0, "windows", rows, "must have rows")?;
        each(windows, rows * self.features, self.units(), threads, |windows, out| {
            let (d, units) = (self.features, self.units());
            let mut states = self.encoder.states()?;
            let (mut x, mut latent) = (lanes(padded(d))?, lanes(padded(units))?);
            for (group, out) in windows.chunks(WINDOWS * rows * d).zip(out.chunks_mut(WINDOWS * units)) {
                for (layer, state) in self.encoder.layers.iter().zip(&mut states) {
                    layer.restart(None, state);
                }
                for row in 0..rows {
                    for (l, window) in group.chunks_exact(rows * d).enumerate() {
                        for (x, &value) in x.iter_mut().zip(&window[row * d..(row + 1) * d]) {
                            x.0[l] = value as f32;
                        }
                    }
                    self.encoder.advance(Some(&x), &mut states);
                    if row % STEPS == 0 {
                        job.check()?;
                    }
                }
                self.latent_of(&states, &mut latent);
                for (l, out) in out.chunks_exact_mut(units).enumerate() {
                    for (out, lane) in out.iter_mut().zip(&latent) {
                        *out = f64::from(lane.0[l]);
                    }
                }
                job.step(WINDOWS as u64)?;
            }
            Ok(())
        })
    }

    /// The latent vectors that an encoder's states hold.
    pub(super) fn latent_of(&self, states: &[State], latent: &mut [Lane]) {
        let Some(last) = states.last() else { return };
        match &self.latent {
            Some((mean, _)) => mean.forward(&last.hidden, latent),
            None => latent.copy_from_slice(&last.hidden),
        }
    }

    /// Windows (k, rows, features) of latent vectors (k, units).
    pub fn decode(&self, latent: &[f64], rows: usize, threads: usize, job: &Job) -> Result<Vec<f64>> {
        each(latent, self.units(), rows * self.features, threads, |vectors, out| {
            let (d, units) = (self.features, self.units());
            let mut states = self.decoder.states()?;
            let (mut latent, mut y) = (lanes(padded(units))?, lanes(padded(d))?);
            for (group, out) in vectors.chunks(WINDOWS * units).zip(out.chunks_mut(WINDOWS * rows * d)) {
                latent.fill(ZERO);
                for (l, vector) in group.chunks_exact(units).enumerate() {
                    for (lane, &value) in latent.iter_mut().zip(vector) {
                        lane.0[l] = value as f32;
                    }
                }
                for (k, (layer, state)) in self.decoder.layers.iter().zip(&mut states).enumerate() {
                    layer.restart((k == 0).then_some(&latent[..]), state);
                }
                for row in 0..rows {
                    self.decoder.advance(None, &mut states);
                    if let Some(last) = states.last() {
                        self.output.forward(&last.hidden, &mut y);
                    }
                    for (l, window) in out.chunks_exact_mut(rows * d).enumerate() {
                        for (to, y) in window[row * d..(row + 1) * d].iter_mut().zip(&y) {
                            *to = f64::from(y.0[l]);
                        }
                    }
                    if row % STEPS == 0 {
                        job.check()?;
                    }
                }
                job.step(WINDOWS as u64)?;
            }
            Ok(())
        })
    }
}

/// Does work for all vectors of so many numbers, each of which becomes another one; some at a time on each thread.
fn each(
    from: &[f64],
    taken: usize,
    given: usize,
    threads: usize,
    work: impl Fn(&[f64], &mut [f64]) -> Result<()> + Send + Sync,
) -> Result<Vec<f64>> {
    let count = from.len() / taken;
    let total = count.checked_mul(given).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut out = try_filled(0.0, total)?;
    if total == 0 {
        return Ok(out);
    }
    let tasks: Vec<_> = from.chunks(TASK * taken).zip(out.chunks_mut(TASK * given)).collect();
    let work = |(from, to): (&[f64], &mut [f64])| work(from, to);
    if threads > 1 && tasks.len() > 1 {
        pool::run(threads, || pool::try_each(tasks, work))??;
    } else {
        tasks.into_iter().try_for_each(work)?;
    }
    Ok(out)
}
