//! Distributions: random values, independent from row to row. One file each; `KINDS` is the list.

mod again;
mod bernoulli;
mod beta;
mod cauchy;
mod choice;
mod distinct;
mod empirical;
mod exponential;
mod gamma;
mod integers;
mod laplace;
mod location;
mod lognormal;
mod mixture;
mod normal;
mod poisson;
mod student_t;
mod uniform;
mod weights;

use super::scope::ParseRule;

const KINDS: &[(&str, ParseRule)] = &[
    ("uniform", uniform::parse),
    ("normal", normal::parse),
    ("lognormal", lognormal::parse),
    ("exponential", exponential::parse),
    ("laplace", laplace::parse),
    ("student_t", student_t::parse),
    ("cauchy", cauchy::parse),
    ("gamma", gamma::parse),
    ("beta", beta::parse),
    ("poisson", poisson::parse),
    ("integers", integers::parse),
    ("bernoulli", bernoulli::parse),
    ("choice", choice::parse),
    ("mixture", mixture::parse),
    ("empirical", empirical::parse),
    ("distinct", distinct::parse),
];

/// The reader of a kind.
pub fn find(name: &str) -> Option<ParseRule> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, parse)| *parse)
}

/// All kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
