//! Applies events to normal values.

use super::definition::Variable;
use super::want::Want;
use crate::generate::block::by_tile;
use crate::generate::effect::{Action, Effect};
use crate::generate::event::Event;
use crate::generate::fixed::fixed;
use crate::generate::rule::At;
use crate::random::TILE;

impl Variable {
    /// Lets `change` make anomalous values out of normal ones, which `out` holds where they are needed.
    pub(super) fn apply(
        &self,
        effect: &Effect,
        event: &Event,
        row: u64,
        want: &Want,
        out: &mut [f64],
        change: impl Fn(At, &mut [f64]),
    ) {
        self.tiles(Some(event), row, want, out, |at, values| {
            if effect.onset.is_none() {
                return change(at, values);
            }
            let mut buffer = [0.0; TILE];
            let normal = &mut buffer[..values.len()];
            normal.copy_from_slice(values);
            change(at, values);
            effect.ramp_in(event, at.row, normal, values);
        });
    }

    /// Applies an event, whose normal value in its first row is `first`.
    pub(super) fn apply_after_first(
        &self,
        effect: &Effect,
        event: &Event,
        row: u64,
        first: f64,
        want: &Want,
        values: &mut [f64],
    ) {
        let normal = fixed(first);
        self.apply(effect, event, row, want, values, |at, values| match &effect.rule.action {
            Action::Replace(rule) => rule.fill(at, values),
            Action::Change(change) => change.apply(at, &*normal, values),
            Action::Call(_) => {}
        });
    }

    /// Calls `work` for each tile's share of the rows.
    pub(super) fn tiles(
        &self,
        event: Option<&Event>,
        row: u64,
        want: &Want,
        out: &mut [f64],
        mut work: impl FnMut(At, &mut [f64]),
    ) {
        let (key, attempt, view) = (self.key, want.attempt, want.view);
        by_tile(row, out, |row, now| work(At { key, row, attempt, event, positions: None, view }, now));
    }
}

/// The part of `out`, whose first row is `row`, that belongs to an event, and its first row.
pub(super) fn clip<'a>(event: &Event, row: u64, out: &'a mut [f64]) -> (u64, &'a mut [f64]) {
    let last = row + (out.len() as u64 - 1);
    let from = event.start.max(row);
    let to = (event.stop - 1).min(last);
    (from, &mut out[(from - row) as usize..=(to - row) as usize])
}
