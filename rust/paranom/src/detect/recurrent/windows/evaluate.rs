//! Latent vectors of windows, and windows of latent vectors.

use super::autoencoder::Autoencoder;
use super::lanes::{Lane, Numbers, WINDOWS, padded};
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
        let (taken, given) = (rows * self.features, self.units());
        each(windows, taken, given, threads, |windows, latent| {
            let many = together(windows.len() / taken);
            let (first, others) = windows.split_at(many * taken);
            let (first_latent, other_latent) = latent.split_at_mut(many * given);
            self.encode_by::<Lane>(first, rows, first_latent, job)?;
            self.encode_by::<f32>(others, rows, other_latent, job)
        })
    }

    fn encode_by<N: Numbers>(&self, windows: &[f64], rows: usize, out: &mut [f64], job: &Job) -> Result<()> {
        let (d, units) = (self.features, self.units());
        let mut states = self.encoder.states::<N>()?;
        let zeros = |count| try_filled(N::splat(0.0), padded(count));
        let (mut x, mut latent) = (zeros(d)?, zeros(units)?);
        for (group, out) in windows.chunks(N::COUNT * rows * d).zip(out.chunks_mut(N::COUNT * units)) {
            for (layer, state) in self.encoder.layers.iter().zip(&mut states) {
                layer.restart(None, state);
            }
            for row in 0..rows {
                for (l, window) in group.chunks_exact(rows * d).enumerate() {
                    for (x, &value) in x.iter_mut().zip(&window[row * d..(row + 1) * d]) {
                        x.set(l, value as f32);
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
                    *out = f64::from(lane.get(l));
                }
            }
            job.step(N::COUNT as u64)?;
        }
        Ok(())
    }

    /// The latent vectors that an encoder's states hold.
    pub(super) fn latent_of<N: Numbers>(&self, states: &[State<N>], latent: &mut [N]) {
        let Some(last) = states.last() else { return };
        match &self.latent {
            Some((mean, _)) => mean.forward(&last.hidden, latent),
            None => latent.copy_from_slice(&last.hidden),
        }
    }

    /// Windows (k, rows, features) of latent vectors (k, units).
    pub fn decode(&self, latent: &[f64], rows: usize, threads: usize, job: &Job) -> Result<Vec<f64>> {
        let (taken, given) = (self.units(), rows * self.features);
        each(latent, taken, given, threads, |latent, windows| {
            let many = together(latent.len() / taken);
            let (first, others) = latent.split_at(many * taken);
            let (first_windows, other_windows) = windows.split_at_mut(many * given);
            self.decode_by::<Lane>(first, rows, first_windows, job)?;
            self.decode_by::<f32>(others, rows, other_windows, job)
        })
    }

    fn decode_by<N: Numbers>(&self, vectors: &[f64], rows: usize, out: &mut [f64], job: &Job) -> Result<()> {
        let (d, units) = (self.features, self.units());
        let mut states = self.decoder.states::<N>()?;
        let zeros = |count| try_filled(N::splat(0.0), padded(count));
        let (mut latent, mut y) = (zeros(units)?, zeros(d)?);
        for (group, out) in vectors.chunks(N::COUNT * units).zip(out.chunks_mut(N::COUNT * rows * d)) {
            latent.fill(N::splat(0.0));
            for (l, vector) in group.chunks_exact(units).enumerate() {
                for (lane, &value) in latent.iter_mut().zip(vector) {
                    lane.set(l, value as f32);
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
                        *to = f64::from(y.get(l));
                    }
                }
                if row % STEPS == 0 {
                    job.check()?;
                }
            }
            job.step(N::COUNT as u64)?;
        }
        Ok(())
    }
}

/// How many of some windows are computed side by side: all, but for a few at the end that are computed faster one by one.
fn together(windows: usize) -> usize {
    const FEW: usize = WINDOWS / 4;
    let left = windows % WINDOWS;
    if left <= FEW { windows - left } else { windows }
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
