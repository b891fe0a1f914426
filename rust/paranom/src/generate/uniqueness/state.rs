//! What is known of the rows below those that are filled next.

use super::key_table::KeyTable;
use crate::generate::variable::Walk;

/// Rows that Soft let through with a datum that a lower row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duplicates {
    /// Normal ones.
    pub normal: u64,
    /// Anomalous ones.
    pub anomalous: u64,
}

/// What must be known of all rows below `next` to go on from there.
#[derive(Debug)]
pub struct FillState {
    /// The first row that is not known.
    pub next: u64,
    /// The data of normal rows, shard by shard, then those of anomalous rows; nothing before the first window.
    pub registers: Vec<KeyTable<()>>,
    /// Where the walks along sequential variables stand, one for each variable.
    pub walks: Vec<Walk>,
}

impl FillState {
    /// Before row 0.
    pub fn new() -> Self {
        Self { next: 0, registers: Vec::new(), walks: Vec::new() }
    }

    /// The bytes it takes.
    pub fn bytes(&self) -> usize {
        self.registers.iter().map(KeyTable::bytes).sum()
    }

    /// The data that are registered.
    pub fn data(&self) -> usize {
        self.registers.iter().map(KeyTable::len).sum()
    }
}

impl Default for FillState {
    fn default() -> Self {
        Self::new()
    }
}
