//! Rules that look at other variables' states: which states there are is known when all variables and
//! anomalies are read.

use std::sync::{Arc, OnceLock};

use super::column::Column;
use crate::{Error, Result};

/// What a rule expects of another variable.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The other variable, by position.
    pub variable: usize,
    /// Where the rule stands.
    pub path: String,
    /// What it expects.
    pub expects: Expects,
}

/// Which values the other variable must have.
#[derive(Debug, Clone)]
pub enum Expects {
    /// Numbers, or true and false.
    Numbers,
    /// States, each of which has a place in a list.
    States(StateTable),
}

/// Places in a list, by state.
#[derive(Debug, Clone)]
pub struct StateTable {
    /// The states that have a place of their own, in order.
    pub names: Arc<[String]>,
    /// Whether the place after these is for all other states.
    pub other: bool,
    /// The place of each of the variable's states.
    pub places: Arc<OnceLock<Vec<usize>>>,
}

impl Binding {
    /// Checks the other variable, and fills the table.
    pub fn settle(&self, name: &str, column: &Column) -> Result<()> {
        match (&self.expects, column) {
            (Expects::Numbers, Column::States(_)) => Err(Error::invalid(
                format!("{}.variable", self.path),
                format!("{name:?}"),
                "must be a variable of numbers (ByState chooses by the states of another one)",
            )),
            (Expects::Numbers, _) => Ok(()),
            (Expects::States(table), Column::States(states)) => table.settle(&self.path, name, states),
            (Expects::States(table), Column::Bool) => {
                table.settle(&self.path, name, &["false".into(), "true".into()])
            }
            (Expects::States(_), _) => Err(Error::invalid(
                format!("{}.variable", self.path),
                format!("{name:?}"),
                "must be a variable of states, or of true and false",
            )),
        }
    }
}

impl StateTable {
    fn settle(&self, path: &str, variable: &str, states: &[String]) -> Result<()> {
        if let Some(name) = self.names.iter().find(|name| !states.contains(name)) {
            let rule = format!("must be states of {variable:?}: {}", states.join(", "));
            return Err(Error::invalid(format!("{path}.values"), format!("{name:?}"), rule));
        }
        let place = |state: &String| match self.names.iter().position(|name| name == state) {
            Some(place) => Ok(place),
            None if self.other => Ok(self.names.len()),
            None => Err(Error::invalid(
                format!("{path}.values"),
                self.names.join(", "),
                format!(
                    "must have a rule for each state of {variable:?}, and {state:?} has none (`other` is for the rest)"
                ),
            )),
        };
        let places = states.iter().map(place).collect::<Result<_>>()?;
        // It is filled once: each plan reads its rules anew.
        let _ = self.places.set(places);
        Ok(())
    }
}
