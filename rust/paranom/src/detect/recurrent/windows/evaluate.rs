//! Latent vectors of windows, windows of latent vectors, and how far these are from the others.

use super::autoencoder::{Autoencoder, Loss};
use super::decoder::Decoder;
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
        each([(windows, taken)], given, threads, |[windows], latent| {
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
        each([(latent, taken)], given, threads, |[latent], windows| {
            let many = together(latent.len() / taken);
            let (first, others) = latent.split_at(many * taken);
            let (first_windows, other_windows) = windows.split_at_mut(many * given);
            self.decode_by::<Lane>(first, rows, first_windows, job)?;
            self.decode_by::<f32>(others, rows, other_windows, job)
        })
    }

    fn decode_by<N: Numbers>(&self, vectors: &[f64], rows: usize, out: &mut [f64], job: &Job) -> Result<()> {
        let (d, units) = (self.features, self.units());
        let mut decoder = Decoder::<N>::new(self)?;
        for (group, out) in vectors.chunks(N::COUNT * units).zip(out.chunks_mut(N::COUNT * rows * d)) {
            decoder.latent.fill(N::splat(0.0));
            set(&mut decoder.latent, group, units);
            decoder.decode(self, rows, |row, y| {
                for (l, window) in out.chunks_exact_mut(rows * d).enumerate() {
                    for (to, y) in window[row * d..(row + 1) * d].iter_mut().zip(y) {
                        *to = f64::from(y.get(l));
                    }
                }
                if row % STEPS == 0 { job.check() } else { Ok(()) }
            })?;
            job.step(N::COUNT as u64)?;
        }
        Ok(())
    }

    /// How far windows (k, rows, features) are from those of latent vectors (k, units): the sums over their values, row by row.
    /// What is missing has no part.
    pub fn distances(
        &self,
        windows: &[f64],
        latent: &[f64],
        rows: usize,
        loss: Loss,
        threads: usize,
        job: &Job,
    ) -> Result<Vec<f64>> {
        refuse_unless(rows > 0, "windows", rows, "must have rows")?;
        let (size, units) = (rows * self.features, self.units());
        each([(windows, size), (latent, units)], 1, threads, |[windows, latent], errors| {
            let many = together(errors.len());
            let (first, others) = errors.split_at_mut(many);
            let (windows, other_windows) = windows.split_at(many * size);
            let (latent, other_latent) = latent.split_at(many * units);
            self.distances_by::<Lane>((windows, latent), rows, loss, first, job)?;
            self.distances_by::<f32>((other_windows, other_latent), rows, loss, others, job)
        })
    }

    fn distances_by<N: Numbers>(
        &self,
        (windows, vectors): (&[f64], &[f64]),
        rows: usize,
        loss: Loss,
        out: &mut [f64],
        job: &Job,
    ) -> Result<()> {
        let (d, units) = (self.features, self.units());
        let size = rows * d;
        let mut decoder = Decoder::<N>::new(self)?;
        out.fill(0.0);
        let groups = windows.chunks(N::COUNT * size).zip(vectors.chunks(N::COUNT * units));
        for ((group, vectors), out) in groups.zip(out.chunks_mut(N::COUNT)) {
            decoder.latent.fill(N::splat(0.0));
            set(&mut decoder.latent, vectors, units);
            decoder.decode(self, rows, |row, y| {
                for (l, (window, error)) in group.chunks_exact(size).zip(&mut *out).enumerate() {
                    for (x, y) in window[row * d..(row + 1) * d].iter().zip(y) {
                        *error += loss.of(f64::from(y.get(l)) - x);
                    }
                }
                if row % STEPS == 0 { job.check() } else { Ok(()) }
            })?;
            job.step(N::COUNT as u64)?;
        }
        Ok(())
    }
}

/// Puts vectors side by side.
fn set<N: Numbers>(lanes: &mut [N], vectors: &[f64], count: usize) {
    for (l, vector) in vectors.chunks_exact(count).enumerate() {
        for (lane, &value) in lanes.iter_mut().zip(vector) {
            lane.set(l, value as f32);
        }
    }
}

/// How many of some windows are computed side by side: all, but for a few at the end that are computed faster one by one.
fn together(windows: usize) -> usize {
    const FEW: usize = WINDOWS / 4;
    let left = windows % WINDOWS;
    if left <= FEW { windows - left } else { windows }
}

/// Does work for all windows, of each of which there are so many numbers in each of some arrays, and which becomes some others;
/// some at a time on each thread.
fn each<const N: usize>(
    from: [(&[f64], usize); N],
    given: usize,
    threads: usize,
    work: impl Fn([&[f64]; N], &mut [f64]) -> Result<()> + Send + Sync,
) -> Result<Vec<f64>> {
    let count = from.first().map_or(0, |(numbers, taken)| numbers.len() / taken);
    let total = count.checked_mul(given).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
    let mut out = try_filled(0.0, total)?;
    if total == 0 {
        return Ok(out);
    }
    let part = |task: usize| {
        let (first, last) = (task * TASK, count.min((task + 1) * TASK));
        from.map(|(numbers, taken)| &numbers[first * taken..last * taken])
    };
    let tasks: Vec<_> = out.chunks_mut(TASK * given).enumerate().map(|(task, to)| (part(task), to)).collect();
    let work = |(from, to): ([&[f64]; N], &mut [f64])| work(from, to);
    if threads > 1 && tasks.len() > 1 {
        pool::run(threads, || pool::try_each(tasks, work))??;
    } else {
        tasks.into_iter().try_for_each(work)?;
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // made-up numbers: their last bits do not matter
mod tests {
    use super::*;
    use crate::detect::recurrent::Cell;

    #[test]
    fn an_error_is_a_sum_of_differences_in_their_order() {
        let (d, rows) = (3, 9);
        let network = Autoencoder::new(Cell::Gru, d, 5, 1, false, Loss::L1).unwrap();
        let weights: Vec<f32> = (0..network.weights()).map(|i| (i as f32 * 0.7).sin()).collect();
        let network = network.with(&weights).unwrap();
        // Tasks of several groups, a group that is not full, and one window that is left.
        for count in [0, 1, 24, 17, 70] {
            let mut windows: Vec<f64> = (0..count * rows * d).map(|i| (i as f64 * 0.3).sin()).collect();
            let job = Job::new();
            let latent = network.encode(&windows, rows, 1, &job).unwrap();
            let restored = network.decode(&latent, rows, 1, &job).unwrap();
            if let Some(x) = windows.get_mut(5) {
                *x = f64::NAN;
            }
            for (loss, size) in [(Loss::L1, (|x| x.abs()) as fn(f64) -> f64), (Loss::L2, |x| x * x)] {
                let gaps = restored.iter().zip(&windows).map(|(y, x)| size(y - x));
                let gaps: Vec<f64> = gaps.map(|x| if x.is_nan() { 0.0 } else { x }).collect();
                let wanted: Vec<f64> =
                    gaps.chunks(rows * d).map(|gaps| gaps.iter().fold(0.0, |a, b| a + b)).collect();
                assert_eq!(network.distances(&windows, &latent, rows, loss, 2, &job).unwrap(), wanted);
            }
        }
    }
}
