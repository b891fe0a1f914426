//! Adds the same amount to every value of the event.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Shift(Param);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Shift(Param::need(table, "by", scope)?)))
}

impl Transform for Shift {
    fn apply(&self, at: At, _normal: &dyn Rule, values: &mut [f64]) {
        let by = self.0.column(at, values.len());
        for (x, by) in values.iter_mut().zip(by) {
            *x += by;
        }
    }
}
