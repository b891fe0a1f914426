//! `LANES` neighbouring diagonals side by side, as arrays and as vectors.

use crate::simd::vector::Vector;

/// How many diagonals are swept together.
pub(super) use crate::simd::vector::LANES;

/// `LANES` entries from `at` on.
#[inline(always)]
pub(super) fn lanes<T>(x: &[T], at: usize) -> &[T; LANES] {
    x[at..at + LANES].first_chunk().unwrap()
}

/// `LANES` entries from `at` on, as vectors.
#[inline(always)]
pub(super) fn load<V: Vector, const N: usize>(x: &[f64], at: usize) -> [V; N] {
    let x = lanes(x, at);
    let mut out = [V::splat(0.0); N];
    for (g, out) in out.iter_mut().enumerate() {
        *out = V::load(x, g * V::WIDTH);
    }
    out
}

/// The lanes of some vectors.
#[inline(always)]
pub(super) fn stored<V: Vector, const N: usize>(x: &[V; N]) -> [f64; LANES] {
    let mut out = [0.0; LANES];
    for (g, x) in x.iter().enumerate() {
        x.store(&mut out, g * V::WIDTH);
    }
    out
}
