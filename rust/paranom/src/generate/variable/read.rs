//! Reads a variable from a spec.

use std::sync::Arc;

use super::definition::{Normal, Variable};
use super::sequence::Sequence;
use crate::generate::basis::Basis;
use crate::generate::column::{Column, Gives};
use crate::generate::dropouts::Losses;
use crate::generate::effect::{Action, AnomalousRule};
use crate::generate::labels::Labels;
use crate::generate::parse;
use crate::generate::recorded::Recorded;
use crate::generate::resampled::Resampled;
use crate::generate::rule::{Reads, Rule, Transform};
use crate::generate::schedule::read_intervals;
use crate::random::Key;
use crate::spec::{Field, Table};
use crate::{Error, Result};

impl Variable {
    /// Reads a variable, one of those with these names.
    pub fn parse(name: &str, names: &Arc<[String]>, field: &Field, basis: &Basis) -> Result<Self> {
        let table = field.table()?;
        let kind = table.need("kind")?;
        let mut variable = match kind.text()? {
            "stochastic" => Self::stochastic(name, names, basis, &table)?,
            "callback" => Self::callback(name, names, basis, &table)?,
            "recorded" => Self::recorded(name, names, basis, &table)?,
            _ => return Err(kind.invalid("must be stochastic, callback or recorded")),
        };
        let anomalous = table.get("anomalous").map(|rule| variable.read_anomaly(&rule)).transpose()?;
        variable.anomalous = anomalous;
        if let Some(missing) = table.get("missing") {
            let losses = Losses::parse(&missing, names, basis)?;
            if losses.together {
                return Err(missing
                    .invalid("must stand for the whole spec, not for one variable, to lose whole rows"));
            }
            variable.dropouts = Some(losses.of(basis, name)?);
        }
        table.finish()?;
        Ok(variable)
    }

    fn new(name: &str, names: &Arc<[String]>, basis: &Basis, normal: Normal) -> Self {
        Self {
            name: name.into(),
            basis: basis.clone(),
            key: Key::new(basis.seed, "variable", name),
            names: names.clone(),
            position: names.iter().position(|known| known == name).unwrap_or(0),
            calls: matches!(normal, Normal::Call(_)),
            normal,
            hidden: false,
            column: Column::Float,
            bindings: Vec::new(),
            sequence: None,
            redraws: false,
            signals: false,
            references: Vec::new(),
            anomalous: None,
            effects: Vec::new(),
            most_rows: None,
            labels: None,
            changes: Vec::new(),
            dropouts: None,
        }
    }

    fn stochastic(name: &str, names: &Arc<[String]>, basis: &Basis, table: &Table) -> Result<Self> {
        let scope = parse::scope(false, names, basis);
        let rule = scope.rule_or_states(&table.need("normal")?)?;
        Ok(Self {
            hidden: table.flag("hidden")?,
            column: column_of(table, &*rule, &scope.states())?,
            bindings: scope.bindings(),
            redraws: scope.redraws(),
            signals: scope.has_signals(),
            references: scope.references(),
            changes: scope.changes(),
            most_rows: scope.most_rows(),
            ..Self::new(name, names, basis, Normal::Rule(rule))
        })
    }

    fn callback(name: &str, names: &Arc<[String]>, basis: &Basis, table: &Table) -> Result<Self> {
        let sequence = Sequence::parse(table)?;
        // For the canonical spec, since values depend on them; the function knows them itself.
        table.flag_or("vectorized", false)?;
        table.flag_or("allow_nan", false)?;
        let function = table.need("normal")?.handle("a function")?;
        Ok(Self { sequence, redraws: true, ..Self::new(name, names, basis, Normal::Call(function)) })
    }

    fn recorded(name: &str, names: &Arc<[String]>, basis: &Basis, table: &Table) -> Result<Self> {
        let values = table.need("values")?;
        let series = values.series()?;
        if series.is_empty() {
            return Err(values.invalid("must hold at least one row"));
        }
        if let Some(x) = series.iter().find(|x| x.is_infinite()) {
            return Err(Error::invalid(values.path, x, "must be finite (NaN stands for a missing value)"));
        }
        let repeat = table.flag_or("repeat", true)?;
        let rows = series.len() as u64;
        let mut labels = None;
        if let Some(field) = table.get("labels") {
            let runs = read_intervals(&field)?;
            if !runs.is_empty() {
                labels = Some(Labels::new(&field.path, rows, repeat, runs)?);
            }
        }
        let rule = Box::new(Resampled(Box::new(Recorded(series))));
        Ok(Self {
            hidden: table.flag("hidden")?,
            column: column_of(table, &*rule, &[])?,
            signals: true,
            most_rows: (!repeat).then_some(rows),
            labels,
            ..Self::new(name, names, basis, Normal::Rule(rule))
        })
    }

    /// Reads what an anomaly does here.
    pub fn read_anomaly(&mut self, field: &Field) -> Result<Arc<AnomalousRule>> {
        let known: &[String] = if let Column::States(known) = &self.column { known } else { &[] };
        let scope = parse::scope(true, &self.names, &self.basis).with_states(known);
        let rule = parse::anomalous_rule(field, &scope)?;
        self.check_values(field, &rule.action)?;
        if let Action::Change(change) = &rule.action {
            self.check_transform(field, &**change)?;
        }
        if let Column::States(known) = &mut self.column {
            *known = scope.states();
        }
        self.bindings.extend(scope.bindings());
        Ok(Arc::new(rule))
    }

    /// Refuses an anomalous rule whose values the column cannot hold.
    fn check_values(&self, field: &Field, action: &Action) -> Result<()> {
        let name = &self.name;
        let right = match (&self.column, action) {
            (Column::Float | Column::Int64, Action::Replace(rule)) => rule.gives() != Gives::States,
            (Column::Float | Column::Int64, _) => true,
            (Column::States(_), Action::Replace(rule)) => rule.gives() == Gives::States,
            (Column::Bool, Action::Replace(rule)) => is_flag(&**rule),
            (_, Action::Change(change)) => change.keeps_states(),
            (_, Action::Call(_)) => false,
        };
        if right {
            return Ok(());
        }
        Err(field.invalid(match self.column {
            Column::States(_) => format!(
                "must give states, as the normal rule of {name:?} does, or keep them: stuck, missing, decoupled, moved in \
                 time, or a forbidden transition"
            ),
            Column::Bool => format!(
                "must give true or false, as the normal rule of {name:?} does, or keep them: stuck, missing, decoupled, moved \
                 in time, or a forbidden transition"
            ),
            _ => format!("must give numbers, as the normal rule of {name:?} does"),
        }))
    }

    /// Refuses a transform that needs what the normal rule does not have.
    fn check_transform(&self, field: &Field, change: &dyn Transform) -> Result<()> {
        let name = &self.name;
        if let Some(source) = change.decouples()
            && !self.references.iter().any(|(other, _)| *other == source)
        {
            return Err(field.invalid(format!(
                "must decouple {name:?} from a variable that its normal rule refers to, and {:?} is none",
                self.names[source]
            )));
        }
        if change.needs_successors() {
            let Normal::Rule(rule) = &self.normal else {
                return Err(field.invalid("must go with the rule of a Markov chain or of regimes"));
            };
            let Some(successors) = rule.successors() else {
                return Err(field.invalid(format!(
                    "must go with a Markov chain or regimes, and the normal rule of {name:?} is none"
                )));
            };
            if let Some(free) = successors.free() {
                let state = match &self.column {
                    Column::States(states) => format!("{:?}", states[free as usize]),
                    _ => free.to_string(),
                };
                return Err(field.invalid(format!(
                    "must go with transitions of which some are 0 for each state, and all may follow on {state} in {name:?}"
                )));
            }
        }
        let reads = change.reads();
        if matches!((&self.normal, reads), (Normal::Call(_), Reads::AnyRow | Reads::Signals)) {
            return Err(field.invalid(format!(
                "must read no other rows of {name:?}: a function gives each of its rows alone"
            )));
        }
        if reads == Reads::Signals && !self.signals {
            return Err(field.invalid(format!(
                "must resample a signal, but the normal rule of {name:?} has none: what is drawn in each row stays there"
            )));
        }
        Ok(())
    }
}

/// The type of a column: what its rule gives, or what the table asks for.
fn column_of(table: &Table, rule: &dyn Rule, states: &[String]) -> Result<Column> {
    let natural = match rule.gives() {
        Gives::Numbers => Column::Float,
        Gives::Flags => Column::Bool,
        Gives::States => Column::States(states.to_vec()),
    };
    let Some(field) = table.get("dtype") else { return Ok(natural) };
    match (field.text()?, natural) {
        ("int64", Column::Float | Column::Bool) => Ok(Column::Int64),
        ("bool", Column::Bool) => Ok(Column::Bool),
        ("bool", Column::Float) if is_flag(rule) => Ok(Column::Bool),
        ("bool", Column::Float) => Err(field.invalid("must go with a rule that gives 0 and 1 only")),
        ("int64" | "bool", _) => Err(field.invalid("must be left out for states, which are names")),
        _ => Err(field.invalid("must be \"int64\" or \"bool\"")),
    }
}

/// Whether a rule gives 0 and 1 only.
fn is_flag(rule: &dyn Rule) -> bool {
    let (low, high) = rule.bounds();
    rule.gives() == Gives::Flags
        || [low, high].iter().all(|end| [0.0, 1.0].contains(end)) && rule.support().is_some_and(|n| n <= 2)
}
