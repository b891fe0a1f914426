//! Multiplies the distance from a centre: a change of amplitude.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Scale {
    factor: Param,
    center: Param,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let factor = Param::need(table, "factor", scope)?;
    let center = Param::or(table, "center", 0.0, scope)?;
    Ok(Box::new(Scale { factor, center }))
}

impl Transform for Scale {
    fn apply(&self, at: At, _normal: &dyn Rule, values: &mut [f64]) {
        let factor = self.factor.column(at, values.len());
        let center = self.center.column(at, values.len());
        for ((x, factor), center) in values.iter_mut().zip(factor).zip(center) {
            *x = center + factor * (*x - center);
        }
    }
}
