//! The z-normalised form of a window.

use super::metric::Lp;
use super::scale;
use super::sum::{Term, sum};
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

struct MakeForm<'a> {
    x: &'a [f64],
    span: f64,
}

impl Blocks for MakeForm<'_> {
    type Output = Form;

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) -> Form {
        let Self { x, span } = self;
        let scale = scale::to_one(span);
        let form = Form { scale, base: x[0] * scale.0 * scale.1, mean: 0.0, weight: 1.0 };
        if form.plain() { form.filled::<V, N, false>(x) } else { form.filled::<V, N, true>(x) }
    }
}

impl Form {
    /// Whether scaling changes nothing, as it nearly always does.
    #[inline(always)]
    pub(super) fn plain(self) -> bool {
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

/// A value minus the mean of its window so far.
#[derive(Clone, Copy)]
struct Centred<const SCALED: bool>(Form);
/// That, squared.
#[derive(Clone, Copy)]
struct CentredSquare<const SCALED: bool>(Form);

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

/// The squared difference of the z-normalised values of two windows.
#[derive(Clone, Copy)]
pub(super) struct Normalized<const SCALED: bool>(pub(super) Form, pub(super) Form);

impl<const SCALED: bool> Term for Normalized<SCALED> {
    #[inline(always)]
    fn of<V: Vector>(self, a: V, b: V) -> V {
        let Self(f, g) = self;
        let u = f.centred::<V, SCALED>(a).times(V::splat(f.weight));
        let v = g.centred::<V, SCALED>(b).times(V::splat(g.weight));
        Lp::<2>::pair(u, v)
    }
}
