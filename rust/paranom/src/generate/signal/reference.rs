//! Another variable's value, in the same row or so many before.

use crate::Result;
use crate::generate::binding::{Binding, Expects};
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::generate::view::Reference;
use crate::spec::Table;

#[derive(Debug)]
struct Ref(Reference);

/// Most rows of a lag.
const MOST_LAG: i128 = 1 << 40;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let lag = table.whole_or("lag", 0, MOST_LAG, 0)? as u64;
    let variable = scope.variable(&table.need("variable")?)?;
    if scope.per_event() {
        return Err(table
            .invalid("must not be drawn once per event: it belongs to rows (EachRow reads it in each row)"));
    }
    scope.bind(Binding { variable, path: table.path.clone(), expects: Expects::Numbers });
    scope.refer((variable, lag));
    Ok(Box::new(Ref((variable, lag))))
}

impl Rule for Ref {
    fn fill(&self, at: At, out: &mut [f64]) {
        if let Some(view) = at.view {
            view.fill(self.0, at.row, out);
        }
    }
}
