//! Signals at other places of the row axis than their own rows: what transforms that change time look at.

use super::rule::{At, Rule};
use crate::random::TILE;

/// A place on the row axis: `part` of the way from `row` to the next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Position {
    /// The row at or before the place.
    pub row: u64,
    /// From 0 up to 1, which is excluded.
    pub part: f64,
}

impl Position {
    /// The place `by` rows after `row`. The axis ends at row 0 and at row 2^64 - 1: there it stops.
    pub fn beside(row: u64, by: f64) -> Self {
        let whole = by.floor();
        let (there, end) = if whole < 0.0 {
            (row.checked_sub(-whole as u64), 0)
        } else {
            (row.checked_add(whole as u64), u64::MAX)
        };
        let part = by - whole;
        match there {
            Some(row) => Self { row, part: if part.is_finite() { part } else { 0.0 } },
            None => Self { row: end, part: 0.0 },
        }
    }
}

/// A signal, which can be asked for its values elsewhere. What is drawn in each row has no elsewhere: it is noise
/// of its own row.
#[derive(Debug)]
pub(super) struct Moving(pub Box<dyn Rule>);

impl Rule for Moving {
    fn fill(&self, at: At, out: &mut [f64]) {
        match at.moved {
            None => self.0.fill(at, out),
            Some(to) => self.0.fill_moved(At { moved: None, ..at }, to, out),
        }
    }

    fn bounds(&self) -> (f64, f64) {
        self.0.bounds()
    }

    fn support(&self) -> Option<u64> {
        self.0.support()
    }
}

/// Fills `out` with what a rule gives between rows: on the straight line from one row's value to the next one's.
pub(super) fn interpolate(rule: &(impl Rule + ?Sized), at: At, to: &[Position], out: &mut [f64]) {
    // Whole tiles: neighbouring places mostly share one, or lie in two that follow each other.
    let mut tiles = [(None, [0.0; TILE]); 2];
    let mut value = |row: u64| {
        let number = row / TILE as u64;
        let (known, values) = &mut tiles[(number & 1) as usize];
        if *known != Some(number) {
            rule.fill(At { row: number * TILE as u64, moved: None, ..at }, values);
            *known = Some(number);
        }
        values[(row % TILE as u64) as usize]
    };
    for (x, to) in out.iter_mut().zip(to) {
        *x = value(to.row);
        if to.part != 0.0 {
            *x += to.part * (value(to.row.saturating_add(1)) - *x);
        }
    }
}
