//! A triangle: up to `peak` of the cycle, and down again.

use super::periodic::{Wave, parse as periodic};
use super::phase::{Phases, share};
use crate::Result;
use crate::generate::rule::Rule;
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Triangle {
    peak: f64,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let peak = share(table, "peak", 0.5)?;
    if peak == 0.5 {
        periodic(table, scope, Even, None)
    } else {
        periodic(table, scope, Triangle { peak }, None)
    }
}

/// One with the peak in the middle: to divide by a half is to double, without rounding.
#[derive(Debug)]
struct Even;

impl Wave for Even {
    #[inline(always)]
    fn value(&self, phases: Phases, j: usize) -> f64 {
        let u = phases.unit(j);
        if u < 0.5 { 4.0 * u - 1.0 } else { 1.0 - 4.0 * (u - 0.5) }
    }
}

impl Wave for Triangle {
    #[inline(always)]
    fn value(&self, phases: Phases, j: usize) -> f64 {
        let u = phases.unit(j);
        if u < self.peak {
            2.0 * (u / self.peak) - 1.0
        } else {
            1.0 - 2.0 * ((u - self.peak) / (1.0 - self.peak))
        }
    }
}
