//! A linear map of vectors of lanes, forward and backward.

use super::lanes::{Lane, Matrix, Numbers, Rows, folded, lanes, outer_products, padded};
use crate::Result;
use crate::error::try_filled;
use crate::simd::dispatch;

/// A map with its weights in the order in which they are read.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    forward: Matrix,
    back: Matrix,
    bias: Vec<f32>,
}

impl Dense {
    pub(super) fn new(inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self {
            inputs,
            outputs,
            forward: Matrix::zeros(outputs, inputs)?,
            back: Matrix::zeros(inputs, outputs)?,
            bias: try_filled(0.0, outputs)?,
        })
    }

    pub(super) fn weights(&self) -> usize {
        self.outputs * (self.inputs + 1)
    }

    pub(super) fn take(&mut self, weights: &[f32]) {
        let (weights, bias) = weights.split_at(self.outputs * self.inputs);
        self.forward.take(weights, 0);
        self.back.take_transposed(weights, 0);
        self.bias.copy_from_slice(&bias[..self.outputs]);
    }

    /// From a vector to another, (padded) outputs.
    pub(super) fn forward<N: Numbers>(&self, x: &[N], y: &mut [N]) {
        self.begin(y);
        N::add_product(&self.forward, x, y);
    }

    /// The same for the vectors of some rows, all padded.
    pub(super) fn forward_rows<N: Numbers>(&self, x: &[N], y: &mut [N]) {
        for y in y.chunks_exact_mut(padded(self.outputs)) {
            self.begin(y);
        }
        N::add_products(&self.forward, x, y);
    }

    fn begin<N: Numbers>(&self, y: &mut [N]) {
        for (lane, &value) in y.iter_mut().zip(&self.bias) {
            *lane = N::splat(value);
        }
        y[self.outputs..].fill(N::splat(0.0));
    }

    /// Adds to the gradient of x what comes from that of y.
    pub(super) fn back(&self, gradient: &[Lane], below: &mut [Lane]) {
        self.back.add_product(gradient, below);
    }

    /// The gradient of the weights, from rows of y's gradients and rows of x.
    pub(super) fn gradient(&self, gradients: &[Lane], x: &[Lane], weights: &mut [f32]) -> Result<()> {
        let stride = padded(self.outputs);
        let left = Rows { lanes: gradients, stride, at: 0, count: self.outputs };
        let right = Rows { lanes: x, stride: padded(self.inputs), at: 0, count: self.inputs };
        let (weights, biases) = weights.split_at_mut(self.outputs * self.inputs);
        outer_products(left, right, 0, weights);
        let mut sums = lanes(stride)?;
        for row in gradients.chunks_exact(stride) {
            dispatch(super::layer::Add { to: &mut sums, what: row });
        }
        for (bias, sum) in biases.iter_mut().zip(&sums[..self.outputs]) {
            *bias = folded(&sum.0);
        }
        Ok(())
    }
}
