//! Signals at the times of rows, not at their numbers: under jitter, behind gaps and between arrivals they
//! are where the time says.

use crate::generate::position::Position;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::generate::time::Time;
use crate::random::TILE;
use crate::spec::Table;
use crate::{Error, Result};

#[derive(Debug)]
struct AtTime {
    of: Box<dyn Rule>,
    time: Time,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let of = scope.rule(&table.need("of")?)?;
    let time = scope.basis().time.clone();
    let rule = "must be a clock with a step of fixed length, where rules go by it (at_time)";
    match &time {
        Time::Row => Err(Error::invalid("time", table.path.clone(), rule)),
        Time::Datetime(dates) if dates.clock().is_none() => {
            Err(Error::invalid("time.step", table.path.clone(), rule))
        }
        _ => Ok(Box::new(AtTime { of, time })),
    }
}

impl AtTime {
    /// The place by time of a place between rows: on the straight line from that of its row to that of the next one.
    fn between(&self, to: Position) -> Position {
        let mut ends = [Position::default(); 2];
        self.time.positions(to.row, &mut ends[..1]);
        if to.part == 0.0 {
            return ends[0];
        }
        self.time.positions(to.row.saturating_add(1), &mut ends[1..]);
        let [a, b] = ends;
        let length = (b.row - a.row) as f64 + (b.part - a.part);
        Position::beside(a.row, a.part + to.part * length)
    }
}

impl Rule for AtTime {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut places = [Position::default(); TILE];
        let places = &mut places[..out.len()];
        match at.positions {
            None => self.time.positions(at.row, places),
            Some(positions) => {
                for (place, to) in places.iter_mut().zip(positions) {
                    *place = self.between(*to);
                }
            }
        }
        self.of.fill(At { positions: Some(places), ..at }, out);
    }

    fn bounds(&self) -> (f64, f64) {
        self.of.bounds()
    }

    fn below(&self) -> Option<f64> {
        self.of.below()
    }

    fn support(&self) -> Option<u64> {
        self.of.support()
    }
}
