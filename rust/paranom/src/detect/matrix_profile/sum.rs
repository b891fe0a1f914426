//! Sums over the pairs of values of two windows: in the same order at every SIMD level.

use crate::simd::vector::Vector;

/// What is summed over the pairs of values of two windows.
pub(super) trait Term: Copy {
    /// The term of one pair.
    fn of<V: Vector>(self, a: V, b: V) -> V;
}

/// The sum of a term over all pairs, in eight interleaved partial sums.
#[inline(always)]
pub(super) fn sum<V: Vector, const N: usize>(a: &[f64], b: &[f64], term: impl Term) -> f64 {
    const PARTS: usize = 8;
    let mut sums = [V::splat(0.0); N]; // not all of them are used
    let (a, b) = (a.chunks_exact(PARTS), b.chunks_exact(PARTS));
    let (a_rest, b_rest) = (a.remainder(), b.remainder());
    for (a, b) in a.zip(b) {
        for (g, sum) in sums[..PARTS / V::WIDTH].iter_mut().enumerate() {
            *sum = sum.plus(term.of(V::load(a, g * V::WIDTH), V::load(b, g * V::WIDTH)));
        }
    }
    let mut parts = [0.0; PARTS];
    for (g, sum) in sums[..PARTS / V::WIDTH].iter().enumerate() {
        sum.store(&mut parts, g * V::WIDTH);
    }
    for ((part, &a), &b) in parts.iter_mut().zip(a_rest).zip(b_rest) {
        *part += term.of(a, b);
    }
    ((parts[0] + parts[4]) + (parts[2] + parts[6])) + ((parts[1] + parts[5]) + (parts[3] + parts[7]))
}
