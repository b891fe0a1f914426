//! No value: NaN.

use crate::Result;
use crate::generate::rule::{At, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Missing;

#[allow(clippy::unnecessary_wraps)] // the signature of every kind
pub(super) fn parse(_table: &Table, _scope: &Scope) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Missing))
}

impl Transform for Missing {
    fn keeps_states(&self) -> bool {
        true
    }

    fn apply(&self, _at: At, _normal: &dyn Rule, values: &mut [f64]) {
        values.fill(f64::NAN);
    }
}
