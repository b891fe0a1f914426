//! Layers of one kind of cell, and how they take a series row by row. The cells are those of torch.

use super::affine::Affine;
use crate::error::try_filled;
use crate::fmath::exp;
use crate::job::Job;
use crate::simd::{Kernel, dispatch};
use crate::{Error, Result, pool};

/// Series that one task computes.
const TASK: usize = 16;
/// Rows between two looks at whether to stop.
const STEPS: usize = 4096;

/// What a layer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// tanh of the sums.
    Rnn,
    /// Gates in the order reset, update, new.
    Gru,
    /// Gates in the order input, forget, cell, output.
    Lstm,
}

impl Cell {
    /// The cell of a name.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "rnn" => Ok(Self::Rnn),
            "gru" => Ok(Self::Gru),
            "lstm" => Ok(Self::Lstm),
            _ => Err(Error::invalid("cell", name, "must be rnn, gru or lstm")),
        }
    }

    /// Sums for each unit.
    fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// Numbers of state for each unit: an LSTM has its cell beside its output.
    fn memory(self) -> usize {
        if self == Self::Lstm { 2 } else { 1 }
    }
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// From the layer's input to the gates.
    pub input: Affine,
    /// From the layer's last output to the gates.
    pub hidden: Affine,
}

/// Layers one behind the other, and a map of the last one's output.
#[derive(Debug, Clone)]
pub struct Network {
    cell: Cell,
    layers: Vec<Layer>,
    head: Option<Affine>,
    units: usize,
}

/// What series of one call are.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Rows of each series.
    pub steps: usize,
    /// Whether each series is one row, which comes `steps` times.
    pub constant: bool,
    /// Whether the outputs are wanted, or the last state alone.
    pub outputs: bool,
}

impl Network {
    /// A network; an error where its layers do not fit each other.
    pub fn new(cell: Cell, layers: Vec<Layer>, head: Option<Affine>) -> Result<Self> {
        let units = layers.first().map_or(0, |layer| layer.hidden.inputs());
        let gates = cell.gates() * units;
        let fits = |(k, layer): (usize, &Layer)| {
            layer.hidden.inputs() == units
                && layer.hidden.outputs() == gates
                && layer.input.outputs() == gates
                && (k == 0 || layer.input.inputs() == units)
        };
        if units == 0
            || !layers.iter().enumerate().all(fits)
            || head.as_ref().is_some_and(|h| h.inputs() != units)
        {
            return Err(Error::invalid("layers", layers.len(), "must have shapes that fit each other"));
        }
        Ok(Self { cell, layers, head, units })
    }

    /// Channels of a row.
    pub fn inputs(&self) -> usize {
        self.layers[0].input.inputs()
    }

    /// Numbers that come out for each row.
    pub fn outputs(&self) -> usize {
        self.head.as_ref().map_or(self.units, Affine::outputs)
    }

    /// Numbers of a state: for each layer its output, and for an LSTM its cell behind that.
    pub fn state(&self) -> usize {
        self.layers.len() * self.units * self.cell.memory()
    }

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
            let mut buffers = Buffers::new(self)?;
            for (k, state) in states.chunks_mut(self.state()).enumerate() {
                let (x, out) = (&x[k * taken..(k + 1) * taken], &mut out[k * given..(k + 1) * given]);
                self.take(x, state, out, shape, &mut buffers, job)?;
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

    /// Takes one series, some rows at a time.
    fn take(
        &self,
        x: &[f64],
        state: &mut [f64],
        out: &mut [f64],
        shape: Shape,
        buffers: &mut Buffers,
        job: &Job,
    ) -> Result<()> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        for first in (0..shape.steps).step_by(STEPS) {
            let steps = STEPS.min(shape.steps - first);
            let x = if shape.constant { x } else { &x[first * inputs..(first + steps) * inputs] };
            let out: &mut [f64] =
                if shape.outputs { &mut out[first * outputs..(first + steps) * outputs] } else { &mut [] };
            dispatch(Rows {
                network: self,
                x,
                state: &mut *state,
                out,
                shape: Shape { steps, ..shape },
                buffers,
            });
            job.step(steps as u64)?;
        }
        Ok(())
    }
}

/// Room for the sums of one row.
struct Buffers {
    from_input: Vec<f64>,
    from_hidden: Vec<f64>,
    /// Of the first layer, where its input is constant.
    constant: Vec<f64>,
    below: Vec<f64>,
}

impl Buffers {
    fn new(network: &Network) -> Result<Self> {
        let gates = network.cell.gates() * network.units;
        Ok(Self {
            from_input: try_filled(0.0, gates)?,
            from_hidden: try_filled(0.0, gates)?,
            constant: try_filled(0.0, gates)?,
            below: try_filled(0.0, network.units)?,
        })
    }
}

/// Rows of one series.
struct Rows<'a> {
    network: &'a Network,
    x: &'a [f64],
    state: &'a mut [f64],
    out: &'a mut [f64],
    shape: Shape,
    buffers: &'a mut Buffers,
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { network, x, state, out, shape, buffers } = self;
        let Buffers { from_input, from_hidden, constant, below } = buffers;
        let (units, inputs, outputs) = (network.units, network.inputs(), network.outputs());
        if shape.constant {
            network.layers[0].input.apply(x, constant);
        }
        for row in 0..shape.steps {
            let memories = state.chunks_mut(units * network.cell.memory());
            for (k, (layer, memory)) in network.layers.iter().zip(memories).enumerate() {
                let (hidden, cell) = memory.split_at_mut(units);
                let sums: &[f64] = if k == 0 && shape.constant {
                    constant
                } else {
                    let x = if k == 0 { &x[row * inputs..(row + 1) * inputs] } else { &*below };
                    layer.input.apply(x, from_input);
                    from_input
                };
                layer.hidden.apply(hidden, from_hidden);
                match network.cell {
                    Cell::Rnn => rnn(sums, from_hidden, hidden),
                    Cell::Gru => gru(sums, from_hidden, hidden),
                    Cell::Lstm => lstm(sums, from_hidden, hidden, cell),
                }
                below.copy_from_slice(hidden);
            }
            if shape.outputs {
                let out = &mut out[row * outputs..(row + 1) * outputs];
                match &network.head {
                    Some(head) => head.apply(below, out),
                    None => out.copy_from_slice(below),
                }
            }
        }
    }
}

#[inline(always)]
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn tanh(x: f64) -> f64 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

#[inline(always)]
fn rnn(sums: &[f64], more: &[f64], hidden: &mut [f64]) {
    for ((h, a), b) in hidden.iter_mut().zip(sums).zip(more) {
        *h = tanh(a + b);
    }
}

#[inline(always)]
fn gru(sums: &[f64], more: &[f64], hidden: &mut [f64]) {
    let n = hidden.len();
    let (ar, a) = sums.split_at(n);
    let (az, an) = a.split_at(n);
    let (br, b) = more.split_at(n);
    let (bz, bn) = b.split_at(n);
    for i in 0..n {
        let (reset, update) = (logistic(ar[i] + br[i]), logistic(az[i] + bz[i]));
        let new = tanh(an[i] + reset * bn[i]);
        hidden[i] = (1.0 - update) * new + update * hidden[i];
    }
}

#[inline(always)]
fn lstm(sums: &[f64], more: &[f64], hidden: &mut [f64], cell: &mut [f64]) {
    let n = hidden.len();
    let cell = &mut cell[..n];
    let (ai, a) = sums.split_at(n);
    let (af, a) = a.split_at(n);
    let (ag, ao) = a.split_at(n);
    let (bi, b) = more.split_at(n);
    let (bf, b) = b.split_at(n);
    let (bg, bo) = b.split_at(n);
    for i in 0..n {
        let (input, forget) = (logistic(ai[i] + bi[i]), logistic(af[i] + bf[i]));
        cell[i] = forget * cell[i] + input * tanh(ag[i] + bg[i]);
        hidden[i] = logistic(ao[i] + bo[i]) * tanh(cell[i]);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // made-up numbers: their last bits do not matter
mod tests {
    use super::*;

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
