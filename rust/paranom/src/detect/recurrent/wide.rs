//! Some series of the same network side by side: each step's sums wait for those of the step before, but not for those of
//! other series.

use super::affine::{Affine, Side, WIDE};
use super::network::{Network, Shape};
use crate::Result;
use crate::error::try_filled;
use crate::simd::Kernel;

/// Room for the states of some series, and for the sums of one row of each.
pub(super) struct Buffers {
    state: Vec<Side>,
    x: Vec<Side>,
    from_input: Vec<Side>,
    from_hidden: Vec<Side>,
    /// Of the first layer, where its input is constant.
    constant: Vec<Side>,
    below: Vec<Side>,
    /// Of the map at the end.
    end: Vec<Side>,
}

impl Buffers {
    pub(super) fn new(network: &Network) -> Result<Self> {
        let hidden = &network.layers[0].hidden;
        let state = network.layers.len() * network.padded * network.cell.memory();
        Ok(Self {
            state: try_filled([0.0; WIDE], state)?,
            x: try_filled([0.0; WIDE], network.inputs())?,
            from_input: hidden.wide_room()?,
            from_hidden: hidden.wide_room()?,
            constant: hidden.wide_room()?,
            below: try_filled([0.0; WIDE], network.padded)?,
            end: network.head.as_ref().map_or(Ok(Vec::new()), Affine::wide_room)?,
        })
    }

    /// Takes the states that the series begin in, (WIDE, state).
    pub(super) fn begin(&mut self, network: &Network, states: &[f64]) {
        for (k, state) in states.chunks_exact(network.state()).enumerate() {
            for (from, to) in network.memories() {
                for (side, x) in self.state[to..].iter_mut().zip(&state[from..from + network.units]) {
                    side[k] = *x;
                }
            }
        }
    }

    /// Puts back the states that they end in.
    pub(super) fn end(&self, network: &Network, states: &mut [f64]) {
        for (k, state) in states.chunks_exact_mut(network.state()).enumerate() {
            for (to, from) in network.memories() {
                for (x, side) in state[to..to + network.units].iter_mut().zip(&self.state[from..]) {
                    *x = side[k];
                }
            }
        }
    }
}

/// Rows of WIDE series, the series one behind the other.
pub(super) struct Wide<'a> {
    pub network: &'a Network,
    pub x: &'a [f64],
    pub out: &'a mut [f64],
    pub shape: Shape,
    pub buffers: &'a mut Buffers,
    /// The rows that are taken now, of those in `shape`.
    pub first: usize,
    pub steps: usize,
}

impl Kernel for Wide<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { network, x, out, shape, buffers, first, steps } = self;
        let Buffers { state, x: row_x, from_input, from_hidden, constant, below, end } = buffers;
        let (inputs, outputs, units) = (network.inputs(), network.outputs(), network.units);
        let gates = network.cell.gates() * network.padded * WIDE;
        let (taken, given) = (x.len() / WIDE, out.len() / WIDE);
        for row in first..first + steps {
            if !shape.constant || row == first {
                let from = if shape.constant { 0 } else { row * inputs };
                for (i, side) in row_x.iter_mut().enumerate() {
                    for (k, x_k) in side.iter_mut().enumerate() {
                        *x_k = x[k * taken + from + i];
                    }
                }
            }
            if shape.constant && row == first {
                network.layers[0].input.apply_wide(row_x, constant);
            }
            let memories = state.chunks_mut(network.padded * network.cell.memory());
            for (k, (layer, memory)) in network.layers.iter().zip(memories).enumerate() {
                let (hidden, cell) = memory.split_at_mut(network.padded);
                if k > 0 {
                    layer.input.apply_wide(&below[..units], from_input);
                } else if shape.constant {
                    from_input.copy_from_slice(constant);
                } else {
                    layer.input.apply_wide(row_x, from_input);
                }
                layer.hidden.apply_wide(&hidden[..units], from_hidden);
                let sums = &mut from_input.as_flattened_mut()[..gates];
                let more = &from_hidden.as_flattened()[..gates];
                network.cell.step(sums, more, hidden.as_flattened_mut(), cell.as_flattened_mut());
                below.copy_from_slice(hidden);
            }
            if shape.outputs {
                let found = match &network.head {
                    Some(head) => {
                        head.apply_wide(&below[..units], end);
                        &*end
                    }
                    None => &*below,
                };
                for (i, side) in found[..outputs].iter().enumerate() {
                    for (k, y) in side.iter().enumerate() {
                        out[k * given + row * outputs + i] = *y;
                    }
                }
            }
        }
    }
}
