//! A shape that is scaled to the length of an event.

use crate::generate::rule::{At, Rule, span_of};
use crate::generate::scope::Scope;
use crate::spec::Table;
use crate::{Error, Result};

#[derive(Debug)]
struct Shape(Vec<f64>);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    if !scope.anomalous() || scope.per_event() {
        return Err(table.invalid(
            "must be in anomalous rows, and not drawn once per event: a shape is scaled to the length of an event",
        ));
    }
    let list = table.need("values")?;
    let values = list.numbers()?;
    if values.len() < 2 {
        return Err(Error::invalid(list.path, values.len(), "must hold at least two values"));
    }
    Ok(Box::new(Shape(values)))
}

impl Rule for Shape {
    fn fill(&self, at: At, out: &mut [f64]) {
        let last = self.0.len() - 1;
        for (j, x) in out.iter_mut().enumerate() {
            let (offset, duration) = at.place(j);
            let place = if duration > 1.0 { offset * last as f64 / (duration - 1.0) } else { 0.0 };
            let from = (place as usize).min(last);
            let (a, b) = (self.0[from], self.0[(from + 1).min(last)]);
            *x = a + (place - from as f64) * (b - a);
        }
    }

    fn bounds(&self) -> (f64, f64) {
        span_of(&self.0)
    }
}
