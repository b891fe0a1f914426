//! The nearest earlier window at each level of a stream of several features.

use super::advance::flat;
use super::dimension::Dimension;
use crate::detect::matrix_profile::lanes::LANES;
use crate::detect::matrix_profile::order::Order;
use crate::simd::Kernel;

/// Finds for each level the slot of the smallest mean distance (the lowest of several).
pub(super) struct SearchLevels<'a> {
    pub(super) m: usize,
    pub(super) dimensions: &'a [Dimension],
    pub(super) order: &'a Order,
}

impl Kernel for SearchLevels<'_> {
    type Output = Vec<Option<usize>>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { m, dimensions, order } = self;
        let size = 2.0 * m as f64;
        let slots = dimensions[0].covariance.len();
        let mut sums = vec![[0.0; LANES]; dimensions.len()];
        let mut best = vec![(f64::INFINITY, None); dimensions.len()];
        for start in (0..slots).step_by(LANES) {
            let count = LANES.min(slots - start);
            for (sum, dimension) in sums.iter_mut().zip(dimensions) {
                let w = dimension.w.all();
                let wi = w[w.len() - 1];
                let c = &dimension.covariance[start..start + count];
                *sum = [f64::INFINITY; LANES];
                for ((sum, c), &wj) in sum.iter_mut().zip(c).zip(&w[start..start + count]) {
                    let short = 1.0 - (c * wi * wj + (flat(wi) + flat(wj)));
                    let distance = (size * if short < 0.0 { 0.0 } else { short }).sqrt();
                    *sum = if distance.is_nan() { f64::INFINITY } else { distance };
                }
            }
            order.sort(&mut sums);
            let mut total = [0.0; LANES];
            for (sum, best) in sums.iter().zip(&mut best) {
                let mut better = 0u64;
                for l in 0..LANES {
                    total[l] += sum[l];
                    better |= u64::from(total[l] < best.0);
                }
                if better != 0 {
                    for (l, &total) in total.iter().enumerate() {
                        if total < best.0 {
                            *best = (total, Some(start + l));
                        }
                    }
                }
            }
        }
        best.into_iter().map(|(_, slot)| slot).collect()
    }
}
