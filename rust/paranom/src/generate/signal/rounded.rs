//! Values in steps, as a sensor's that has so many digits.

use crate::Result;
use crate::error::refuse_unless;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
struct Rounded {
    of: Box<dyn Rule>,
    step: Step,
}

/// Steps of that size, or so many to 1: 0.1 is no binary fraction, and a tenth of a whole number is its nearest one.
#[derive(Debug, Clone, Copy)]
enum Step {
    Size(f64),
    Share(f64),
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let of = scope.rule(&table.need("of")?)?;
    let step = table.number_or("step", 1.0)?;
    refuse_unless(step >= 1e-300, &format!("{}.step", table.path), step, "must be at least 1e-300")?;
    Ok(Box::new(Rounded { of, step: Step::new(step) }))
}

impl Step {
    fn new(size: f64) -> Self {
        let share = (1.0 / size + 0.5).floor();
        if size < 1.0 && share < 1e15 && 1.0 / share == size { Self::Share(share) } else { Self::Size(size) }
    }

    /// To the nearest step, half a step up. What is too large to have halves stays.
    #[inline(always)]
    fn round(self, x: f64) -> f64 {
        match self {
            Self::Size(size) => {
                let steps = x / size;
                if steps.abs() < 4_503_599_627_370_496.0 { (steps + 0.5).floor() * size } else { x }
            }
            Self::Share(share) => {
                let steps = x * share;
                if steps.abs() < 4_503_599_627_370_496.0 { (steps + 0.5).floor() / share } else { x }
            }
        }
    }
}

impl Rule for Rounded {
    fn fill(&self, at: At, out: &mut [f64]) {
        self.of.fill(at, out);
        match self.step {
            Step::Size(size) => map(out, |x| Step::Size(size).round(x)),
            Step::Share(share) => map(out, |x| Step::Share(share).round(x)),
        }
    }

    fn bounds(&self) -> (f64, f64) {
        let (low, high) = self.of.bounds();
        (self.step.round(low), self.step.round(high))
    }

    fn support(&self) -> Option<u64> {
        self.of.support()
    }
}
