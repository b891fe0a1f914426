//! A level that is held for some rows, then another (GutenTAG's random mode jump).
//!
//! The row axis is cut into intervals of the mean length, and each cut is shifted by a random number of rows up to half of
//! the spread: so any row's step is found at once, and lengths lie between the shortest and the longest.

use crate::Result;
use crate::generate::block::by_tile;
use crate::generate::column::Gives;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::all_below;
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

/// Steps that are found together: as many as a tile has if they are this long or longer.
const TOGETHER: usize = 64;

impl Steps {
    /// Fills the first rows of `out` with steps that are found together; returns how many rows.
    fn fill_some(&self, at: At, out: &mut [f64]) -> usize {
        let (number, place) = (at.row / self.mean, at.row % self.mean);
        let wanted = (out.len() as u64 / self.mean).saturating_add(2).min(TOGETHER as u64) as usize;
        // Where each step begins, from the one of this number on: so many rows after a multiple of the mean length.
        let (mut cuts, mut levels) = ([0; TOGETHER + 1], [0.0; TOGETHER + 1]);
        if self.most > 0 {
            let source = At { attempt: 0, ..at }.source(self.site);
            all_below(source, number, self.most + 1, &mut cuts[..=wanted]);
        }
        // The step before the first one has a number, too.
        let is_before = place < cuts[0];
        let first = if is_before { number.wrapping_sub(1) } else { number };
        by_tile(first, &mut levels[..wanted], |row, levels| {
            self.levels.fill(At { row, attempt: 0, positions: None, ..at }, levels);
        });
        let skipped = usize::from(!is_before);
        let mut done = 0;
        for (i, level) in levels[..wanted - skipped].iter().enumerate() {
            // The last row of a step is the one before the next step's first.
            let next = i + skipped;
            let end = (self.mean.saturating_mul(next as u64)).saturating_add(cuts[next]) - place;
            let end = out.len().min(usize::try_from(end).unwrap_or(usize::MAX));
            out[done..end].fill(*level);
            done = end;
        }
        done
    }
}

impl Rule for Steps {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut done = 0;
        while done < out.len() {
            done += self.fill_some(At { row: at.row + done as u64, ..at }, &mut out[done..]);
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
