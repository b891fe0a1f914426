//! Signals that can be evaluated at other places of the row axis than their own rows.

use super::column::Gives;
use super::rule::{At, Rule, Successors};

/// A signal, which can be evaluated anywhere. What is drawn in each row cannot: it is noise of its own row.
#[derive(Debug)]
pub struct Resampled(pub Box<dyn Rule>);

impl Rule for Resampled {
    fn fill(&self, at: At, out: &mut [f64]) {
        match at.positions {
            None => self.0.fill(at, out),
            Some(positions) => self.0.fill_at(At { positions: None, ..at }, positions, out),
        }
    }

    fn gives(&self) -> Gives {
        self.0.gives()
    }

    fn is_held(&self) -> bool {
        self.0.is_held()
    }

    fn successors(&self) -> Option<&Successors> {
        self.0.successors()
    }

    fn below(&self) -> Option<f64> {
        self.0.below()
    }

    fn bounds(&self) -> (f64, f64) {
        self.0.bounds()
    }

    fn support(&self) -> Option<u64> {
        self.0.support()
    }
}
