//! Layers of one kind of cell, one behind the other.

use super::affine::Affine;
use super::cell::Cell;
use crate::{Error, Result};

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// From the layer's input to the gates.
    pub input: Affine,
    /// From the layer's last output to the gates.
    pub hidden: Affine,
}

/// Layers one behind the other, and a map of the last one's output.
///
/// Units are computed `UNITS` at a time. Those that are missing have no weights: they stay 0.
#[derive(Debug, Clone)]
pub struct Network {
    pub(super) cell: Cell,
    pub(super) layers: Vec<Layer>,
    pub(super) head: Option<Affine>,
    pub(super) units: usize,
    /// Units with those that fill the last `UNITS`.
    pub(super) padded: usize,
}

/// Units that are computed at once.
const UNITS: usize = 8;

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
        let padded = units.next_multiple_of(UNITS);
        let place = |output: usize| cell.place(output / units) * padded + output % units;
        let spread = |map: &Affine| map.spread(cell.gates() * padded, place);
        let spread =
            |layer: Layer| Ok(Layer { input: spread(&layer.input)?, hidden: spread(&layer.hidden)? });
        let layers = layers.into_iter().map(spread).collect::<Result<_>>()?;
        Ok(Self { cell, layers, head, units, padded })
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

    /// Where each output and each cell begins, in a state, and where units are padded.
    pub(super) fn memories(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.state()).step_by(self.units).zip((0..).step_by(self.padded))
    }
}
