//! Adds a triangle that peaks in the middle of the event; over a single row, its full height.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Spike(Param);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Spike(Param::need(table, "height", scope)?)))
}

impl Transform for Spike {
    fn apply(&self, at: At, _normal: &dyn Rule, values: &mut [f64]) {
        let height = self.0.column(at, values.len());
        for (j, (x, height)) in values.iter_mut().zip(height).enumerate() {
            let (offset, duration) = at.place(j);
            let from_middle = ((2.0 * offset + 1.0) - duration).abs();
            *x += height * (1.0 - from_middle / duration);
        }
    }
}
