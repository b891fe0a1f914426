//! A recurrent layer over the rows of some windows, forward and backward.

use super::gates::{Backward, Forward, Places};
use super::lanes::{
    Lane, Matrix, Numbers, Rows, WINDOWS, ZERO, flat, flat_mut, folded, lanes, outer_products, padded,
};
use crate::Result;
use crate::detect::recurrent::Cell;
use crate::error::try_filled;
use crate::simd::dispatch;

/// A layer with its weights in the order in which they are read.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    cell: Cell,
    inputs: usize,
    pub(super) units: usize,
    places: Places,
    /// Lanes of a row of sums.
    stride: usize,
    input: Matrix,
    hidden: Matrix,
    input_back: Matrix,
    hidden_back: Matrix,
    bias: Vec<f32>,
    /// The state that windows begin in: outputs, and cells of an LSTM.
    pub(super) start: Vec<f32>,
}

/// What a layer did with some windows.
pub(super) struct Tape {
    /// Sums, then gates, then the gradients of the sums.
    sums: Vec<Lane>,
    /// Outputs; the first row is the state before.
    pub(super) hidden: Vec<Lane>,
    cells: Vec<Lane>,
    sizes: Vec<Lane>,
    /// The sums of a row that comes over and over; of all rows on the way back.
    first: Vec<Lane>,
    carried: Vec<Lane>,
    along: Vec<Lane>,
}

/// Where a layer is in some windows.
#[derive(Debug, Clone)]
pub(super) struct State<N> {
    /// The sums of a row that comes over and over, or the bias.
    first: Vec<N>,
    sums: Vec<N>,
    pub(super) hidden: Vec<N>,
    next: Vec<N>,
    cells: Vec<N>,
    next_cells: Vec<N>,
    sizes: Vec<N>,
}

impl State<Lane> {
    /// Puts a window back to where it began, zeros.
    pub(super) fn restart(&mut self, window: usize) {
        for lane in self.hidden.iter_mut().chain(&mut self.cells) {
            lane.0[window] = 0.0;
        }
    }
}

/// The rows that a layer takes.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// A row for each step, each of so many lanes.
    Rows(&'a [Lane], usize),
    /// One row for all steps.
    Constant(&'a [Lane]),
}

impl Layer {
    pub(super) fn new(cell: Cell, inputs: usize, units: usize) -> Result<Self> {
        let places = Places::of(cell, units);
        let gates = places.hidden;
        Ok(Self {
            cell,
            inputs,
            units,
            places,
            stride: places.input + padded(gates),
            input: Matrix::zeros(gates, inputs)?,
            hidden: Matrix::zeros(gates, units)?,
            input_back: Matrix::zeros(inputs, gates)?,
            hidden_back: Matrix::zeros(units, gates)?,
            bias: try_filled(0.0, places.rows)?,
            start: try_filled(0.0, units * cell.memory())?,
        })
    }

    /// How many weights there are.
    pub(super) fn weights(&self) -> usize {
        self.places.hidden * (self.inputs + self.units + 2)
    }

    /// The weights of an array of all: over the input and the hidden state, and both biases.
    fn split<'a>(&self, weights: &'a [f32]) -> [&'a [f32]; 4] {
        let gates = self.places.hidden;
        let (input, rest) = weights.split_at(gates * self.inputs);
        let (hidden, rest) = rest.split_at(gates * self.units);
        let (first, second) = rest.split_at(gates);
        [input, hidden, first, &second[..gates]]
    }

    /// Takes weights, in torch's order.
    pub(super) fn take(&mut self, weights: &[f32]) {
        let Places { input: at, hidden: gates, turn, .. } = self.places;
        let [input, hidden, first, second] = self.split(weights);
        self.input.take(input, 0);
        self.hidden.take(hidden, turn);
        self.input_back.take_transposed(input, 0);
        self.hidden_back.take_transposed(hidden, turn);
        self.bias.fill(0.0);
        self.bias[at..at + gates].copy_from_slice(first);
        for row in 0..gates {
            self.bias[row] += second[(row + turn) % gates];
        }
    }

    pub(super) fn tape(&self, steps: usize) -> Result<Tape> {
        let wide = padded(self.units);
        let memory = if self.cell == Cell::Lstm { self.units } else { 0 };
        Ok(Tape {
            sums: lanes(steps * self.stride)?,
            hidden: lanes((steps + 1) * wide)?,
            cells: lanes((steps + 1) * memory)?,
            sizes: lanes(steps * memory)?,
            first: lanes(self.stride)?,
            carried: lanes(wide)?,
            along: lanes(memory)?,
        })
    }

    /// Takes all rows.
    pub(super) fn forward(&self, input: Input<'_>, tape: &mut Tape) {
        let Tape { sums, hidden, cells, sizes, first, .. } = tape;
        let (at, units, wide) = (self.places.input, self.units, padded(self.units));
        for (lane, &value) in hidden.iter_mut().zip(&self.start[..units]) {
            *lane = Lane([value; WINDOWS]);
        }
        for (lane, &value) in cells.iter_mut().zip(&self.start[units..]) {
            *lane = Lane([value; WINDOWS]);
        }
        let constant = if let Input::Constant(x) = input { Some(x) } else { None };
        self.begin(constant, first);
        for (step, sums) in sums.chunks_exact_mut(self.stride).enumerate() {
            sums.copy_from_slice(first);
            if let Input::Rows(x, stride) = input {
                self.input.add_product(&x[step * stride..], &mut sums[at..]);
            }
            let (before, next) = hidden[step * wide..].split_at_mut(wide);
            self.hidden.add_product(before, sums);
            let memory = (self.cell == Cell::Lstm).then(|| {
                let (cell, next) = cells[step * units..].split_at_mut(units);
                let sizes = &mut sizes[step * units..(step + 1) * units];
                (flat(cell), flat_mut(&mut next[..units]), flat_mut(sizes))
            });
            let (hidden, next) = (flat(&before[..units]), flat_mut(&mut next[..units]));
            dispatch(Forward { cell: self.cell, sums: flat_mut(sums), hidden, next, memory });
        }
    }

    /// The sums before those over rows: the bias, and those over a row that comes over and over.
    fn begin<N: Numbers>(&self, constant: Option<&[N]>, first: &mut [N]) {
        for (lane, &value) in first.iter_mut().zip(&self.bias) {
            *lane = N::splat(value);
        }
        if let Some(x) = constant {
            N::add_product(&self.input, x, &mut first[self.places.input..]);
        }
    }

    /// The state that windows begin in: zeros.
    pub(super) fn state<N: Numbers>(&self) -> Result<State<N>> {
        let zeros = |count| try_filled(N::splat(0.0), count);
        let wide = padded(self.units);
        let memory = if self.cell == Cell::Lstm { self.units } else { 0 };
        let mut first = zeros(self.stride)?;
        self.begin(None, &mut first);
        Ok(State {
            first,
            sums: zeros(self.stride)?,
            hidden: zeros(wide)?,
            next: zeros(wide)?,
            cells: zeros(memory)?,
            next_cells: zeros(memory)?,
            sizes: zeros(memory)?,
        })
    }

    /// Puts all windows back to where they begin, for a row that comes over and over, or others.
    pub(super) fn restart<N: Numbers>(&self, constant: Option<&[N]>, state: &mut State<N>) {
        state.hidden.fill(N::splat(0.0));
        state.cells.fill(N::splat(0.0));
        self.begin(constant, &mut state.first);
    }

    /// Takes a row of each window; without one, that of `restart`.
    pub(super) fn advance<N: Numbers>(&self, x: Option<&[N]>, state: &mut State<N>) {
        let State { first, sums, hidden, next, cells, next_cells, sizes } = state;
        sums.copy_from_slice(first);
        if let Some(x) = x {
            N::add_product(&self.input, x, &mut sums[self.places.input..]);
        }
        N::add_product(&self.hidden, hidden, sums);
        let memory =
            (self.cell == Cell::Lstm).then(|| (N::flat(cells), N::flat_mut(next_cells), N::flat_mut(sizes)));
        let (before, after) = (N::flat(&hidden[..self.units]), N::flat_mut(&mut next[..self.units]));
        let sums = N::flat_mut(sums);
        dispatch(Forward { cell: self.cell, sums, hidden: before, next: after, memory });
        std::mem::swap(hidden, next);
        std::mem::swap(cells, next_cells);
    }

    /// Goes back: `gradient` is that of all outputs, each row as wide as those of the tape. Puts the gradient of the input into
    /// `below`, where it is wanted, and that of the weights into `weights`.
    pub(super) fn backward(
        &self,
        input: Input<'_>,
        gradient: &[Lane],
        below: Option<&mut [Lane]>,
        tape: &mut Tape,
        weights: &mut [f32],
    ) {
        let Tape { sums, hidden, cells, sizes, first, carried, along } = tape;
        let Places { input: at, hidden: gates, turn, rows } = self.places;
        let (units, wide) = (self.units, padded(self.units));
        carried.fill(ZERO);
        along.fill(ZERO);
        first.fill(ZERO);
        let mut below = below;
        for (step, sums) in sums.chunks_exact_mut(self.stride).enumerate().rev() {
            let memory = (self.cell == Cell::Lstm).then(|| {
                let own = step * units..(step + 1) * units;
                (&cells[own.clone()], &sizes[own], &mut along[..])
            });
            dispatch(Backward {
                cell: self.cell,
                gates: &mut *sums,
                hidden: &hidden[step * wide..][..units],
                gradient: &gradient[step * wide..],
                carried: &mut *carried,
                memory,
            });
            dispatch(Add { to: &mut first[..rows], what: &sums[..rows] });
            self.hidden_back.add_product(sums, carried);
            if let (Input::Rows(..), Some(below)) = (input, &mut below) {
                let stride = padded(self.inputs);
                let below = &mut below[step * stride..(step + 1) * stride];
                below.fill(ZERO);
                self.input_back.add_product(&sums[at..], below);
            }
        }
        let (to_input, rest) = weights.split_at_mut(gates * self.inputs);
        let (to_hidden, biases) = rest.split_at_mut(gates * units);
        let all = Rows { lanes: sums, stride: self.stride, at: 0, count: gates };
        outer_products(all, Rows { lanes: hidden, stride: wide, at: 0, count: units }, turn, to_hidden);
        match input {
            Input::Rows(x, stride) => {
                let x = Rows { lanes: x, stride, at: 0, count: self.inputs };
                outer_products(Rows { at, ..all }, x, 0, to_input);
            }
            Input::Constant(x) => {
                if let Some(below) = below {
                    below.fill(ZERO);
                    self.input_back.add_product(&first[at..], below);
                }
                let sum = Rows { lanes: first, stride: self.stride, at, count: gates };
                let x = Rows { lanes: x, stride: padded(self.inputs), at: 0, count: self.inputs };
                outer_products(sum, x, 0, to_input);
            }
        }
        for row in 0..gates {
            biases[row] = folded(&first[at + row].0);
            biases[gates + (row + turn) % gates] = folded(&first[row].0);
        }
    }
}

/// Adds lanes to others.
pub(super) struct Add<'a> {
    pub to: &'a mut [Lane],
    pub what: &'a [Lane],
}

impl crate::simd::Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (to, what) in self.to.iter_mut().zip(self.what) {
            for (to, what) in to.0.iter_mut().zip(what.0) {
                *to += what;
            }
        }
    }
}
