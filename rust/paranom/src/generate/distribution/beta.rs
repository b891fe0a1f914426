//! Beta: the share of one gamma in the sum of two, by their logarithms, so that small shapes do not underflow.

use super::gamma::standard;
use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

#[derive(Debug)]
struct Beta {
    a: Param,
    b: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let shape = |name| Param::need(table, name, scope)?.within(|x| x >= 1e-300, "must be >= 1e-300");
    let (a, b) = (shape("a")?, shape("b")?);
    Ok(Box::new(Beta { a, b, site: scope.site(table)? }))
}

struct Share<'a> {
    out: &'a mut [f64],
    boost: &'a [f64],
    other: &'a [f64],
    other_boost: &'a [f64],
}

impl Kernel for Share<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for j in 0..self.out.len() {
            let one = fmath::ln(self.out[j]) + self.boost[j];
            let two = fmath::ln(self.other[j]) + self.other_boost[j];
            self.out[j] = 1.0 / (1.0 + fmath::exp(two - one));
        }
    }
}

impl Rule for Beta {
    fn fill(&self, at: At, out: &mut [f64]) {
        let n = out.len();
        let (a, b) = (self.a.column(at, n), self.b.column(at, n));
        let (mut boost, mut other, mut other_boost) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        standard(at, self.site, &a, out, &mut boost[..n]);
        standard(at, self.site.draw(64), &b, &mut other[..n], &mut other_boost[..n]);
        let (boost, other, other_boost) = (&boost[..n], &other[..n], &other_boost[..n]);
        dispatch(Share { out, boost, other, other_boost });
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, 1.0)
    }
}
