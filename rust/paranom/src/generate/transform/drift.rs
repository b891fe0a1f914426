//! Adds a ramp that reaches its full amount in the event's last row.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Drift(Param);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Drift(Param::need(table, "by", scope)?)))
}

impl Transform for Drift {
    fn apply(&self, at: At, _normal: &dyn Rule, values: &mut [f64]) {
        let by = self.0.column(at, values.len());
        for (j, (x, by)) in values.iter_mut().zip(by).enumerate() {
            let (offset, duration) = at.place(j);
            *x += by * ((offset + 1.0) / duration);
        }
    }
}
