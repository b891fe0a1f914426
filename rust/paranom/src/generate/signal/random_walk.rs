//! A Gaussian random walk: a Brownian bridge over 2^64 rows. The middle of an interval of 2^k rows is the mean of its
//! ends plus a normal of variance 2^k / 4, and the steps between neighbouring rows are independent normals.

use super::bridge::{Bridge, Middle};
use crate::Result;
use crate::error::refuse_unless;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::spec::Table;

#[derive(Debug)]
struct RandomWalk {
    std: f64,
    start: f64,
    drift: f64,
    /// In units of the step.
    bridge: Bridge,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let std = table.number_or("std", 1.0)?;
    refuse_unless(std >= 0.0, &format!("{}.std", table.path), std, "must be >= 0")?;
    let site = scope.fixed_site(table)?; // one row depends on its neighbours
    let (start, drift) = (table.number_or("start", 0.0)?, table.number_or("drift", 0.0)?);
    // sqrt(2^bits) / 2
    let middle = |bits| Middle { share: 0.5, std: (f64::from_bits((1023 + bits as u64) << 52)).sqrt() * 0.5 };
    let middles = std::array::from_fn(middle);
    let bridge = Bridge::new((0.0, 4_294_967_296.0), &middles, site);
    Ok(Box::new(RandomWalk { std, start, drift, bridge }))
}

impl Rule for RandomWalk {
    fn fill(&self, at: At, out: &mut [f64]) {
        let offset = (at.row % TILE as u64) as usize;
        let walk = &self.bridge.tile(at)[offset..];
        if self.drift == 0.0 {
            // Zero times a row's number is this zero.
            let start = self.start + self.drift;
            for (x, step) in out.iter_mut().zip(walk) {
                *x = start + self.std * step;
            }
            return;
        }
        for (j, (x, step)) in out.iter_mut().zip(walk).enumerate() {
            let t = at.row.wrapping_add(j as u64) as f64;
            *x = self.start + self.drift * t + self.std * step;
        }
    }
}
