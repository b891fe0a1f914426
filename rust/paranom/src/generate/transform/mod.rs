//! Transforms: what an event does to the value that the normal rule gave. One file each; `KINDS` is the list.

mod clip;
mod course;
mod decouple;
mod drift;
mod flatline;
mod missing;
mod noise;
mod scale;
mod shift;
mod smooth;
mod spike;
mod swap;

use super::rule::{Scope, Transform};
use crate::Result;
use crate::spec::Table;

/// Reads one kind of transform from its table.
pub type Parse = fn(&Table, &Scope) -> Result<Box<dyn Transform>>;

const KINDS: &[(&str, Parse)] = &[
    ("shift", shift::parse),
    ("scale", scale::parse),
    ("spike", spike::parse),
    ("noise", noise::parse),
    ("flatline", flatline::parse),
    ("missing", missing::parse),
    ("drift", drift::parse),
    ("clip", clip::parse),
    ("smooth", smooth::parse),
    ("frequency_change", course::frequency_change),
    ("phase_shift", course::phase_shift),
    ("reverse", course::reverse),
    ("time_warp", course::time_warp),
    ("swap", swap::parse),
    ("decouple", decouple::parse),
];

/// The reader of a kind.
pub fn find(name: &str) -> Option<Parse> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, parse)| *parse)
}

/// All kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
