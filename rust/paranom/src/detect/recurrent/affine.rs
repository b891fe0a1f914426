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

/// Vectors that are computed side by side.
pub(super) const WIDE: usize = 8;
/// A number of each.
pub(super) type Side = [f64; WIDE];

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

    /// Room for the outputs of some vectors at once.
    pub(super) fn wide_room(&self) -> Result<Vec<Side>> {
        try_filled([0.0; WIDE], self.bias.len() * LANES)
    }

    /// Computes the outputs of vectors that lie side by side.
    #[inline(always)]
    pub(super) fn apply_wide(&self, x: &[Side], y: &mut [Side]) {
        /// Outputs whose sums fit into registers.
        const PART: usize = 4;
        for ((out, rows), bias) in
            y.chunks_exact_mut(LANES).zip(self.weights.chunks(self.inputs)).zip(&self.bias)
        {
            for (part, out) in out.as_chunks_mut::<PART>().0.iter_mut().enumerate() {
                let mut sums: [Side; PART] = std::array::from_fn(|i| [bias.0[PART * part + i]; WIDE]);
                for (Lanes(weights), x) in rows.iter().zip(x) {
                    for (sums, weight) in sums.iter_mut().zip(&weights[PART * part..]) {
                        for (sum, x) in sums.iter_mut().zip(x) {
                            *sum += weight * x;
                        }
                    }
                }
                *out = sums;
            }
        }
    }

    /// The outputs of each vector (n, inputs), one behind the other.
    pub fn outputs_of(&self, vectors: &[f64]) -> Result<Vec<f64>> {
        let count = vectors.len() / self.inputs;
        let total = count.checked_mul(self.outputs).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let mut found = try_filled(0.0, total)?;
        let mut sums = self.room()?;
        for (x, y) in vectors.chunks_exact(self.inputs).zip(found.chunks_mut(self.outputs)) {
            self.length(x, &mut sums);
            y.copy_from_slice(&sums.as_flattened()[..self.outputs]);
        }
        Ok(found)
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

    #[test]
    fn outputs_are_sums_of_products() {
        // 30 outputs fill one block and a part of another.
        let weights: Vec<f64> = (0..60).map(f64::from).collect();
        let bias: Vec<f64> = (0..30).map(|i| 0.5 * f64::from(i)).collect();
        let map = Affine::new(&weights, &bias).unwrap();
        let y = map.outputs_of(&[1.0, -2.0]).unwrap();
        for (i, y) in y.iter().enumerate() {
            let i = i as f64;
            assert_eq!(*y, 0.5 * i + 2.0 * i - 2.0 * (2.0 * i + 1.0));
        }
        let wanted: f64 = y.iter().map(|y| y * y).sum();
        assert_eq!(map.outputs_of(&[1.0, -2.0, 1.0, -2.0]).unwrap(), [&y[..], &y[..]].concat());
        let wide = y.clone();
        // Spread, they stand at other places.
        let spread = map.spread(60, |output| 2 * output + 1).unwrap().outputs_of(&[1.0, -2.0]).unwrap();
        for (i, &y) in spread.iter().enumerate() {
            assert_eq!(y, if i % 2 == 1 { wide[i / 2] } else { 0.0 });
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
