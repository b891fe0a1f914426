//! The random numbers of a clock.

use crate::random::{Key, Source};

/// What the draws of a clock are for.
#[derive(Clone, Copy)]
pub enum Purpose {
    Jitter = 1,
    Place,
    Length,
    Wait,
    Halves,
}

/// The source of draws of a number for a purpose.
pub fn source(key: Key, purpose: Purpose, number: u32) -> Source {
    Source { key, site: purpose as u32 | (number << 8), attempt: 0 }
}
