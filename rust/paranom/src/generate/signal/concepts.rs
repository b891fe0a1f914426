//! Rules that take turns: what a variable does changes again and again, at once or little by little.
//!
//! The row axis is cut into intervals of the mean length, and each cut but the first is shifted by a random
//! number of rows: so any row's interval is found at once, and lengths lie between the shortest and the
//! longest.

use super::steps::lengths;
use crate::Result;
use crate::generate::change_points::ChangePoints;
use crate::generate::rule::{At, Rule, span};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::spec::Table;

#[derive(Debug)]
struct Concepts {
    of: Vec<Box<dyn Rule>>,
    changes: ChangePoints,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("of")?;
    let of = list.list()?.iter().map(|rule| scope.rule(rule)).collect::<Result<Vec<_>>>()?;
    if of.len() < 2 {
        return Err(list.invalid("must hold at least two rules"));
    }
    let (shortest, longest) = lengths(&table.need("length")?)?;
    let fade = table.whole_or("fade", 0, i128::from(shortest) - 1, 0)? as u64;
    let mean = u64::midpoint(shortest, longest);
    let changes = ChangePoints { mean, most: mean - shortest, fade, site: scope.fixed_site(table)? };
    if !scope.anomalous() && !scope.per_event() {
        scope.note_changes(changes);
    }
    Ok(Box::new(Concepts { of, changes }))
}

impl Concepts {
    /// Fills rows that lie in one interval, from the j-th row of `at` on.
    fn fill_part(&self, number: u64, at: At, j: usize, out: &mut [f64]) {
        let rule = &self.of[(number % self.of.len() as u64) as usize];
        let positions = at.positions.map(|positions| &positions[j..j + out.len()]);
        rule.fill(At { row: at.row + j as u64, positions, ..at }, out);
    }
}

impl Rule for Concepts {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut from = 0;
        while from < out.len() {
            let interval = self.changes.interval(at.key, at.row + from as u64);
            let to = out.len().min(from.saturating_add(interval.left as usize));
            let part = &mut out[from..to];
            self.fill_part(interval.number, at, from, part);
            let fading = self.changes.fade.saturating_sub(interval.since).min(part.len() as u64) as usize;
            if interval.number > 0 && fading > 0 {
                let mut buffer = [0.0; TILE];
                let before = &mut buffer[..fading];
                self.fill_part(interval.number - 1, at, from, before);
                for (j, (x, old)) in part.iter_mut().zip(before).enumerate() {
                    let weight = (interval.since + j as u64 + 1) as f64 / (self.changes.fade + 1) as f64;
                    *x = *old + weight * (*x - *old);
                }
            }
            from = to;
        }
    }

    fn bounds(&self) -> (f64, f64) {
        span(self.of.iter().map(|rule| rule.bounds()))
    }
}
