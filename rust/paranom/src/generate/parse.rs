//! From a table with a `kind` to a rule: the registry of all kinds.

use std::sync::Arc;

use super::basis::Basis;
use super::effect::{Action, AnomalousRule};
use super::fixed::fixed;
use super::resampled::Resampled;
use super::rule::Rule;
use super::scope::Scope;
use super::{distribution, signal, transform};
use crate::spec::{Field, Value};
use crate::{Error, Result};

/// The kinds of rules there are: distributions, signals, transforms.
pub fn kinds() -> [Vec<&'static str>; 3] {
    [distribution::names().collect(), signal::names().collect(), transform::names().collect()]
}

/// A scope for a normal rule or for an anomalous one, among variables of these names.
pub fn scope(anomalous: bool, names: &Arc<[String]>, basis: &Basis) -> Scope {
    Scope::new(read_rule, anomalous, names, basis.clone())
}

/// Reads an anomalous rule: a rule that replaces the value, a transform of the normal value, or a function.
pub fn anomalous_rule(field: &Field, scope: &Scope) -> Result<AnomalousRule> {
    if let Value::Handle(_) = field.value {
        return Ok(AnomalousRule {
            action: Action::Call(field.handle("a function")?),
            redraws: true,
            most_rows: None,
            references: Vec::new(),
            other_variables: Vec::new(),
            drawn: Vec::new(),
        });
    }
    let action = action(field, scope)?;
    Ok(AnomalousRule {
        action,
        redraws: scope.redraws(),
        most_rows: scope.most_rows(),
        references: scope.references(),
        other_variables: scope.other_variables(),
        drawn: scope.drawn_below(&field.path),
    })
}

fn action(field: &Field, scope: &Scope) -> Result<Action> {
    if let Value::Table(_) = field.value {
        let table = field.table()?;
        let kind = table.need("kind")?;
        let name = kind.text()?;
        if let Some(parse) = transform::find(name) {
            let change = parse(&table, scope)?;
            table.finish()?;
            return Ok(Action::Change(change));
        }
        if distribution::find(name).is_none() && signal::find(name).is_none() {
            let known = transform::names().chain(distribution::names()).chain(signal::names());
            return Err(unknown(&kind, known));
        }
    }
    Ok(Action::Replace(scope.rule_or_states(field)?))
}

fn read_rule(field: &Field, scope: &Scope) -> Result<Box<dyn Rule>> {
    if let Value::Whole(_) | Value::Number(_) = field.value {
        return Ok(fixed(field.number()?));
    }
    let Value::Table(_) = field.value else { return Err(field.wrong("a number or a rule")) };
    let table = field.table()?;
    let kind = table.need("kind")?;
    let name = kind.text()?;
    let Some(parse) = distribution::find(name).or_else(|| signal::find(name)) else {
        return Err(unknown(&kind, distribution::names().chain(signal::names())));
    };
    let rule = parse(&table, scope)?;
    table.finish()?;
    if signal::varies(name) {
        scope.note_signal();
        return Ok(Box::new(Resampled(rule)));
    }
    Ok(rule)
}

fn unknown(kind: &Field, known: impl Iterator<Item = &'static str>) -> Error {
    kind.invalid(format!("must be one of {}", known.collect::<Vec<_>>().join(", ")))
}
