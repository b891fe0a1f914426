//! One distance, computed directly from the values: what is reported.

use super::metric::Distance;
use super::series::Series;
use crate::simd::{Kernel, dispatch};

/// How a window's values become its z-normalised form: `((x * scale.0 * scale.1 - base) - mean) * weight`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    scale: (f64, f64),
    base: f64,
    mean: f64,
    weight: f64,
}

/// The form of a window whose values span `span`, which is not 0.
pub(super) fn form(x: &[f64], span: f64) -> Form {
    dispatch(MakeForm { x, span })
}

/// The distance between two windows, finite and, if z-normalised, neither constant; the forms are those of the windows
/// (and not looked at by other distances).
pub(super) fn distance(distance: Distance, (a, f): (&[f64], Form), (b, g): (&[f64], Form)) -> f64 {
    if a == b { 0.0 } else { dispatch(Exact { distance, a, b, f, g }) }
}

/// The distance between windows of two series, by the conventions for constant windows; +inf where one has a hole.
pub(super) fn between(kind: Distance, a: &Series, i: usize, b: &Series, j: usize) -> f64 {
    if !(a.whole[i] && b.whole[j]) {
        return f64::INFINITY;
    }
    if kind == Distance::ZNormalized {
        match (a.constant(i), b.constant(j)) {
            (true, true) => return 0.0,
            (true, false) | (false, true) => return (a.m as f64).sqrt(),
            (false, false) => {}
        }
    }
    distance(kind, (a.window(i), a.form(i)), (b.window(j), b.form(j)))
}

struct Exact<'a> {
    distance: Distance,
    a: &'a [f64],
    b: &'a [f64],
    f: Form,
    g: Form,
}

impl Kernel for Exact<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { distance, a, b, f, g } = self;
        match distance {
            Distance::ZNormalized => {
                let squares = sum(a, b, |x, y| {
                    let u = ((x * f.scale.0 * f.scale.1 - f.base) - f.mean) * f.weight;
                    let v = ((y * g.scale.0 * g.scale.1 - g.base) - g.mean) * g.weight;
                    (u - v) * (u - v)
                });
                (squares * a.len() as f64).sqrt()
            }
            Distance::L1 => sum(a, b, |x, y| (x - y).abs()),
            Distance::L2 => sum(a, b, |x, y| (x - y) * (x - y)).sqrt(),
            Distance::Relative => sum(a, b, |x, y| (x - y).abs()) / sum(b, b, |y, _| y.abs()),
        }
    }
}

struct MakeForm<'a> {
    x: &'a [f64],
    span: f64,
}

impl Kernel for MakeForm<'_> {
    type Output = Form;

    #[inline(always)]
    fn run(self) -> Form {
        let Self { x, span } = self;
        let scale = super::scale::to_one(span);
        let base = x[0] * scale.0 * scale.1;
        let mean = sum(x, x, |v, _| v * scale.0 * scale.1 - base) / x.len() as f64;
        let squares = sum(x, x, |v, _| {
            let d = (v * scale.0 * scale.1 - base) - mean;
            d * d
        });
        Form { scale, base, mean, weight: 1.0 / squares.sqrt() }
    }
}

/// The sum of `of(a, b)` over all pairs, in eight interleaved partial sums: the same order at every SIMD level.
#[inline(always)]
fn sum(a: &[f64], b: &[f64], of: impl Fn(f64, f64) -> f64) -> f64 {
    let mut parts = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let (a_rest, b_rest) = (a.remainder(), b.remainder());
    for (a, b) in a.zip(b) {
        for l in 0..8 {
            parts[l] += of(a[l], b[l]);
        }
    }
    for (l, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        parts[l] += of(a, b);
    }
    ((parts[0] + parts[4]) + (parts[2] + parts[6])) + ((parts[1] + parts[5]) + (parts[3] + parts[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_and_offset_do_not_matter_and_equal_is_zero() {
        let a = [0.0, 1.0, 3.0, -2.0, 0.5, 0.25, 7.0, 1.0, 2.0];
        let b = [1.0, -1.0, 2.0, 2.0, 0.0, 1.5, -3.0, 1.0, 0.5];
        let formed = |x: &[f64], y: &[f64]| {
            let form = |x: &[f64]| {
                let (low, high) = x.iter().fold((x[0], x[0]), |(l, h), v| (v.min(l), v.max(h)));
                form(x, high - low)
            };
            distance(Distance::ZNormalized, (x, form(x)), (y, form(y)))
        };
        let d = formed(&a, &b);
        for scale in [1e-300, 1e-10, 1e10, 1e300] {
            let c: Vec<f64> = b.iter().map(|v| v * scale).collect();
            assert!((formed(&a, &c) - d).abs() < 1e-14 * d);
        }
        let shifted: Vec<f64> = a.iter().map(|v| v + 1e8).collect();
        assert_eq!(formed(&a, &a), 0.0);
        assert!(formed(&a, &shifted) < 1e-7);
        let distance =
            |kind, x: &[f64], y: &[f64]| distance(kind, (x, Form::default()), (y, Form::default()));
        assert_eq!(distance(Distance::L1, &[1.0, 2.0, 3.0], &[2.0, 2.0, 5.0]), 3.0);
        assert_eq!(distance(Distance::Relative, &[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]), 2.0 / 6.0);
    }
}
