//! One state, in every row.

use crate::Result;
use crate::generate::column::Gives;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct State(f64);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    Ok(Box::new(State(scope.state(&table.need("name")?)?)))
}

impl Rule for State {
    fn fill(&self, _at: At, out: &mut [f64]) {
        out.fill(self.0);
    }

    fn gives(&self) -> Gives {
        Gives::States
    }

    fn support(&self) -> Option<u64> {
        Some(1)
    }

    fn bounds(&self) -> (f64, f64) {
        (self.0, self.0)
    }
}
