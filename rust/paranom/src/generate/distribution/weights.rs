//! Probabilities that sum to 1, as ends of intervals of [0, 1).

use crate::error::refuse_unless;
use crate::spec::Table;
use crate::{Error, Result};

/// Reads `weights`, one for each of `n` things, all alike by default: a uniform in [ends[i-1], ends[i]) means thing i.
pub(super) fn ends(table: &Table, n: usize, things: &str) -> Result<Vec<f64>> {
    let weights = match table.get("weights") {
        None => vec![1.0 / n as f64; n],
        Some(field) => {
            let weights = field.numbers()?;
            let path = &field.path;
            if weights.len() != n {
                let rule = format!("must hold one weight for each of the {n} {things}");
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
    // Rounding must not leave a gap: the last that can come ends at 1.
    let last = weights.iter().rposition(|&w| w > 0.0).unwrap_or(0);
    ends[last..].fill(1.0);
    Ok(ends)
}

/// The places whose interval is not empty.
pub(super) fn possible(ends: &[f64]) -> impl Iterator<Item = usize> {
    (0..ends.len()).filter(|&i| ends[i] > if i == 0 { 0.0 } else { ends[i - 1] })
}
