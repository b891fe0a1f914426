//! Removes the dependence on another variable: the normal rule sees it at another time, where its values are as likely
//! but independent of this row.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Reads, Rule, Transform};
use crate::generate::scope::Scope;
use crate::generate::view::View;
use crate::spec::Table;

#[derive(Debug)]
struct Decouple {
    source: usize,
    by: Param,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let source = scope.variable(&table.need("variable")?)?;
    scope.read_variable(source);
    let by = Param::need(table, "by", scope)?.not_per_row()?;
    Ok(Box::new(Decouple { source, by }))
}

impl Transform for Decouple {
    fn reads(&self) -> Reads {
        Reads::AnyRow
    }

    fn decouples(&self) -> Option<usize> {
        Some(self.source)
    }

    fn keeps_states(&self) -> bool {
        true
    }

    fn apply(&self, at: At, normal: &dyn Rule, values: &mut [f64]) {
        let by = self.by.one(at).unwrap_or(0.0).floor() as i128;
        let Some(view) = at.view else { return };
        let view = View { decoupled: Some((self.source, by)), ..*view };
        normal.fill(At { event: None, view: Some(&view), ..at }, values);
    }
}
