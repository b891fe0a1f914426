//! What distributions, signals and transforms have in common: the traits, and what they are given.

use std::fmt;

use super::column::Gives;
use super::event::Event;
use super::position::Position;
use super::view::View;
use crate::random::{Key, Source, TILE};

/// Where values are wanted. The number of rows is the length of the slice to fill; all lie in one tile.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The variable's key.
    pub key: Key,
    /// The first row.
    pub row: u64,
    /// Which try (a redraw for uniqueness).
    pub attempt: u32,
    /// The event that the rows belong to, in an anomalous rule.
    pub event: Option<&'a Event>,
    /// Where signals are evaluated, one position for each row, if not in the rows themselves.
    pub positions: Option<&'a [Position]>,
    /// Other variables, where any rule refers to them.
    pub view: Option<&'a View<'a>>,
}

impl At<'_> {
    /// The draws made at a site for these rows.
    pub fn source(&self, site: Site) -> Source {
        Source { key: self.key, site: site.0, attempt: self.attempt }
    }

    /// The j-th row's offset in its event, and the event's duration, in rows.
    pub fn place(&self, j: usize) -> (f64, f64) {
        match self.event {
            Some(event) => ((self.row - event.start + j as u64) as f64, (event.stop - event.start) as f64),
            None => (0.0, 1.0),
        }
    }
}

/// Gives a value for every row: a distribution, a signal, a recording, or a sum or product of those.
pub trait Rule: fmt::Debug + Send + Sync {
    /// Fills `out` for the rows from `at.row` on.
    fn fill(&self, at: At, out: &mut [f64]);

    /// Fills `out` with a signal's values at other positions of the row axis.
    fn fill_at(&self, at: At, positions: &[Position], out: &mut [f64]) {
        if self.is_held() {
            hold(self, at, positions, out);
        } else {
            interpolate(self, at, positions, out);
        }
    }

    /// What its values mean.
    fn gives(&self) -> Gives {
        Gives::Numbers
    }

    /// Whether a row's value is that of all places up to the next row: there is nothing between two states.
    fn is_held(&self) -> bool {
        self.gives() != Gives::Numbers
    }

    /// Which of its values follow on which, where it says so.
    fn successors(&self) -> Option<&Successors> {
        None
    }

    /// The lowest and the highest value there can be; infinite where it is not known.
    fn bounds(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    /// A number that all values are below, where the rule promises one (a range without its end).
    fn below(&self) -> Option<f64> {
        None
    }

    /// How many different values there are at most, when that is known.
    fn support(&self) -> Option<u64> {
        None
    }
}

/// Changes the values that the normal rule gave.
pub trait Transform: fmt::Debug + Send + Sync {
    /// Changes `values`, which the normal rule gave for the rows from `at.row` on.
    fn apply(&self, at: At, normal: &dyn Rule, values: &mut [f64]);

    /// Which values of the normal rule it reads, beside those it is given.
    fn reads(&self) -> Reads {
        Reads::Nothing
    }

    /// Whether it makes states of states.
    fn keeps_states(&self) -> bool {
        false
    }

    /// Whether the normal rule must say which of its values follow on which.
    fn needs_successors(&self) -> bool {
        false
    }

    /// The fewest rows of an event that it changes anything in.
    fn shortest(&self) -> u64 {
        1
    }

    /// The variable, by position, that the normal rule refers to and this makes it independent of.
    fn decouples(&self) -> Option<usize> {
        None
    }
}

/// The lowest and the highest of values, each of which is within bounds; NaN is passed over.
pub fn span(bounds: impl IntoIterator<Item = (f64, f64)>) -> (f64, f64) {
    let all = (f64::INFINITY, f64::NEG_INFINITY);
    bounds.into_iter().fold(all, |(low, high), (a, b)| (low.min(a), high.max(b)))
}

/// The lowest and the highest of values; NaN is passed over.
pub fn span_of(values: &[f64]) -> (f64, f64) {
    span(values.iter().map(|&x| (x, x)))
}

/// The values of a rule, and which of them never follow on each.
#[derive(Debug)]
pub struct Successors {
    /// The values.
    pub values: Vec<f64>,
    forbidden: Vec<Vec<f64>>,
}

impl Successors {
    /// Values, each with those that it `leads` to, by position.
    pub fn new(values: &[f64], leads: impl Fn(usize, usize) -> bool) -> Self {
        let n = values.len();
        let never = |from: usize| (0..n).filter(|&to| !leads(from, to)).map(|to| values[to]).collect();
        Self { values: values.to_vec(), forbidden: (0..n).map(never).collect() }
    }

    /// A value that any value may follow on, if there is one.
    pub fn free(&self) -> Option<f64> {
        self.forbidden.iter().position(Vec::is_empty).map(|at| self.values[at])
    }

    /// The values that never follow on one.
    pub fn forbidden(&self, value: f64) -> &[f64] {
        self.values.iter().position(|x| *x == value).map_or(&[], |at| &self.forbidden[at])
    }
}

/// Which values of the normal rule a transform reads, beside those it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// None.
    Nothing,
    /// That of the event's first row.
    FirstRow,
    /// Those of any row.
    AnyRow,
    /// Those of its signals, in any row.
    Signals,
}

/// The place of a draw in a variable's rules: part of the counter, so that no two draws are the same.
/// Bit 31: an anomalous rule; bit 30: drawn once per event; bits 8 to 29: a number; bits 0 to 7: which draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site(u32);

impl Site {
    /// The place of that number in a normal or an anomalous rule.
    pub fn new(anomalous: bool, per_event: bool, number: u32) -> Self {
        Self(u32::from(anomalous) << 31 | u32::from(per_event) << 30 | number << 8)
    }

    /// Its number in the counter.
    pub fn number(self) -> u32 {
        self.0
    }

    /// Another draw of the same place.
    pub fn draw(self, n: u8) -> Self {
        Self(self.0 | u32::from(n))
    }
}

/// Fills `out` with what a rule gives between rows: on the straight line from one row's value to the next one's.
fn interpolate(rule: &(impl Rule + ?Sized), at: At, positions: &[Position], out: &mut [f64]) {
    // Whole tiles: neighbouring positions mostly share one, or lie in two that follow each other.
    let mut tiles = [(None, [0.0; TILE]); 2];
    let mut value = |row: u64| {
        let number = row / TILE as u64;
        let (known, values) = &mut tiles[(number & 1) as usize];
        if *known != Some(number) {
            rule.fill(At { row: number * TILE as u64, positions: None, ..at }, values);
            *known = Some(number);
        }
        values[(row % TILE as u64) as usize]
    };
    for (x, to) in out.iter_mut().zip(positions) {
        *x = value(to.row);
        if to.part != 0.0 {
            *x += to.part * (value(to.row.saturating_add(1)) - *x);
        }
    }
}

/// Fills `out` with what a rule gives between rows: the value of the row before.
fn hold(rule: &(impl Rule + ?Sized), at: At, positions: &[Position], out: &mut [f64]) {
    let mut tile = (None, [0.0; TILE]);
    for (x, to) in out.iter_mut().zip(positions) {
        let number = to.row / TILE as u64;
        if tile.0 != Some(number) {
            rule.fill(At { row: number * TILE as u64, positions: None, ..at }, &mut tile.1);
            tile.0 = Some(number);
        }
        *x = tile.1[(to.row % TILE as u64) as usize];
    }
}
