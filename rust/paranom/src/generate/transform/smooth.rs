//! The mean of the normal values around each row: edges and noise are lost.

use crate::Result;
use crate::generate::block::by_tile;
use crate::generate::rule::{At, Reads, Rule, Transform};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

#[derive(Debug)]
struct Smooth {
    /// Rows to each side.
    radius: usize,
}

pub(super) fn parse(table: &Table, _scope: &Scope) -> Result<Box<dyn Transform>> {
    let field = table.need("window")?;
    let window = field.whole(3, TILE as i128 - 1)? as usize;
    if window.is_multiple_of(2) {
        return Err(field.invalid("must be odd: as many rows before as after"));
    }
    Ok(Box::new(Smooth { radius: window / 2 }))
}

impl Transform for Smooth {
    fn reads(&self) -> Reads {
        Reads::AnyRow
    }

    fn apply(&self, at: At, normal: &dyn Rule, values: &mut [f64]) {
        let radius = self.radius;
        let last = at.row + (values.len() as u64 - 1);
        // Beyond the ends of the row axis, the last value there is goes on.
        let (from, to) = (at.row.saturating_sub(radius as u64), last.saturating_add(radius as u64));
        let mut buffer = [0.0; 2 * TILE];
        let around = &mut buffer[..=(to - from) as usize];
        by_tile(from, around, |row, now| normal.fill(At { row, event: None, ..at }, now));
        // Beyond the ends, so that each row has as many on both sides.
        let mut padded = [0.0; 2 * TILE];
        let padded = &mut padded[..values.len() + 2 * radius];
        let before = radius - (at.row - from) as usize;
        let known = around.len();
        for (i, x) in padded.iter_mut().enumerate() {
            *x = around[i.saturating_sub(before).min(known - 1)];
        }
        dispatch(Mean { around: padded, window: 2 * radius + 1, out: values });
    }
}

/// Means over windows, each term by term from the first.
struct Mean<'a> {
    around: &'a [f64],
    window: usize,
    out: &'a mut [f64],
}

impl Kernel for Mean<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.out.fill(0.0);
        for i in 0..self.window {
            for (sum, x) in self.out.iter_mut().zip(&self.around[i..]) {
                *sum += x;
            }
        }
        for x in self.out {
            *x /= self.window as f64;
        }
    }
}
