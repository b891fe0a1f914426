//! Values that stay within limits, as a sensor's that has reached the end of its range.

use crate::Result;
use crate::error::refuse_unless;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Limited {
    of: Box<dyn Rule>,
    low: f64,
    high: f64,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let of = scope.rule(&table.need("of")?)?;
    let limit = |name, default| table.get(name).map_or(Ok(default), |field| field.number());
    let (low, high) = (limit("low", f64::NEG_INFINITY)?, limit("high", f64::INFINITY)?);
    if low == f64::NEG_INFINITY && high == f64::INFINITY {
        return Err(table.invalid("must have a low or a high limit"));
    }
    refuse_unless(low <= high, &format!("{}.high", table.path), high, &format!("must be >= low ({low})"))?;
    Ok(Box::new(Limited { of, low, high }))
}

impl Limited {
    fn limit(&self, x: f64) -> f64 {
        let x = if x < self.low { self.low } else { x };
        if x > self.high { self.high } else { x }
    }
}

impl Rule for Limited {
    fn fill(&self, at: At, out: &mut [f64]) {
        self.of.fill(at, out);
        for x in out {
            *x = self.limit(*x);
        }
    }

    fn bounds(&self) -> (f64, f64) {
        let (low, high) = self.of.bounds();
        (self.limit(low), self.limit(high))
    }

    fn support(&self) -> Option<u64> {
        self.of.support()
    }
}
