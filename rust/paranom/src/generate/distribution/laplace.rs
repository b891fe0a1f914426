//! Laplace: two exponentials, back to back. By the inverse of the distribution function.

use super::location::{Location, centred};
use crate::Result;
use crate::fmath;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::uniforms;
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
struct Laplace {
    location: Location,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let location = Location::parse(table, scope)?;
    Ok(Box::new(Laplace { location, site: scope.site(table)? }))
}

impl Rule for Laplace {
    fn fill(&self, at: At, out: &mut [f64]) {
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        map(out, |u| {
            let v = centred(u);
            let size = -fmath::ln(1.0 - 2.0 * v.abs());
            if v < 0.0 { -size } else { size }
        });
        self.location.apply(at, out);
    }
}
