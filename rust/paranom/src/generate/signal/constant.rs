//! The same value in every row.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Scope};
use crate::spec::Table;

#[derive(Debug)]
struct Fixed(f64);

/// A number as a rule.
pub fn constant(value: f64) -> Box<dyn Rule> {
    Box::new(Fixed(value))
}

impl Rule for Fixed {
    fn fill(&self, _at: At, out: &mut [f64]) {
        out.fill(self.0);
    }

    fn support(&self) -> Option<u64> {
        Some(1)
    }

    fn bounds(&self) -> (f64, f64) {
        (self.0, self.0)
    }
}

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
