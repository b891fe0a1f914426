//! A train of pulses: the mean of the first cosines, up to a harmonic (Dirichlet's kernel). 1 at the start of a cycle.

use super::periodic::{Wave, parse as periodic};
use super::phase::Phases;
use crate::Result;
use crate::fmath;
use crate::generate::rule::Rule;
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Dirichlet {
    /// Cosines and their mirror images, the constant among them: 2 harmonics + 1.
    count: f64,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let harmonics = table.whole_or("harmonics", 1, 1000, 5)?;
    periodic(table, scope, Dirichlet { count: (2 * harmonics + 1) as f64 }, None)
}

impl Wave for Dirichlet {
    /// sin(n pi v) / (n sin(pi v))
    #[inline(always)]
    fn value(&self, phases: Phases, j: usize) -> f64 {
        let half = 0.5 * phases.centred(j);
        let turns = half * self.count;
        let (above, _) = fmath::sincos2pi(turns - fmath::nearest(turns));
        let (below, _) = fmath::sincos2pi(half);
        let x = above / (self.count * below);
        // Rounding may step over the limit at 0.
        if half == 0.0 || x > 1.0 { 1.0 } else { x }
    }
}
