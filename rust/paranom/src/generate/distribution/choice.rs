//! One of several values, by weight: numbers, names of states, or true and false.

use super::weights;
use crate::Result;
use crate::generate::column::Gives;
use crate::generate::rule::{At, Rule, Site, span_of};
use crate::generate::scope::Scope;
use crate::generate::states;
use crate::random::uniforms;
use crate::spec::Table;

#[derive(Debug)]
struct Choice {
    values: Vec<f64>,
    gives: Gives,
    /// Value i is taken for a uniform in [ends[i-1], ends[i]).
    ends: Vec<f64>,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let (values, gives) = states::read(&table.need("values")?, scope)?;
    let ends = weights::ends(table, values.len(), "values")?;
    Ok(Box::new(Choice { values, gives, ends, site: scope.site(table)? }))
}

impl Rule for Choice {
    fn fill(&self, at: At, out: &mut [f64]) {
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        for x in out {
            *x = self.values[self.ends.partition_point(|end| *end <= *x)];
        }
    }

    fn gives(&self) -> Gives {
        self.gives
    }

    fn support(&self) -> Option<u64> {
        let mut values: Vec<u64> =
            weights::possible(&self.ends).map(|i| (self.values[i] + 0.0).to_bits()).collect();
        values.sort_unstable();
        values.dedup();
        Some(values.len() as u64)
    }

    fn bounds(&self) -> (f64, f64) {
        span_of(&self.values)
    }
}
