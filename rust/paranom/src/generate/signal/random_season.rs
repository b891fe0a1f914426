//! A season that is not the same each time: its size and its phase are drawn for each cycle, and change evenly from one
//! cycle's start to the next.

use crate::Result;
use crate::fmath;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::spec::Table;

#[derive(Debug)]
struct RandomSeason {
    period: u64,
    amplitude: Box<dyn Rule>,
    phase: Box<dyn Rule>,
}

/// Most rows of a cycle.
const MOST: i128 = 1 << 40;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let period = table.need("period")?.whole(2, MOST)? as u64;
    // What is drawn for a cycle is not drawn anew with a row.
    let drawn = |name| scope.once_per_event(|| scope.rule(&table.need(name)?));
    Ok(Box::new(RandomSeason { period, amplitude: drawn("amplitude")?, phase: drawn("phase")? }))
}

/// What is drawn for a cycle and for the next one.
fn ends(rule: &dyn Rule, at: At, cycle: u64) -> (f64, f64) {
    let one = |row| {
        let mut value = [0.0];
        rule.fill(At { row, attempt: 0, positions: None, ..at }, &mut value);
        value[0]
    };
    (one(cycle), one(cycle.wrapping_add(1)))
}

impl Rule for RandomSeason {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut done = 0;
        while done < out.len() {
            let row = at.row + done as u64;
            let (cycle, place) = (row / self.period, row % self.period);
            let end = out.len().min(done.saturating_add((self.period - place) as usize));
            let (low, high) = ends(&*self.amplitude, at, cycle);
            let (early, late) = ends(&*self.phase, at, cycle);
            for (j, x) in out[done..end].iter_mut().enumerate() {
                let share = (place + j as u64) as f64 / self.period as f64;
                let turns = share + (early + share * (late - early));
                let (sin, _) = fmath::sincos2pi(turns - (turns + 0.5).floor());
                *x = (low + share * (high - low)) * sin;
            }
            done = end;
        }
    }

    fn bounds(&self) -> (f64, f64) {
        let (low, high) = self.amplitude.bounds();
        let most = low.abs().max(high.abs());
        (-most, most)
    }
}
