//! Log-normal: e to the power of a normal.

use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::normals;
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
struct LogNormal {
    mean: Param,
    sigma: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let mean = Param::or(table, "mean", 0.0, scope)?;
    let sigma = Param::or(table, "sigma", 1.0, scope)?.within(|x| x >= 0.0, "must be >= 0")?;
    Ok(Box::new(LogNormal { mean, sigma, site: scope.site(table)? }))
}

impl Rule for LogNormal {
    fn fill(&self, at: At, out: &mut [f64]) {
        let source = at.source(self.site);
        if let (Some(mean), Some(sigma)) = (self.mean.one(at), self.sigma.one(at)) {
            normals(source, at.row, mean, sigma, out);
        } else {
            let mean = self.mean.column(at, out.len());
            let sigma = self.sigma.column(at, out.len());
            normals(source, at.row, 0.0, 1.0, out);
            for ((x, mean), sigma) in out.iter_mut().zip(mean).zip(sigma) {
                *x = mean + sigma * *x;
            }
        }
        map(out, fmath::exp);
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}
