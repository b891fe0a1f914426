//! Layers one behind the other.

use super::lanes::{Lane, Numbers, lanes, padded};
use super::layer::{Input, Layer, State, Tape};
use crate::Result;
use crate::detect::recurrent::Cell;

/// Layers of the same units.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub(super) layers: Vec<Layer>,
    pub(super) units: usize,
}

/// What layers did, and the gradients between them.
pub(super) struct Tapes {
    tapes: Vec<Tape>,
    /// The gradient of the outputs of the layer that is gone through, and of the one below.
    pub(super) gradient: Vec<Lane>,
    below: Vec<Lane>,
}

impl Stack {
    pub(super) fn new(cell: Cell, inputs: usize, units: usize, layers: usize) -> Result<Self> {
        let layers = (0..layers)
            .map(|k| Layer::new(cell, if k == 0 { inputs } else { units }, units))
            .collect::<Result<_>>()?;
        Ok(Self { layers, units })
    }

    pub(super) fn weights(&self) -> usize {
        self.layers.iter().map(Layer::weights).sum()
    }

    /// Takes the first weights of an array of all; returns the others.
    pub(super) fn take<'a>(&mut self, weights: &'a [f32]) -> &'a [f32] {
        let mut weights = weights;
        for layer in &mut self.layers {
            let (own, rest) = weights.split_at(layer.weights());
            layer.take(own);
            weights = rest;
        }
        weights
    }

    pub(super) fn tapes(&self, steps: usize) -> Result<Tapes> {
        let tapes = self.layers.iter().map(|layer| layer.tape(steps)).collect::<Result<_>>()?;
        let rows = steps * padded(self.units);
        let below = if self.layers.len() > 1 { rows } else { 0 };
        Ok(Tapes { tapes, gradient: lanes(rows)?, below: lanes(below)? })
    }

    /// The state that windows begin in.
    pub(super) fn states<N: Numbers>(&self) -> Result<Vec<State<N>>> {
        self.layers.iter().map(Layer::state).collect()
    }

    /// Takes a row of each window.
    pub(super) fn advance<N: Numbers>(&self, x: Option<&[N]>, states: &mut [State<N>]) {
        for (k, layer) in self.layers.iter().enumerate() {
            let (below, own) = states.split_at_mut(k);
            layer.advance(below.last().map_or(x, |state| Some(&state.hidden)), &mut own[0]);
        }
    }

    pub(super) fn forward(&self, input: Input<'_>, tapes: &mut Tapes) {
        let wide = padded(self.units);
        for (k, layer) in self.layers.iter().enumerate() {
            let (before, own) = tapes.tapes.split_at_mut(k);
            let input = before.last().map_or(input, |tape| Input::Rows(&tape.hidden[wide..], wide));
            layer.forward(input, &mut own[0]);
        }
    }

    /// Goes back from the gradient of the last layer's outputs, in `tapes.gradient`. The gradient of the input comes into
    /// `below`, and that of the weights into the first of `weights`; the others are returned.
    pub(super) fn backward<'a>(
        &self,
        input: Input<'_>,
        below: Option<&mut [Lane]>,
        tapes: &mut Tapes,
        weights: &'a mut [f32],
    ) -> &'a mut [f32] {
        let Tapes { tapes, gradient, below: between } = tapes;
        let wide = padded(self.units);
        let (own, rest) = weights.split_at_mut(self.weights());
        let (mut end, mut below) = (own.len(), below);
        for (k, layer) in self.layers.iter().enumerate().rev() {
            let (before, tape) = tapes.split_at_mut(k);
            let weights = &mut own[end - layer.weights()..end];
            end -= layer.weights();
            match before.last() {
                Some(last) => {
                    let input = Input::Rows(&last.hidden[wide..], wide);
                    layer.backward(input, gradient, Some(&mut between[..]), &mut tape[0], weights);
                    std::mem::swap(gradient, between);
                }
                None => layer.backward(input, gradient, below.take(), &mut tape[0], weights),
            }
        }
        rest
    }
}

impl Tapes {
    /// The outputs of the last layer, row by row, padded.
    pub(super) fn outputs(&self, units: usize) -> &[Lane] {
        self.tapes.last().map_or(&[], |tape| &tape.hidden[padded(units)..])
    }

    /// As they are, with the gradient that they get.
    pub(super) fn outputs_and_gradient(&mut self, units: usize) -> (&[Lane], &mut [Lane]) {
        let outputs = self.tapes.last().map_or(&[][..], |tape| &tape.hidden[padded(units)..]);
        (outputs, &mut self.gradient)
    }
}
