//! A first-order autoregression, exactly, at any row: x_t = phi x_(t-1) + noise, stationary (red noise for phi near 1).
//!
//! It is Markov and Gaussian, so the middle of an interval of 2 h rows, given its ends, is normal: with r = phi^h, mean
//! r / (1 + r^2) times the sum of the ends, variance (1 - r^2) / (1 + r^2) of the process's.

use super::bridge::{Bridge, Middle};
use crate::Result;
use crate::error::refuse_unless;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::spec::Table;

#[derive(Debug)]
struct Ar1 {
    std: f64,
    mean: f64,
    /// In units of the standard deviation.
    bridge: Bridge,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let field = table.need("phi")?;
    let phi = field.number()?;
    if phi <= -1.0 || phi >= 1.0 {
        return Err(field.invalid("must lie between -1 and 1, both excluded (at 1 it is a random walk)"));
    }
    let std = table.number_or("std", 1.0)?;
    refuse_unless(std >= 0.0, &format!("{}.std", table.path), std, "must be >= 0")?;
    let mean = table.number_or("mean", 0.0)?;
    Ok(Box::new(Ar1 { std, mean, bridge: autoregression(phi, scope.fixed_site(table)?) }))
}

/// An autoregression of mean 0 and standard deviation 1.
pub(super) fn autoregression(phi: f64, site: Site) -> Bridge {
    let mut middles = [Middle::default(); 65];
    let mut r = phi; // phi^h for intervals of 2 h rows
    for middle in &mut middles[1..] {
        let square = r * r;
        *middle = Middle { share: r / (1.0 + square), std: ((1.0 - square) / (1.0 + square)).sqrt() };
        r = square;
    }
    Bridge::new((1.0, 1.0), &middles, site)
}

impl Rule for Ar1 {
    fn fill(&self, at: At, out: &mut [f64]) {
        let offset = (at.row % TILE as u64) as usize;
        let process = self.bridge.tile(at);
        for (x, z) in out.iter_mut().zip(&process[offset..]) {
            *x = self.mean + self.std * z;
        }
    }
}
