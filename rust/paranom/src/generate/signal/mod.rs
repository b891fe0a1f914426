//! Signals: values that follow from the row alone. One file each; `KINDS` is the list.

mod algebra;
mod constant;
mod ecg;
mod periodic;
mod phase;
mod random_walk;
mod shape;
mod trend;

use super::rule::Parse;

pub(super) use constant::constant;

const KINDS: &[(&str, Parse)] = &[
    ("constant", constant::parse),
    ("sine", periodic::sine),
    ("cosine", periodic::cosine),
    ("square", periodic::square),
    ("sawtooth", periodic::sawtooth),
    ("ecg", ecg::parse),
    ("trend", trend::parse),
    ("random_walk", random_walk::parse),
    ("shape", shape::parse),
    ("sum", algebra::sum),
    ("product", algebra::product),
];

/// The reader of a kind.
pub fn find(name: &str) -> Option<Parse> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, parse)| *parse)
}

/// Whether a kind is a signal that varies along the rows: not a constant, nor a join of rules, nor a distribution.
pub fn varies(name: &str) -> bool {
    find(name).is_some() && !matches!(name, "constant" | "sum" | "product")
}

/// All kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
