//! The cells that layers are made of, as torch defines them.

use crate::fmath::exp;
use crate::{Error, Result};

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
    pub(super) fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// Numbers of state for each unit: an LSTM has its cell beside its output.
    pub(super) fn memory(self) -> usize {
        if self == Self::Lstm { 2 } else { 1 }
    }

    /// Takes a row: from the sums over the input and over the last output to the next output, and for an LSTM the next cell.
    #[inline(always)]
    pub(super) fn step(self, sums: &mut [f64], more: &[f64], hidden: &mut [f64], cell: &mut [f64]) {
        match self {
            Self::Rnn => rnn(sums, more, hidden),
            Self::Gru => gru(sums, more, hidden),
            Self::Lstm => lstm(sums, more, hidden, cell),
        }
    }

    /// Where a gate comes among those that are computed: what is no gate, but new content, comes last.
    pub(super) fn place(self, gate: usize) -> usize {
        match (self, gate) {
            (Self::Lstm, 2) => 3,
            (Self::Lstm, 3) => 2,
            _ => gate,
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

/// Adds numbers to as many others, and takes a function of the sums.
#[inline(always)]
fn sums(into: &mut [f64], more: &[f64], f: impl Fn(f64) -> f64) {
    for (a, b) in into.iter_mut().zip(more) {
        *a = f(*a + b);
    }
}

#[inline(always)]
fn rnn(from_input: &mut [f64], from_hidden: &[f64], hidden: &mut [f64]) {
    sums(from_input, from_hidden, tanh);
    hidden.copy_from_slice(from_input);
}

#[inline(always)]
fn gru(from_input: &mut [f64], from_hidden: &[f64], hidden: &mut [f64]) {
    let n = hidden.len();
    let (gates, new) = from_input.split_at_mut(2 * n);
    let (more, new_more) = from_hidden.split_at(2 * n);
    sums(gates, more, logistic);
    let (reset, update) = gates.split_at(n);
    for ((new, more), reset) in new.iter_mut().zip(new_more).zip(reset) {
        *new = tanh(*new + reset * more);
    }
    for ((hidden, new), update) in hidden.iter_mut().zip(&*new).zip(update) {
        *hidden = (1.0 - update) * new + update * *hidden;
    }
}

#[inline(always)]
fn lstm(from_input: &mut [f64], from_hidden: &[f64], hidden: &mut [f64], cell: &mut [f64]) {
    let n = hidden.len();
    let (gates, new) = from_input.split_at_mut(3 * n);
    let (more, new_more) = from_hidden.split_at(3 * n);
    sums(gates, more, logistic);
    sums(new, new_more, tanh);
    let (input, gates) = gates.split_at(n);
    let (forget, output) = gates.split_at(n);
    for (((cell, forget), input), new) in cell.iter_mut().zip(forget).zip(input).zip(&*new) {
        *cell = forget * *cell + input * new;
    }
    for ((hidden, output), cell) in hidden.iter_mut().zip(output).zip(&*cell) {
        *hidden = output * tanh(*cell);
    }
}
