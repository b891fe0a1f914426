//! Chaos, exactly, at any row: an orbit of the logistic map x -> 4 x (1 - x).
//!
//! With x = sin^2(pi u), the map doubles u modulo 1: it shifts the binary digits of u by one. So the digits from row t on
//! of an endless random sequence are an orbit's u at row t, with no scan and no rounding that grows.

use crate::Result;
use crate::fmath;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{TILE, unit, word};
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
struct LogisticMap {
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    Ok(Box::new(LogisticMap { site: scope.fixed_site(table)? })) // one row follows from the last
}

impl Rule for LogisticMap {
    fn fill(&self, at: At, out: &mut [f64]) {
        let source = At { attempt: 0, ..at }.source(self.site);
        let first = at.row / 64;
        let mut digits = [0; TILE / 64 + 2];
        let count = ((at.row % 64) as usize + out.len()).div_ceil(64) + 1;
        for (i, digits) in digits[..count].iter_mut().enumerate() {
            *digits = word(source, first + i as u64);
        }
        for (j, x) in out.iter_mut().enumerate() {
            let place = (at.row % 64) as usize + j;
            let (from, by) = (place / 64, place % 64);
            // Twice by half of the way, since a shift by 64 is none.
            *x = unit(digits[from] << by | digits[from + 1] >> 1 >> (63 - by));
        }
        // sin(pi u) as the cosine of the angle from 1/2
        map(out, |u| {
            let (_, cos) = fmath::sincos2pi(0.5 * (u - 0.5));
            cos * cos
        });
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, 1.0)
    }
}
