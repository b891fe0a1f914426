//! Normal noise with any autocovariance that ends: a moving average of independent normal values.

use crate::Result;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::generate::shared_draws::SharedDraws;
use crate::random::{TILE, normals};
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

/// Most weights: a tile reads no more than the tile before it.
const MOST: usize = TILE;

#[derive(Debug)]
struct ColouredNoise {
    /// Of the row's own normal value, of the one before, and so on.
    weights: Vec<f64>,
    mean: f64,
    draws: SharedDraws,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("weights")?;
    let weights = list.numbers()?;
    if !(1..=MOST).contains(&weights.len()) {
        return Err(crate::Error::invalid(
            list.path,
            weights.len(),
            format!("must hold 1 to {MOST} weights"),
        ));
    }
    let mean = table.number_or("mean", 0.0)?;
    Ok(Box::new(ColouredNoise { weights, mean, draws: SharedDraws::parse(table, scope, "coloured_noise")? }))
}

impl Rule for ColouredNoise {
    fn fill(&self, at: At, out: &mut [f64]) {
        let source = self.draws.source(at);
        let first = at.row - at.row % TILE as u64;
        let mut drawn = [0.0; 2 * TILE];
        let (before, now) = drawn.split_at_mut(TILE);
        if self.weights.len() > 1 {
            // Before row 0 come the last rows there are.
            normals(source, first.wrapping_sub(TILE as u64), 0.0, 1.0, before);
        }
        normals(source, first, 0.0, 1.0, now);
        let offset = TILE + (at.row - first) as usize;
        dispatch(Average { drawn: &drawn, offset, weights: &self.weights, mean: self.mean, out });
    }
}

/// Sums of weighted values, each term by term from the row's own.
struct Average<'a> {
    drawn: &'a [f64],
    /// Where the values of the rows themselves begin.
    offset: usize,
    weights: &'a [f64],
    mean: f64,
    out: &'a mut [f64],
}

/// Sums that are kept in registers at once.
const LANES: usize = 32;

impl Kernel for Average<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { drawn, offset, weights, mean, out } = self;
        for (i, part) in out.chunks_mut(LANES).enumerate() {
            let from = offset + i * LANES;
            if let Ok(part) = <&mut [f64; LANES]>::try_from(&mut *part) {
                let mut sums = [mean; LANES];
                for (h, weight) in weights.iter().enumerate() {
                    let rows = &drawn[from - h..][..LANES];
                    for (sum, x) in sums.iter_mut().zip(rows) {
                        *sum += weight * x;
                    }
                }
                *part = sums;
                continue;
            }
            for (j, sum) in part.iter_mut().enumerate() {
                *sum = mean;
                for (h, weight) in weights.iter().enumerate() {
                    *sum += weight * drawn[from + j - h];
                }
            }
        }
    }
}
