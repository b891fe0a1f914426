//! A stuck sensor: one value throughout the event, by default the one that its first row would have had.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Reads, Rule, Transform};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct Flatline(Option<Param>);

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let value = match table.get("value") {
        None => None,
        Some(_) => Some(Param::need(table, "value", scope)?),
    };
    Ok(Box::new(Flatline(value)))
}

impl Transform for Flatline {
    fn reads(&self) -> Reads {
        if self.0.is_none() { Reads::FirstRow } else { Reads::Nothing }
    }

    fn keeps_states(&self) -> bool {
        self.0.is_none()
    }

    fn shortest(&self) -> u64 {
        if self.0.is_none() { 2 } else { 1 }
    }

    fn apply(&self, at: At, normal: &dyn Rule, values: &mut [f64]) {
        if let Some(value) = &self.0 {
            values.copy_from_slice(&value.column(at, values.len())[..values.len()]);
        } else {
            let mut first = [0.0];
            let row = at.event.map_or(at.row, |event| event.start);
            normal.fill(At { row, attempt: 0, event: None, ..at }, &mut first);
            values.fill(first[0]);
        }
    }
}
