//! Values that are lost: NaN, which replaces a variable's values after everything else is computed. Whatever reads the
//! variable (a reference, a function, uniqueness) sees the values as they were; labels stay, too.

use std::ops::Range;

use super::basis::Basis;
use super::event::Event;
use super::schedule::{Schedule, Timing};
use crate::Result;
use crate::random::Key;
use crate::spec::Field;

/// When the values of a variable are lost.
#[derive(Debug)]
pub struct Dropouts(Schedule);

impl Dropouts {
    /// Those of the variable with a name, drawn for it alone.
    pub fn new(timing: Timing, basis: Basis, name: &str) -> Result<Self> {
        Ok(Self(Schedule::new(Key::new(basis.seed, "missing", name), basis.stream, vec![timing], None)?))
    }

    /// Calls `lose` with each run of lost rows among the `len` rows from `row` on, counted from there.
    pub fn each(&self, row: u64, len: usize, mut lose: impl FnMut(Range<usize>)) {
        let Some(more) = (len as u64).checked_sub(1) else { return };
        let last = row + more;
        for Event { start, stop, .. } in self.0.events(row, last, &mut |_| true, &mut Vec::new()) {
            lose((start.max(row) - row) as usize..((stop - 1).min(last) - row) as usize + 1);
        }
    }
}

/// Reads when values are lost.
pub fn read_timing(field: &Field) -> Result<Timing> {
    let table = field.table()?;
    if let Some(difficulty) = table.get("difficulty") {
        return Err(
            difficulty.invalid("must go with anomalies: a missing value is neither hard nor easy to find")
        );
    }
    let timing = Timing::parse(&table)?;
    table.finish()?;
    Ok(timing)
}
