//! Weights times inputs, plus a bias: every output is summed in the order of the inputs.

use crate::error::{try_filled, try_vec};
use crate::simd::{Kernel, dispatch};
use crate::{Error, Result};

/// Outputs that are summed side by side.
const LANES: usize = 16;

/// A map from `inputs` numbers to `outputs` numbers.
#[derive(Debug, Clone)]
pub struct Affine {
    inputs: usize,
    outputs: usize,
    /// For each block of outputs, one entry for each input.
    weights: Vec<[f64; LANES]>,
    bias: Vec<[f64; LANES]>,
}

impl Affine {
    /// A map with `weights` of shape (outputs, inputs), row by row, and a `bias` for each output.
    pub fn new(weights: &[f64], bias: &[f64]) -> Result<Self> {
        let outputs = bias.len();
        if outputs == 0 || weights.is_empty() || !weights.len().is_multiple_of(outputs) {
            let shape = format!("{} weights, {outputs} biases", weights.len());
            return Err(Error::invalid("weights", shape, "must be as many for each bias, one at least"));
        }
        let inputs = weights.len() / outputs;
        let blocks = outputs.div_ceil(LANES);
        let mut blocked = try_filled([0.0; LANES], blocks * inputs)?;
        let mut biases = try_filled([0.0; LANES], blocks)?;
        for (output, row) in weights.chunks(inputs).enumerate() {
            let (block, lane) = (output / LANES, output % LANES);
            biases[block][lane] = bias[output];
            for (input, &weight) in row.iter().enumerate() {
                blocked[block * inputs + input][lane] = weight;
            }
        }
        Ok(Self { inputs, outputs, weights: blocked, bias: biases })
    }

    /// How many numbers come in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many numbers go out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Computes the outputs of one vector.
    #[inline(always)]
    pub(super) fn apply(&self, x: &[f64], y: &mut [f64]) {
        for ((out, rows), bias) in y.chunks_mut(LANES).zip(self.weights.chunks(self.inputs)).zip(&self.bias) {
            let mut sums = *bias;
            for (weights, &x) in rows.iter().zip(x) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += weight * x;
                }
            }
            out.copy_from_slice(&sums[..out.len()]);
        }
    }

    /// The outputs of each vector (n, inputs), one behind the other.
    pub fn outputs_of(&self, vectors: &[f64]) -> Result<Vec<f64>> {
        let count = vectors.len() / self.inputs;
        let total = count.checked_mul(self.outputs).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut found = try_filled(0.0, total)?;
        for (x, y) in vectors.chunks_exact(self.inputs).zip(found.chunks_mut(self.outputs)) {
            dispatch(Length { map: self, x, y });
        }
        Ok(found)
    }

    /// The sum of the squared outputs of each vector (n, inputs).
    pub fn squared_lengths(&self, vectors: &[f64]) -> Result<Vec<f64>> {
        let mut found = try_vec(vectors.len() / self.inputs)?;
        let mut y = try_filled(0.0, self.outputs)?;
        for x in vectors.chunks_exact(self.inputs) {
            found.push(dispatch(Length { map: self, x, y: &mut y }));
        }
        Ok(found)
    }
}

/// Computes the outputs of one vector, and gives the sum of their squares.
struct Length<'a> {
    map: &'a Affine,
    x: &'a [f64],
    y: &'a mut [f64],
}

impl Kernel for Length<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        self.map.apply(self.x, self.y);
        self.y.iter().map(|y| y * y).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_sums_of_products() {
        // 20 outputs fill one block and a part of another.
        let weights: Vec<f64> = (0..40).map(f64::from).collect();
        let bias: Vec<f64> = (0..20).map(|i| 0.5 * f64::from(i)).collect();
        let map = Affine::new(&weights, &bias).unwrap();
        let mut y = [0.0; 20];
        map.apply(&[1.0, -2.0], &mut y);
        for (i, y) in y.iter().enumerate() {
            let i = i as f64;
            assert_eq!(*y, 0.5 * i + 2.0 * i - 2.0 * (2.0 * i + 1.0));
        }
        let wanted: f64 = y.iter().map(|y| y * y).sum();
        assert_eq!(map.outputs_of(&[1.0, -2.0, 1.0, -2.0]).unwrap(), [y, y].concat());
        assert_eq!(map.squared_lengths(&[1.0, -2.0, 1.0, -2.0]).unwrap(), [wanted, wanted]);
    }

    #[test]
    fn weights_that_fit_no_bias_are_refused() {
        assert!(Affine::new(&[1.0, 2.0, 3.0], &[0.0, 0.0]).is_err());
        assert!(Affine::new(&[], &[0.0]).is_err());
        assert!(Affine::new(&[1.0], &[]).is_err());
    }
}
