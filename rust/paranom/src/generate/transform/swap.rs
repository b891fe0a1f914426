//! The values of another variable, as they would be without anomalies: two sensors with their cables crossed.

use crate::Result;
use crate::generate::binding::{Binding, Expects};
use crate::generate::rule::{At, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Swap(usize);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let variable = scope.variable(&table.need("variable")?)?;
    scope.bind(Binding { variable, path: table.path.clone(), expects: Expects::Numbers });
    scope.read_variable(variable);
    Ok(Box::new(Swap(variable)))
}

impl Transform for Swap {
    fn apply(&self, at: At, _normal: &dyn Rule, values: &mut [f64]) {
        if let Some(view) = at.view {
            view.all.cleaned().fill(self.0, at.row.into(), values);
        }
    }
}
