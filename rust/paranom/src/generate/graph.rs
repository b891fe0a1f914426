//! Which variables depend on which.
//!
//! No variable may depend on itself, not even by way of others; then every row is a function of itself and of rows
//! before it that are known in number, and any slice is computable alone.

use std::collections::BTreeSet;

use super::anomaly::Anomaly;
use super::effect::{Action, Effect};
use super::variable::Variable;
use super::view::Reference;
use crate::{Error, Result};

/// A dependence of a variable's normal rule on another variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// What is referred to, by position.
    pub source: usize,
    /// What depends on it, by position.
    pub target: usize,
    /// So many rows later.
    pub lag: u64,
}

/// Which variables depend on which.
#[derive(Debug, Default)]
pub struct Graph {
    /// What each variable's normal rule refers to.
    sources: Vec<Vec<Reference>>,
    /// The values that an event of each anomaly changes: variables, so many rows later.
    reach: Vec<Vec<Reference>>,
    /// How many rows later, in any of these.
    lags: BTreeSet<u64>,
    /// Whether any rule refers to another variable.
    used: bool,
}

/// Most values, each so many rows before, that a row may depend on, or that an event may change: a column of a block
/// is kept for each.
const MOST: usize = 1024;

impl Graph {
    /// The graph of a plan's variables and anomalies.
    pub fn new(variables: &[Variable], anomalies: &[Anomaly]) -> Result<Self> {
        let sources: Vec<Vec<Reference>> = variables.iter().map(|v| v.references.clone()).collect();
        // A hidden variable is not labelled.
        let hidden = variables.iter().any(|variable| variable.hidden);
        let mut used = hidden || sources.iter().any(|list| !list.is_empty());
        let mut all = sources.clone();
        for (variable, all) in variables.iter().zip(&mut all) {
            for Effect { rule, .. } in variable.effects.iter().flatten() {
                all.extend(&rule.references);
                used |= !rule.other_variables.is_empty() || !rule.references.is_empty();
                let seen = rule.other_variables.iter().chain(rule.references.iter().map(|(i, _)| i));
                seen.copied().try_for_each(|source| refuse_function(variable, source, variables))?;
            }
            variable
                .references
                .iter()
                .try_for_each(|(source, _)| refuse_function(variable, *source, variables))?;
        }
        refuse_circle(&all, variables)?;
        let mut targets = vec![Vec::new(); variables.len()];
        for (target, list) in sources.iter().enumerate() {
            for &(source, lag) in list {
                targets[source].push((target, lag));
            }
        }
        let too_many = |what: String| {
            let rule = format!(
                "must depend on, or change, at most {MOST} values: use fewer references, or fewer lags"
            );
            Error::invalid("variables", what, rule)
        };
        let everything: Vec<Reference> =
            (0..variables.len()).filter(|i| !sources[*i].is_empty()).map(|i| (i, 0)).collect();
        follow(&sources, &everything).ok_or_else(|| too_many("a row".into()))?;
        let mut reach = Vec::new();
        for anomaly in anomalies {
            let own: Vec<Reference> = anomaly.variables.iter().map(|&i| (i, 0)).collect();
            reach.push(follow(&targets, &own).ok_or_else(|| too_many(anomaly.name.clone()))?);
        }
        let lags = reach.iter().flatten().map(|(_, lag)| *lag).collect();
        Ok(Self { sources, reach, lags, used })
    }

    /// Whether any rule refers to another variable.
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// What the normal rule of a variable refers to.
    pub fn sources(&self, variable: usize) -> &[Reference] {
        &self.sources[variable]
    }

    /// A variable and all that its normal rule refers to, also by way of others; each so many rows before.
    pub fn all_sources(&self, variable: usize) -> Vec<Reference> {
        follow(&self.sources, &[(variable, 0)]).unwrap_or_default()
    }

    /// All variables, sources first.
    pub fn order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.sources.len());
        let mut seen = vec![false; self.sources.len()];
        for root in 0..self.sources.len() {
            let mut open = vec![(root, false)];
            while let Some((at, is_ready)) = open.pop() {
                if is_ready {
                    order.push(at);
                } else if !std::mem::replace(&mut seen[at], true) {
                    open.push((at, true));
                    open.extend(self.sources[at].iter().map(|&(source, _)| (source, false)));
                }
            }
        }
        order
    }

    /// The dependences between variables, in the order of the variables that depend.
    pub fn edges(&self) -> impl Iterator<Item = Edge> {
        let of = |(target, list): (usize, &Vec<Reference>)| {
            list.iter().map(move |&(source, lag)| Edge { source, target, lag }).collect::<Vec<_>>()
        };
        self.sources.iter().enumerate().flat_map(of)
    }

    /// The values that an event of an anomaly changes: variables, so many rows later.
    pub fn reach(&self, anomaly: usize) -> &[Reference] {
        &self.reach[anomaly]
    }

    /// How many rows later events change values.
    pub fn lags(&self) -> impl Iterator<Item = u64> {
        self.lags.iter().copied()
    }
}

/// The edges that events of an anomaly cut: (source, target) where the source has no part in the target's values.
pub fn broken(variables: &[Variable], anomaly: usize) -> Vec<(usize, usize)> {
    let mut broken = Vec::new();
    for (target, variable) in variables.iter().enumerate() {
        let Some(Effect { rule, .. }) = &variable.effects[anomaly] else { continue };
        for &(source, _) in &variable.references {
            let cut = match &rule.action {
                Action::Change(change) => change.decouples() == Some(source),
                _ => !rule.references.iter().any(|(other, _)| *other == source),
            };
            if cut && !broken.contains(&(source, target)) {
                broken.push((source, target));
            }
        }
    }
    broken
}

fn refuse_function(variable: &Variable, source: usize, variables: &[Variable]) -> Result<()> {
    if !variables[source].calls() {
        return Ok(());
    }
    Err(Error::invalid(
        format!("variables.{}", variable.name),
        format!("{:?}", variables[source].name),
        "must refer to variables without functions: a function is called once for each row",
    ))
}

fn refuse_circle(sources: &[Vec<Reference>], variables: &[Variable]) -> Result<()> {
    let Some(circle) = cycle(sources) else { return Ok(()) };
    let names: Vec<_> = circle.iter().map(|&i| variables[i].name.as_str()).collect();
    Err(Error::invalid(
        format!("variables.{}", names[0]),
        names.join(" <- "),
        "must not depend on itself, not even on an earlier value",
    ))
}

/// A circle, if there is one: each depends on the next, and the last is the first.
fn cycle(sources: &[Vec<Reference>]) -> Option<Vec<usize>> {
    // 0: not seen; 1: on the path; 2: done.
    let mut state = vec![0_u8; sources.len()];
    for root in 0..sources.len() {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if state[root] == 0 {
            state[root] = 1;
            path.push((root, 0));
        }
        while let Some((at, next)) = path.last_mut() {
            let Some(&(source, _)) = sources[*at].get(*next) else {
                state[*at] = 2;
                path.pop();
                continue;
            };
            *next += 1;
            match state[source] {
                0 => {
                    state[source] = 1;
                    path.push((source, 0));
                }
                1 => {
                    let from = path.iter().position(|(i, _)| *i == source).unwrap_or(0);
                    let mut circle: Vec<usize> = path[from..].iter().map(|(i, _)| *i).collect();
                    circle.push(source);
                    return Some(circle);
                }
                _ => {}
            }
        }
    }
    None
}

/// All that is reached from some, with the lags on each path added up; none if that is too much.
fn follow(links: &[Vec<Reference>], from: &[Reference]) -> Option<Vec<Reference>> {
    let mut found: BTreeSet<Reference> = from.iter().copied().collect();
    let mut new: Vec<Reference> = from.to_vec();
    while let Some((at, sum)) = new.pop() {
        for &(next, lag) in &links[at] {
            let reference = (next, sum.saturating_add(lag));
            if found.insert(reference) {
                new.push(reference);
            }
        }
        if found.len() > MOST {
            return None;
        }
    }
    Some(found.into_iter().collect())
}
