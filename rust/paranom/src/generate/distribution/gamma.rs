//! Gamma, by Marsaglia and Tsang (2000): a cubed normal, accepted or tried again.
//!
//! A try fails with a probability below 0.05, each has draws of its own, and there are [`TRIES`]: in fewer than one row
//! in 10^20 all fail, and the value is the distribution's mode. A shape below 1 takes the value of shape + 1 times
//! u^(1/shape).

use super::again::{TOGETHER, try_again};
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
}

impl Tries {
    #[inline(always)]
    fn new(shape: f64) -> Self {
        let d = (if shape < 1.0 { shape + 1.0 } else { shape }) - 1.0 / 3.0;
        Self { d, c: 1.0 / (9.0 * d).sqrt() }
    }

    /// A normal and a uniform as a value of the gamma distribution of a shape from 1 on; negative: try again.
    #[inline(always)]
    fn attempt(self, normal: f64, uniform: f64) -> f64 {
        let Self { d, c } = self;
        let root = 1.0 + normal * c;
        let cube = root * root * root;
        let v = if cube > 0.0 { cube } else { 1.0 };
        let most = (0.5 * (normal * normal) + d) - d * v + d * fmath::ln(v);
        let accepted = cube > 0.0 && fmath::ln(1.0 - uniform) < most;
        if accepted { d * v } else { -1.0 }
    }
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
        if shape.iter().all(|shape| *shape == first) {
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
    let mut uniform = [0.0; TILE];
    normals(at.source(site), at.row, 0.0, 1.0, out);
    uniforms(at.source(site.draw(1)), at.row, 0.0, 1.0, &mut uniform[..n]);
    let shape = &shape[..n];
    dispatch(Attempt { shape, uniform: &uniform[..n], out });
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
    try_again(at, TRIES, out, attempt, |j| Tries::new(shape[j]).d);
    if shape.iter().any(|shape| *shape < 1.0) {
        uniforms(at.source(site.draw(2 * TRIES)), at.row, 0.0, 1.0, boost);
        dispatch(Boost(shape, boost));
    } else {
        boost.fill(0.0);
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
        if self.boost.iter().all(|boost| *boost == 0.0) {
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
