//! How much work a value is.
//!
//! What rules read is shared by all that read it there (see `view`), but for one thing: a variable that is decoupled sees
//! another one at a time that its event has drawn, and that is computed for the event alone. What is seen there is
//! without anomalies, but decoys stay, and may be decoupled in turn.

use super::anomaly::Anomaly;
use super::effect::{Action, Effect};
use super::graph::Graph;
use super::variable::Variable;
use crate::{Error, Result};

/// Most values that may have to be computed for one value.
const MOST_VALUES: u64 = 1 << 16;
/// Most decoys that may be decoupled one within the other: each is computed on the stack of the one before.
const MOST_NESTED: u32 = 4;

/// The work for one value of a variable, in the worst case.
#[derive(Clone, Copy)]
struct Work {
    values: u64,
    nested: u32,
}

/// Refuses variables of which a value is too much work.
pub fn check(variables: &[Variable], anomalies: &[Anomaly], graph: &Graph) -> Result<()> {
    let decoupled = |variable: &Variable, is_clean: bool| -> Vec<usize> {
        let effects = variable.effects.iter().zip(anomalies);
        let seen = effects.filter(|(_, anomaly)| anomaly.decoy || !is_clean);
        seen.filter_map(|(effect, _)| match effect {
            Some(Effect { rule, .. }) => match &rule.action {
                Action::Change(change) => change.decouples(),
                _ => None,
            },
            None => None,
        })
        .collect()
    };
    let mut clean: Vec<Option<Work>> = vec![None; variables.len()];
    let work = |sources: Vec<usize>, clean: &[Option<Work>]| {
        let mut most = Work { values: 1, nested: 0 };
        for source in sources {
            let mut values = 1_u64;
            for (read, _) in graph.all_sources(source) {
                let Work { values: more, nested } = clean[read].unwrap_or(Work { values: 1, nested: 0 });
                values = values.saturating_add(more);
                most.nested = most.nested.max(nested + 1);
            }
            most.values = most.values.max(values);
        }
        most
    };
    for &at in &graph.order() {
        clean[at] = Some(work(decoupled(&variables[at], true), &clean));
        let Work { values, nested } = work(decoupled(&variables[at], false), &clean);
        let path = || format!("variables.{}.anomalous", variables[at].name);
        if values > MOST_VALUES {
            let rule = format!(
                "must need at most {MOST_VALUES} values of other variables for one value: use fewer decoys that \
                 Decouple, or fewer references"
            );
            return Err(Error::invalid(path(), values, rule));
        }
        if nested > MOST_NESTED {
            let rule = format!(
                "must be decoupled from variables whose decoys Decouple in turn at most {MOST_NESTED} deep"
            );
            return Err(Error::invalid(path(), nested, rule));
        }
    }
    Ok(())
}
