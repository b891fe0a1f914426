//! The neighbours that are carried from length to length.

use rayon::prelude::*;

use super::moments::Moments;
use super::values::Values;
use crate::Result;
use crate::detect::matrix_profile::nearest::NONE;
use crate::detect::matrix_profile::settings::exclusion;
use crate::error::try_vec;

/// Windows that one task computes.
const PART: usize = 1 << 14;

/// The best neighbour found so far of every window.
pub(super) struct Carried {
    /// The length that the sums belong to.
    m: usize,
    pub(super) neighbour: Vec<u32>,
    /// The sum of products of the (centred) values of a window and its neighbour.
    products: Vec<f64>,
    /// The correlation; -inf where there is no neighbour.
    pub(super) score: Vec<f64>,
}

impl Carried {
    /// No neighbours for the windows of `n` values.
    pub(super) fn new(n: usize) -> Result<Self> {
        let (mut neighbour, mut products, mut score) = (try_vec(n)?, try_vec(n)?, try_vec(n)?);
        neighbour.resize(n, NONE);
        products.resize(n, 0.0);
        score.resize(n, f64::NEG_INFINITY);
        Ok(Self { m: 0, neighbour, products, score })
    }

    /// Makes the windows longer. A neighbour that becomes too near, or too long for the series, is dropped.
    pub(super) fn lengthen(&mut self, values: &Values, moments: &Moments) {
        let (from, m, windows) = (self.m, moments.m, moments.windows());
        self.m = m;
        for all in [&mut self.products, &mut self.score] {
            all.truncate(windows);
        }
        self.neighbour.truncate(windows);
        let zone = exclusion(m);
        let parts = self.neighbour.par_chunks_mut(PART).zip(self.products.par_chunks_mut(PART));
        let parts = parts.zip(self.score.par_chunks_mut(PART)).enumerate();
        parts.for_each(|(part, ((neighbours, products), scores))| {
            let each = neighbours.iter_mut().zip(products).zip(scores).enumerate();
            for (at, ((neighbour, product), score)) in each {
                let (i, j) = (part * PART + at, *neighbour as usize);
                *score = f64::NEG_INFINITY;
                if *neighbour == NONE || j >= windows || i.abs_diff(j) <= zone {
                    *neighbour = NONE;
                    continue;
                }
                let (a, b) = (&values.x[i + from..i + m], &values.x[j + from..j + m]);
                *product += a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let covariance = *product - m as f64 * moments.mean[i] * moments.mean[j];
                let found = covariance * moments.weight[i] * moments.weight[j];
                if !found.is_nan() {
                    *score = found.min(1.0);
                }
            }
        });
    }

    /// Enters what a sweep at this length has found for a window.
    pub(super) fn enter(&mut self, i: usize, score: f64, neighbour: u32, moments: &Moments) {
        if neighbour == NONE || neighbour == self.neighbour[i] {
            return;
        }
        let j = neighbour as usize;
        let covariance = score / (moments.weight[i] * moments.weight[j]);
        self.products[i] = covariance + moments.m as f64 * moments.mean[i] * moments.mean[j];
        self.score[i] = score.min(1.0);
        self.neighbour[i] = neighbour;
    }
}
