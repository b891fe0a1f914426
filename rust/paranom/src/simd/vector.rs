//! Vectors by name, for the few loops that the compiler does not vectorise well by itself.
//!
//! Each operation is the IEEE one, lane by lane, and none is fused: every implementation gives the same bits.

#[cfg(target_arch = "x86_64")]
use super::{Level, level};

/// The lanes that a [`Blocks`] kernel works on at once, in so many vectors as it takes.
pub const LANES: usize = 32;

/// A few floats side by side; one float is the shortest.
#[allow(clippy::return_self_not_must_use)] // arithmetic
pub trait Vector: Copy {
    /// How many.
    const WIDTH: usize;
    /// A truth value per lane.
    type Mask: Copy;
    /// The same value in each lane.
    fn splat(value: f64) -> Self;
    /// `values[at .. at + WIDTH]`.
    fn load(values: &[f64], at: usize) -> Self;
    /// Writes them to `values[at .. at + WIDTH]`.
    fn store(self, values: &mut [f64], at: usize);
    /// Sum.
    fn plus(self, other: Self) -> Self;
    /// Difference.
    fn minus(self, other: Self) -> Self;
    /// Product.
    fn times(self, other: Self) -> Self;
    /// Size without sign.
    fn size(self) -> Self;
    /// The larger one; `other` if one is NaN.
    fn larger(self, other: Self) -> Self;
    /// Where this one is larger (nowhere with NaN).
    fn above(self, other: Self) -> Self::Mask;
    /// Where a mask or another is true.
    fn either(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// A mask as bits, the first lane lowest.
    fn bits(mask: Self::Mask) -> u32;
}

impl Vector for f64 {
    const WIDTH: usize = 1;
    type Mask = bool;
    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn load(values: &[f64], at: usize) -> Self {
        values[at]
    }
    #[inline(always)]
    fn store(self, values: &mut [f64], at: usize) {
        values[at] = self;
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self * other
    }
    #[inline(always)]
    fn size(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    #[inline(always)]
    fn above(self, other: Self) -> bool {
        self > other
    }
    #[inline(always)]
    fn either(a: bool, b: bool) -> bool {
        a | b
    }
    #[inline(always)]
    fn bits(mask: bool) -> u32 {
        u32::from(mask)
    }
}

/// Work on blocks of [`LANES`] lanes, compiled once per level.
pub trait Blocks {
    /// What the work gives back.
    type Output;
    /// The body, for `N` vectors of `LANES / N` lanes. Must be `#[inline(always)]`, as [`super::Kernel::run`].
    fn run<V: Vector, const N: usize>(self) -> Self::Output;
}

/// Runs such work at the level in use.
#[inline]
#[cfg(target_arch = "x86_64")]
pub fn dispatch_blocks<B: Blocks>(work: B) -> B::Output {
    #[target_feature(enable = "avx2")]
    fn avx2<B: Blocks>(work: B) -> B::Output {
        work.run::<x86::F64x4, { LANES / 4 }>()
    }
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
    fn avx512<B: Blocks>(work: B) -> B::Output {
        work.run::<x86::F64x8, { LANES / 8 }>()
    }
    match level() {
        Level::Baseline => work.run::<x86::F64x2, { LANES / 2 }>(),
        // SAFETY: `level()` names nothing that the processor lacks.
        #[allow(unsafe_code)]
        Level::Avx2 => unsafe { avx2(work) },
        // SAFETY: as above.
        #[allow(unsafe_code)]
        Level::Avx512 => unsafe { avx512(work) },
    }
}

/// Runs such work; this architecture has one level.
#[inline]
#[cfg(not(target_arch = "x86_64"))]
pub fn dispatch_blocks<B: Blocks>(work: B) -> B::Output {
    work.run::<f64, LANES>()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // as the intrinsics are meant to be had
    use std::arch::x86_64::*;

    use super::Vector;

    /// The body of an intrinsic's wrapper.
    macro_rules! intrinsic {
        ($call:expr) => {{
            #[allow(unsafe_code, unused_unsafe)] // SSE2 is always there: its intrinsics are safe
            // SAFETY: `dispatch_blocks` alone uses these types, at a level that the processor has.
            unsafe {
                $call
            }
        }};
    }

    macro_rules! vector {
        ($name:ident($register:ident, $width:literal, $mask:ty), $splat:ident, $load:ident, $store:ident, $add:ident,
         $sub:ident, $mul:ident, $max:ident, $size:expr, $above:expr, $either:expr, $bits:expr) => {
            /// So many lanes.
            #[derive(Clone, Copy)]
            pub(super) struct $name($register);

            impl Vector for $name {
                const WIDTH: usize = $width;
                type Mask = $mask;
                #[inline(always)]
                fn splat(value: f64) -> Self {
                    Self(intrinsic!($splat(value)))
                }
                #[inline(always)]
                fn load(values: &[f64], at: usize) -> Self {
                    // (Reads no more than this slice, whatever its alignment.)
                    let values = &values[at..at + $width];
                    Self(intrinsic!($load(values.as_ptr())))
                }
                #[inline(always)]
                fn store(self, values: &mut [f64], at: usize) {
                    let values = &mut values[at..at + $width];
                    intrinsic!($store(values.as_mut_ptr(), self.0));
                }
                #[inline(always)]
                fn plus(self, other: Self) -> Self {
                    Self(intrinsic!($add(self.0, other.0)))
                }
                #[inline(always)]
                fn minus(self, other: Self) -> Self {
                    Self(intrinsic!($sub(self.0, other.0)))
                }
                #[inline(always)]
                fn times(self, other: Self) -> Self {
                    Self(intrinsic!($mul(self.0, other.0)))
                }
                #[inline(always)]
                fn size(self) -> Self {
                    Self(intrinsic!($size(self.0)))
                }
                #[inline(always)]
                fn larger(self, other: Self) -> Self {
                    Self(intrinsic!($max(self.0, other.0)))
                }
                #[inline(always)]
                fn above(self, other: Self) -> $mask {
                    intrinsic!($above(self.0, other.0))
                }
                #[inline(always)]
                fn either(a: $mask, b: $mask) -> $mask {
                    intrinsic!($either(a, b))
                }
                #[inline(always)]
                fn bits(mask: $mask) -> u32 {
                    intrinsic!($bits(mask)) as u32
                }
            }
        };
    }

    vector!(
        F64x2(__m128d, 2, __m128d),
        _mm_set1_pd,
        _mm_loadu_pd,
        _mm_storeu_pd,
        _mm_add_pd,
        _mm_sub_pd,
        _mm_mul_pd,
        _mm_max_pd,
        |x| _mm_andnot_pd(_mm_set1_pd(-0.0), x),
        _mm_cmpgt_pd,
        _mm_or_pd,
        _mm_movemask_pd
    );
    vector!(
        F64x4(__m256d, 4, __m256d),
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_mul_pd,
        _mm256_max_pd,
        |x| _mm256_andnot_pd(_mm256_set1_pd(-0.0), x),
        _mm256_cmp_pd::<_CMP_GT_OQ>,
        _mm256_or_pd,
        _mm256_movemask_pd
    );
    vector!(
        F64x8(__m512d, 8, __mmask8),
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_max_pd,
        _mm512_abs_pd,
        _mm512_cmp_pd_mask::<_CMP_GT_OQ>,
        |a: u8, b: u8| a | b,
        |mask: u8| mask
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation on pairs of values, NaN and infinities among them.
    struct Everything<'a>(&'a [f64; LANES], &'a [f64; LANES]);

    impl Blocks for Everything<'_> {
        type Output = (Vec<u64>, u32);

        #[inline(always)]
        fn run<V: Vector, const N: usize>(self) -> Self::Output {
            let mut results = vec![0.0; 6 * LANES];
            let mut bits = 0;
            for g in 0..N {
                let at = g * V::WIDTH;
                let (a, b) = (V::load(self.0, at), V::load(self.1, at));
                let all = [a.plus(b), a.minus(b), a.times(b), a.size(), a.larger(b), V::splat(self.0[3])];
                for (nth, result) in all.into_iter().enumerate() {
                    result.store(&mut results, nth * LANES + at);
                }
                bits |= V::bits(V::either(a.above(b), V::splat(0.0).above(b))) << at;
            }
            // Of NaNs, only that they are.
            (results.iter().map(|r| if r.is_nan() { u64::MAX } else { r.to_bits() }).collect(), bits)
        }
    }

    #[test]
    fn vectors_do_what_floats_do() {
        let odd = [f64::NAN, f64::INFINITY, -0.0, 0.0, f64::MIN_POSITIVE];
        let a: [f64; LANES] = std::array::from_fn(|i| odd.get(i).copied().unwrap_or(i as f64 * 0.37 - 4.0));
        for shift in 0..LANES {
            let b = std::array::from_fn(|i| a[(i + shift) % LANES] * 1.1);
            assert_eq!(dispatch_blocks(Everything(&a, &b)), Everything(&a, &b).run::<f64, LANES>());
        }
    }
}
