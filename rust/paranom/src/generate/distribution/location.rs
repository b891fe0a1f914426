//! What distributions with a place and a width have in common: a standard value, scaled and shifted.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::At;
use crate::generate::scope::Scope;
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
pub(super) struct Location {
    loc: Param,
    scale: Param,
}

/// 2^-54: half the distance between neighbouring uniforms.
const HALF_ULP: f64 = 1.0 / 18_014_398_509_481_984.0;

/// A uniform of [0, 1) as one of (-1/2, 1/2): symmetric, never at an end, nothing rounded.
#[inline(always)]
pub(super) fn centred(u: f64) -> f64 {
    (u - 0.5) + HALF_ULP
}

impl Location {
    pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Self> {
        let loc = Param::or(table, "loc", 0.0, scope)?;
        let scale = Param::or(table, "scale", 1.0, scope)?.within(|x| x >= 0.0, "must be >= 0")?;
        Ok(Self { loc, scale })
    }

    /// Scales and shifts standard values.
    pub(super) fn apply(&self, at: At, out: &mut [f64]) {
        if let (Some(loc), Some(scale)) = (self.loc.one(at), self.scale.one(at)) {
            map(out, |x| loc + scale * x);
        } else {
            let loc = self.loc.column(at, out.len());
            let scale = self.scale.column(at, out.len());
            for ((x, loc), scale) in out.iter_mut().zip(loc).zip(scale) {
                *x = loc + scale * *x;
            }
        }
    }
}
