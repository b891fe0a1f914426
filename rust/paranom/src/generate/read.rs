//! From a spec to a plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::anomaly::Anomaly;
use super::basis::Basis;
use super::dropouts::Losses;
use super::effect::{Action, Effect};
use super::finite::Unusual;
use super::graph::Graph;
use super::labels::Labels;
use super::nested;
use super::plan::Plan;
use super::schedule::{Aftershocks, Placing, Timing};
use super::time::Time;
use super::tracks::Tracks;
use super::triviality::NEIGHBOURHOOD;
use super::uniqueness::Uniqueness;
use super::variable::Variable;
use crate::random::Stream;
use crate::spec::{Canonical, Field, Table, Value};
use crate::{Error, Result};

/// Columns of every exported table; a variable cannot have their names.
const RESERVED: [&str; 3] = ["t", "is_anomaly", "event"];
/// The name of the anomaly that stands for labels of recordings.
const RECORDED: &str = "recorded";
const NEWEST: u64 = Stream::NEWEST.number();
const MOST_SEED: i128 = u64::MAX as i128;

impl Plan {
    /// Checks a spec.
    pub fn new(spec: &Value) -> Result<Self> {
        let canonical = Canonical::default();
        let root = Field::root(spec, &canonical).table()?;
        let stream = root.whole_or("stream", 0, MOST_SEED, i128::from(NEWEST))? as u64;
        let Some(stream) = Stream::of(stream) else {
            return Err(Error::Version { what: "stream", found: stream, supported: NEWEST });
        };
        let seed = root.whole_or("seed", 0, MOST_SEED, 0)? as u64;
        let read_time = || root.get("time").map_or(Ok(Time::Row), |field| Time::parse(&field, seed, stream));
        // In stream 1 it is read later: the order of the lines of the canonical spec is part of fingerprints.
        let time = if stream == Stream::One { Time::Row } else { read_time()? };
        let basis = Basis { seed, stream, time };
        let mut variables = read_variables(&root, &basis)?;
        let (mut anomalies, mut timings) = read_anomalies(&root, &mut variables, stream)?;
        let labels = shared_labels(&variables)?;
        let recorded = labels.as_ref().map(|_| anomalies.len());
        if recorded.is_some() {
            let anomaly = recorded_anomaly(&mut variables);
            let touches = anomaly.variables.clone();
            anomalies.push(anomaly);
            timings.push(Timing { touches, ..Timing::at(RECORDED.into(), Placing::Recorded, 1) });
        }
        let checked = rows_checked(&timings);
        let schedule = Tracks::new(seed, stream, &timings, labels)?;
        refuse_long_checks(checked, schedule.slot_length())?;
        variables.iter_mut().for_each(Variable::settle);
        variables.iter().try_for_each(Variable::check_sequence)?;
        check_functions(&schedule, &anomalies, &variables)?;
        let time = if stream == Stream::One { read_time()? } else { basis.time };
        let graph = Graph::new(&variables, &anomalies)?;
        nested::check(&variables, &anomalies, &graph)?;
        check_losses(&variables, root.get("uniqueness").is_some())?;
        check_references(&schedule, &anomalies, &graph)?;
        settle_bindings(&variables)?;
        check_hidden(&root, &variables)?;
        let uniqueness = match root.get("uniqueness") {
            Some(field) => {
                check_uniqueness(&field, &schedule, &anomalies, &graph)?;
                Some(Uniqueness::parse(&field, &variables, anomalies.len())?)
            }
            None => None,
        };
        let unusual = Unusual::read(&root, spec, stream)?;
        root.finish()?;
        let most_rows = variables.iter().filter_map(|v| v.most_rows).min();
        let (canonical, series) = canonical.finish();
        Ok(Self {
            variables,
            anomalies,
            schedule,
            graph,
            recorded,
            time,
            stream,
            uniqueness,
            unusual,
            most_rows,
            canonical,
            series,
        })
    }
}

fn read_variables(root: &Table, basis: &Basis) -> Result<Vec<Variable>> {
    let field = root.need("variables")?;
    let table = field.table()?;
    let entries = table.all();
    if entries.is_empty() {
        return Err(field.invalid("must hold at least one variable"));
    }
    let mut variables: Vec<Variable> = Vec::with_capacity(entries.len());
    let all: Arc<[String]> = entries.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut names = BTreeSet::new();
    for (name, entry) in entries {
        if name.is_empty() || RESERVED.contains(&name) || name.contains('\0') {
            let rule = format!("must be a name for a variable (not {}, nor empty)", RESERVED.join(", "));
            return Err(Error::invalid(field.path, format!("{name:?}"), rule));
        }
        if !names.insert(name) {
            return Err(Error::invalid(field.path, format!("{name:?}"), "must have each name once"));
        }
        if basis.stream != Stream::One {
            refuse_other_case(&field, name, &all)?;
        }
        variables.push(Variable::parse(name, &all, &entry, basis)?);
    }
    table.finish()?;
    if let Some(field) = root.get("missing") {
        let losses = Losses::parse(&field, &all, basis)?;
        for variable in variables.iter_mut().filter(|variable| variable.dropouts.is_none()) {
            variable.dropouts = Some(losses.of(basis, &variable.name)?);
        }
    }
    Ok(variables)
}

/// Refuses a name that differs from that of another column by case only: SQL does not tell the two apart.
fn refuse_other_case(field: &Field, name: &str, all: &[String]) -> Result<()> {
    let low = name.to_lowercase();
    let others = RESERVED.into_iter().chain(all.iter().map(String::as_str));
    match others.into_iter().find(|other| *other != name && other.to_lowercase() == low) {
        Some(other) => Err(Error::invalid(
            field.path.clone(),
            format!("{name:?}"),
            format!("must differ from the column {other:?} by more than upper and lower case"),
        )),
        None => Ok(()),
    }
}

fn read_anomalies(
    root: &Table,
    variables: &mut [Variable],
    stream: Stream,
) -> Result<(Vec<Anomaly>, Vec<Timing>)> {
    let (mut anomalies, mut timings) = (Vec::new(), Vec::new());
    if let Some(list) = root.get("anomalies") {
        for field in list.list()? {
            let (anomaly, timing) = read_anomaly(&field, variables, &anomalies)?;
            // In stream 1 a decoy's function saw anomalies, and gave other values than in the clean copy.
            let decoy = anomaly.decoy && stream != Stream::One;
            let effects = variables.iter_mut().filter_map(|variable| variable.effects.last_mut()?.as_mut());
            effects.for_each(|effect| effect.decoy = decoy);
            if stream != Stream::One {
                refuse_without_effect(&timing, &anomaly, variables)?;
            }
            anomalies.push(anomaly);
            timings.push(timing);
        }
    }
    Ok((anomalies, timings))
}

/// Refuses events that are too short for what they do: their rows would be labelled, and normal.
fn refuse_without_effect(timing: &Timing, anomaly: &Anomaly, variables: &[Variable]) -> Result<()> {
    for &at in &anomaly.variables {
        let Variable { effects, name, .. } = &variables[at];
        let Some(Some(Effect { rule, .. })) = effects.last() else { continue };
        let shortest = if let Action::Change(change) = &rule.action { change.shortest() } else { 1 };
        if timing.fewest() < shortest {
            let path = if let Placing::Explicit(_) = timing.placing { "events" } else { "duration" };
            let rule = format!("must be at least {shortest} rows: one alone stays as it is in {name:?}");
            return Err(Error::invalid(format!("{}.{path}", timing.path), timing.fewest(), rule));
        }
    }
    Ok(())
}

fn read_anomaly(field: &Field, variables: &mut [Variable], before: &[Anomaly]) -> Result<(Anomaly, Timing)> {
    let table = field.table()?;
    let name = match table.get("name") {
        Some(name) => name.text()?.to_owned(),
        None => "anomaly".to_owned(),
    };
    if name.is_empty() || name == RECORDED || before.iter().any(|other| other.name == name) {
        let rule = format!("must be a name of its own (and not {RECORDED:?}, nor empty)");
        return Err(Error::invalid(format!("{}.name", table.path), format!("{name:?}"), rule));
    }
    let onset = table.get("onset").map(|field| read_onset(&field)).transpose()?;
    let affected = read_affected(&table, onset, variables)?;
    let decoy = table.flag("decoy")?;
    let track = table.get("track").map_or(Ok(""), |field| field.text())?.to_owned();
    let aftershocks = table.get("aftershocks").map(|field| read_aftershocks(&field, &table)).transpose()?;
    let timing = Timing { track, touches: affected.clone(), aftershocks, ..Timing::parse(&table)? };
    table.finish()?;
    Ok((Anomaly { name, variables: affected, decoy }, timing))
}

/// What events lead to.
fn read_aftershocks(field: &Field, table: &Table) -> Result<Aftershocks> {
    if let Some(other) = table.get("events").or(table.get("difficulty")) {
        return Err(
            other.invalid("must go without aftershocks, which are drawn with the event that they follow")
        );
    }
    Aftershocks::parse(field)
}

/// Which variables an anomaly affects, and how: by rules of its own, by name, or all that have a rule.
fn read_affected(table: &Table, onset: Option<f64>, variables: &mut [Variable]) -> Result<Vec<usize>> {
    for variable in variables.iter_mut() {
        variable.effects.push(None);
    }
    let mut affected = Vec::new();
    let named = table.get("variables");
    if let Some(list) = &named {
        for item in list.list()? {
            affected.push(position(&item, item.text()?, variables)?);
        }
    }
    let values = table.get("values");
    if let Some(rules) = &values {
        let rules = rules.table()?;
        for (name, rule) in rules.all() {
            let at = position(&rule, name, variables)?;
            let rule = variables[at].read_anomaly(&rule)?;
            *variables[at].effects.last_mut().expect("pushed above") =
                Some(Effect { rule, onset, decoy: false });
            affected.push(at);
        }
        rules.finish()?;
    }
    if named.is_none() && values.is_none() {
        affected.extend((0..variables.len()).filter(|&i| variables[i].anomalous.is_some()));
        if affected.is_empty() {
            return Err(table.invalid("must affect a variable, and none has an anomalous rule"));
        }
    }
    if affected.is_empty() {
        return Err(table.invalid("must affect at least one variable"));
    }
    affected.sort_unstable();
    affected.dedup();
    for &at in &affected {
        let Variable { anomalous, effects, name, column, .. } = &mut variables[at];
        let effect = effects.last_mut().expect("pushed above");
        if effect.is_none() {
            *effect = anomalous.clone().map(|rule| Effect { rule, onset, decoy: false });
        }
        if onset.is_some() && column.is_discrete() {
            let rule = format!("must be left out for {name:?}: there is nothing between two states");
            return Err(Error::invalid(format!("{}.onset", table.path), "", rule));
        }
        if effect.is_none() {
            return Err(
                table.invalid(format!("must affect variables with an anomalous rule, and {name:?} has none"))
            );
        }
    }
    Ok(affected)
}

/// The position of the variable of a name.
fn position(field: &Field, name: &str, variables: &[Variable]) -> Result<usize> {
    variables.iter().position(|variable| variable.name == name).ok_or_else(|| {
        let known: Vec<_> = variables.iter().map(|variable| variable.name.as_str()).collect();
        let rule = format!("must be a variable: {}", known.join(", "));
        Error::invalid(field.path.clone(), format!("{name:?}"), rule)
    })
}

/// The share of an event over which its effect grows.
fn read_onset(field: &Field) -> Result<f64> {
    let rule = "must be \"creeping\", or the share of the event over which its effect grows: > 0 and <= 1";
    if let Value::Text(_) = field.value {
        return if field.text()? == "creeping" { Ok(1.0) } else { Err(field.invalid(rule)) };
    }
    let share = field.number()?;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err(field.invalid(rule)) }
}

/// Refuses hidden variables where nothing would be delivered, or rows are drawn anew by their data.
fn check_hidden(root: &Table, variables: &[Variable]) -> Result<()> {
    let Some(hidden) = variables.iter().find(|variable| variable.hidden) else { return Ok(()) };
    let refuse = |rule| Err(Error::invalid(format!("variables.{}.hidden", hidden.name), true, rule));
    if variables.iter().all(|variable| variable.hidden) {
        return refuse("must leave one variable at least that is delivered");
    }
    if root.peek("uniqueness").is_some() {
        return refuse("must go without uniqueness");
    }
    Ok(())
}

/// Checks what rules expect of other variables, whose states are known now.
fn settle_bindings(variables: &[Variable]) -> Result<()> {
    for binding in variables.iter().flat_map(|variable| &variable.bindings) {
        let other = &variables[binding.variable];
        binding.settle(&other.name, &other.column)?;
    }
    Ok(())
}

/// The labels that all labelled recordings share.
fn shared_labels(variables: &[Variable]) -> Result<Option<Labels>> {
    let mut shared: Option<&Labels> = None;
    for variable in variables {
        match (&variable.labels, shared) {
            (Some(labels), None) => shared = Some(labels),
            (Some(labels), Some(first)) if labels != first => {
                return Err(Error::invalid(
                    format!("variables.{}.labels", variable.name),
                    "",
                    "must be the same for all labelled recordings (a row is labelled as a whole)",
                ));
            }
            _ => {}
        }
    }
    Ok(shared.cloned())
}

/// The anomaly that stands for labels of recordings. It changes no value.
fn recorded_anomaly(variables: &mut [Variable]) -> Anomaly {
    for variable in &mut *variables {
        variable.effects.push(None);
    }
    let labelled = variables.iter().enumerate().filter(|(_, v)| v.labels.is_some());
    Anomaly { name: RECORDED.into(), variables: labelled.map(|(i, _)| i).collect(), decoy: false }
}

/// Most rows in which a one-liner may be looked for to arrange one slot, if each event is accepted when it is first drawn.
const MOST_CHECKED: f64 = (1_u64 << 26) as f64;

/// What the check of events that must not be trivial asks for: a path, and rows for each row of the axis.
fn rows_checked(timings: &[Timing]) -> Option<(String, f64, u64)> {
    let checked = timings.iter().filter(|timing| timing.nontrivial);
    let longest = checked.clone().max_by_key(|timing| timing.longest)?;
    let rows = |timing: &Timing| timing.rate() * (timing.longest as f64 + NEIGHBOURHOOD as f64);
    Some((longest.path.clone(), checked.map(rows).sum(), longest.longest))
}

/// Refuses anomalies that must not be trivial where one slot asks for too much work: any row asks for its whole slot.
fn refuse_long_checks(checked: Option<(String, f64, u64)>, slot: u64) -> Result<()> {
    let Some((path, each, longest)) = checked else { return Ok(()) };
    let rows = (each * slot as f64).max(longest as f64);
    if rows <= MOST_CHECKED {
        return Ok(());
    }
    Err(Error::invalid(
        format!("{path}.difficulty"),
        "nontrivial",
        format!(
            "must ask for checks of at most {MOST_CHECKED} rows at once, and events are arranged in slots of {slot} rows, \
             for which {rows:.0} would be checked: shorten the durations, or bring those of all anomalies closer together"
        ),
    ))
}

/// Refuses functions in anomalies that must not be trivial.
fn check_functions(schedule: &Tracks, anomalies: &[Anomaly], variables: &[Variable]) -> Result<()> {
    for (i, anomaly) in anomalies.iter().enumerate() {
        if let Some(&at) = anomaly.variables.iter().find(|&&at| variables[at].calls())
            && schedule.is_nontrivial(i)
        {
            return Err(Error::invalid(
                format!("anomalies[{i}].difficulty"),
                "nontrivial",
                format!("must go with rules, but {:?} calls a function", variables[at].name),
            ));
        }
    }
    Ok(())
}

/// Refuses chances of losses that depend on what functions give, or on rows that are drawn anew.
fn check_losses(variables: &[Variable], unique: bool) -> Result<()> {
    for variable in variables {
        let Some(dropouts) = &variable.dropouts else { continue };
        for &(source, _) in dropouts.references() {
            if unique || variables[source].calls() {
                return Err(Error::invalid(
                    format!("variables.{}.missing.chance", variable.name),
                    format!("{:?}", variables[source].name),
                    "must refer to variables without functions, and without uniqueness: their values are computed again",
                ));
            }
        }
    }
    Ok(())
}

/// Refuses references beside anomalies that must not be trivial.
fn check_references(schedule: &Tracks, anomalies: &[Anomaly], graph: &Graph) -> Result<()> {
    match (0..anomalies.len()).find(|&i| schedule.is_nontrivial(i)) {
        Some(i) if graph.is_used() => Err(Error::invalid(
            format!("anomalies[{i}].difficulty"),
            "nontrivial",
            "must go without references: an event is checked alone, and here it may reach other variables",
        )),
        _ => Ok(()),
    }
}

/// Refuses uniqueness where a row cannot be drawn anew for itself.
fn check_uniqueness(field: &Field, schedule: &Tracks, anomalies: &[Anomaly], graph: &Graph) -> Result<()> {
    if graph.is_used() {
        return Err(
            field.invalid("must go without references: a row drawn anew would change rows that refer to it")
        );
    }
    if schedule.overlap() {
        return Err(field.invalid("must go without events that overlap: a row is of one class, by one event"));
    }
    if schedule.has_nontrivial() {
        return Err(
            field.invalid("must go without difficulty: a row drawn anew is not the one that was checked")
        );
    }
    if anomalies.iter().any(|anomaly| anomaly.decoy) {
        return Err(field.invalid("must go without decoys: their rows are of neither class"));
    }
    Ok(())
}
