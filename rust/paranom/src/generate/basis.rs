//! What holds for everything in a plan.

use super::time::Time;
use crate::random::Stream;

/// What holds for everything in a plan. Rules that differ between streams ask it.
#[derive(Debug, Clone)]
pub struct Basis {
    /// What everything is drawn from.
    pub seed: u64,
    /// Which values the spec means.
    pub stream: Stream,
    /// What the time of a row is. In stream 1 calendars have clocks of their own, and this is the row.
    pub time: Time,
}
