//! The same value in every row.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Constant(Param);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    Ok(Box::new(Constant(Param::need(table, "value", scope)?)))
}

impl Rule for Constant {
    fn fill(&self, at: At, out: &mut [f64]) {
        out.copy_from_slice(&self.0.column(at, out.len())[..out.len()]);
    }

    fn support(&self) -> Option<u64> {
        self.0.support()
    }

    fn bounds(&self) -> (f64, f64) {
        self.0.bounds()
    }
}
