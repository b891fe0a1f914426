//! What blocks of a recording are mixed with: each with another one, in a share that is drawn for each round.

use crate::random::{Source, pair, scale, unit};
use crate::spec::{Table, Value};
use crate::{Error, Result};

#[derive(Debug)]
pub(super) struct BlockMix {
    /// The largest share of another block, for each block; 0: it stays as it is, and is in no mixture.
    shares: Vec<f64>,
    /// The blocks that are mixed.
    mixed: Vec<usize>,
}

/// What a block is mixed with in one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Other {
    /// The other block's number.
    pub number: usize,
    /// How much of the way to the other block's values is gone; below 0: away from them.
    pub share: f64,
}

impl BlockMix {
    /// Reads `mix`: one share for all of `count` blocks, or one for each.
    pub(super) fn parse(table: &Table, count: usize) -> Result<Self> {
        let shares = match table.get("mix") {
            None => vec![0.0; count],
            Some(field) => {
                let is_one = matches!(field.value, Value::Number(_) | Value::Whole(_));
                let shares = if is_one { vec![field.number()?; count] } else { field.numbers()? };
                if shares.len() != count {
                    let rule = format!("must be one share, or one for each of the {count} blocks");
                    return Err(Error::invalid(field.path, shares.len(), rule));
                }
                if let Some(share) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
                    return Err(Error::invalid(field.path, share, "must be from 0 to 1"));
                }
                shares
            }
        };
        let mixed = (0..count).filter(|&number| shares[number] > 0.0).collect();
        Ok(Self { shares, mixed })
    }

    /// The largest share of another block.
    pub(super) fn most(&self) -> f64 {
        if self.mixed.len() < 2 { 0.0 } else { self.shares.iter().fold(0.0, |most, &share| most.max(share)) }
    }

    /// What a block is mixed with in a round of draws that begin at `first`.
    pub(super) fn other(&self, source: Source, first: u64, number: usize) -> Option<Other> {
        let count = self.mixed.len();
        if count < 2 {
            return None;
        }
        let place = self.mixed.binary_search(&number).ok()?;
        let (which, how_much) = pair(source, first.wrapping_add(number as u64));
        let step = 1 + scale(which, count as u64 - 1) as usize;
        let share = self.shares[number] * (2.0 * unit(how_much) - 1.0);
        Some(Other { number: self.mixed[(place + step) % count], share })
    }
}

/// Moves `rows`, which stand at `offset` of a block of `length` rows, towards another block's rows, which are stretched to
/// the same length. Where a value is missing there, nothing is moved.
pub(super) fn mix_in(
    recording: &[f64],
    block: (usize, usize),
    length: usize,
    offset: usize,
    share: f64,
    rows: &mut [f64],
) {
    let (start, stop) = block;
    let width = stop - start;
    let (step, rest) = (width / length, width % length);
    let passed = offset as u128 * width as u128;
    let (mut at, mut part) = (start + (passed / length as u128) as usize, (passed % length as u128) as usize);
    for x in rows {
        let mut other = recording[at];
        if part > 0 {
            let next = recording[(at + 1).min(recording.len() - 1)];
            other += part as f64 / length as f64 * (next - other);
        }
        if !other.is_nan() {
            *x += share * (other - *x);
        }
        (at, part) = (at + step, part + rest);
        if part >= length {
            (at, part) = (at + 1, part - length);
        }
    }
}
