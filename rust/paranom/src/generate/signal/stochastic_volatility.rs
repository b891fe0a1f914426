//! Normal values whose variance changes: calm and wild times that last (Taylor 1986).
//!
//! The logarithm of the standard deviation is a first-order autoregression, which any row can be asked for. In a GARCH
//! process the variance follows from the values before it, so that a row needs all rows before it.

use super::ar1::autoregression;
use super::bridge::Bridge;
use crate::Result;
use crate::error::refuse_unless;
use crate::fmath;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{TILE, normals};
use crate::simd::map;
use crate::spec::Table;

#[derive(Debug)]
struct StochasticVolatility {
    mean: f64,
    std: f64,
    spread: f64,
    /// The logarithm of the standard deviation, in units of `spread`.
    level: Bridge,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let phi = table.number_or("persistence", 0.98)?;
    let path = |name| format!("{}.{name}", table.path);
    refuse_unless(
        (0.0..1.0).contains(&phi),
        &path("persistence"),
        phi,
        "must be from 0 up to 1, which is excluded",
    )?;
    let spread = table.number_or("spread", 0.5)?;
    refuse_unless((0.0..=5.0).contains(&spread), &path("spread"), spread, "must be from 0 to 5")?;
    let std = table.number_or("std", 1.0)?;
    refuse_unless(std >= 0.0, &path("std"), std, "must be >= 0")?;
    let mean = table.number_or("mean", 0.0)?;
    let level = autoregression(phi, scope.fixed_site(table)?);
    Ok(Box::new(StochasticVolatility { mean, std, spread, level, site: scope.fixed_site(table)? }))
}

impl Rule for StochasticVolatility {
    fn fill(&self, at: At, out: &mut [f64]) {
        let offset = (at.row % TILE as u64) as usize;
        let mut levels = self.level.tile(at);
        let levels = &mut levels[offset..offset + out.len()];
        // Over all times, the variance of the values is that of `std`.
        let square = self.spread * self.spread;
        map(levels, |level| fmath::exp(self.spread * level - square));
        normals(At { attempt: 0, ..at }.source(self.site), at.row, 0.0, 1.0, out);
        for (x, level) in out.iter_mut().zip(levels) {
            *x = self.mean + self.std * (*level * *x);
        }
    }
}
