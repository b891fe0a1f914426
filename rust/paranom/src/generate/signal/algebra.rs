//! Sums and products of rules, term by term from left to right.

use crate::Result;
use crate::generate::rule::{At, Rule, span_of};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

#[derive(Debug)]
struct Terms {
    terms: Vec<Box<dyn Rule>>,
}

impl Terms {
    fn parse(table: &Table, scope: &Scope) -> Result<Self> {
        let list = table.need("of")?;
        let terms = list.list()?.iter().map(|term| scope.rule(term)).collect::<Result<Vec<_>>>()?;
        if terms.is_empty() {
            return Err(list.invalid("must hold at least one rule"));
        }
        Ok(Self { terms })
    }

    fn fill(&self, at: At, out: &mut [f64], join: impl Fn(f64, f64) -> f64 + Copy) {
        let (first, rest) = self.terms.split_first().expect("parse refuses an empty list");
        first.fill(at, out);
        let mut buffer = [0.0; TILE];
        let term = &mut buffer[..out.len()];
        for rule in rest {
            rule.fill(at, term);
            dispatch(Join { out, term, join });
        }
    }

    fn support(&self) -> Option<u64> {
        self.terms.iter().try_fold(1_u64, |all, rule| Some(all.saturating_mul(rule.support()?)))
    }

    fn bounds(&self, join: impl Fn((f64, f64), (f64, f64)) -> (f64, f64)) -> (f64, f64) {
        let bounds = self.terms.iter().map(|rule| rule.bounds()).reduce(join);
        match bounds {
            Some((low, high)) if !low.is_nan() && !high.is_nan() => (low, high),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }
}

struct Join<'a, F> {
    out: &'a mut [f64],
    term: &'a [f64],
    join: F,
}

impl<F: Fn(f64, f64) -> f64> Kernel for Join<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (x, y) in self.out.iter_mut().zip(self.term) {
            *x = (self.join)(*x, *y);
        }
    }
}

#[derive(Debug)]
struct Sum(Terms);

#[derive(Debug)]
struct Product(Terms);

pub(super) fn sum(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    Ok(Box::new(Sum(Terms::parse(table, scope)?)))
}

pub(super) fn product(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    Ok(Box::new(Product(Terms::parse(table, scope)?)))
}

impl Rule for Sum {
    fn fill(&self, at: At, out: &mut [f64]) {
        self.0.fill(at, out, |x, y| x + y);
    }

    fn support(&self) -> Option<u64> {
        self.0.support()
    }

    fn bounds(&self) -> (f64, f64) {
        self.0.bounds(|a, b| (a.0 + b.0, a.1 + b.1))
    }
}

impl Rule for Product {
    fn fill(&self, at: At, out: &mut [f64]) {
        self.0.fill(at, out, |x, y| x * y);
    }

    fn support(&self) -> Option<u64> {
        self.0.support()
    }

    fn bounds(&self) -> (f64, f64) {
        self.0.bounds(|a, b| {
            let corners = [a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1];
            if corners.iter().any(|x| x.is_nan()) {
                return (f64::NEG_INFINITY, f64::INFINITY);
            }
            span_of(&corners)
        })
    }
}
