//! Gamma, by Marsaglia and Tsang (2000): a cubed normal, accepted or tried again.
//!
//! A try fails with a probability below 0.05, each has draws of its own, and there are [`TRIES`]: in fewer than one row
//! in 10^20 all fail, and the value is the distribution's mode. A shape below 1 takes the value of shape + 1 times
//! u^(1/shape).

use super::again::{TOGETHER, negative_places, try_again};
use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{TILE, normals, normals_at, uniforms, uniforms_at};
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

const TRIES: u8 = 16;

#[derive(Debug)]
struct Gamma {
    shape: Param,
    scale: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let shape = Param::need(table, "shape", scope)?.within(|x| x > 0.0, "must be > 0")?;
    let scale = Param::or(table, "scale", 1.0, scope)?.within(|x| x >= 0.0, "must be >= 0")?;
    Ok(Box::new(Gamma { shape, scale, site: scope.site(table)? }))
}

/// What the tries of a shape have in common: Marsaglia and Tsang's d and c.
#[derive(Clone, Copy)]
struct Tries {
    d: f64,
    c: f64,
    /// What rounding may do to the test of a try, and much more.
    margin: f64,
}

impl Tries {
    #[inline(always)]
    fn new(shape: f64) -> Self {
        let d = (if shape < 1.0 { shape + 1.0 } else { shape }) - 1.0 / 3.0;
        Self { d, c: 1.0 / (9.0 * d).sqrt(), margin: 1e-12 * (1.0 + d) }
    }

    /// A normal and a uniform as a value of the gamma distribution of a shape from 1 on; negative: try again.
    #[inline(always)]
    fn attempt(self, normal: f64, uniform: f64) -> f64 {
        let Self { d, c, .. } = self;
        let root = 1.0 + normal * c;
        let cube = root * root * root;
        let v = if cube > 0.0 { cube } else { 1.0 };
        let most = (0.5 * (normal * normal) + d) - d * v + d * fmath::ln(v);
        let accepted = cube > 0.0 && fmath::ln(1.0 - uniform) < most;
        if accepted { d * v } else { -1.0 }
    }

    /// The same where the try passes for sure, as nine in ten do; else negative. It needs no logarithm: by Marsaglia and
    /// Tsang's squeeze, 1 - 0.0331 x^4 lies below e to the power `most`.
    ///
    /// There |x| < 2.35, so 1 + c x > 0.04: no term of `most` is above 10 d, and all errors of rounding together are below
    /// 1e-13 (1 + d).
    #[inline(always)]
    fn sure(self, normal: f64, uniform: f64) -> f64 {
        let root = 1.0 + normal * self.c;
        let square = normal * normal;
        let is_sure = 1.0 - uniform < (1.0 - 0.0331 * (square * square)) - self.margin;
        if is_sure { self.d * (root * root * root) } else { -1.0 }
    }
}

/// The value of each row whose try passes for sure, else -1; how many rows these are, and where.
struct Sure<'a> {
    shape: &'a [f64],
    normal: &'a [f64],
    uniform: &'a [f64],
    out: &'a mut [f64],
    places: &'a mut [usize; TILE],
}

impl Kernel for Sure<'_> {
    type Output = usize;
    #[inline(always)]
    fn run(self) -> usize {
        let Self { shape, normal, uniform, out, places } = self;
        let Some(&first) = shape.first() else { return 0 };
        let draws = normal.iter().zip(uniform);
        if all(shape, |shape| shape == first) {
            let tries = Tries::new(first);
            for (x, (&normal, &uniform)) in out.iter_mut().zip(draws) {
                *x = tries.sure(normal, uniform);
            }
        } else {
            for ((x, (&normal, &uniform)), &shape) in out.iter_mut().zip(draws).zip(shape) {
                *x = Tries::new(shape).sure(normal, uniform);
            }
        }
        negative_places(out, places)
    }
}

/// Whether all values are like that: without an early end, some at once.
#[inline(always)]
fn all(values: &[f64], like: impl Fn(f64) -> bool) -> bool {
    values.iter().fold(true, |all, &x| all & like(x))
}

/// A try of each row, in place of its normal.
struct Attempt<'a> {
    shape: &'a [f64],
    uniform: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Attempt<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { shape, uniform, out } = self;
        let Some(&first) = shape.first() else { return };
        if all(shape, |shape| shape == first) {
            let tries = Tries::new(first);
            for (x, &uniform) in out.iter_mut().zip(uniform) {
                *x = tries.attempt(*x, uniform);
            }
        } else {
            for ((x, &shape), &uniform) in out.iter_mut().zip(shape).zip(uniform) {
                *x = Tries::new(shape).attempt(*x, uniform);
            }
        }
    }
}

struct Boost<'a>(&'a [f64], &'a mut [f64]);

impl Kernel for Boost<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (x, &shape) in self.1.iter_mut().zip(self.0) {
            *x = if shape < 1.0 { fmath::ln(1.0 - *x) / shape } else { 0.0 };
        }
    }
}

/// Standard gammas: each row's value is `out` times e to the power `boost` (0 for shapes from 1 on). Uses the draws
/// from `site` to `site` + 2 TRIES.
pub(super) fn standard(at: At, site: Site, shape: &[f64], out: &mut [f64], boost: &mut [f64]) {
    let n = out.len();
    let (mut normal, mut uniform, mut places) = ([0.0; TILE], [0.0; TILE], [0; TILE]);
    normals(at.source(site), at.row, 0.0, 1.0, &mut normal[..n]);
    uniforms(at.source(site.draw(1)), at.row, 0.0, 1.0, &mut uniform[..n]);
    let shape = &shape[..n];
    let unsure =
        dispatch(Sure { shape, normal: &normal[..n], uniform: &uniform[..n], out, places: &mut places });
    let mut left = 0;
    for first in (0..unsure).step_by(TOGETHER) {
        let (mut shapes, mut values, mut draws) = ([0.0; TOGETHER], [0.0; TOGETHER], [0.0; TOGETHER]);
        let some = TOGETHER.min(unsure - first);
        let own = &places[first..first + some];
        for (k, &j) in own.iter().enumerate() {
            (shapes[k], values[k], draws[k]) = (shape[j], normal[j], uniform[j]);
        }
        dispatch(Attempt { shape: &shapes[..some], uniform: &draws[..some], out: &mut values[..some] });
        for k in 0..some {
            let j = places[first + k];
            out[j] = values[k];
            // Those that failed come to the front.
            places[left] = j;
            left += usize::from(values[k] < 0.0);
        }
    }
    let attempt = |number: u8, places: &[usize], rows: &[u64], values: &mut [f64]| {
        let n = places.len();
        let (mut shapes, mut uniform) = ([0.0; TOGETHER], [0.0; TOGETHER]);
        for (one, &j) in shapes.iter_mut().zip(places) {
            *one = shape[j];
        }
        let [one, two] = [2 * number, 2 * number + 1].map(|draw| at.source(site.draw(draw)));
        normals_at(one, &[one.site; TOGETHER], rows, values);
        uniforms_at(two, &[two.site; TOGETHER], rows, &mut uniform[..n]);
        dispatch(Attempt { shape: &shapes[..n], uniform: &uniform[..n], out: values });
    };
    try_again(at, TRIES, &mut places[..left], out, attempt, |j| Tries::new(shape[j]).d);
    if all(shape, |shape| shape >= 1.0) {
        boost.fill(0.0);
    } else {
        uniforms(at.source(site.draw(2 * TRIES)), at.row, 0.0, 1.0, boost);
        dispatch(Boost(shape, boost));
    }
}

struct Scale<'a> {
    out: &'a mut [f64],
    boost: &'a [f64],
    scale: &'a [f64],
}

impl Kernel for Scale<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        // e to the power 0 is 1.
        if all(self.boost, |boost| boost == 0.0) {
            for (x, &scale) in self.out.iter_mut().zip(self.scale) {
                *x *= scale;
            }
            return;
        }
        for ((x, &boost), &scale) in self.out.iter_mut().zip(self.boost).zip(self.scale) {
            *x = *x * fmath::exp(boost) * scale;
        }
    }
}

impl Rule for Gamma {
    fn fill(&self, at: At, out: &mut [f64]) {
        let n = out.len();
        let shape = self.shape.column(at, n);
        let scale = self.scale.column(at, n);
        let mut boost = [0.0; TILE];
        standard(at, self.site, &shape, out, &mut boost[..n]);
        dispatch(Scale { out, boost: &boost[..n], scale: &scale });
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // made-up numbers: their last bits do not matter
mod tests {
    use super::*;

    #[test]
    fn what_is_sure_passes_with_the_same_value() {
        let mut sure = 0;
        for shape in [1.0, 1.0 + 1e-15, 1.2, 2.5, 17.0, 300.0, 1e5, 1e9, 1e11, 1e13] {
            let tries = Tries::new(shape);
            for i in -3000..=3000 {
                // Sparse far from 0, and dense where the squeeze is tight.
                let normal = (f64::from(i) / 1200.0).powi(3);
                // The first uniforms behind the squeeze.
                let edge = 0.0331 * normal.powi(4) + tries.margin;
                for uniform in [edge, edge * (1.0 + 1e-15), edge * 1.001, edge + 1e-3] {
                    let whole = (uniform * (1u64 << 53) as f64).ceil();
                    let uniform = (whole / (1u64 << 53) as f64).min(1.0 - f64::EPSILON / 2.0);
                    let found = tries.sure(normal, uniform);
                    if found >= 0.0 {
                        assert_eq!(found, tries.attempt(normal, uniform), "{shape} {normal} {uniform}");
                        sure += 1;
                    }
                }
            }
        }
        assert!(sure > 50_000, "{sure}");
    }
}
