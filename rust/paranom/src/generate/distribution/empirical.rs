//! A distribution that is given by its quantiles; of values that are drawn here, or of a rule with standard normal values.

use std::sync::OnceLock;

use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::uniforms;
use crate::spec::Table;
use crate::{Error, Result, fmath};

/// Most quantiles.
const MOST: usize = 1 << 16;
/// The normal distribution function is a table from -WIDTH to WIDTH, with so many steps a unit.
const WIDTH: f64 = 9.0;
const STEPS: usize = 256;

#[derive(Debug)]
struct Empirical {
    /// At probabilities that are evenly spaced from 0 to 1.
    quantiles: Vec<f64>,
    from: From,
}

/// Where probabilities come from.
#[derive(Debug)]
enum From {
    Draws(Site),
    Normal(Box<dyn Rule>),
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("quantiles")?;
    let quantiles = list.numbers()?;
    if !(2..=MOST).contains(&quantiles.len()) {
        return Err(Error::invalid(list.path, quantiles.len(), format!("must hold 2 to {MOST} quantiles")));
    }
    let falls = |pair: &[f64]| match *pair {
        [a, b] if a > b => Some(format!("{a} before {b}")),
        _ => None,
    };
    if let Some(pair) = quantiles.windows(2).find_map(falls) {
        return Err(Error::invalid(list.path, pair, "must not fall"));
    }
    let from = match table.get("of") {
        Some(of) => From::Normal(scope.rule(&of)?),
        None => From::Draws(scope.site(table)?),
    };
    Ok(Box::new(Empirical { quantiles, from }))
}

/// The normal distribution function at evenly spaced places.
fn probabilities() -> &'static [f64] {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let last = 2 * WIDTH as usize * STEPS;
        (0..=last).map(|i| fmath::normal_cdf(i as f64 / STEPS as f64 - WIDTH)).collect()
    })
}

/// The value at a place of a table, on straight lines; beyond its ends, the value at the end.
fn interpolated(table: &[f64], place: f64) -> f64 {
    let last = table.len() - 1;
    let place = if place > 0.0 { place } else { 0.0 };
    let place = if place < last as f64 { place } else { last as f64 };
    let i = (place as usize).min(last - 1);
    let (a, b) = (table[i], table[i + 1]);
    let x = a + (place - i as f64) * (b - a);
    // Rounding may step over the end.
    if x > b { b } else { x }
}

impl Rule for Empirical {
    fn fill(&self, at: At, out: &mut [f64]) {
        match &self.from {
            From::Draws(site) => uniforms(at.source(*site), at.row, 0.0, 1.0, out),
            From::Normal(rule) => {
                rule.fill(at, out);
                let table = probabilities();
                for z in &mut *out {
                    *z = if z.is_nan() { *z } else { interpolated(table, (*z + WIDTH) * STEPS as f64) };
                }
            }
        }
        let last = (self.quantiles.len() - 1) as f64;
        for u in out {
            *u = if u.is_nan() { *u } else { interpolated(&self.quantiles, *u * last) };
        }
    }

    fn bounds(&self) -> (f64, f64) {
        (self.quantiles[0], self.quantiles[self.quantiles.len() - 1])
    }
}
