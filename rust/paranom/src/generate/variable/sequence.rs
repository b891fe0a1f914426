//! Variables whose functions see the values before them, and so are called row after row (Gottschlich 2018, section
//! 2.4: "sequentially dependent time-series data").
//!
//! The normal function is called for every row and sees its own last values: the chain, which anomalies do not touch
//! (it is the column of the clean data). An anomalous function sees the column as it is delivered. Without `warmup` both begin at row 0.
//! With it they begin anew for each block of rows, that many rows before the block: so a value depends on the row alone,
//! whatever the functions remember, and blocks are independent.

use crate::Result;
use crate::generate::block::BLOCK;
use crate::spec::Table;

/// What the functions of a sequential variable see.
#[derive(Debug, Clone, Copy)]
pub struct Sequence {
    /// How many values before the row.
    pub previous: usize,
    /// How many rows before a block they begin; from row 0 on if there is none.
    pub warmup: Option<u64>,
}

/// The state of a walk along a sequential variable.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// The first row that is not walked yet.
    pub next: u64,
    /// The last normal values.
    pub(super) chain: Vec<f64>,
    /// The last values as delivered.
    pub(super) column: Vec<f64>,
    /// The last values without anomalies, as decoys see them.
    pub(super) calm: Vec<f64>,
    /// The first row of the event that the walk is in, and its normal value there.
    pub(super) first: Option<(u64, f64)>,
}

/// Most values that a function may see.
const MOST_PREVIOUS: i128 = 1 << 16;
/// Most rows of a warmup.
const MOST_WARMUP: i128 = 1 << 32;

impl Sequence {
    /// Reads whether a callback variable is sequential.
    pub fn parse(table: &Table) -> Result<Option<Self>> {
        let sequential = table.flag("sequential")?;
        let (previous, warmup) = (table.get("previous"), table.get("warmup"));
        if !sequential {
            return match previous.or(warmup) {
                Some(field) => Err(field.invalid("must go with sequential=True")),
                None => Ok(None),
            };
        }
        let previous = previous.map_or(Ok(1), |field| field.whole(1, MOST_PREVIOUS))? as usize;
        let warmup = warmup.map(|field| field.whole(0, MOST_WARMUP)).transpose()?.map(|rows| rows as u64);
        Ok(Some(Self { previous, warmup }))
    }

    /// A walk that will have warmed up when it gets to the block of a row.
    pub(super) fn begin(&self, row: u64) -> Walk {
        let next = self.warmup.map_or(0, |rows| (row - row % BLOCK as u64).saturating_sub(rows));
        Walk { next, ..Walk::default() }
    }
}
