//! A level that is held for some rows, then another (GutenTAG's random mode jump).
//!
//! The row axis is cut into intervals of the mean length, and each cut is shifted by a random number of rows up to half of
//! the spread: so any row's step is found at once, and lengths lie between the shortest and the longest.

use crate::Result;
use crate::generate::column::Gives;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::below;
use crate::spec::{Field, Table, Value};

#[derive(Debug)]
struct Steps {
    levels: Box<dyn Rule>,
    mean: u64,
    /// How far cuts are shifted at most.
    most: u64,
    site: Site,
}

/// Most rows of a step.
const MOST: i128 = 1 << 40;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    // What is held is not drawn anew with a row.
    let levels = scope.once_per_event(|| scope.rule_or_states(&table.need("levels")?))?;
    let (shortest, longest) = lengths(&table.need("length")?)?;
    let mean = u64::midpoint(shortest, longest);
    Ok(Box::new(Steps { levels, mean, most: mean - shortest, site: scope.fixed_site(table)? }))
}

/// A number of rows, or the shortest and the longest.
pub(super) fn lengths(field: &Field) -> Result<(u64, u64)> {
    let (low, high) = match field.value {
        Value::List(_) => {
            let ends = field.list()?;
            let [low, high] = &ends[..] else {
                return Err(field.invalid("must be a number of rows, or the shortest and the longest"));
            };
            let low = low.whole(1, MOST)?;
            (low, high.whole(low, MOST)?)
        }
        _ => {
            let rows = field.whole(1, MOST)?;
            (rows, rows)
        }
    };
    Ok((low as u64, high as u64))
}

impl Steps {
    /// The number of the step that holds a row, and how many of its rows are left, this one included.
    fn step(&self, at: At, row: u64) -> (u64, u64) {
        let source = At { attempt: 0, ..at }.source(self.site);
        let cut = |number| below(source, number, self.most + 1);
        let (number, place) = (row / self.mean, row % self.mean);
        let from = cut(number);
        if place < from {
            // The step before the first one has a number, too.
            (number.wrapping_sub(1), from - place)
        } else {
            (number, self.mean - place + cut(number.wrapping_add(1)))
        }
    }
}

impl Rule for Steps {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut done = 0;
        while done < out.len() {
            let (number, left) = self.step(at, at.row + done as u64);
            let end = out.len().min(done.saturating_add(left as usize));
            let mut level = [0.0];
            self.levels.fill(At { row: number, attempt: 0, positions: None, ..at }, &mut level);
            out[done..end].fill(level[0]);
            done = end;
        }
    }

    fn gives(&self) -> Gives {
        self.levels.gives()
    }

    fn support(&self) -> Option<u64> {
        self.levels.support()
    }

    fn below(&self) -> Option<f64> {
        self.levels.below()
    }

    fn bounds(&self) -> (f64, f64) {
        self.levels.bounds()
    }
}
