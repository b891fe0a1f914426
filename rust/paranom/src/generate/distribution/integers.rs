//! Whole numbers, equally likely, in [low, high): half-open.

use crate::Result;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{TILE, scale, words};
use crate::spec::Table;

#[derive(Debug)]
struct Integers {
    low: i64,
    width: u64,
    site: Site,
}

/// Whole numbers up to here are exact in a float.
const MOST: i128 = 1 << 53;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let low = table.need("low")?.whole(-MOST, MOST)?;
    let high = table.need("high")?;
    let end = high.whole(-MOST, MOST)?;
    if end <= low {
        return Err(high.invalid(format!("must be > low ({low})")));
    }
    Ok(Box::new(Integers { low: low as i64, width: (end - low) as u64, site: scope.site(table)? }))
}

impl Rule for Integers {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut buffer = [0; TILE];
        let drawn = &mut buffer[..out.len()];
        words(at.source(self.site), at.row, drawn);
        for (x, word) in out.iter_mut().zip(drawn) {
            *x = (self.low + scale(*word, self.width) as i64) as f64;
        }
    }

    fn support(&self) -> Option<u64> {
        Some(self.width)
    }

    fn below(&self) -> Option<f64> {
        Some((self.low + self.width as i64) as f64)
    }

    fn bounds(&self) -> (f64, f64) {
        (self.low as f64, (self.low + self.width as i64 - 1) as f64)
    }
}
