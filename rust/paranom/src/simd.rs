//! One kernel body, compiled for several instruction sets, chosen once at run time.
//!
//! A kernel is a struct with its arguments and an `#[inline(always)]` [`Kernel::run`]; [`dispatch`] inlines
//! that body into a function compiled for baseline x86-64, for AVX2 and for AVX-512, and calls the best one
//! the machine has. The compiler vectorises each; where it does that badly, [`vector`] names the intrinsics.
//! Kernels use `+ - * /` and `sqrt` without `mul_add`, and no reduction whose order depends on the vector width: so
//! every level gives the same bits. On other architectures (NEON is baseline on aarch64) the body is compiled once.

pub mod vector;

use std::sync::OnceLock;

use crate::{Error, Result};

/// An instruction set level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every machine of the architecture has (SSE2, NEON).
    Baseline,
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX-512 F, BW, CD, DQ and VL.
    Avx512,
}

impl Level {
    /// The level's name, as `PARANOM_SIMD` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// Work that is compiled once per level.
pub trait Kernel {
    /// What the work gives back.
    type Output;
    /// The body. Must be `#[inline(always)]`, and so must everything it calls, or it runs at baseline.
    fn run(self) -> Self::Output;
}

/// The level in use: the machine's best, or a lower one that `PARANOM_SIMD` names (read once).
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| requested().map_or_else(|_| best(), |level| level.min(best())))
}

/// What `PARANOM_SIMD` asks for; an error if it names no level.
pub fn requested() -> Result<Level> {
    match std::env::var("PARANOM_SIMD").as_deref() {
        Err(_) | Ok("" | "avx512") => Ok(Level::Avx512),
        Ok("avx2") => Ok(Level::Avx2),
        Ok("baseline") => Ok(Level::Baseline),
        Ok(other) => Err(Error::invalid("PARANOM_SIMD", other, "must be baseline, avx2 or avx512")),
    }
}

#[cfg(target_arch = "x86_64")]
fn best() -> Level {
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
    {
        Level::Avx512
    } else if is_x86_feature_detected!("avx2") {
        Level::Avx2
    } else {
        Level::Baseline
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn best() -> Level {
    Level::Baseline
}

/// Runs a kernel at the level in use.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    run_at(level(), kernel)
}

/// Runs a kernel at a given level, or at the machine's best where that is lower.
#[inline]
pub fn dispatch_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    run_at(level.min(best()), kernel)
}

/// Runs a kernel at a level that the machine has.
#[inline]
#[cfg(target_arch = "x86_64")]
fn run_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    #[target_feature(enable = "avx2")]
    fn avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
    fn avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
    match level {
        Level::Baseline => kernel.run(),
        // SAFETY: no caller names a level above `best()`, which asked the processor.
        #[allow(unsafe_code)]
        Level::Avx2 => unsafe { avx2(kernel) },
        // SAFETY: as above.
        #[allow(unsafe_code)]
        Level::Avx512 => unsafe { avx512(kernel) },
    }
}

/// Runs a kernel; this architecture has one level.
#[inline]
#[cfg(not(target_arch = "x86_64"))]
fn run_at<K: Kernel>(_level: Level, kernel: K) -> K::Output {
    kernel.run()
}

/// Fetches the memory of something that will be read soon.
#[inline(always)]
pub fn prefetch<T: ?Sized>(soon: &T) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..size_of_val(soon)).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = std::ptr::from_ref(soon).cast::<i8>().wrapping_add(at);
        // SAFETY: it only fills the cache, and SSE is always there.
        #[allow(unsafe_code, unused_unsafe)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = soon;
}

struct Map<'a, F>(&'a mut [f64], F);

impl<F: Fn(f64) -> f64> Kernel for Map<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = (self.1)(*x);
        }
    }
}

/// Replaces every value by a function of it, vectorised.
pub fn map(values: &mut [f64], f: impl Fn(f64) -> f64) {
    dispatch(Map(values, f));
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Poly<'a>(&'a mut [f64]);
    impl Kernel for Poly<'_> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            for x in self.0 {
                *x = (*x * 1.1 + 0.3) * *x / (1.0 + *x * *x);
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let input: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.37 - 100.0).collect();
        let at = |level| {
            let mut data = input.clone();
            dispatch_at(level, Poly(&mut data));
            data.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(at(Level::Baseline), at(Level::Avx2));
        assert_eq!(at(Level::Baseline), at(Level::Avx512));
    }
}
