//! One series, row by row.

use super::affine::{Affine, Sums};
use super::network::{Network, Shape};
use crate::Result;
use crate::error::try_filled;
use crate::simd::Kernel;

/// Room for the state of a series, and for the sums of one row.
pub(super) struct Buffers {
    pub state: Vec<f64>,
    from_input: Vec<Sums>,
    from_hidden: Vec<Sums>,
    /// Of the first layer, where its input is constant.
    constant: Vec<Sums>,
    below: Vec<f64>,
    /// Of the map at the end.
    end: Vec<Sums>,
}

impl Buffers {
    pub(super) fn new(network: &Network) -> Result<Self> {
        let hidden = &network.layers[0].hidden;
        let state = network.layers.len() * network.padded * network.cell.memory();
        Ok(Self {
            state: try_filled(0.0, state)?,
            from_input: hidden.room()?,
            from_hidden: hidden.room()?,
            constant: hidden.room()?,
            below: try_filled(0.0, network.padded)?,
            end: network.head.as_ref().map_or(Ok(Vec::new()), Affine::room)?,
        })
    }
}

/// Rows of one series.
pub(super) struct Rows<'a> {
    pub network: &'a Network,
    pub x: &'a [f64],
    pub out: &'a mut [f64],
    pub shape: Shape,
    pub buffers: &'a mut Buffers,
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { network, x, out, shape, buffers } = self;
        let Buffers { state, from_input, from_hidden, constant, below, end } = buffers;
        let gates = network.cell.gates() * network.padded;
        let (inputs, outputs) = (network.inputs(), network.outputs());
        if shape.constant {
            network.layers[0].input.apply(x, constant);
        }
        for row in 0..shape.steps {
            let memories = state.chunks_mut(network.padded * network.cell.memory());
            for (k, (layer, memory)) in network.layers.iter().zip(memories).enumerate() {
                let (hidden, cell) = memory.split_at_mut(network.padded);
                if k > 0 {
                    layer.input.apply(below, from_input);
                } else if shape.constant {
                    from_input.copy_from_slice(constant);
                } else {
                    layer.input.apply(&x[row * inputs..(row + 1) * inputs], from_input);
                }
                layer.hidden.apply(hidden, from_hidden);
                let sums = &mut from_input.as_flattened_mut()[..gates];
                let more = &from_hidden.as_flattened()[..gates];
                network.cell.step(sums, more, hidden, cell);
                below.copy_from_slice(hidden);
            }
            if shape.outputs {
                let out = &mut out[row * outputs..(row + 1) * outputs];
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
}
