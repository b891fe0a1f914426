//! A number as a rule.

use super::rule::{At, Rule};

#[derive(Debug)]
struct Fixed(f64);

/// The rule that gives a number in every row.
pub fn fixed(value: f64) -> Box<dyn Rule> {
    Box::new(Fixed(value))
}

impl Rule for Fixed {
    fn fill(&self, _at: At, out: &mut [f64]) {
        out.fill(self.0);
    }

    fn support(&self) -> Option<u64> {
        Some(1)
    }

    fn bounds(&self) -> (f64, f64) {
        (self.0, self.0)
    }
}
