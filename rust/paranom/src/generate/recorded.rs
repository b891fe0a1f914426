//! Recorded data as the normal rule.

use std::sync::Arc;

use super::rule::{At, Rule};

/// A recording, row for row; it begins anew when it ends (the plan refuses rows beyond it where it must not).
#[derive(Debug)]
pub struct Recorded(pub Arc<[f64]>);

impl Rule for Recorded {
    fn fill(&self, at: At, out: &mut [f64]) {
        let n = self.0.len();
        let mut from = (at.row % n as u64) as usize;
        let mut out = out;
        while !out.is_empty() {
            let take = out.len().min(n - from);
            let (now, later) = out.split_at_mut(take);
            now.copy_from_slice(&self.0[from..from + take]);
            out = later;
            from = 0;
        }
    }

    fn support(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }
}
