//! Signals: values that follow from the row alone. One file each; `KINDS` is the list.

mod algebra;
mod constant;
mod ecg;
mod periodic;
mod phase;
mod random_walk;
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
    ("sum", algebra::sum),
    ("product", algebra::product),
];

/// The reader of a kind.
pub fn find(name: &str) -> Option<Parse> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, parse)| *parse)
}

/// All kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
