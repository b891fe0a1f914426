//! One distance, computed directly from the values: what is reported.

use super::form::{Form, Normalized};
use super::metric::{Distance, Lp};
use super::series::Series;
use super::sum::{Term, sum};
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};

/// The distance between two windows that have no missing values and, if z-normalised, are not constant. The forms are
/// those of the windows; only the z-normalised distance uses them.
pub(super) fn distance(distance: Distance, (a, f): (&[f64], Form), (b, g): (&[f64], Form)) -> f64 {
    dispatch_blocks(Exact { distance, a, b, f, g })
}

/// The distance between windows of two series, by the conventions for constant windows; +inf where one has a missing value.
pub(super) fn between(kind: Distance, a: &Series, i: usize, b: &Series, j: usize) -> f64 {
    convention(kind, (a, i), (b, j))
        .unwrap_or_else(|| distance(kind, (a.window(i), a.form(i)), (b.window(j), b.form(j))))
}

/// Lists the distances between window i of some series and window j of others in each of these dimensions, each as
/// [`between`].
pub(super) fn in_dimensions(
    kind: Distance,
    (series, i): (&[Series], usize),
    (reference, j): (&[Series], usize),
    dimensions: &[usize],
    out: &mut Vec<f64>,
) {
    dispatch_blocks(InDimensions { kind, series, reference, dimensions, i, j, out });
}

/// The distance where it is no sum over the values.
#[inline(always)]
fn convention(kind: Distance, (a, i): (&Series, usize), (b, j): (&Series, usize)) -> Option<f64> {
    if !(a.whole[i] && b.whole[j]) {
        return Some(f64::INFINITY);
    }
    if kind == Distance::ZNormalized {
        return match (a.constant(i), b.constant(j)) {
            (true, true) => Some(0.0),
            (true, false) | (false, true) => Some((a.m as f64).sqrt()),
            (false, false) => None,
        };
    }
    None
}

struct InDimensions<'a> {
    kind: Distance,
    series: &'a [Series],
    reference: &'a [Series],
    dimensions: &'a [usize],
    i: usize,
    j: usize,
    out: &'a mut Vec<f64>,
}

impl Blocks for InDimensions<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { kind, series, reference, dimensions, i, j, out } = self;
        out.clear();
        for &t in dimensions {
            let (x, y) = (&series[t], &reference[t]);
            let distance = match convention(kind, (x, i), (y, j)) {
                Some(distance) => distance,
                None => Exact { distance: kind, a: x.window(i), b: y.window(j), f: x.form(i), g: y.form(j) }
                    .run::<V, N>(),
            };
            out.push(distance);
        }
    }
}

struct Exact<'a> {
    distance: Distance,
    a: &'a [f64],
    b: &'a [f64],
    f: Form,
    g: Form,
}

impl Blocks for Exact<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) -> f64 {
        let Self { distance, a, b, f, g } = self;
        // (Where all values are equal, so are the forms, and each sum is exactly 0.)
        match distance {
            Distance::ZNormalized if f.plain() && g.plain() => {
                (sum::<V, N>(a, b, Normalized::<false>(f, g)) * a.len() as f64).sqrt()
            }
            Distance::ZNormalized => (sum::<V, N>(a, b, Normalized::<true>(f, g)) * a.len() as f64).sqrt(),
            Distance::L1 => sum::<V, N>(a, b, Plain::<1>),
            Distance::L2 => sum::<V, N>(a, b, Plain::<2>).sqrt(),
            Distance::Relative => {
                let apart = sum::<V, N>(a, b, Plain::<1>);
                if apart == 0.0 { 0.0 } else { apart / sum::<V, N>(b, b, Size) }
            }
        }
    }
}

/// A pair's share of a plain distance.
#[derive(Clone, Copy)]
struct Plain<const P: u8>;
/// A value without its sign.
#[derive(Clone, Copy)]
struct Size;

impl<const P: u8> Term for Plain<P> {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, b: V) -> V {
        Lp::<P>::pair(a, b)
    }
}

impl Term for Size {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, _: V) -> V {
        a.size()
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::form;
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
