//! A pattern of the user's: its values spread over a cycle, on straight lines from one to the next or held.

use super::periodic::{Wave, parse as periodic};
use super::phase::Phases;
use crate::generate::rule::Rule;
use crate::generate::scope::Scope;
use crate::spec::Table;
use crate::{Error, Result};

#[derive(Debug)]
pub(super) struct Pattern {
    /// The values, and the first one again.
    values: Vec<f64>,
    held: bool,
}

/// Most values of a pattern: places are exact to 2^-31 of a value's share of the cycle.
const MOST: usize = 1 << 20;
/// A place nearer than this to a value is that value's, so that a row meant for a value has exactly it.
const NEAR: f64 = 1.0 / 16_777_216.0;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("values")?;
    let values = list.numbers()?;
    if !(1..=MOST).contains(&values.len()) {
        return Err(Error::invalid(list.path, values.len(), format!("must hold 1 to {MOST} values")));
    }
    let held = table.flag_or("held", false)?;
    let period = values.len() as f64;
    periodic(table, scope, Pattern::new(values, held), Some(period))
}

impl Pattern {
    pub(super) fn new(mut values: Vec<f64>, held: bool) -> Self {
        values.push(values[0]);
        Self { values, held }
    }
}

impl Wave for Pattern {
    #[inline(always)]
    fn value(&self, phases: Phases, j: usize) -> f64 {
        let last = self.values.len() - 1;
        let place = phases.unit(j) * last as f64;
        let i = (place as usize).min(last - 1);
        let part = place - i as f64;
        let (a, b) = (self.values[i], self.values[i + 1]);
        if self.held || part < NEAR { a } else { a + part * (b - a) }
    }

    fn most(&self) -> f64 {
        self.values.iter().fold(0.0, |most, x| x.abs().max(most))
    }
}
