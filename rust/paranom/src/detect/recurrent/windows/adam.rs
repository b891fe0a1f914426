//! Adam (Kingma & Ba 2015), and gradients cut to a length.

use crate::Result;
use crate::error::try_copy;
use crate::simd::{Kernel, dispatch};

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
const LEAST: f32 = 1e-8;

/// Means of gradients and of their squares, and the steps made.
#[derive(Debug, Clone)]
pub struct Adam {
    /// Of gradients.
    pub first: Vec<f32>,
    /// Of squares.
    pub second: Vec<f32>,
    /// Steps made.
    pub steps: u64,
    /// What is missing to the weights of the means, because they began at 0.
    missing: (f64, f64),
}

impl Adam {
    /// Goes on from means behind some steps.
    pub fn new(first: &[f32], second: &[f32], steps: u64) -> Result<Self> {
        let mut missing = (1.0, 1.0);
        for _ in 0..steps {
            missing = less(missing);
        }
        Ok(Self { first: try_copy(first)?, second: try_copy(second)?, steps, missing })
    }

    /// Makes a step along a gradient.
    pub(super) fn step(&mut self, weights: &mut [f32], gradient: &[f32], rate: f64) {
        self.steps += 1;
        self.missing = less(self.missing);
        let (first, second) = (1.0 - self.missing.0, 1.0 - self.missing.1);
        dispatch(Step {
            weights,
            gradient,
            first: &mut self.first,
            second: &mut self.second,
            rate: (rate / first) as f32,
            root: second.sqrt() as f32,
        });
    }
}

fn less(missing: (f64, f64)) -> (f64, f64) {
    (missing.0 * 0.9, missing.1 * 0.999)
}

struct Step<'a> {
    weights: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    rate: f32,
    root: f32,
}

impl Kernel for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let means = self.first.iter_mut().zip(self.second);
        for ((w, &g), (first, second)) in self.weights.iter_mut().zip(self.gradient).zip(means) {
            *first += (g - *first) * (1.0 - FIRST);
            *second = SECOND * *second + (1.0 - SECOND) * (g * g);
            *w -= self.rate * *first / (second.sqrt() / self.root + LEAST);
        }
    }
}

/// Makes a gradient no longer than `most`, as torch does.
pub(super) fn cut(gradient: &mut [f32], most: f64) {
    dispatch(Cut { gradient, most });
}

struct Cut<'a> {
    gradient: &'a mut [f32],
    most: f64,
}

impl Kernel for Cut<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut sums = [0.0; 8];
        for part in self.gradient.chunks(8) {
            for (sum, &g) in sums.iter_mut().zip(part) {
                *sum += f64::from(g) * f64::from(g);
            }
        }
        let length = sums.iter().sum::<f64>().sqrt();
        let factor = self.most / (length + 1e-6);
        if factor < 1.0 {
            for g in self.gradient {
                *g *= factor as f32;
            }
        }
    }
}
