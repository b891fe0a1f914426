//! One series, row by row.

use super::affine::{Affine, Sums};
use super::network::Network;
use crate::error::try_filled;
use crate::job::Job;
use crate::simd::{Kernel, dispatch};
use crate::{Error, Result};

/// Rows between two looks at whether to stop.
const STEPS: usize = 4096;

impl Network {
    /// Takes the rows (steps, inputs) of a series that begins in `state`. Puts the state that it ends in there, and returns
    /// the outputs (steps, outputs).
    pub fn run(&self, x: &[f64], state: &mut [f64], job: &Job) -> Result<Vec<f64>> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let total = (x.len() / inputs).checked_mul(outputs).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut out = try_filled(0.0, total)?;
        let mut buffers = Buffers::new(self)?;
        for (from, to) in self.memories() {
            buffers.state[to..to + self.units].copy_from_slice(&state[from..from + self.units]);
        }
        for (x, out) in x.chunks(STEPS * inputs).zip(out.chunks_mut(STEPS * outputs)) {
            dispatch(Rows { network: self, x, out, buffers: &mut buffers });
            job.step((x.len() / inputs) as u64)?;
        }
        for (to, from) in self.memories() {
            state[to..to + self.units].copy_from_slice(&buffers.state[from..from + self.units]);
        }
        Ok(out)
    }
}

/// Room for the state of a series, and for the sums of one row.
struct Buffers {
    state: Vec<f64>,
    from_input: Vec<Sums>,
    from_hidden: Vec<Sums>,
    below: Vec<f64>,
    /// Of the map at the end.
    end: Vec<Sums>,
}

impl Buffers {
    fn new(network: &Network) -> Result<Self> {
        let hidden = &network.layers[0].hidden;
        let state = network.layers.len() * network.padded * network.cell.memory();
        Ok(Self {
            state: try_filled(0.0, state)?,
            from_input: hidden.room()?,
            from_hidden: hidden.room()?,
            below: try_filled(0.0, network.padded)?,
            end: network.head.as_ref().map_or(Ok(Vec::new()), Affine::room)?,
        })
    }
}

/// Some rows.
struct Rows<'a> {
    network: &'a Network,
    x: &'a [f64],
    out: &'a mut [f64],
    buffers: &'a mut Buffers,
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { network, x, out, buffers } = self;
        let Buffers { state, from_input, from_hidden, below, end } = buffers;
        let gates = network.cell.gates() * network.padded;
        let outputs = network.outputs();
        for (x, out) in x.chunks_exact(network.inputs()).zip(out.chunks_exact_mut(outputs)) {
            let memories = state.chunks_mut(network.padded * network.cell.memory());
            for (k, (layer, memory)) in network.layers.iter().zip(memories).enumerate() {
                let (hidden, cell) = memory.split_at_mut(network.padded);
                layer.input.apply(if k > 0 { below } else { x }, from_input);
                layer.hidden.apply(hidden, from_hidden);
                let sums = &mut from_input.as_flattened_mut()[..gates];
                let more = &from_hidden.as_flattened()[..gates];
                network.cell.step(sums, more, hidden, cell);
                below.copy_from_slice(hidden);
            }
            match &network.head {
                Some(head) => {
                    head.apply(below, end);
                    out.copy_from_slice(&end.as_flattened()[..outputs]);
                }
                None => out.copy_from_slice(&below[..network.units]),
            }
        }
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
    fn in_pieces_the_bits_are_the_same() {
        for cell in [Cell::Rnn, Cell::Gru, Cell::Lstm] {
            let net = network(cell);
            let x: Vec<f64> = (0..18).map(|i| f64::from(i).sin()).collect();
            let mut end = vec![0.0; net.state()];
            let whole = net.run(&x, &mut end, &Job::new()).unwrap();
            let mut state = vec![0.0; net.state()];
            let mut found = Vec::new();
            for rows in [&x[..8], &x[8..10], &x[10..]] {
                found.extend(net.run(rows, &mut state, &Job::new()).unwrap());
            }
            assert_eq!(found, whole);
            assert_eq!(state, end);
        }
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
