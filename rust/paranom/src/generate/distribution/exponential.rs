//! Exponential with a mean of `scale`.

use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::uniforms;
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
struct Exponential {
    scale: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let scale = Param::or(table, "scale", 1.0, scope)?.within(|x| x > 0.0, "must be > 0")?;
    Ok(Box::new(Exponential { scale, site: scope.site(table)? }))
}

impl Rule for Exponential {
    fn fill(&self, at: At, out: &mut [f64]) {
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        if let Some(scale) = self.scale.one(at) {
            map(out, |u| -fmath::ln(1.0 - u) * scale);
        } else {
            let scale = self.scale.column(at, out.len());
            map(out, |u| -fmath::ln(1.0 - u));
            for (x, scale) in out.iter_mut().zip(scale) {
                *x *= scale;
            }
        }
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}
