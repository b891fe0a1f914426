//! Cauchy: the tangent of a random direction. It has no mean. By the inverse of the distribution function.

use super::location::{Location, centred};
use crate::Result;
use crate::fmath;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::uniforms;
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
struct Cauchy {
    location: Location,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let location = Location::parse(table, scope)?;
    Ok(Box::new(Cauchy { location, site: scope.site(table)? }))
}

impl Rule for Cauchy {
    fn fill(&self, at: At, out: &mut [f64]) {
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        map(out, |u| {
            let (sin, cos) = fmath::sincos2pi(0.5 * centred(u));
            sin / cos
        });
        self.location.apply(at, out);
    }
}
