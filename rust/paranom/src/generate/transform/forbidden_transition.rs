//! A state that never follows on the one before: a transition that the normal rule does not have.

use crate::Result;
use crate::generate::rule::{At, Reads, Rule, Site, Transform};
use crate::generate::scope::Scope;
use crate::random::below;
use crate::spec::Table;

#[derive(Debug)]
struct ForbiddenTransition(Site);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    Ok(Box::new(ForbiddenTransition(scope.once_per_event(|| scope.site(table))?)))
}

impl Transform for ForbiddenTransition {
    fn reads(&self) -> Reads {
        Reads::AnyRow
    }

    fn keeps_states(&self) -> bool {
        true
    }

    fn needs_successors(&self) -> bool {
        true
    }

    fn apply(&self, at: At, normal: &dyn Rule, values: &mut [f64]) {
        let (Some(event), Some(successors)) = (at.event, normal.successors()) else { return };
        let mut before = [0.0];
        let row = event.start.saturating_sub(1);
        normal.fill(At { row, attempt: 0, event: None, ..at }, &mut before);
        let forbidden = successors.forbidden(before[0]);
        let source = At { attempt: 0, ..at }.source(self.0);
        values.fill(forbidden[below(source, event.number, forbidden.len() as u64) as usize]);
    }
}
