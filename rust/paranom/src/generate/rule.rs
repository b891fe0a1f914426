//! What every distribution, signal and transform is to the rest: something that gives values for rows.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use super::callback::SharedCallback;
use super::graph::{Reference, View};
use super::moved::{Moving, Position, interpolate};
use super::schedule::Event;
use super::{distribution, signal, transform};
use crate::random::{Key, Source};
use crate::spec::{Field, Table, Value};
use crate::{Error, Result};

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
    /// Where signals are looked at, place by place, if not in the rows themselves.
    pub moved: Option<&'a [Position]>,
    /// Other variables, where any rule looks at them.
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

    /// Fills `out` with a signal's values elsewhere, place by place.
    fn fill_moved(&self, at: At, to: &[Position], out: &mut [f64]) {
        interpolate(self, at, to, out);
    }

    /// Bounds that no value leaves, when they are known.
    fn bounds(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
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

    /// Where it looks at the normal rule, beside the values it is given.
    fn looks(&self) -> Look {
        Look::Nowhere
    }

    /// The variable, by position, that the normal rule refers to and this makes it independent of.
    fn cuts(&self) -> Option<usize> {
        None
    }
}

/// Where a transform looks at the normal rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// At the values it is given only.
    Nowhere,
    /// In the event's first row.
    First,
    /// In any row.
    Anywhere,
    /// At its signals, in any row.
    Signals,
}

/// What an event does to a variable.
#[derive(Debug)]
pub struct Anomalous {
    /// What.
    pub effect: Effect,
    /// Whether another try gives another value.
    pub redraws: bool,
    /// The rows there are values for; none when they never end.
    pub most_rows: Option<u64>,
    /// What its rules refer to.
    pub references: Vec<Reference>,
    /// The other variables that a transform looks at, by position.
    pub looks_at: Vec<usize>,
}

impl Anomalous {
    /// The function that gives the values, if one does.
    pub fn function(&self) -> Option<&SharedCallback> {
        if let Effect::Call(function) = &self.effect { Some(function) } else { None }
    }
}

/// What an event does to values.
#[derive(Debug)]
pub enum Effect {
    /// The rule's values stand in for the normal ones.
    Replace(Box<dyn Rule>),
    /// The normal values are changed.
    Change(Box<dyn Transform>),
    /// A function's values stand in for the normal ones.
    Call(SharedCallback),
}

/// The place of a draw in a variable's rules: part of the counter, so that no two draws are the same.
/// Bit 31: an anomalous rule; bit 30: drawn once per event; bits 8 to 29: a number; bits 0 to 7: which draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site(u32);

impl Site {
    /// Another draw of the same place.
    pub fn draw(self, n: u8) -> Self {
        Self(self.0 | u32::from(n))
    }
}

/// The place of a draw of the schedule, which has a key of its own.
pub(super) fn schedule_site(purpose: u32, number: u32) -> u32 {
    purpose << 28 | number
}

/// What a rule under construction belongs to.
#[derive(Debug)]
pub struct Scope {
    anomalous: bool,
    per_event: Cell<bool>,
    next: Cell<u32>,
    redraws: Cell<bool>,
    most_rows: Cell<Option<u64>>,
    depth: Cell<u32>,
    signals: Cell<bool>,
    /// What everything is drawn from.
    seed: u64,
    /// The variables' names.
    names: Arc<[String]>,
    references: RefCell<Vec<Reference>>,
    looks_at: RefCell<Vec<usize>>,
}

/// How deep rules may be nested: the stack is finite.
const MOST_DEPTH: u32 = 32;
/// How many draws one rule may make: the counter's field is finite.
const MOST_SITES: u32 = 1 << 22;

impl Scope {
    /// A scope for a normal rule or for an anomalous one, among variables of these names, under a seed.
    pub fn new(anomalous: bool, names: &Arc<[String]>, seed: u64) -> Self {
        Self {
            anomalous,
            per_event: Cell::new(false),
            next: Cell::new(0),
            redraws: Cell::new(false),
            most_rows: Cell::new(None),
            depth: Cell::new(0),
            signals: Cell::new(false),
            seed,
            names: names.clone(),
            references: RefCell::default(),
            looks_at: RefCell::default(),
        }
    }

    /// Whether parameters given as distributions are drawn once per event here.
    pub fn anomalous(&self) -> bool {
        self.anomalous
    }

    /// What everything is drawn from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Whether a parameter that is drawn once per event is being read.
    pub fn per_event(&self) -> bool {
        self.per_event.get()
    }

    /// Whether another try gives another value: whether anything is drawn for each row.
    pub fn redraws(&self) -> bool {
        self.redraws.get()
    }

    /// The position of the variable of that name.
    pub fn variable(&self, field: &Field) -> Result<usize> {
        let name = field.text()?;
        self.names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| field.invalid(format!("must be a variable: {}", self.names.join(", "))))
    }

    /// Learns that a rule refers to another variable's values.
    pub fn refer(&self, reference: Reference) {
        self.references.borrow_mut().push(reference);
    }

    /// Learns that a transform looks at another variable.
    pub fn look_at(&self, variable: usize) {
        self.looks_at.borrow_mut().push(variable);
    }

    /// What was referred to.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = self.references.borrow().clone();
        references.sort_unstable();
        references.dedup();
        references
    }

    /// Whether a signal is among what was read.
    pub fn has_signals(&self) -> bool {
        self.signals.get()
    }

    /// Learns that there are values for that many rows only.
    pub fn end_at(&self, rows: u64) {
        self.most_rows.set(Some(self.most_rows.get().map_or(rows, |most| most.min(rows))));
    }

    /// The rows there are values for; none when they never end.
    pub fn most_rows(&self) -> Option<u64> {
        self.most_rows.get()
    }

    /// A new place for draws.
    pub fn site(&self, table: &Table) -> Result<Site> {
        self.redraws.set(self.redraws.get() || !self.per_event.get());
        self.fixed_site(table)
    }

    /// A new place for draws that another try leaves as they are.
    pub fn fixed_site(&self, table: &Table) -> Result<Site> {
        let number = self.next.get();
        if number >= MOST_SITES {
            return Err(table.invalid(format!("a rule may make {MOST_SITES} draws at most")));
        }
        self.next.set(number + 1);
        let role = u32::from(self.anomalous) << 31 | u32::from(self.per_event.get()) << 30;
        Ok(Site(role | number << 8))
    }

    /// Reads something drawn once per event.
    pub fn once_per_event<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.per_event.replace(true);
        let result = read();
        self.per_event.set(before);
        result
    }

    /// Reads an anomalous rule: a rule that replaces the value, or a transform of the normal value.
    pub fn anomaly(&self, field: &Field) -> Result<Anomalous> {
        if let Value::Handle(_) = field.value {
            return Ok(Anomalous {
                effect: Effect::Call(field.handle("a function")?),
                redraws: true,
                most_rows: None,
                references: Vec::new(),
                looks_at: Vec::new(),
            });
        }
        let effect = self.effect(field)?;
        Ok(Anomalous {
            effect,
            redraws: self.redraws(),
            most_rows: self.most_rows(),
            references: self.references(),
            looks_at: self.looks_at.borrow().clone(),
        })
    }

    fn effect(&self, field: &Field) -> Result<Effect> {
        if let Value::Table(_) = field.value {
            let table = field.table()?;
            let kind = table.need("kind")?;
            let name = kind.text()?;
            if let Some(parse) = transform::find(name) {
                let change = parse(&table, self)?;
                table.finish()?;
                return Ok(Effect::Change(change));
            }
            if distribution::find(name).is_none() && signal::find(name).is_none() {
                return Err(unknown(
                    &kind,
                    transform::names().chain(distribution::names()).chain(signal::names()),
                ));
            }
        }
        Ok(Effect::Replace(self.rule(field)?))
    }

    /// Reads a rule: a number, or a table with a `kind`.
    pub fn rule(&self, field: &Field) -> Result<Box<dyn Rule>> {
        if self.depth.get() >= MOST_DEPTH {
            return Err(field.invalid(format!("rules may be nested {MOST_DEPTH} deep at most")));
        }
        self.depth.set(self.depth.get() + 1);
        let rule = self.read(field);
        self.depth.set(self.depth.get() - 1);
        rule
    }

    fn read(&self, field: &Field) -> Result<Box<dyn Rule>> {
        if let Value::Whole(_) | Value::Number(_) = field.value {
            return Ok(signal::constant(field.number()?));
        }
        let Value::Table(_) = field.value else { return Err(field.wrong("a number or a rule")) };
        let table = field.table()?;
        let kind = table.need("kind")?;
        let name = kind.text()?;
        let Some(parse) = distribution::find(name).or_else(|| signal::find(name)) else {
            return Err(unknown(&kind, distribution::names().chain(signal::names())));
        };
        let rule = parse(&table, self)?;
        table.finish()?;
        if signal::varies(name) {
            self.signals.set(true);
            return Ok(Box::new(Moving(rule)));
        }
        Ok(rule)
    }
}

/// Reads one kind of rule from its table.
pub type Parse = fn(&Table, &Scope) -> Result<Box<dyn Rule>>;

fn unknown(kind: &Field, known: impl Iterator<Item = &'static str>) -> Error {
    kind.invalid(format!("must be one of {}", known.collect::<Vec<_>>().join(", ")))
}

/// Refuses a value outside what a rule allows.
pub(super) fn refuse_unless(ok: bool, path: &str, value: impl fmt::Display, rule: &str) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::invalid(path, value, rule)) }
}
