//! Fills a column.

use super::apply::clip;
use super::definition::{Normal, Variable};
use super::want::Want;
use crate::Result;
use crate::generate::block::RowRange;
use crate::generate::effect::Action;
use crate::generate::event::touching_apart;
use crate::random::TILE;

impl Variable {
    /// Fills `out` with the values of rows from `row` on, which lie in one block.
    pub fn fill(&self, row: u64, want: &Want, out: &mut [f64]) -> Result<()> {
        self.fill_floats(row, want, out)?;
        self.column.settle(out);
        Ok(())
    }

    /// The same, before values are rounded to those that the column can hold.
    fn fill_floats(&self, row: u64, want: &Want, out: &mut [f64]) -> Result<()> {
        if let Some(sequence) = self.sequence {
            return self.fill_warm(sequence, row, want, out);
        }
        match &self.normal {
            Normal::Rule(rule) if !self.calls => {
                self.tiles(None, row, want, out, |at, values| rule.fill(at, values));
                for event in want.events {
                    let Some(effect) = &self.effects[event.anomaly] else { continue };
                    let (from, part) = clip(event, row, out);
                    self.apply(effect, event, from, want, part, |at, values| match &effect.rule.action {
                        Action::Replace(rule) => rule.fill(at, values),
                        Action::Change(change) => change.apply(at, &**rule, values),
                        Action::Call(_) => {} // not here: `calls` is false
                    });
                }
                Ok(())
            }
            _ => self.fill_ranges(&[RowRange { start: row, len: out.len() }], row, want, out),
        }
    }

    /// Draws some rows of a block anew: `rows`, in order, counted from `first`, which is the row of `column[0]`.
    pub fn redraw(&self, rows: &[u32], first: u64, want: &Want, column: &mut [f64]) -> Result<()> {
        /// From how many rows on a whole tile is cheaper than row by row.
        const MANY: usize = 24;
        if self.sequence.is_some() {
            return Ok(());
        }
        if self.calls {
            self.fill_ranges(&neighbours(rows, first), first, want, column)?;
            for &row in rows {
                self.column.settle(std::slice::from_mut(&mut column[row as usize]));
            }
            return Ok(());
        }
        let tile_of = |row: u32| (first + u64::from(row)) / TILE as u64;
        for rows in rows.chunk_by(|a, b| tile_of(*a) == tile_of(*b)) {
            if rows.len() < MANY {
                for &row in rows {
                    let at = first + u64::from(row);
                    let want = Want { events: touching_apart(want.events, at, at), ..*want };
                    self.fill(at, &want, &mut column[row as usize..=row as usize])?;
                }
            } else {
                // The whole tile, as far as there are rows: that is quicker than most of it.
                let mut buffer = [0.0; TILE];
                let start = tile_of(rows[0]) * TILE as u64;
                let len = self.most_rows.map_or(TILE, |most| TILE.min((most - start) as usize));
                let want =
                    Want { events: touching_apart(want.events, start, start + (len as u64 - 1)), ..*want };
                self.fill(start, &want, &mut buffer[..len])?;
                for &row in rows {
                    column[row as usize] = buffer[(first + u64::from(row) - start) as usize];
                }
            }
        }
        Ok(())
    }
}

/// Rows in order, counted from `first`, as ranges of neighbours.
fn neighbours(rows: &[u32], first: u64) -> Vec<RowRange> {
    let range = |rows: &[u32]| RowRange { start: first + u64::from(rows[0]), len: rows.len() };
    rows.chunk_by(|a, b| a + 1 == *b).map(range).collect()
}
