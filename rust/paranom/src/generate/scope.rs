//! What a rule that is being read belongs to, and what is learnt about it: draws, references, rows.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::basis::Basis;
use super::binding::Binding;
use super::change_points::ChangePoints;
use super::column::{Gives, check_name};
use super::rule::{Rule, Site, Transform};
use super::view::Reference;
use crate::Result;
use crate::spec::{Field, Table};

/// Reads one kind of rule from its table.
pub type ParseRule = fn(&Table, &Scope) -> Result<Box<dyn Rule>>;

/// Reads one kind of transform from its table.
pub type ParseTransform = fn(&Table, &Scope) -> Result<Box<dyn Transform>>;

/// Reads a rule of any kind. It is handed to a scope, since the kinds of rules read other rules in turn.
pub type ReadRule = fn(&Field, &Scope) -> Result<Box<dyn Rule>>;

/// What a rule under construction belongs to.
#[derive(Debug)]
pub struct Scope {
    read: ReadRule,
    anomalous: bool,
    per_event: Cell<bool>,
    next: Cell<u32>,
    redraws: Cell<bool>,
    most_rows: Cell<Option<u64>>,
    depth: Cell<u32>,
    signals: Cell<bool>,
    basis: Basis,
    /// The variables' names.
    names: Arc<[String]>,
    references: RefCell<Vec<Reference>>,
    other_variables: RefCell<Vec<usize>>,
    /// The variable's states.
    states: RefCell<Vec<String>>,
    bindings: RefCell<Vec<Binding>>,
    changes: RefCell<Vec<ChangePoints>>,
    drawn: RefCell<Vec<(String, Arc<dyn Rule>)>>,
}

/// How deep rules may be nested: the stack is finite.
const MOST_DEPTH: u32 = 32;
/// How many draws one rule may make: the counter's field is finite.
const MOST_SITES: u32 = 1 << 22;

impl Scope {
    /// A scope for a normal rule or for an anomalous one, among variables of these names.
    pub fn new(read: ReadRule, anomalous: bool, names: &Arc<[String]>, basis: Basis) -> Self {
        Self {
            read,
            anomalous,
            per_event: Cell::new(false),
            next: Cell::new(0),
            redraws: Cell::new(false),
            most_rows: Cell::new(None),
            depth: Cell::new(0),
            signals: Cell::new(false),
            basis,
            names: names.clone(),
            references: RefCell::default(),
            other_variables: RefCell::default(),
            states: RefCell::default(),
            bindings: RefCell::default(),
            changes: RefCell::default(),
            drawn: RefCell::default(),
        }
    }

    /// A scope for draws that have a key of their own: it counts them from the first.
    pub fn fresh(&self) -> Self {
        Self::new(self.read, self.anomalous, &self.names, self.basis.clone())
    }

    /// The same for a variable that has these states already.
    pub fn with_states(self, states: &[String]) -> Self {
        *self.states.borrow_mut() = states.to_vec();
        self
    }

    /// The number of a state, known or new.
    pub fn state(&self, field: &Field) -> Result<f64> {
        let name = check_name(field)?;
        let mut states = self.states.borrow_mut();
        let place = states.iter().position(|known| known == name).unwrap_or(states.len());
        if place == states.len() {
            states.push(name.into());
        }
        Ok(place as f64)
    }

    /// The states, in order of their numbers.
    pub fn states(&self) -> Vec<String> {
        self.states.borrow().clone()
    }

    /// Notes what is expected of another variable.
    pub fn bind(&self, binding: Binding) {
        self.bindings.borrow_mut().push(binding);
    }

    /// What is expected of other variables.
    pub fn bindings(&self) -> Vec<Binding> {
        self.bindings.borrow().clone()
    }

    /// Whether parameters given as distributions are drawn once per event here.
    pub fn anomalous(&self) -> bool {
        self.anomalous
    }

    /// What holds for everything in the plan.
    pub fn basis(&self) -> &Basis {
        &self.basis
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

    /// Notes that a rule refers to another variable's values.
    pub fn refer(&self, reference: Reference) {
        self.references.borrow_mut().push(reference);
    }

    /// Notes that a transform reads another variable.
    pub fn read_variable(&self, variable: usize) {
        self.other_variables.borrow_mut().push(variable);
    }

    /// What was referred to.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = self.references.borrow().clone();
        references.sort_unstable();
        references.dedup();
        references
    }

    /// The other variables that transforms read.
    pub fn other_variables(&self) -> Vec<usize> {
        self.other_variables.borrow().clone()
    }

    /// Notes that rules take turns.
    pub fn note_changes(&self, changes: ChangePoints) {
        self.changes.borrow_mut().push(changes);
    }

    /// Where rules take turns.
    pub fn changes(&self) -> Vec<ChangePoints> {
        self.changes.borrow().clone()
    }

    /// Notes that the parameter at a path is drawn once per event, by this rule.
    pub fn note_drawn(&self, path: &str, rule: &Arc<dyn Rule>) {
        self.drawn.borrow_mut().push((path.into(), rule.clone()));
    }

    /// The parameters that are drawn once per event: where they stand below a path, and by which rule.
    pub fn drawn_below(&self, path: &str) -> Vec<(String, Arc<dyn Rule>)> {
        let below = |(full, rule): &(String, Arc<dyn Rule>)| {
            full.strip_prefix(path).map(|name| (name.trim_start_matches('.').into(), rule.clone()))
        };
        self.drawn.borrow().iter().filter_map(below).collect()
    }

    /// Notes that a signal is among what was read.
    pub fn note_signal(&self) {
        self.signals.set(true);
    }

    /// Whether a signal is among what was read.
    pub fn has_signals(&self) -> bool {
        self.signals.get()
    }

    /// Notes that there are values for that many rows only.
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
            return Err(table.invalid(format!("must make {MOST_SITES} draws at most")));
        }
        self.next.set(number + 1);
        Ok(Site::new(self.anomalous, self.per_event.get(), number))
    }

    /// Reads something drawn once per event.
    pub fn once_per_event<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.per_event.replace(true);
        let result = read();
        self.per_event.set(before);
        result
    }

    /// Reads a rule that gives numbers: a number, or a table with a `kind`.
    pub fn rule(&self, field: &Field) -> Result<Box<dyn Rule>> {
        let rule = self.rule_or_states(field)?;
        if rule.gives() == Gives::States {
            return Err(field.invalid("must give numbers here, not states"));
        }
        Ok(rule)
    }

    /// Reads a rule that gives numbers or states.
    pub fn rule_or_states(&self, field: &Field) -> Result<Box<dyn Rule>> {
        if self.depth.get() >= MOST_DEPTH {
            return Err(field.invalid(format!("must be nested {MOST_DEPTH} deep at most")));
        }
        self.depth.set(self.depth.get() + 1);
        let rule = (self.read)(field, self);
        self.depth.set(self.depth.get() - 1);
        rule
    }
}
