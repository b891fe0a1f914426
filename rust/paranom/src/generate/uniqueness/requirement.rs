//! What is asked of the rows of a plan.

use crate::generate::callback::class;
use crate::generate::variable::Variable;
use crate::spec::Field;
use crate::{Error, Result};

/// What is asked of the rows of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How often a row is drawn at most.
    pub tries: u32,
    /// Whether a row without a datum of its own is an error.
    pub hard: bool,
}

/// What is asked of a plan's rows.
#[derive(Debug, Clone)]
pub struct Uniqueness {
    /// The variables whose values are the datum, and which are drawn anew; by position.
    pub over: Vec<usize>,
    /// For normal rows, and for anomalous ones.
    pub limits: [Option<Limit>; 2],
    /// How many different data there can be, where that is known.
    pub possible: [Option<u64>; 2],
}

/// Most tries of a row.
const MOST_TRIES: i128 = 1 << 24;

impl Uniqueness {
    /// Reads what is asked of the rows. `anomalies` is their number.
    pub fn parse(field: &Field, variables: &[Variable], anomalies: usize) -> Result<Self> {
        let table = field.table()?;
        let over = match table.get("over") {
            None => (0..variables.len()).collect(),
            Some(names) => read_over(&names, variables)?,
        };
        let mut limits = [None; 2];
        let mut possible = [None; 2];
        for (anomalous, name) in ["normal", "anomalous"].into_iter().enumerate() {
            let Some(field) = table.get(name) else { continue };
            limits[anomalous] = Some(read_limit(&field)?);
            let rows_of: Vec<Option<usize>> =
                if anomalous == 0 { vec![None] } else { (0..anomalies).map(Some).collect() };
            let redraws = |anomaly: &Option<usize>| over.iter().any(|&i| variables[i].redraws(*anomaly));
            if !rows_of.is_empty() && !rows_of.iter().any(redraws) {
                let names: Vec<_> = over.iter().map(|&i| variables[i].name.as_str()).collect();
                return Err(Error::invalid(
                    field.path,
                    names.join(", "),
                    format!(
                        "must hold a variable that can be drawn anew in {} rows (recorded values, signals and fixed \
                         values cannot)",
                        class(anomalous == 1)
                    ),
                ));
            }
            possible[anomalous] = rows_of.iter().try_fold(0_u64, |sum, anomaly| {
                let product = over.iter().try_fold(1_u64, |product, &i| {
                    Some(product.saturating_mul(variables[i].support(*anomaly)?))
                })?;
                Some(sum.saturating_add(product))
            });
        }
        table.finish()?;
        Ok(Self { over, limits, possible })
    }
}

fn read_over(names: &Field, variables: &[Variable]) -> Result<Vec<usize>> {
    let mut over = Vec::new();
    for name in names.list()? {
        let text = name.text()?;
        let Some(at) = variables.iter().position(|variable| variable.name == text) else {
            return Err(name.invalid("must be a variable"));
        };
        over.push(at);
    }
    if over.is_empty() {
        return Err(names.invalid("must name at least one variable"));
    }
    over.sort_unstable();
    over.dedup();
    Ok(over)
}

fn read_limit(field: &Field) -> Result<Limit> {
    let table = field.table()?;
    let kind = table.need("kind")?;
    let hard = match kind.text()? {
        "hard" => true,
        "soft" => false,
        _ => return Err(kind.invalid("must be hard or soft")),
    };
    let tries = table.need("tries")?.whole(1, MOST_TRIES)? as u32;
    table.finish()?;
    Ok(Limit { tries, hard })
}
