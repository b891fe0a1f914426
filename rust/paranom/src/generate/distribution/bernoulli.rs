//! One with probability p, else zero.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::uniforms;
use crate::spec::Table;

#[derive(Debug)]
struct Bernoulli {
    p: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let p = Param::need(table, "p", scope)?.within(|x| (0.0..=1.0).contains(&x), "must be from 0 to 1")?;
    Ok(Box::new(Bernoulli { p, site: scope.site(table)? }))
}

impl Rule for Bernoulli {
    fn fill(&self, at: At, out: &mut [f64]) {
        let p = self.p.column(at, out.len());
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        for (x, p) in out.iter_mut().zip(p) {
            *x = f64::from(u8::from(*x < p));
        }
    }

    fn support(&self) -> Option<u64> {
        Some(2)
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, 1.0)
    }
}
