//! Reads a variable from a spec.

use std::sync::Arc;

use super::definition::{Normal, Variable};
use super::sequence::Sequence;
use crate::generate::basis::Basis;
use crate::generate::dropouts::Losses;
use crate::generate::effect::{Action, AnomalousRule};
use crate::generate::labels::Labels;
use crate::generate::parse;
use crate::generate::recorded::Recorded;
use crate::generate::resampled::Resampled;
use crate::generate::rule::{Reads, Transform};
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
        variable.anomalous = table.get("anomalous").map(|rule| variable.read_anomaly(&rule)).transpose()?;
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
        let rule = scope.rule(&table.need("normal")?)?;
        Ok(Self {
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
            signals: true,
            most_rows: (!repeat).then_some(rows),
            labels,
            ..Self::new(name, names, basis, Normal::Rule(rule))
        })
    }

    /// Reads what an anomaly does here.
    pub fn read_anomaly(&self, field: &Field) -> Result<Arc<AnomalousRule>> {
        let rule = parse::anomalous_rule(field, &parse::scope(true, &self.names, &self.basis))?;
        if let Action::Change(change) = &rule.action {
            self.check_transform(field, &**change)?;
        }
        Ok(Arc::new(rule))
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
