//! Cuts values off at limits: a sensor at the end of its range.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Clip {
    low: Option<Param>,
    high: Option<Param>,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let limit = |name| table.get(name).map(|_| Param::need(table, name, scope)).transpose();
    let (low, high) = (limit("low")?, limit("high")?);
    match (&low, &high) {
        (None, None) => return Err(table.invalid("must have a low or a high limit")),
        (Some(low), Some(high)) => Param::less(low, high)?,
        _ => {}
    }
    Ok(Box::new(Clip { low, high }))
}

impl Transform for Clip {
    fn apply(&self, at: At, _normal: &dyn Rule, values: &mut [f64]) {
        let n = values.len();
        if let Some(low) = &self.low {
            for (x, low) in values.iter_mut().zip(low.column(at, n)) {
                *x = if *x < low { low } else { *x };
            }
        }
        if let Some(high) = &self.high {
            for (x, high) in values.iter_mut().zip(high.column(at, n)) {
                *x = if *x > high { high } else { *x };
            }
        }
    }
}
