//! How a network takes series: some side by side, on some threads.

use super::affine::WIDE;
use super::network::{Network, Shape};
use super::rows::{self, Rows};
use super::wide::{self, Wide};
use crate::error::try_filled;
use crate::job::Job;
use crate::simd::dispatch;
use crate::{Error, Result, pool};

/// Series that one task computes.
const TASK: usize = 16;
/// Rows between two looks at whether to stop.
const STEPS: usize = 4096;

impl Network {
    /// Takes series, (k, steps, inputs) or (k, inputs) if constant. Puts the state that each ends in into `states`
    /// (k, state), which holds the states that they begin in, and returns the outputs (k, steps, outputs).
    pub fn run(
        &self,
        x: &[f64],
        states: &mut [f64],
        shape: Shape,
        threads: usize,
        job: &Job,
    ) -> Result<Vec<f64>> {
        let series = states.len() / self.state();
        let taken = if shape.constant { self.inputs() } else { shape.steps * self.inputs() };
        let given = if shape.outputs { shape.steps * self.outputs() } else { 0 };
        let total = series.checked_mul(given).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut out = try_filled(0.0, total)?;
        if taken == 0 || shape.steps == 0 {
            return Ok(out);
        }
        let mut tasks = Vec::new();
        let (mut xs, mut outs) = (x, out.as_mut_slice());
        for states in states.chunks_mut(TASK * self.state()) {
            let count = states.len() / self.state();
            let (x, behind) = xs.split_at(count * taken);
            let (out, rest) = outs.split_at_mut(count * given);
            tasks.push((x, states, out));
            (xs, outs) = (behind, rest);
        }
        let work = |(x, states, out): (&[f64], &mut [f64], &mut [f64])| {
            // As many as fit side by side, the others one by one.
            let together = states.len() / self.state() / WIDE * WIDE;
            let (wide, alone) = states.split_at_mut(together * self.state());
            let (wide_x, alone_x) = x.split_at(together * taken);
            let (wide_out, alone_out) = out.split_at_mut(together * given);
            if together > 0 {
                let mut buffers = wide::Buffers::new(self)?;
                for (k, states) in wide.chunks_mut(WIDE * self.state()).enumerate() {
                    let x = &wide_x[k * WIDE * taken..(k + 1) * WIDE * taken];
                    let out = &mut wide_out[k * WIDE * given..(k + 1) * WIDE * given];
                    self.take_wide(x, states, out, shape, &mut buffers, job)?;
                }
            }
            if !alone.is_empty() {
                let mut buffers = rows::Buffers::new(self)?;
                for (k, state) in alone.chunks_mut(self.state()).enumerate() {
                    let x = &alone_x[k * taken..(k + 1) * taken];
                    let out = &mut alone_out[k * given..(k + 1) * given];
                    self.take(x, state, out, shape, &mut buffers, job)?;
                }
            }
            Ok(())
        };
        if threads > 1 && tasks.len() > 1 {
            pool::run(threads, || pool::try_each(tasks, work))??;
        } else {
            tasks.into_iter().try_for_each(work)?;
        }
        Ok(out)
    }

    /// Takes `WIDE` series, some rows at a time.
    fn take_wide(
        &self,
        x: &[f64],
        states: &mut [f64],
        out: &mut [f64],
        shape: Shape,
        buffers: &mut wide::Buffers,
        job: &Job,
    ) -> Result<()> {
        buffers.begin(self, states);
        for first in (0..shape.steps).step_by(STEPS) {
            let steps = STEPS.min(shape.steps - first);
            dispatch(Wide { network: self, x, out: &mut *out, shape, buffers: &mut *buffers, first, steps });
            job.step((WIDE * steps) as u64)?;
        }
        buffers.end(self, states);
        Ok(())
    }

    /// Takes one series, some rows at a time.
    fn take(
        &self,
        x: &[f64],
        state: &mut [f64],
        out: &mut [f64],
        shape: Shape,
        buffers: &mut rows::Buffers,
        job: &Job,
    ) -> Result<()> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        for (from, to) in self.memories() {
            buffers.state[to..to + self.units].copy_from_slice(&state[from..from + self.units]);
        }
        for first in (0..shape.steps).step_by(STEPS) {
            let steps = STEPS.min(shape.steps - first);
            let x = if shape.constant { x } else { &x[first * inputs..(first + steps) * inputs] };
            let out: &mut [f64] =
                if shape.outputs { &mut out[first * outputs..(first + steps) * outputs] } else { &mut [] };
            dispatch(Rows { network: self, x, out, shape: Shape { steps, ..shape }, buffers });
            job.step(steps as u64)?;
        }
        for (to, from) in self.memories() {
            state[to..to + self.units].copy_from_slice(&buffers.state[from..from + self.units]);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // made-up numbers: their last bits do not matter
mod tests {
    use super::*;
    use crate::detect::recurrent::{Affine, Cell, Layer};

    fn map(outputs: usize, inputs: usize, seed: f64) -> Affine {
        let weights: Vec<f64> = (0..outputs * inputs).map(|i| (i as f64 * 0.7 + seed).sin()).collect();
        let bias: Vec<f64> = (0..outputs).map(|i| (i as f64 * 1.3 + seed).cos()).collect();
        Affine::new(&weights, &bias).unwrap()
    }

    fn network(cell: Cell) -> Network {
        let gates = cell.gates() * 3;
        let layers = vec![
            Layer { input: map(gates, 2, 1.0), hidden: map(gates, 3, 2.0) },
            Layer { input: map(gates, 3, 3.0), hidden: map(gates, 3, 4.0) },
        ];
        Network::new(cell, layers, Some(map(2, 3, 5.0))).unwrap()
    }

    #[test]
    fn alone_among_others_and_in_pieces_the_bits_are_the_same() {
        for cell in [Cell::Rnn, Cell::Gru, Cell::Lstm] {
            let net = network(cell);
            let (steps, count) = (9, 40);
            let x: Vec<f64> = (0..count * steps * 2).map(|i| (i as f64).sin()).collect();
            let shape = Shape { steps, constant: false, outputs: true };
            let mut states = vec![0.0; count * net.state()];
            let all = net.run(&x, &mut states, shape, 2, &Job::new()).unwrap();
            for k in [0, 17, count - 1] {
                let mut state = vec![0.0; net.state()];
                let mut found = Vec::new();
                for (first, steps) in [(0, 4), (4, 1), (5, 4)] {
                    let rows = &x[(k * 9 + first) * 2..(k * 9 + first + steps) * 2];
                    found
                        .extend(net.run(rows, &mut state, Shape { steps, ..shape }, 1, &Job::new()).unwrap());
                }
                assert_eq!(found, all[k * 18..(k + 1) * 18]);
                assert_eq!(state, states[k * net.state()..(k + 1) * net.state()]);
            }
        }
    }

    #[test]
    fn a_constant_series_is_a_row_over_and_over() {
        let net = network(Cell::Gru);
        let (mut one, mut other) = (vec![0.0; net.state()], vec![0.0; net.state()]);
        let shape = Shape { steps: 5, constant: true, outputs: true };
        let found = net.run(&[0.3, -0.2], &mut one, shape, 1, &Job::new()).unwrap();
        let whole = Shape { constant: false, ..shape };
        assert_eq!(found, net.run(&[0.3, -0.2].repeat(5), &mut other, whole, 1, &Job::new()).unwrap());
    }

    #[test]
    fn layers_that_do_not_fit_are_refused() {
        let layer = Layer { input: map(12, 2, 1.0), hidden: map(12, 3, 2.0) };
        assert!(Network::new(Cell::Gru, vec![layer.clone()], None).is_err());
        assert!(Network::new(Cell::Lstm, vec![layer.clone(), layer.clone()], None).is_err());
        assert!(Network::new(Cell::Lstm, vec![layer.clone()], Some(map(1, 2, 0.0))).is_err());
        assert!(Network::new(Cell::Lstm, vec![], None).is_err());
        assert!(Network::new(Cell::Lstm, vec![layer], Some(map(1, 3, 0.0))).is_ok());
    }
}
