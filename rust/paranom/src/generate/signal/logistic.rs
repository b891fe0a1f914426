//! A rule's values as shares from 0 to 1, along the logistic curve, or in one step.

use crate::Result;
use crate::error::refuse_unless;
use crate::fmath;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Logistic {
    of: Box<dyn Rule>,
    middle: f64,
    width: f64,
}

/// From here on, the curve is 0 or 1 to a float.
const FAR: f64 = 700.0;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let of = scope.rule(&table.need("of")?)?;
    let middle = table.number_or("middle", 0.0)?;
    let width = table.number_or("width", 1.0)?;
    refuse_unless(width >= 0.0, &format!("{}.width", table.path), width, "must be >= 0")?;
    Ok(Box::new(Logistic { of, middle, width }))
}

impl Rule for Logistic {
    fn fill(&self, at: At, out: &mut [f64]) {
        self.of.fill(at, out);
        if self.width == 0.0 {
            for x in out {
                *x = if *x > self.middle { 1.0 } else { 0.0 };
            }
            return;
        }
        for x in out {
            let steep = (self.middle - *x) / self.width;
            let steep = if steep < -FAR { -FAR } else { steep };
            let steep = if steep > FAR { FAR } else { steep };
            *x = 1.0 / (1.0 + fmath::exp(steep));
        }
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, 1.0)
    }
}
