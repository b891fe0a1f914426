//! One column: its normal rule, and what each anomaly does to it.

use std::sync::Arc;

use super::recorded::{Recorded, Runs};
use super::rule::{Anomalous, At, Rule, Scope};
use super::schedule::Event;
use crate::random::{Key, TILE};
use crate::spec::Field;
use crate::{Error, Result};

/// A variable of the plan.
#[derive(Debug)]
pub struct Variable {
    /// Its name, which keys its stream.
    pub name: String,
    key: Key,
    normal: Box<dyn Rule>,
    /// What an anomaly without a rule of its own does here.
    pub default: Option<Arc<Anomalous>>,
    /// What each anomaly does here.
    pub anomalous: Vec<Option<Arc<Anomalous>>>,
    /// Rows there are, when the recording must not begin anew.
    pub most_rows: Option<u64>,
    /// Stretches of the recording that are anomalous already.
    pub labels: Option<Runs>,
}

impl Variable {
    /// Reads a variable.
    pub fn parse(name: &str, field: &Field, seed: u64) -> Result<Self> {
        let table = field.table()?;
        let kind = table.need("kind")?;
        let mut most_rows = None;
        let mut labels = None;
        let normal = match kind.text()? {
            "stochastic" => Scope::new(false).rule(&table.need("normal")?)?,
            "recorded" => {
                let values = table.need("values")?;
                let series = values.series()?;
                if series.is_empty() {
                    return Err(values.invalid("must hold at least one row"));
                }
                if let Some(x) = series.iter().find(|x| x.is_infinite()) {
                    return Err(Error::invalid(
                        values.path,
                        x,
                        "must be finite (NaN stands for a missing value)",
                    ));
                }
                let repeat = table.flag_or("repeat", true)?;
                let rows = series.len() as u64;
                most_rows = (!repeat).then_some(rows);
                if let Some(runs) = table.get("labels") {
                    let stretches = super::plan::stretches(&runs)?;
                    if !stretches.is_empty() {
                        labels = Some(Runs::new(&runs.path, rows, repeat, stretches)?);
                    }
                }
                Box::new(Recorded(series))
            }
            _ => return Err(kind.invalid("must be stochastic or recorded")),
        };
        let default = match table.get("anomalous") {
            Some(rule) => Some(Arc::new(Scope::new(true).anomaly(&rule)?)),
            None => None,
        };
        table.finish()?;
        Ok(Self {
            name: name.into(),
            key: Key::new(seed, "variable", name),
            normal,
            default,
            anomalous: Vec::new(),
            most_rows,
            labels,
        })
    }

    /// Fills `out` with the values of rows from `row` on; `events` are those that touch the rows.
    pub fn fill(&self, row: u64, events: &[Event], out: &mut [f64]) {
        self.tiles(None, row, out, |at, values| self.normal.fill(at, values));
        for event in events {
            let Some(rule) = &self.anomalous[event.kind] else { continue };
            let last = row + (out.len() as u64 - 1);
            let from = event.start.max(row);
            let to = (event.stop - 1).min(last);
            let part = &mut out[(from - row) as usize..=(to - row) as usize];
            self.tiles(Some(event), from, part, |at, values| rule.apply(at, &*self.normal, values));
        }
    }

    /// Calls `work` for each tile's share of the rows.
    fn tiles(&self, event: Option<&Event>, row: u64, out: &mut [f64], mut work: impl FnMut(At, &mut [f64])) {
        let mut row = row;
        let mut out = out;
        while !out.is_empty() {
            let take = out.len().min(TILE - (row % TILE as u64) as usize);
            let (now, later) = out.split_at_mut(take);
            work(At { key: self.key, row, attempt: 0, event }, now);
            row = row.wrapping_add(take as u64);
            out = later;
        }
    }
}
