//! States in a spec: names, flags or numbers in the place of a rule's values.

use super::column::Gives;
use super::scope::Scope;
use crate::spec::{Field, Value};
use crate::{Error, Result};

/// Reads a list of values: names, true and false, or numbers; all of the sort of the first.
pub fn read(list: &Field, scope: &Scope) -> Result<(Vec<f64>, Gives)> {
    let (values, gives) = match list.value {
        Value::List(items) if matches!(items.first(), Some(Value::Text(_))) => {
            (list.list()?.iter().map(|item| scope.state(item)).collect::<Result<_>>()?, Gives::States)
        }
        Value::List(items) if matches!(items.first(), Some(Value::Bool(_))) => {
            let flag = |item: &Field| item.flag().map(|flag| f64::from(u8::from(flag)));
            (list.list()?.iter().map(flag).collect::<Result<_>>()?, Gives::Flags)
        }
        _ => (list.numbers()?, Gives::Numbers),
    };
    let values: Vec<f64> = values;
    if values.is_empty() {
        return Err(list.invalid("must hold at least one value"));
    }
    Ok((values, gives))
}

/// What several rules give, of which a row has one.
pub fn common(path: &str, gives: impl Iterator<Item = Gives>) -> Result<Gives> {
    let gives: Vec<Gives> = gives.collect();
    let has = |which| gives.contains(&which);
    if has(Gives::States) && gives.iter().any(|given| *given != Gives::States) {
        return Err(Error::invalid(path, "states and numbers", "must give either states or numbers"));
    }
    Ok(if has(Gives::Numbers) || gives.is_empty() { Gives::Numbers } else { gives[0] })
}
