//! What an event does to a variable.

use std::sync::Arc;

use super::callback::SharedCallback;
use super::event::Event;
use super::rule::{Rule, Transform};
use super::view::Reference;

/// An anomalous rule.
#[derive(Debug)]
pub struct AnomalousRule {
    /// What it does.
    pub action: Action,
    /// Whether another try gives another value.
    pub redraws: bool,
    /// The rows there are values for; none when they never end.
    pub most_rows: Option<u64>,
    /// What its rules refer to.
    pub references: Vec<Reference>,
    /// The other variables that a transform reads, by position.
    pub other_variables: Vec<usize>,
    /// The parameters that are drawn once per event: their places in the rule, and what draws them.
    pub drawn: Vec<(String, Arc<dyn Rule>)>,
}

impl AnomalousRule {
    /// The function that gives the values, if one does.
    pub fn function(&self) -> Option<&SharedCallback> {
        if let Action::Call(function) = &self.action { Some(function) } else { None }
    }
}

/// What an anomalous rule does to values.
#[derive(Debug)]
pub enum Action {
    /// The rule's values replace the normal ones.
    Replace(Box<dyn Rule>),
    /// The normal values are changed.
    Change(Box<dyn Transform>),
    /// A function's values replace the normal ones.
    Call(SharedCallback),
}

/// What the events of an anomaly do to a variable.
#[derive(Debug, Clone)]
pub struct Effect {
    /// By which rule.
    pub rule: Arc<AnomalousRule>,
    /// The share of the event over which the effect grows; none when it is there at once.
    pub onset: Option<f64>,
    /// Whether its events are normal: what they do must not depend on anomalies before them.
    pub decoy: bool,
}

impl Effect {
    /// Mixes anomalous values with normal ones in those rows of an event in which the effect still grows.
    pub(super) fn ramp_in(&self, event: &Event, row: u64, normal: &[f64], values: &mut [f64]) {
        let Some(share) = self.onset else { return };
        let duration = (event.stop - event.start) as f64;
        for (j, (y, x)) in values.iter_mut().zip(normal).enumerate() {
            let offset = (row - event.start + j as u64) as f64;
            let weight = (offset + 1.0) / (share * duration);
            if weight < 1.0 {
                *y = x + weight * (*y - x);
            }
        }
    }
}
