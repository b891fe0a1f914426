//! Vectors by name, for the few loops that the compiler does not vectorise well by itself.
//!
//! Each operation is the IEEE one, lane by lane, and none is fused: every implementation gives the same bits.

#[cfg(target_arch = "x86_64")]
use super::{Level, level};

/// The lanes that a [`Blocks`] kernel works on at once, in so many vectors as it takes.
pub const LANES: usize = 32;

/// A few floats side by side; one float is the shortest.
#[allow(clippy::return_self_not_must_use)] // arithmetic
pub trait Lanes<T>: Copy {
    /// How many.
    const WIDTH: usize;
    /// The same value in each lane.
    fn splat(value: T) -> Self;
    /// `values[at .. at + WIDTH]`.
    fn load(values: &[T], at: usize) -> Self;
    /// Writes them to `values[at .. at + WIDTH]`.
    fn store(self, values: &mut [T], at: usize);
    /// Sum.
    fn plus(self, other: Self) -> Self;
    /// Difference.
    fn minus(self, other: Self) -> Self;
    /// Product.
    fn times(self, other: Self) -> Self;
    /// The larger one; `other` if one is NaN.
    fn larger(self, other: Self) -> Self;
    /// The smaller one; `other` if one is NaN.
    fn smaller(self, other: Self) -> Self;
    /// Square root.
    fn root(self) -> Self;
    /// Bitwise or: negative where one of both is.
    fn or(self, other: Self) -> Self;
    /// A bit per lane whose sign is set, -0 and NaN included, the first lane lowest.
    fn negative(self) -> u32;
    /// The least lane.
    fn least(self) -> T;
    /// The greatest lane.
    fn greatest(self) -> T;
}

/// Lanes of f64.
#[allow(clippy::return_self_not_must_use)] // arithmetic
pub trait Vector: Lanes<f64> {
    /// Twice as many floats of half the size.
    type Single: Single;
    /// Size without sign.
    fn size(self) -> Self;
    /// This one's lanes and those of another, rounded.
    fn narrow(self, other: Self) -> Self::Single;
    /// Where this one is larger, all bits set; else (and with NaN) none.
    fn above(self, other: Self) -> Self;
    /// Of a result of `above`: `yes` where it is set, else `no`.
    fn choose(self, yes: Self, no: Self) -> Self;
}

/// Lanes of f32.
#[allow(clippy::return_self_not_must_use)] // arithmetic
pub trait Single: Lanes<f32> {
    /// The square root, to 2^-11 of it, of numbers up to 2^126; of those below 2^-60, 2^-30. NaN of NaN. Other
    /// bits on other processors.
    fn about_root(self) -> Self;
}

impl Lanes<f32> for [f32; 2] {
    const WIDTH: usize = 2;
    #[inline(always)]
    fn splat(value: f32) -> Self {
        [value; 2]
    }
    #[inline(always)]
    fn load(values: &[f32], at: usize) -> Self {
        [values[at], values[at + 1]]
    }
    #[inline(always)]
    fn store(self, values: &mut [f32], at: usize) {
        values[at..at + 2].copy_from_slice(&self);
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        [self[0] + other[0], self[1] + other[1]]
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        [self[0] - other[0], self[1] - other[1]]
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        [self[0] * other[0], self[1] * other[1]]
    }
    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        std::array::from_fn(|l| if self[l] > other[l] { self[l] } else { other[l] })
    }
    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        std::array::from_fn(|l| if self[l] < other[l] { self[l] } else { other[l] })
    }
    #[inline(always)]
    fn root(self) -> Self {
        self.map(f32::sqrt)
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        std::array::from_fn(|l| f32::from_bits(self[l].to_bits() | other[l].to_bits()))
    }
    #[inline(always)]
    fn negative(self) -> u32 {
        self[0].to_bits() >> 31 | self[1].to_bits() >> 31 << 1
    }
    #[inline(always)]
    fn least(self) -> f32 {
        if self[0] < self[1] { self[0] } else { self[1] }
    }
    #[inline(always)]
    fn greatest(self) -> f32 {
        if self[0] > self[1] { self[0] } else { self[1] }
    }
}

impl Single for [f32; 2] {
    #[inline(always)]
    fn about_root(self) -> Self {
        Self::splat(1.0 / (1u64 << 60) as f32).larger(self).root()
    }
}

impl Lanes<f64> for f64 {
    const WIDTH: usize = 1;
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
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self::from_bits(self.to_bits() | other.to_bits())
    }
    #[inline(always)]
    fn negative(self) -> u32 {
        (self.to_bits() >> 63) as u32
    }
    #[inline(always)]
    fn least(self) -> Self {
        self
    }
    #[inline(always)]
    fn greatest(self) -> Self {
        self
    }
}

impl Vector for f64 {
    type Single = [f32; 2];
    #[inline(always)]
    fn size(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn narrow(self, other: Self) -> [f32; 2] {
        [self as f32, other as f32]
    }
    #[inline(always)]
    fn above(self, other: Self) -> Self {
        f64::from_bits(if self > other { u64::MAX } else { 0 })
    }
    #[inline(always)]
    fn choose(self, yes: Self, no: Self) -> Self {
        if self.to_bits() == 0 { no } else { yes }
    }
}

/// Compares and exchanges pairs of vectors, lane by lane: the smaller goes to the first place.
#[inline(always)]
pub fn exchange<T, L: Lanes<T>>(x: &mut [L], pairs: &[(usize, usize)]) {
    for &(low, high) in pairs {
        (x[low], x[high]) = (x[low].smaller(x[high]), x[low].larger(x[high]));
    }
}

/// Sorts up to eight vectors, lane by lane, in registers.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // unrolled only if written so
pub fn sort<T, L: Lanes<T>, const D: usize>(x: &mut [L; D]) {
    let (pairs, count) = const {
        let mut pairs = [(0, 0); 19];
        let count = merge_exchange(D, &mut pairs);
        (pairs, count)
    };
    for n in 0..count {
        let (low, high) = pairs[n];
        (x[low], x[high]) = (x[low].smaller(x[high]), x[low].larger(x[high]));
    }
}

/// Writes the pairs of places that sort `n` numbers when they are compared and exchanged one after the other, and says
/// how many they are: Batcher's merge exchange (Knuth, TAOCP 3, 5.2.2, algorithm M), up to n = 8 as short as can be.
pub const fn merge_exchange(n: usize, pairs: &mut [(usize, usize)]) -> usize {
    let mut count = 0;
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut apart) = (top, 0, p);
        loop {
            let mut i = 0;
            while i + apart < n {
                if i & p == r {
                    pairs[count] = (i, i + apart);
                    count += 1;
                }
                i += 1;
            }
            if q == p {
                break;
            }
            apart = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
    count
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

    use super::{Lanes, Single, Vector};

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

    macro_rules! lanes {
        ($name:ident($register:ident, $float:ty, $width:literal), $splat:ident, $load:ident, $store:ident, $add:ident,
         $sub:ident, $mul:ident, $max:ident, $min:ident, $sqrt:ident, $or:ident, $signs:expr, $least:expr, $greatest:expr) => {
            /// So many lanes.
            #[derive(Clone, Copy)]
            pub(super) struct $name($register);

            impl Lanes<$float> for $name {
                const WIDTH: usize = $width;
                #[inline(always)]
                fn splat(value: $float) -> Self {
                    Self(intrinsic!($splat(value)))
                }
                #[inline(always)]
                fn load(values: &[$float], at: usize) -> Self {
                    // (Reads no more than this slice, whatever its alignment.)
                    let values = &values[at..at + $width];
                    Self(intrinsic!($load(values.as_ptr())))
                }
                #[inline(always)]
                fn store(self, values: &mut [$float], at: usize) {
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
                fn larger(self, other: Self) -> Self {
                    Self(intrinsic!($max(self.0, other.0)))
                }
                #[inline(always)]
                fn smaller(self, other: Self) -> Self {
                    Self(intrinsic!($min(self.0, other.0)))
                }
                #[inline(always)]
                fn root(self) -> Self {
                    Self(intrinsic!($sqrt(self.0)))
                }
                #[inline(always)]
                fn or(self, other: Self) -> Self {
                    Self(intrinsic!($or(self.0, other.0)))
                }
                #[inline(always)]
                fn negative(self) -> u32 {
                    intrinsic!($signs(self.0)) as u32
                }
                #[inline(always)]
                fn least(self) -> $float {
                    intrinsic!($least(self.0))
                }
                #[inline(always)]
                fn greatest(self) -> $float {
                    intrinsic!($greatest(self.0))
                }
            }
        };
    }

    macro_rules! vector {
        ($name:ident, $single:ident, $narrow:expr, $size:expr, $above:expr, $choose:expr) => {
            impl Vector for $name {
                type Single = $single;
                #[inline(always)]
                fn size(self) -> Self {
                    Self(intrinsic!($size(self.0)))
                }
                #[inline(always)]
                fn narrow(self, other: Self) -> $single {
                    $single(intrinsic!($narrow(self.0, other.0)))
                }
                #[inline(always)]
                fn above(self, other: Self) -> Self {
                    Self(intrinsic!($above(self.0, other.0)))
                }
                #[inline(always)]
                fn choose(self, yes: Self, no: Self) -> Self {
                    Self(intrinsic!($choose(self.0, yes.0, no.0)))
                }
            }
        };
    }

    macro_rules! single {
        ($name:ident, $inverse_root:ident) => {
            impl Single for $name {
                #[inline(always)]
                fn about_root(self) -> Self {
                    let positive = Self::splat(1.0 / (1u64 << 60) as f32).larger(self);
                    positive.times(Self(intrinsic!($inverse_root(positive.0))))
                }
            }
        };
    }

    #[inline(always)]
    fn least_pd(x: __m128d) -> f64 {
        intrinsic!(_mm_cvtsd_f64(_mm_min_sd(x, _mm_unpackhi_pd(x, x))))
    }

    #[inline(always)]
    fn least_ps(x: __m128) -> f32 {
        let half = intrinsic!(_mm_min_ps(x, _mm_movehl_ps(x, x)));
        intrinsic!(_mm_cvtss_f32(_mm_min_ss(half, _mm_shuffle_ps::<1>(half, half))))
    }

    #[inline(always)]
    fn greatest_pd(x: __m128d) -> f64 {
        intrinsic!(_mm_cvtsd_f64(_mm_max_sd(x, _mm_unpackhi_pd(x, x))))
    }

    #[inline(always)]
    fn greatest_ps(x: __m128) -> f32 {
        let half = intrinsic!(_mm_max_ps(x, _mm_movehl_ps(x, x)));
        intrinsic!(_mm_cvtss_f32(_mm_max_ss(half, _mm_shuffle_ps::<1>(half, half))))
    }

    lanes!(
        F64x2(__m128d, f64, 2),
        _mm_set1_pd,
        _mm_loadu_pd,
        _mm_storeu_pd,
        _mm_add_pd,
        _mm_sub_pd,
        _mm_mul_pd,
        _mm_max_pd,
        _mm_min_pd,
        _mm_sqrt_pd,
        _mm_or_pd,
        _mm_movemask_pd,
        least_pd,
        greatest_pd
    );
    vector!(
        F64x2,
        F32x4,
        |a, b| _mm_movelh_ps(_mm_cvtpd_ps(a), _mm_cvtpd_ps(b)),
        |x| _mm_andnot_pd(_mm_set1_pd(-0.0), x),
        _mm_cmpgt_pd,
        |set, yes, no| _mm_or_pd(_mm_and_pd(set, yes), _mm_andnot_pd(set, no))
    );
    lanes!(
        F64x4(__m256d, f64, 4),
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_mul_pd,
        _mm256_max_pd,
        _mm256_min_pd,
        _mm256_sqrt_pd,
        _mm256_or_pd,
        _mm256_movemask_pd,
        |x| least_pd(_mm_min_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x))),
        |x| greatest_pd(_mm_max_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x)))
    );
    vector!(
        F64x4,
        F32x8,
        |a, b| _mm256_set_m128(_mm256_cvtpd_ps(b), _mm256_cvtpd_ps(a)),
        |x| _mm256_andnot_pd(_mm256_set1_pd(-0.0), x),
        _mm256_cmp_pd::<_CMP_GT_OQ>,
        |set, yes, no| _mm256_blendv_pd(no, yes, set)
    );
    lanes!(
        F64x8(__m512d, f64, 8),
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_max_pd,
        _mm512_min_pd,
        _mm512_sqrt_pd,
        _mm512_or_pd,
        |x| _mm512_movepi64_mask(_mm512_castpd_si512(x)),
        _mm512_reduce_min_pd,
        _mm512_reduce_max_pd
    );
    vector!(
        F64x8,
        F32x16,
        |a, b| _mm512_insertf32x8::<1>(_mm512_castps256_ps512(_mm512_cvtpd_ps(a)), _mm512_cvtpd_ps(b)),
        _mm512_abs_pd,
        |a, b| _mm512_castsi512_pd(_mm512_movm_epi64(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, b))),
        |set, yes, no| _mm512_mask_blend_pd(_mm512_movepi64_mask(_mm512_castpd_si512(set)), no, yes)
    );
    lanes!(
        F32x4(__m128, f32, 4),
        _mm_set1_ps,
        _mm_loadu_ps,
        _mm_storeu_ps,
        _mm_add_ps,
        _mm_sub_ps,
        _mm_mul_ps,
        _mm_max_ps,
        _mm_min_ps,
        _mm_sqrt_ps,
        _mm_or_ps,
        _mm_movemask_ps,
        least_ps,
        greatest_ps
    );
    single!(F32x4, _mm_rsqrt_ps);
    lanes!(
        F32x8(__m256, f32, 8),
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        _mm256_max_ps,
        _mm256_min_ps,
        _mm256_sqrt_ps,
        _mm256_or_ps,
        _mm256_movemask_ps,
        |x| least_ps(_mm_min_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x))),
        |x| greatest_ps(_mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x)))
    );
    single!(F32x8, _mm256_rsqrt_ps);
    lanes!(
        F32x16(__m512, f32, 16),
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_max_ps,
        _mm512_min_ps,
        _mm512_sqrt_ps,
        _mm512_or_ps,
        |x| _mm512_movepi32_mask(_mm512_castps_si512(x)),
        _mm512_reduce_min_ps,
        _mm512_reduce_max_ps
    );
    single!(F32x16, _mm512_rsqrt14_ps);
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
            let mut results = vec![0.0; 9 * LANES];
            let mut bits = 0;
            for g in 0..N {
                let at = g * V::WIDTH;
                let (a, b) = (V::load(self.0, at), V::load(self.1, at));
                let all = [
                    a.plus(b),
                    a.minus(b),
                    a.times(b),
                    a.size(),
                    a.larger(b),
                    a.smaller(b),
                    a.size().root(),
                    V::splat(self.0[3]),
                    a.above(b).choose(a, b),
                ];
                for (nth, result) in all.into_iter().enumerate() {
                    result.store(&mut results, nth * LANES + at);
                }
                bits |= a.above(b).or(V::splat(0.0).above(b)).negative() << at;
            }
            let mut singles = vec![0.0; 8 * LANES];
            for at in (0..LANES).step_by(V::Single::WIDTH) {
                let high = at + V::WIDTH;
                let a = V::load(self.0, at).narrow(V::load(self.0, high));
                let b = V::load(self.1, at).narrow(V::load(self.1, high));
                let root = a.times(a).root();
                let all = [
                    a.plus(b),
                    a.minus(b),
                    a.times(b),
                    a.larger(b),
                    a.smaller(b),
                    root,
                    V::Single::splat(0.7),
                ];
                for (nth, result) in all.into_iter().enumerate() {
                    result.store(&mut singles, nth * LANES + at);
                }
                let back = V::Single::load(&singles, at);
                back.store(&mut singles, all.len() * LANES + at);
                bits ^= back.minus(a).or(V::Single::splat(0.0).minus(b)).negative() << at;
            }
            results.extend(singles.into_iter().map(f64::from));
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

    /// The least and the greatest of each so many lanes, as f64 and f32, and the approximate root of all.
    struct EndsAndRoots<'a>(&'a [f64; LANES]);

    impl Blocks for EndsAndRoots<'_> {
        type Output = ([f64; 4], [f32; LANES]);

        #[inline(always)]
        fn run<V: Vector, const N: usize>(self) -> Self::Output {
            let mut ends = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
            let mut roots = [0.0; LANES];
            for at in (0..LANES).step_by(V::Single::WIDTH) {
                let (low, high) = (V::load(self.0, at), V::load(self.0, at + V::WIDTH));
                let single = low.narrow(high);
                ends[0] = ends[0].min(low.least()).min(high.least());
                ends[1] = ends[1].min(f64::from(single.least()));
                ends[2] = ends[2].max(low.greatest()).max(high.greatest());
                ends[3] = ends[3].max(f64::from(single.greatest()));
                single.about_root().store(&mut roots, at);
            }
            (ends, roots)
        }
    }

    #[test]
    fn the_least_and_the_greatest_lane_and_a_root_that_is_near() {
        for turn in 0..2000 {
            let values: [f64; LANES] = std::array::from_fn(|i| {
                let mantissa = 1.0 + (turn * LANES + i) as f64 * 0.618_033_988_749 % 1.0;
                f64::from((mantissa * f64::from((i as f32 - 20.0).exp2())) as f32)
            });
            let turned: [f64; LANES] = std::array::from_fn(|i| values[(i + turn) % LANES]);
            let (ends, roots) = dispatch_blocks(EndsAndRoots(&turned));
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(ends, [least, least, greatest, greatest]);
            for (root, value) in roots.iter().zip(turned) {
                assert!((f64::from(*root) / value.sqrt() - 1.0).abs() < 1.0 / 2048.0, "{root} {value}");
            }
        }
        let odd = [f64::NAN, 0.0, -1.0, 1e-30, 1e30];
        let (_, roots) = dispatch_blocks(EndsAndRoots(&std::array::from_fn(|i| odd[i % 5])));
        assert!(roots[0].is_nan() && (roots[4] - 1e15).abs() < 1e12);
        assert!(roots[1..4].iter().all(|root| (root * 1_073_741_824.0 - 1.0).abs() < 1.0 / 2048.0));
    }

    #[test]
    fn short_networks_sort_by_the_zero_one_principle() {
        fn check<const D: usize>() {
            for bits in 0..1u32 << D {
                let mut x: [f64; D] = std::array::from_fn(|i| f64::from(bits >> i & 1));
                sort(&mut x);
                assert!(x.is_sorted(), "{D} {bits:b}");
            }
        }
        check::<1>();
        check::<2>();
        check::<3>();
        check::<4>();
        check::<5>();
        check::<6>();
        check::<7>();
        check::<8>();
    }
}
