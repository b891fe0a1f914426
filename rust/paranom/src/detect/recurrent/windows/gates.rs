//! What cells do with their sums, and what comes back through it.

use super::functions::{logistic, tanh};
use super::lanes::{Lane, WINDOWS, flat, flat_mut};
use crate::detect::recurrent::Cell;
use crate::simd::Kernel;

/// Where the sums of a layer stand in a row of lanes. Those over the input and over the hidden state are the same, but for a
/// GRU: there reset and update stand between the new content's sum over the hidden state, which comes first, and the one over the
/// input, so that both kinds lie without a gap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    /// Lanes that are used.
    pub rows: usize,
    /// The first sum over the input.
    pub input: usize,
    /// Sums over the hidden state, which begin at 0; as many are over the input.
    pub hidden: usize,
    /// The row of torch's weights that the first sum over the hidden state belongs to. Those over the input are in torch's order.
    pub turn: usize,
}

impl Places {
    pub(super) fn of(cell: Cell, units: usize) -> Self {
        let (gates, rows) = (cell.gates() * units, cell.gates() * units);
        if cell == Cell::Gru {
            Self { rows: rows + units, input: units, hidden: gates, turn: 2 * units }
        } else {
            Self { rows, input: 0, hidden: gates, turn: 0 }
        }
    }
}

/// From sums to gates, in place, and to the next state. `memory` is the cell, the next one and its tanh, of an LSTM.
pub(super) struct Forward<'a> {
    pub cell: Cell,
    pub sums: &'a mut [f32],
    pub hidden: &'a [f32],
    pub next: &'a mut [f32],
    pub memory: Option<(&'a [f32], &'a mut [f32], &'a mut [f32])>,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { cell, sums, hidden, next, memory } = self;
        let n = hidden.len();
        match (cell, memory) {
            (Cell::Lstm, Some((cell, next_cell, size))) => {
                let (gates, output) = sums[..4 * n].split_at_mut(3 * n);
                let (gates, new) = gates.split_at_mut(2 * n);
                each(gates, logistic);
                each(new, tanh);
                each(output, logistic);
                let (input, forget) = gates.split_at(n);
                let (cell, next_cell, size) = (&cell[..n], &mut next_cell[..n], &mut size[..n]);
                let (new, output, next) = (&new[..n], &output[..n], &mut next[..n]);
                for i in 0..n {
                    next_cell[i] = forget[i] * cell[i] + input[i] * new[i];
                }
                size.copy_from_slice(next_cell);
                each(size, tanh);
                for i in 0..n {
                    next[i] = output[i] * size[i];
                }
            }
            (Cell::Gru, _) => {
                let (from_hidden, gates) = sums.split_at_mut(n);
                let (gates, new) = gates.split_at_mut(2 * n);
                each(gates, logistic);
                let (reset, update) = gates.split_at(n);
                let (new, from_hidden, next) = (&mut new[..n], &from_hidden[..n], &mut next[..n]);
                for i in 0..n {
                    new[i] += reset[i] * from_hidden[i];
                }
                each(new, tanh);
                for i in 0..n {
                    next[i] = (1.0 - update[i]) * new[i] + update[i] * hidden[i];
                }
            }
            _ => {
                each(&mut sums[..n], tanh);
                next[..n].copy_from_slice(&sums[..n]);
            }
        }
    }
}

/// Takes a function of each value, some at once, also of those that are left at the end.
#[inline(always)]
fn each(values: &mut [f32], f: impl Fn(f32) -> f32 + Copy) {
    let rest = parts::<WINDOWS>(values, f);
    let rest = parts::<{ WINDOWS / 2 }>(rest, f);
    let rest = parts::<{ WINDOWS / 4 }>(rest, f);
    if !rest.is_empty() {
        let mut part = [0.0; WINDOWS / 4];
        part[..rest.len()].copy_from_slice(rest);
        parts::<{ WINDOWS / 4 }>(&mut part, f);
        rest.copy_from_slice(&part[..rest.len()]);
    }
}

/// Takes it of as many values as come in whole parts; returns the others.
#[inline(always)]
fn parts<const N: usize>(values: &mut [f32], f: impl Fn(f32) -> f32) -> &mut [f32] {
    let (parts, rest) = values.as_chunks_mut::<N>();
    for part in parts {
        for x in part {
            *x = f(*x);
        }
    }
    rest
}

/// From the gradient of a state to those of the sums, in place of the gates.
///
/// `carried` holds what comes from the next row, and then what goes to the row before without a weight; `memory` is
/// the cell before, the tanh of the next one, and the gradient that is carried along cells.
pub(super) struct Backward<'a> {
    pub cell: Cell,
    pub gates: &'a mut [Lane],
    pub hidden: &'a [Lane],
    pub gradient: &'a [Lane],
    pub carried: &'a mut [Lane],
    pub memory: Option<(&'a [Lane], &'a [Lane], &'a mut [Lane])>,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { cell, gates, hidden, gradient, carried, memory } = self;
        let n = hidden.len() * WINDOWS;
        let (gates, hidden, gradient, carried) =
            (flat_mut(gates), flat(hidden), flat(gradient), flat_mut(carried));
        let (gradient, carried) = (&gradient[..n], &mut carried[..n]);
        match (cell, memory) {
            (Cell::Lstm, Some((cell, size, along))) => {
                let (input, rest) = gates.split_at_mut(n);
                let (forget, rest) = rest.split_at_mut(n);
                let (new, output) = rest.split_at_mut(n);
                let output = &mut output[..n];
                let (cell, size, along) = (&flat(cell)[..n], &flat(size)[..n], &mut flat_mut(along)[..n]);
                for i in 0..n {
                    let d = gradient[i] + carried[i];
                    let (a, f, g, o) = (input[i], forget[i], new[i], output[i]);
                    let c = along[i] + d * o * (1.0 - size[i] * size[i]);
                    input[i] = c * g * (a * (1.0 - a));
                    forget[i] = c * cell[i] * (f * (1.0 - f));
                    new[i] = c * a * (1.0 - g * g);
                    output[i] = d * size[i] * (o * (1.0 - o));
                    along[i] = c * f;
                    carried[i] = 0.0;
                }
            }
            (Cell::Gru, _) => {
                let (from_hidden, rest) = gates.split_at_mut(n);
                let (reset, rest) = rest.split_at_mut(n);
                let (update, new) = rest.split_at_mut(n);
                let new = &mut new[..n];
                for i in 0..n {
                    let d = gradient[i] + carried[i];
                    let (r, u, g) = (reset[i], update[i], new[i]);
                    let inner = d * (1.0 - u) * (1.0 - g * g);
                    reset[i] = inner * from_hidden[i] * (r * (1.0 - r));
                    from_hidden[i] = inner * r;
                    new[i] = inner;
                    update[i] = d * (hidden[i] - g) * (u * (1.0 - u));
                    carried[i] = d * u;
                }
            }
            _ => {
                let gates = &mut gates[..n];
                for i in 0..n {
                    gates[i] = (gradient[i] + carried[i]) * (1.0 - gates[i] * gates[i]);
                    carried[i] = 0.0;
                }
            }
        }
    }
}
