//! What a variable is, and what follows from it for its values.

use std::sync::Arc;

use super::sequence::Sequence;
use crate::generate::basis::Basis;
use crate::generate::binding::Binding;
use crate::generate::callback::{Granularity, SharedCallback};
use crate::generate::change_points::ChangePoints;
use crate::generate::column::Column;
use crate::generate::dropouts::Dropouts;
use crate::generate::effect::{Action, AnomalousRule, Effect};
use crate::generate::event::Event;
use crate::generate::labels::Labels;
use crate::generate::rule::Rule;
use crate::generate::view::Reference;
use crate::random::Key;
use crate::{Error, Result};

/// Where normal values come from.
#[derive(Debug)]
pub(super) enum Normal {
    Rule(Box<dyn Rule>),
    Call(SharedCallback),
}

/// A variable of the plan.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // facts that do not depend on each other
pub struct Variable {
    /// Its name, from which the key of its random numbers is made.
    pub name: String,
    pub(super) basis: Basis,
    pub(super) key: Key,
    /// The names of all variables.
    pub(super) names: Arc<[String]>,
    /// Its place among them.
    pub position: usize,
    pub(super) normal: Normal,
    /// Whether it is there for other variables only, and not delivered.
    pub hidden: bool,
    /// What its values are.
    pub column: Column,
    /// What its rules expect of other variables.
    pub bindings: Vec<Binding>,
    /// How its functions are called, when they see the values before a row.
    pub sequence: Option<Sequence>,
    /// Whether another try gives another normal value.
    pub(super) redraws: bool,
    /// Whether the normal rule has signals.
    pub(super) signals: bool,
    /// What the normal rule refers to.
    pub references: Vec<Reference>,
    /// Whether any of its values come from a function of the user.
    pub(super) calls: bool,
    /// The rule of anomalies that have none of their own here.
    pub anomalous: Option<Arc<AnomalousRule>>,
    /// What each anomaly does here.
    pub effects: Vec<Option<Effect>>,
    /// Rows there are, when the recording must not begin anew.
    pub most_rows: Option<u64>,
    /// The rows that the recording labels as anomalous.
    pub labels: Option<Labels>,
    /// Where its normal rules take turns.
    pub changes: Vec<ChangePoints>,
    /// When its values are lost.
    pub dropouts: Option<Dropouts>,
}

impl Variable {
    /// A number that its values are below, in the rows of an event or (none) in normal ones, where their rule says so.
    pub fn below(&self, event: Option<&Event>) -> Option<f64> {
        let rule = match event.and_then(|event| self.effects[event.anomaly].as_ref()) {
            Some(effect) => match &effect.rule.action {
                Action::Replace(rule) if effect.onset.is_none() => rule,
                _ => return None,
            },
            None => match &self.normal {
                Normal::Rule(rule) => rule,
                Normal::Call(_) => return None,
            },
        };
        rule.below()
    }

    /// Whether all its values are far from `most`, whatever the row: their rules' bounds say so.
    pub fn stays_within(&self, most: f64) -> bool {
        let within = |rule: &dyn Rule| {
            let (low, high) = rule.bounds();
            -most / 4.0 < low && high < most / 4.0
        };
        let normal = match &self.normal {
            Normal::Rule(rule) => within(&**rule),
            Normal::Call(_) => false,
        };
        let replaces =
            |effect: &Effect| matches!(&effect.rule.action, Action::Replace(rule) if within(&**rule));
        normal && self.effects.iter().flatten().all(replaces)
    }

    /// Whether any rule of it promises such a number.
    pub fn has_bound(&self) -> bool {
        let replaces =
            |effect: &Effect| matches!(&effect.rule.action, Action::Replace(rule) if rule.below().is_some());
        self.below(None).is_some() || self.effects.iter().flatten().any(replaces)
    }

    /// Notes, once all anomalies are read, whether any of them calls a function, and for how many rows they last.
    pub fn settle(&mut self) {
        let ends = self.effects.iter().flatten().filter_map(|effect| effect.rule.most_rows);
        self.most_rows = ends.chain(self.most_rows).min();
        self.calls |= self.effects.iter().flatten().any(|effect| effect.rule.function().is_some());
    }

    /// Refuses functions that cannot be called row after row.
    pub fn check_sequence(&self) -> Result<()> {
        if self.sequence.is_some() && !self.functions().all(|f| f.granularity() == Granularity::Row) {
            return Err(Error::invalid(
                format!("variables.{}.sequential", self.name),
                "functions that take many rows at a time",
                "must go with functions that are called for one row after the other (neither vectorized nor native)",
            ));
        }
        Ok(())
    }

    /// Whether any of its values come from a function of the user.
    pub fn calls(&self) -> bool {
        self.calls
    }

    /// The function that gives the values in rows of an event, or normal ones.
    pub fn function(&self, event: Option<&Event>) -> Option<&SharedCallback> {
        let Some(event) = event else {
            return if let Normal::Call(function) = &self.normal { Some(function) } else { None };
        };
        self.effects[event.anomaly].as_ref()?.rule.function()
    }

    /// The functions that give its values.
    pub fn functions(&self) -> impl Iterator<Item = &SharedCallback> {
        let events = self.effects.iter().flatten().filter_map(|effect| effect.rule.function());
        events.chain(self.function(None))
    }

    /// Whether its rows must be walked from row 0 on.
    pub fn walks(&self) -> bool {
        self.sequence.is_some_and(|sequence| sequence.warmup.is_none())
    }

    /// Rows before a block that must be known to fill it.
    pub fn warmup(&self) -> u64 {
        self.sequence.and_then(|sequence| sequence.warmup).unwrap_or(0)
    }

    /// The rows among `first..=last` at which its normal rules change, each with the row after those it
    /// takes; in order.
    pub fn changes(&self, first: u64, last: u64) -> Vec<(u64, u64)> {
        let mut found: Vec<_> =
            self.changes.iter().flat_map(|changes| changes.touching(self.key, first, last)).collect();
        found.sort_unstable();
        found
    }

    fn effect(&self, anomaly: Option<usize>) -> Option<&Effect> {
        self.effects[anomaly?].as_ref()
    }

    /// How many different values it can have: in normal rows, or in those of an anomaly.
    pub fn support(&self, anomaly: Option<usize>) -> Option<u64> {
        let rule = match (self.effect(anomaly), &self.normal) {
            (Some(effect), _) if effect.onset.is_some() => return None,
            (Some(effect), _) => match &effect.rule.action {
                Action::Replace(rule) => rule,
                _ => return None,
            },
            (None, Normal::Rule(rule)) => rule,
            (None, Normal::Call(_)) => return None,
        };
        rule.support()
    }

    /// Whether another try can give it another value: in normal rows, or in those of an anomaly. Where later rows build
    /// on it, a value stays.
    pub fn redraws(&self, anomaly: Option<usize>) -> bool {
        if self.sequence.is_some() {
            return false;
        }
        match self.effect(anomaly) {
            Some(Effect { rule, onset, .. }) => {
                let uses_normal = onset.is_some() || matches!(rule.action, Action::Change(_));
                rule.redraws || (uses_normal && self.redraws)
            }
            None => self.redraws,
        }
    }
}
