//! Signals: values that follow from the row alone. One file each; `KINDS` is the list.

mod ahead;
mod algebra;
mod ar1;
mod at_time;
mod block_mix;
mod blocks;
mod bridge;
mod by_state;
mod calendar;
mod chain;
mod coloured_noise;
mod concepts;
mod constant;
mod control_loop;
mod cylinder_bell_funnel;
mod dirichlet;
mod ecg;
mod limited;
mod logistic;
mod logistic_map;
mod markov;
mod mls;
mod pattern;
mod periodic;
mod phase;
mod random_season;
mod random_walk;
mod reference;
mod rounded;
mod shape;
mod state;
mod steps;
mod stochastic_volatility;
mod trend;
mod triangle;

use super::scope::ParseRule;

const KINDS: &[(&str, ParseRule)] = &[
    ("constant", constant::parse),
    ("sine", periodic::sine),
    ("cosine", periodic::cosine),
    ("square", periodic::square),
    ("sawtooth", periodic::sawtooth),
    ("triangle", triangle::parse),
    ("dirichlet", dirichlet::parse),
    ("pattern", pattern::parse),
    ("mls", mls::parse),
    ("ecg", ecg::parse),
    ("trend", trend::parse),
    ("random_walk", random_walk::parse),
    ("ar1", ar1::parse),
    ("steps", steps::parse),
    ("cylinder_bell_funnel", cylinder_bell_funnel::parse),
    ("calendar", calendar::parse),
    ("logistic_map", logistic_map::parse),
    ("coloured_noise", coloured_noise::parse),
    ("blocks", blocks::parse),
    ("stochastic_volatility", stochastic_volatility::parse),
    ("random_season", random_season::parse),
    ("control_loop", control_loop::parse),
    ("shape", shape::parse),
    ("markov", markov::markov),
    ("regimes", markov::regimes),
    ("state", state::parse),
    ("ref", reference::parse),
    ("by_state", by_state::parse),
    ("sum", algebra::sum),
    ("product", algebra::product),
    ("limited", limited::parse),
    ("rounded", rounded::parse),
    ("at_time", at_time::parse),
    ("logistic", logistic::parse),
    ("concepts", concepts::parse),
];

/// The reader of a kind.
pub fn find(name: &str) -> Option<ParseRule> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, parse)| *parse)
}

/// Whether a kind is a signal that varies along the rows by itself: not a constant, a reference, what is made of other
/// rules, nor a distribution.
pub fn varies(name: &str) -> bool {
    find(name).is_some()
        && !matches!(
            name,
            "constant"
                | "state"
                | "ref"
                | "by_state"
                | "sum"
                | "product"
                | "limited"
                | "rounded"
                | "at_time"
                | "logistic"
                | "concepts"
        )
}

/// All kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
