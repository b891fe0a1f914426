//! Uniform on [low, high).

use crate::Result;
use crate::error::refuse_unless;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::uniforms;
use crate::spec::Table;

#[derive(Debug)]
struct Uniform {
    low: Param,
    high: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let low = Param::need(table, "low", scope)?;
    let high = Param::need(table, "high", scope)?;
    Param::less(&low, &high)?;
    let (least, most) = (low.bounds().0, high.bounds().1);
    refuse_unless(
        (most - least).is_finite() || !least.is_finite() || !most.is_finite(),
        &format!("{}.high", table.path),
        most,
        &format!("must be less than {:e} above low ({least})", f64::MAX),
    )?;
    Ok(Box::new(Uniform { low, high, site: scope.site(table)? }))
}

impl Rule for Uniform {
    fn fill(&self, at: At, out: &mut [f64]) {
        let source = at.source(self.site);
        if let (Some(low), Some(high)) = (self.low.one(at), self.high.one(at)) {
            uniforms(source, at.row, low, high, out);
        } else {
            let low = self.low.column(at, out.len());
            let high = self.high.column(at, out.len());
            uniforms(source, at.row, 0.0, 1.0, out);
            for ((x, low), high) in out.iter_mut().zip(low).zip(high) {
                *x = (low + *x * (high - low)).min(high.next_down());
            }
        }
    }

    fn below(&self) -> Option<f64> {
        Some(self.high.bounds().1).filter(|high| high.is_finite())
    }

    fn bounds(&self) -> (f64, f64) {
        (self.low.bounds().0, self.high.bounds().1)
    }
}
