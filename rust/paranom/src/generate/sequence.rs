//! Variables whose functions see the values before them, and so are asked row after row (Gottschlich 2018, section
//! 2.4: "sequentially dependent time-series data").
//!
//! The normal function is asked for every row and sees its own last values: the chain that the clean twin shows, which
//! anomalies do not touch. An anomalous function sees the column as it is delivered. Without `warmup` both begin at
//! row 0. With it they begin anew for each block of rows, that many rows before the block: so a value depends on the
//! row alone, whatever the functions remember, and blocks are independent.

use super::callback::Manner;
use super::fill::BLOCK;
use super::rule::{Effect, Look};
use super::schedule::{Event, touching};
use super::variable::{Variable, Want};
use crate::spec::Table;
use crate::{Error, Result};

/// What a sequential variable's functions are told.
#[derive(Debug, Clone, Copy)]
pub struct Sequence {
    /// How many values before the row.
    pub previous: usize,
    /// How many rows before a block they begin; from row 0 on if there is none.
    pub warmup: Option<u64>,
}

/// The values before the rows of a call.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// The last ones, oldest first.
    pub values: &'a [f64],
    /// How many a function may see.
    pub most: usize,
}

/// Where a walk along a sequential variable stands.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// The first row that is not walked yet.
    pub next: u64,
    /// The last normal values.
    chain: Vec<f64>,
    /// The last values as delivered.
    column: Vec<f64>,
    /// The first row of the event that the walk stands in, and its normal value there.
    first: Option<(u64, f64)>,
}

/// Most values that a function may see.
const MOST_PREVIOUS: i128 = 1 << 16;
/// Most rows of a warmup.
const MOST_WARMUP: i128 = 1 << 32;

impl Sequence {
    /// Reads whether a callback variable is sequential.
    pub fn parse(table: &Table) -> Result<Option<Self>> {
        let sequential = match table.get("sequential") {
            Some(flag) => flag.flag()?,
            None => false,
        };
        let (previous, warmup) = (table.get("previous"), table.get("warmup"));
        if !sequential {
            return match previous.or(warmup) {
                Some(field) => Err(field.invalid("goes with sequential=True only")),
                None => Ok(None),
            };
        }
        let previous = previous.map_or(Ok(1), |field| field.whole(1, MOST_PREVIOUS))? as usize;
        let warmup = match warmup {
            Some(field) => Some(field.whole(0, MOST_WARMUP)? as u64),
            None => None,
        };
        Ok(Some(Self { previous, warmup }))
    }

    /// A walk that will have warmed up when it gets to the block of a row.
    fn begin(&self, row: u64) -> Walk {
        let next = self.warmup.map_or(0, |rows| (row - row % BLOCK as u64).saturating_sub(rows));
        Walk { next, ..Walk::default() }
    }
}

/// The last `most` of some values and those after them.
fn last(most: usize, before: &[f64], after: &[f64]) -> Vec<f64> {
    let new = &after[after.len().saturating_sub(most)..];
    let old = &before[before.len().saturating_sub(most - new.len())..];
    [old, new].concat()
}

impl Variable {
    /// Refuses functions that cannot be asked row after row.
    pub fn check_sequence(&self) -> Result<()> {
        if self.sequence.is_some() && !self.functions().all(|function| function.manner() == Manner::Rows) {
            return Err(Error::invalid(
                format!("variables.{}.sequential", self.name),
                "functions that take many rows at a time",
                "needs functions that are called for one row after the other (neither vectorized nor native)",
            ));
        }
        Ok(())
    }

    /// Whether its rows must be walked from row 0 on.
    pub fn walks(&self) -> bool {
        self.sequence.is_some_and(|sequence| sequence.warmup.is_none())
    }

    /// Rows before a block that must be known to fill it.
    pub fn warmup(&self) -> u64 {
        self.sequence.and_then(|sequence| sequence.warmup).unwrap_or(0)
    }

    /// Fills rows of one block, after a warmup.
    pub(super) fn fill_warm(&self, sequence: Sequence, row: u64, want: &Want, out: &mut [f64]) -> Result<()> {
        let want = Want { events: want.around, ..*want };
        let mut walk = sequence.begin(row);
        self.walk_to(row, sequence, &mut walk, &want)?;
        self.walk(sequence, &mut walk, &want, out)?;
        Ok(())
    }

    /// Walks up to a row. The values are thrown away.
    fn walk_to(&self, row: u64, sequence: Sequence, walk: &mut Walk, want: &Want) -> Result<()> {
        while walk.next < row {
            let take = (row - walk.next).min(BLOCK as u64) as usize;
            self.walk(sequence, walk, want, &mut vec![0.0; take])?;
        }
        Ok(())
    }

    /// Walks the next rows and fills `out` with their values; `want.events` are at least those that touch them. Gives
    /// the normal values.
    pub(super) fn walk(
        &self,
        sequence: Sequence,
        walk: &mut Walk,
        want: &Want,
        out: &mut [f64],
    ) -> Result<Vec<f64>> {
        let want = Want { attempt: 0, ..*want };
        let most = sequence.previous;
        let row = walk.next;
        self.call_next(None, row, Past { values: &walk.chain, most }, &want, out)?;
        let chain = out.to_vec();
        let mut first = None;
        let end = row + out.len() as u64;
        for event in touching(want.events, row, end - 1) {
            let Some(hit) = &self.anomalous[event.kind] else { continue };
            let (from, to) = (event.start.max(row), event.stop.min(end));
            let (done, part) = out[..(to - row) as usize].split_at_mut((from - row) as usize);
            match &hit.anomalous.effect {
                Effect::Call(_) if hit.onset.is_some() => {
                    // What it sees is how far the effect has come: one row after the other.
                    let mut seen = last(most, &walk.column, done);
                    for (row, x) in (from..to).zip(part.iter_mut().map(std::slice::from_mut)) {
                        let normal = x.to_vec();
                        self.call_next(Some(event), row, Past { values: &seen, most }, &want, x)?;
                        hit.set_in(event, row, &normal, x);
                        seen = last(most, &seen, x);
                    }
                }
                Effect::Call(_) => {
                    let seen = last(most, &walk.column, done);
                    self.call_next(Some(event), from, Past { values: &seen, most }, &want, part)?;
                }
                Effect::Change(change) if change.looks() == Look::First => {
                    let normal = match walk.first {
                        _ if event.start >= row => chain[(event.start - row) as usize],
                        Some((start, normal)) if start == event.start => normal,
                        _ => self.normal_at(event.start, sequence, &want)?,
                    };
                    first = (event.stop > end).then_some((event.start, normal));
                    self.strike_after(hit, event, from, normal, &want, part);
                }
                _ => self.strike_after(hit, event, from, 0.0, &want, part),
            }
        }
        walk.chain = last(most, &walk.chain, &chain);
        walk.column = last(most, &walk.column, out);
        walk.first = first;
        walk.next = end;
        Ok(chain)
    }

    /// The normal value of one row.
    fn normal_at(&self, row: u64, sequence: Sequence, want: &Want) -> Result<f64> {
        let want = Want { events: &[], ..*want };
        let mut walk = sequence.begin(row);
        let mut value = [0.0];
        self.walk_to(row, sequence, &mut walk, &want)?;
        self.walk(sequence, &mut walk, &want, &mut value)?;
        Ok(value[0])
    }

    /// Asks the function of an event, or else the normal one, for neighbouring rows.
    fn call_next(
        &self,
        event: Option<&Event>,
        row: u64,
        past: Past,
        want: &Want,
        out: &mut [f64],
    ) -> Result<()> {
        let Some(function) = self.function(event) else { return Ok(()) };
        let part = super::callback::Part { row, len: out.len(), event: event.copied() };
        function.call(&self.asked(event.is_some(), &[part], Some(past), want), out)
    }
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn the_last_values_come_oldest_first() {
        assert_eq!(last(3, &[], &[]), [0.0; 0]);
        assert_eq!(last(3, &[1.0, 2.0], &[]), [1.0, 2.0]);
        assert_eq!(last(3, &[1.0, 2.0], &[3.0, 4.0]), [2.0, 3.0, 4.0]);
        assert_eq!(last(2, &[1.0], &[3.0, 4.0, 5.0]), [4.0, 5.0]);
    }
}
