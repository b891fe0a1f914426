//! Transforms: what an event does to the value that the normal rule gave. One file each; `KINDS` is the list.

mod clip;
mod decouple;
mod drift;
mod flatline;
mod forbidden_transition;
mod missing;
mod noise;
mod resample;
mod scale;
mod shift;
mod smooth;
mod spike;
mod swap;

use super::scope::ParseTransform;

const KINDS: &[(&str, ParseTransform)] = &[
    ("shift", shift::parse),
    ("scale", scale::parse),
    ("spike", spike::parse),
    ("noise", noise::parse),
    ("flatline", flatline::parse),
    ("missing", missing::parse),
    ("drift", drift::parse),
    ("clip", clip::parse),
    ("smooth", smooth::parse),
    ("frequency_change", resample::frequency_change),
    ("phase_shift", resample::phase_shift),
    ("reverse", resample::reverse),
    ("time_warp", resample::time_warp),
    ("swap", swap::parse),
    ("decouple", decouple::parse),
    ("forbidden_transition", forbidden_transition::parse),
];

/// The reader of a kind.
pub fn find(name: &str) -> Option<ParseTransform> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, parse)| *parse)
}

/// All kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}
