//! One of several values, by weight.

use crate::generate::rule::{At, Rule, Scope, Site, refuse_unless};
use crate::random::uniforms;
use crate::spec::Table;
use crate::{Error, Result};

#[derive(Debug)]
struct Choice {
    values: Vec<f64>,
    /// Value i is taken for a uniform in [ends[i-1], ends[i]).
    ends: Vec<f64>,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("values")?;
    let values = list.numbers()?;
    if values.is_empty() {
        return Err(list.invalid("must hold at least one value"));
    }
    let weights = match table.get("weights") {
        None => vec![1.0 / values.len() as f64; values.len()],
        Some(field) => {
            let weights = field.numbers()?;
            let path = &field.path;
            if weights.len() != values.len() {
                let rule = format!("must hold one weight for each of the {} values", values.len());
                return Err(Error::invalid(path, weights.len(), rule));
            }
            let least = weights.iter().fold(f64::INFINITY, |a, &b| a.min(b));
            refuse_unless(least >= 0.0, path, least, "must not be negative")?;
            let sum: f64 = weights.iter().sum();
            refuse_unless((sum - 1.0).abs() <= 1e-9, path, sum, "must sum to 1")?;
            weights
        }
    };
    let mut sum = 0.0;
    let mut ends: Vec<f64> = weights
        .iter()
        .map(|w| {
            sum += w;
            sum
        })
        .collect();
    // Rounding must not leave a gap: the last value that can come ends at 1.
    let last = weights.iter().rposition(|&w| w > 0.0).unwrap_or(0);
    ends[last..].fill(1.0);
    Ok(Box::new(Choice { values, ends, site: scope.site(table)? }))
}

impl Rule for Choice {
    fn fill(&self, at: At, out: &mut [f64]) {
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        for x in out {
            *x = self.values[self.ends.partition_point(|end| *end <= *x)];
        }
    }

    fn support(&self) -> Option<u64> {
        let mut before = 0.0;
        let mut values: Vec<u64> = Vec::new();
        for (value, &end) in self.values.iter().zip(&self.ends) {
            if end > before {
                values.push((value + 0.0).to_bits());
            }
            before = end;
        }
        values.sort_unstable();
        values.dedup();
        Some(values.len() as u64)
    }

    fn bounds(&self) -> (f64, f64) {
        self.values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)))
    }
}
