//! Distributions: random values, independent from row to row. One file each; `KINDS` is the list.

mod bernoulli;
mod choice;
mod distinct;
mod exponential;
mod integers;
mod lognormal;
mod normal;
mod uniform;

use super::rule::Parse;

const KINDS: &[(&str, Parse)] = &[
    ("uniform", uniform::parse),
    ("normal", normal::parse),
    ("lognormal", lognormal::parse),
    ("exponential", exponential::parse),
    ("integers", integers::parse),
    ("bernoulli", bernoulli::parse),
    ("choice", choice::parse),
    ("distinct", distinct::parse),
];

/// The reader of a kind.
pub fn find(name: &str) -> Option<Parse> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, parse)| *parse)
}

/// All kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
