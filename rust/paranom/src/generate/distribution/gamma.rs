//! Gamma, by Marsaglia and Tsang (2000): a cubed normal, accepted or tried again.
//!
//! A try fails with a probability below 0.05, each has draws of its own, and there are [`TRIES`]: in fewer than one row
//! in 10^20 all fail, and the value is the distribution's mode. A shape below 1 takes the value of shape + 1 times
//! u^(1/shape).

use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{TILE, normals, uniforms};
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

/// A normal and a uniform as a value of the gamma distribution of a shape from 1 on; negative: try again.
#[inline(always)]
fn attempt(d: f64, normal: f64, uniform: f64) -> f64 {
    let root = 1.0 + normal * (1.0 / (9.0 * d).sqrt());
    let cube = root * root * root;
    let v = if cube > 0.0 { cube } else { 1.0 };
    let most = (0.5 * (normal * normal) + d) - d * v + d * fmath::ln(v);
    let accepted = cube > 0.0 && fmath::ln(1.0 - uniform) < most;
    if accepted { d * v } else { -1.0 }
}

/// What Marsaglia and Tsang call d.
#[inline(always)]
fn centre(shape: f64) -> f64 {
    (if shape < 1.0 { shape + 1.0 } else { shape }) - 1.0 / 3.0
}

struct First<'a> {
    shape: &'a [f64],
    uniform: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for First<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((x, &shape), &uniform) in self.out.iter_mut().zip(self.shape).zip(self.uniform) {
            *x = attempt(centre(shape), *x, uniform);
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
    dispatch(First { shape, uniform: &uniform, out });
    for (j, x) in out.iter_mut().enumerate() {
        let row = at.row.wrapping_add(j as u64);
        let d = centre(shape[j]);
        for try_ in 1..TRIES {
            if *x >= 0.0 {
                break;
            }
            let (mut normal, mut uniform) = ([0.0], [0.0]);
            normals(at.source(site.draw(2 * try_)), row, 0.0, 1.0, &mut normal);
            uniforms(at.source(site.draw(2 * try_ + 1)), row, 0.0, 1.0, &mut uniform);
            *x = attempt(d, normal[0], uniform[0]);
        }
        *x = if *x >= 0.0 { *x } else { d };
    }
    if shape[..n].iter().any(|shape| *shape < 1.0) {
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
        dispatch(Scale { out, boost: &boost, scale: &scale });
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}
