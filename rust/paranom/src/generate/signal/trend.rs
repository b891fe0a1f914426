//! A polynomial in the row: c0 + c1 u + c2 u^2 + ..., u = row / per.

use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;
use crate::{Error, Result};

#[derive(Debug)]
struct Trend {
    coefficients: Vec<f64>,
    per: f64,
}

pub(super) fn parse(table: &Table, _scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("coefficients")?;
    let coefficients = list.numbers()?;
    if !(1..=8).contains(&coefficients.len()) {
        let rule = "must hold 1 to 8 numbers, the constant first";
        return Err(Error::invalid(list.path, coefficients.len(), rule));
    }
    let per = table.number_or("per", 1.0)?;
    if per <= 0.0 {
        return Err(Error::invalid(format!("{}.per", table.path), per, "must be > 0"));
    }
    Ok(Box::new(Trend { coefficients, per }))
}

struct Draw<'a> {
    trend: &'a Trend,
    row: u64,
    out: &'a mut [f64],
}

impl Kernel for Draw<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { trend: Trend { coefficients, per }, row, out } = self;
        for (j, x) in out.iter_mut().enumerate() {
            // The row is counted in whole numbers: beyond 2^53 a float would count differently in each slice.
            let u = row.wrapping_add(j as u64) as f64 / per;
            let mut value = 0.0;
            for c in coefficients.iter().rev() {
                value = value * u + c;
            }
            *x = value;
        }
    }
}

impl Rule for Trend {
    fn fill(&self, at: At, out: &mut [f64]) {
        dispatch(Draw { trend: self, row: at.row, out });
    }
}
