//! One distance, computed directly from the values: what is reported.

use super::metric::{Distance, Lp};
use super::series::Series;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};

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
    dispatch_blocks(MakeForm { x, span })
}

/// The distance between two windows, finite and, if z-normalised, neither constant; the forms are those of the windows
/// (and not looked at by other distances).
pub(super) fn distance(distance: Distance, (a, f): (&[f64], Form), (b, g): (&[f64], Form)) -> f64 {
    dispatch_blocks(Exact { distance, a, b, f, g })
}

/// The distance between windows of two series, by the conventions for constant windows; +inf where one has a hole.
pub(super) fn between(kind: Distance, a: &Series, i: usize, b: &Series, j: usize) -> f64 {
    convention(kind, (a, i), (b, j))
        .unwrap_or_else(|| distance(kind, (a.window(i), a.form(i)), (b.window(j), b.form(j))))
}

/// Lists the distances between windows i and j in each of these dimensions: as [`between`], all at once.
pub(super) fn in_dimensions(
    kind: Distance,
    series: &[Series],
    dimensions: &[usize],
    i: usize,
    j: usize,
    out: &mut Vec<f64>,
) {
    dispatch_blocks(InDimensions { kind, series, dimensions, i, j, out });
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
    dimensions: &'a [usize],
    i: usize,
    j: usize,
    out: &'a mut Vec<f64>,
}

impl Blocks for InDimensions<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { kind, series, dimensions, i, j, out } = self;
        out.clear();
        for &t in dimensions {
            let x = &series[t];
            let distance = match convention(kind, (x, i), (x, j)) {
                Some(distance) => distance,
                None => Exact { distance: kind, a: x.window(i), b: x.window(j), f: x.form(i), g: x.form(j) }
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

struct MakeForm<'a> {
    x: &'a [f64],
    span: f64,
}

impl Blocks for MakeForm<'_> {
    type Output = Form;

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) -> Form {
        let Self { x, span } = self;
        let scale = super::scale::to_one(span);
        let form = Form { scale, base: x[0] * scale.0 * scale.1, mean: 0.0, weight: 1.0 };
        if form.plain() { form.filled::<V, N, false>(x) } else { form.filled::<V, N, true>(x) }
    }
}

impl Form {
    /// Whether scaling changes nothing, as it nearly always does.
    #[inline(always)]
    fn plain(self) -> bool {
        self.scale == (1.0, 1.0)
    }

    /// With the mean and the weight of window `x`.
    #[inline(always)]
    fn filled<V: Vector, const N: usize, const SCALED: bool>(mut self, x: &[f64]) -> Self {
        self.mean = sum::<V, N>(x, x, Centred::<SCALED>(self)) / x.len() as f64;
        self.weight = 1.0 / sum::<V, N>(x, x, CentredSquare::<SCALED>(self)).sqrt();
        self
    }

    #[inline(always)]
    fn centred<V: Vector, const SCALED: bool>(self, x: V) -> V {
        let scaled = if SCALED { x.times(V::splat(self.scale.0)).times(V::splat(self.scale.1)) } else { x };
        scaled.minus(V::splat(self.base)).minus(V::splat(self.mean))
    }
}

/// What is summed over the pairs of values of two windows.
trait Term: Copy {
    fn of<V: Vector>(self, a: V, b: V) -> V;
}

/// The share of a plain distance.
#[derive(Clone, Copy)]
struct Plain<const P: u8>;
/// The squared difference of the z-normalised values.
#[derive(Clone, Copy)]
struct Normalized<const SCALED: bool>(Form, Form);
/// A value minus the mean of its window so far.
#[derive(Clone, Copy)]
struct Centred<const SCALED: bool>(Form);
/// That, squared.
#[derive(Clone, Copy)]
struct CentredSquare<const SCALED: bool>(Form);
/// A value without its sign.
#[derive(Clone, Copy)]
struct Size;

impl<const P: u8> Term for Plain<P> {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, b: V) -> V {
        Lp::<P>::pair(a, b)
    }
}

impl<const SCALED: bool> Term for Normalized<SCALED> {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, b: V) -> V {
        let Self(f, g) = self;
        let u = f.centred::<V, SCALED>(a).times(V::splat(f.weight));
        let v = g.centred::<V, SCALED>(b).times(V::splat(g.weight));
        Lp::<2>::pair(u, v)
    }
}

impl<const SCALED: bool> Term for Centred<SCALED> {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, _: V) -> V {
        self.0.centred::<V, SCALED>(a)
    }
}

impl<const SCALED: bool> Term for CentredSquare<SCALED> {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, _: V) -> V {
        let d = self.0.centred::<V, SCALED>(a);
        d.times(d)
    }
}

impl Term for Size {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, _: V) -> V {
        a.size()
    }
}

/// The sum of a term over all pairs, in eight interleaved partial sums: the same order at every SIMD level.
#[inline(always)]
fn sum<V: Vector, const N: usize>(a: &[f64], b: &[f64], term: impl Term) -> f64 {
    const PARTS: usize = 8;
    let mut sums = [V::splat(0.0); N]; // the first ones of them
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
