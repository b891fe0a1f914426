//! What a plan is asked for.

use super::block::RowRange;
use crate::job::Job;

/// Which rows are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// In ranges.
    pub rows: &'a [RowRange],
    /// Whether anomalies are left out.
    pub clean: bool,
    /// Says when to stop.
    pub job: &'a Job,
}
