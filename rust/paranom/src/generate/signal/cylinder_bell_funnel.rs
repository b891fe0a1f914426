//! Cylinders, bells and funnels, one in each interval of rows (after Saito 1994): a plateau, a ramp up that drops, a jump
//! that ramps down; 0 between them.

use super::steps::lengths;
use crate::Result;
use crate::generate::fixed::fixed;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{below, pair, scale};
use crate::spec::Table;

#[derive(Debug)]
struct CylinderBellFunnel {
    amplitude: Box<dyn Rule>,
    shortest: u64,
    longest: u64,
    every: u64,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    // What is held for a shape is not drawn anew with a row.
    let amplitude = match table.get("amplitude") {
        Some(field) => scope.once_per_event(|| scope.rule(&field))?,
        None => fixed(table.number_or("amplitude", 1.0)?),
    };
    let (shortest, longest) = lengths(&table.need("length")?)?;
    let most = i128::from(longest);
    let every = table.whole_or("every", most, 1 << 41, i128::from(shortest) + most)? as u64;
    Ok(Box::new(CylinderBellFunnel { amplitude, shortest, longest, every, site: scope.fixed_site(table)? }))
}

/// The shape of one interval.
struct Shape {
    kind: u64,
    start: u64,
    length: u64,
    amplitude: f64,
}

impl CylinderBellFunnel {
    fn shape(&self, at: At, number: u64) -> Shape {
        let source = |draw| At { attempt: 0, ..at }.source(self.site.draw(draw));
        let (a, b) = pair(source(0), number);
        let length = self.shortest + scale(a, self.longest - self.shortest + 1);
        let start = scale(b, self.every - length + 1);
        let mut amplitude = [0.0];
        self.amplitude.fill(At { row: number, attempt: 0, positions: None, ..at }, &mut amplitude);
        Shape { kind: below(source(1), number, 3), start, length, amplitude: amplitude[0] }
    }
}

impl Shape {
    fn value(&self, place: u64) -> f64 {
        let Self { kind, start, length, amplitude } = *self;
        if place < start || place - start >= length {
            return 0.0;
        }
        let i = place - start;
        amplitude
            * match kind {
                0 => 1.0,
                1 => (i + 1) as f64 / length as f64,
                _ => (length - i) as f64 / length as f64,
            }
    }
}

impl Rule for CylinderBellFunnel {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut number = at.row / self.every;
        let mut place = at.row % self.every;
        let mut shape = self.shape(at, number);
        for x in out {
            if place == self.every {
                (number, place) = (number + 1, 0);
                shape = self.shape(at, number);
            }
            *x = shape.value(place);
            place += 1;
        }
    }

    fn bounds(&self) -> (f64, f64) {
        let (low, high) = self.amplitude.bounds();
        (low.min(0.0), high.max(0.0))
    }
}
