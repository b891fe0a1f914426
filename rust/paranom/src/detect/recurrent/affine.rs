//! Weights times inputs, plus a bias: every output is summed in the order of the inputs.

use crate::error::{try_filled, try_vec};
use crate::simd::{Kernel, dispatch};
use crate::{Error, Result};

/// Outputs that are summed side by side: as many as hide how long an addition takes, in the registers of AVX2, too.
const LANES: usize = 24;

/// Numbers of as many outputs, where a line of the cache begins.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Lanes([f64; LANES]);

/// The sums of as many outputs.
pub(super) type Sums = [f64; LANES];

/// None of them.
const ZERO: Lanes = Lanes([0.0; LANES]);

/// A map from `inputs` numbers to `outputs` numbers.
#[derive(Debug, Clone)]
pub struct Affine {
    inputs: usize,
    outputs: usize,
    /// For each block of outputs, one entry for each input.
    weights: Vec<Lanes>,
    bias: Vec<Lanes>,
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
        let mut blocked = try_filled(ZERO, blocks * inputs)?;
        let mut biases = try_filled(ZERO, blocks)?;
        for (output, row) in weights.chunks(inputs).enumerate() {
            let (block, lane) = (output / LANES, output % LANES);
            biases[block].0[lane] = bias[output];
            for (input, &weight) in row.iter().enumerate() {
                blocked[block * inputs + input].0[lane] = weight;
            }
        }
        Ok(Self { inputs, outputs, weights: blocked, bias: biases })
    }

    /// The same map with more outputs: each stands at its `place`, and what stands between is 0.
    pub(super) fn spread(&self, outputs: usize, place: impl Fn(usize) -> usize) -> Result<Self> {
        let blocks = outputs.div_ceil(LANES);
        let mut weights = try_filled(ZERO, blocks * self.inputs)?;
        let mut bias = try_filled(ZERO, blocks)?;
        for output in 0..self.outputs {
            let (from, to) = (output / LANES, place(output) / LANES);
            let (lane, place) = (output % LANES, place(output) % LANES);
            bias[to].0[place] = self.bias[from].0[lane];
            for input in 0..self.inputs {
                weights[to * self.inputs + input].0[place] = self.weights[from * self.inputs + input].0[lane];
            }
        }
        Ok(Self { inputs: self.inputs, outputs, weights, bias })
    }

    /// How many numbers come in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many numbers go out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Room for the outputs of one vector, which may be a few more.
    pub(super) fn room(&self) -> Result<Vec<Sums>> {
        try_filled([0.0; LANES], self.bias.len())
    }

    /// Computes the outputs of one vector.
    #[inline(always)]
    pub(super) fn apply(&self, x: &[f64], y: &mut [Sums]) {
        for ((out, rows), bias) in y.iter_mut().zip(self.weights.chunks(self.inputs)).zip(&self.bias) {
            let mut sums = bias.0;
            for (Lanes(weights), &x) in rows.iter().zip(x) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += weight * x;
                }
            }
            *out = sums;
        }
    }

    /// The outputs of a vector, and the sum of their squares.
    pub(super) fn length(&self, x: &[f64], y: &mut [Sums]) -> f64 {
        dispatch(Length { map: self, x, y })
    }

    /// The sum of the squared outputs of each vector (n, inputs).
    pub fn squared_lengths(&self, vectors: &[f64]) -> Result<Vec<f64>> {
        let mut found = try_vec(vectors.len() / self.inputs)?;
        let mut y = self.room()?;
        for x in vectors.chunks_exact(self.inputs) {
            found.push(self.length(x, &mut y));
        }
        Ok(found)
    }
}

/// Computes the outputs of one vector, and gives the sum of their squares.
struct Length<'a> {
    map: &'a Affine,
    x: &'a [f64],
    y: &'a mut [Sums],
}

impl Kernel for Length<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        self.map.apply(self.x, self.y);
        self.y.as_flattened()[..self.map.outputs].iter().map(|y| y * y).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs_of(map: &Affine, x: &[f64]) -> Vec<f64> {
        let mut sums = map.room().unwrap();
        map.length(x, &mut sums);
        sums.as_flattened()[..map.outputs].to_vec()
    }

    #[test]
    fn outputs_are_sums_of_products() {
        // 30 outputs fill one block and a part of another.
        let weights: Vec<f64> = (0..60).map(f64::from).collect();
        let bias: Vec<f64> = (0..30).map(|i| 0.5 * f64::from(i)).collect();
        let map = Affine::new(&weights, &bias).unwrap();
        let y = outputs_of(&map, &[1.0, -2.0]);
        for (i, y) in y.iter().enumerate() {
            let i = i as f64;
            assert_eq!(*y, 0.5 * i + 2.0 * i - 2.0 * (2.0 * i + 1.0));
        }
        let wanted: f64 = y.iter().map(|y| y * y).sum();
        // Spread, they stand at other places.
        let spread = outputs_of(&map.spread(60, |output| 2 * output + 1).unwrap(), &[1.0, -2.0]);
        for (i, &spread) in spread.iter().enumerate() {
            assert_eq!(spread, if i % 2 == 1 { y[i / 2] } else { 0.0 });
        }
        assert_eq!(map.squared_lengths(&[1.0, -2.0, 1.0, -2.0]).unwrap(), [wanted, wanted]);
    }

    #[test]
    fn weights_that_fit_no_bias_are_refused() {
        assert!(Affine::new(&[1.0, 2.0, 3.0], &[0.0, 0.0]).is_err());
        assert!(Affine::new(&[], &[0.0]).is_err());
        assert!(Affine::new(&[1.0], &[]).is_err());
    }
}
