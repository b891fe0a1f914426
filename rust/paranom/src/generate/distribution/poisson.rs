//! Poisson: how many, when `rate` are expected.
//!
//! Below a rate of 30 the distribution function is inverted: one uniform, terms summed from 0 up. From 30 on, Hörmann's
//! PTRS (1993): a transformed uniform, accepted or tried again. A try fails with a probability below 0.2, each has
//! draws of its own, and there are [`TRIES`]: in fewer than one row in 10^22 all fail, and the value is the rate's whole part.

use super::again::{TOGETHER, negative_places, try_again};
use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{TILE, uniforms, uniforms_at};
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

const TRIES: u8 = 32;
/// From here on, counts are tried instead of summed up to.
const MANY: f64 = 30.0;
/// Terms beyond which no uniform reaches at a rate below MANY: P(X > 127) < 10^-35.
const TERMS: usize = 128;
/// Larger rates count as this one: the logarithm of a probability has no digits left there.
const MOST: f64 = 1e12;

#[derive(Debug)]
struct Poisson {
    rate: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    // A drawn rate may have no bound.
    let fits = |x: f64| (0.0..=MOST).contains(&x) || x == f64::INFINITY;
    let rate = Param::need(table, "rate", scope)?.within(fits, "must be from 0 to 1e12")?;
    Ok(Box::new(Poisson { rate, site: scope.site(table)? }))
}

/// P(X <= k) for k = 0, 1, ...
fn sums(rate: f64) -> [f64; TERMS] {
    let mut sums = [0.0; TERMS];
    let mut term = fmath::exp(-rate);
    let mut sum = 0.0;
    for (k, x) in sums.iter_mut().enumerate() {
        sum += term;
        *x = sum;
        term = term * rate / (k + 1) as f64;
    }
    sums
}

/// What the tries at one rate have in common; the names are Hörmann's.
#[derive(Clone, Copy)]
struct Hat {
    rate: f64,
    a: f64,
    b: f64,
    inverse_alpha: f64,
}

impl Hat {
    #[inline(always)]
    fn new(rate: f64) -> Self {
        let b = 0.931 + 2.53 * rate.sqrt();
        Self { rate, a: -0.059 + 0.024_83 * b, b, inverse_alpha: 1.1239 + 1.1328 / (b - 3.4) }
    }

    /// Two uniforms as a count; negative: try again.
    #[inline(always)]
    fn attempt(self, u: f64, v: f64) -> f64 {
        let Self { rate, a, b, inverse_alpha } = self;
        let u = u - 0.5;
        let us = 0.5 - u.abs();
        let count = ((2.0 * a / us + b) * u + rate + 0.43).floor();
        let k = if count >= 1.0 { count } else { 1.0 };
        // ln P(X = k): k ln(rate / k) + (k - rate) - ln(2 pi k) / 2 - Stirling's series
        let z = 1.0 / (k * k);
        let series = (1.0 / 12.0 - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0)))) / k;
        let likely =
            k * fmath::ln(rate / k) + (k - rate) - 0.5 * fmath::ln(std::f64::consts::TAU * k) - series;
        let likely = if count >= 1.0 { likely } else { -rate };
        let height = fmath::ln((1.0 - v) * inverse_alpha / (a / (us * us) + b));
        if count >= 0.0 && height <= likely { count } else { -1.0 }
    }
}

/// A try of each row, in place of its first uniform.
struct Attempt<'a> {
    hat: Hat,
    v: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Attempt<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (x, &v) in self.out.iter_mut().zip(self.v) {
            *x = self.hat.attempt(*x, v);
        }
    }
}

impl Poisson {
    /// A row's uniform of its n-th draw.
    fn uniform(&self, at: At, row: u64, n: u8) -> f64 {
        let mut u = [0.0];
        uniforms(at.source(self.site.draw(n)), row, 0.0, 1.0, &mut u);
        u[0]
    }

    /// Tries the rows that have no value yet, until they have one.
    fn try_again(&self, at: At, hat: Hat, out: &mut [f64]) {
        let attempt = |number: u8, _: &[usize], rows: &[u64], values: &mut [f64]| {
            let mut v = [0.0; TOGETHER];
            let v = &mut v[..rows.len()];
            let [one, two] = [2 * number, 2 * number + 1].map(|draw| at.source(self.site.draw(draw)));
            uniforms_at(one, &[one.site; TOGETHER], rows, values);
            uniforms_at(two, &[two.site; TOGETHER], rows, v);
            dispatch(Attempt { hat, v, out: values });
        };
        let mut places = [0; TILE];
        let left = negative_places(out, &mut places);
        try_again(at, TRIES, &mut places[..left], out, attempt, |_| hat.rate.floor());
    }

    /// The tries of a row from the n-th on.
    fn try_on(&self, at: At, row: u64, hat: Hat, n: u8) -> f64 {
        for n in n..TRIES {
            let count = hat.attempt(self.uniform(at, row, 2 * n), self.uniform(at, row, 2 * n + 1));
            if count >= 0.0 {
                return count;
            }
        }
        hat.rate.floor()
    }
}

impl Rule for Poisson {
    fn fill(&self, at: At, out: &mut [f64]) {
        let least = |rate: f64| if rate > MOST { MOST } else { rate };
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        if let Some(rate) = self.rate.one(at).map(least) {
            if rate < MANY {
                let sums = sums(rate);
                for x in out {
                    *x = sums.partition_point(|sum| *sum <= *x) as f64;
                }
                return;
            }
            let hat = Hat::new(rate);
            let mut v = [0.0; TILE];
            uniforms(at.source(self.site.draw(1)), at.row, 0.0, 1.0, &mut v[..out.len()]);
            dispatch(Attempt { hat, v: &v, out });
            self.try_again(at, hat, out);
            return;
        }
        let rates = self.rate.column(at, out.len());
        for (j, x) in out.iter_mut().enumerate() {
            let rate = least(rates[j]);
            *x = if rate < MANY {
                sums(rate).partition_point(|sum| *sum <= *x) as f64
            } else {
                self.try_on(at, at.row.wrapping_add(j as u64), Hat::new(rate), 0)
            };
        }
    }

    fn bounds(&self) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }
}
