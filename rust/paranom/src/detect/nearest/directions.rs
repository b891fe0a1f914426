//! Orthonormal directions along which the windows of a reference differ most: subspace iteration on a sample of them.
//! Any orthonormal directions give valid bounds; good ones give tight bounds.

use super::sums::product;
use crate::simd::{Kernel, dispatch};

/// Directions at most.
const MOST: usize = 16;
/// Windows that the directions are taken from.
const SAMPLE: usize = 256;
/// Rounds of the iteration.
const ROUNDS: usize = 3;
/// A direction whose length falls below this share of the longest one adds nothing.
const LEAST: f64 = 1e-6;

/// Finds directions of `windows`, all of the same length. There may be none.
pub(super) fn find(windows: &[&[f64]]) -> Vec<Vec<f64>> {
    dispatch(Find { windows })
}

struct Find<'a> {
    windows: &'a [&'a [f64]],
}

impl Kernel for Find<'_> {
    type Output = Vec<Vec<f64>>;

    #[inline(always)]
    fn run(self) -> Vec<Vec<f64>> {
        let count = self.windows.len();
        let taken = count.min(SAMPLE);
        if taken < 2 {
            return Vec::new();
        }
        let sample: Vec<&[f64]> = (0..taken).map(|i| self.windows[i * (count - 1) / (taken - 1)]).collect();
        let length = sample[0].len();
        let mut mean = vec![0.0; length];
        for window in &sample {
            add_scaled(&mut mean, window, 1.0 / taken as f64);
        }
        let centred: Vec<Vec<f64>> =
            sample.iter().map(|window| window.iter().zip(&mean).map(|(x, m)| x - m).collect()).collect();
        // It starts from windows that are evenly spread over the sample.
        let most = MOST.min(length).min(taken);
        let mut found: Vec<Vec<f64>> = (0..most).map(|i| centred[i * taken / most].clone()).collect();
        orthonormalise(&mut found);
        for _ in 0..ROUNDS {
            let mut next = vec![vec![0.0; length]; found.len()];
            for window in &centred {
                for (to, direction) in next.iter_mut().zip(&found) {
                    add_scaled(to, window, product(window, direction));
                }
            }
            found = next;
            orthonormalise(&mut found);
        }
        found
    }
}

#[inline(always)]
fn add_scaled(to: &mut [f64], from: &[f64], factor: f64) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Gram-Schmidt, twice for each vector; vectors that add nothing are dropped.
#[inline(always)]
fn orthonormalise(vectors: &mut Vec<Vec<f64>>) {
    let longest = vectors.iter().map(|v| product(v, v)).fold(0.0, f64::max).sqrt();
    let mut kept: Vec<Vec<f64>> = Vec::with_capacity(vectors.len());
    for mut vector in vectors.drain(..) {
        for _ in 0..2 {
            for other in &kept {
                let along = product(&vector, other);
                add_scaled(&mut vector, other, -along);
            }
        }
        let norm = product(&vector, &vector).sqrt();
        if norm > LEAST * longest && norm.is_finite() {
            for x in &mut vector {
                *x /= norm;
            }
            // What was left may have been rounding: once more, now that it has length 1.
            for other in &kept {
                let along = product(&vector, other);
                add_scaled(&mut vector, other, -along);
            }
            kept.push(vector);
        }
    }
    *vectors = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_orthonormal() {
        let windows: Vec<Vec<f64>> =
            (0..300).map(|k| (0..40).map(|i| f64::from((k * 31 + i * i * 7) % 101)).collect()).collect();
        let views: Vec<&[f64]> = windows.iter().map(Vec::as_slice).collect();
        let found = find(&views);
        // Those that add nothing are dropped.
        assert!((8..=MOST).contains(&found.len()), "{}", found.len());
        for (i, a) in found.iter().enumerate() {
            for (j, b) in found.iter().enumerate() {
                let wanted = if i == j { 1.0 } else { 0.0 };
                assert!((product(a, b) - wanted).abs() < 1e-12, "{i} {j}");
            }
        }
    }

    #[test]
    fn equal_windows_have_none() {
        let window = [1.0, 2.0, 3.0];
        assert!(find(&[&window, &window]).is_empty());
        assert!(find(&[&window]).is_empty());
    }
}
