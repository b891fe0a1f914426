//! The time of a row: its number, or what a clock shows.
//!
//! ```text
//! clock      start + row * step, with jitter and gaps; arrivals: the rows of a Poisson process instead
//! dates      a clock of datetimes, in a time zone, and by steps of the calendar
//! steps      steps that have no length of their own: months, business days; zone: the offsets of a time zone
//! ```

mod arrivals;
mod clock;
mod dates;
mod draws;
mod steps;
mod zone;

use super::position::Position;
use crate::random::Stream;
use crate::spec::{Field, Table, Value};
use crate::{Error, Result};

pub use clock::Clock;
pub use dates::Dates;

/// What the time of a row is.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Time {
    /// The row's number.
    #[default]
    Row,
    /// Numbers.
    Number(Clock<f64>),
    /// Whole numbers.
    Whole(Clock<i64>),
    /// Nanoseconds since 1970.
    Datetime(Dates),
}

impl Time {
    /// Reads timestamps.
    pub fn parse(field: &Field, seed: u64, stream: Stream) -> Result<Self> {
        let table = field.table()?;
        let kind = table.need("kind")?;
        let time = match kind.text()? {
            "number" if stream != Stream::One && is_whole(&table) => {
                Self::Whole(Clock::<i64>::parse(&table, seed)?)
            }
            "number" => Self::Number(Clock::<f64>::parse(&table, seed, stream != Stream::One)?),
            "datetime" => Self::Datetime(Dates::parse(&table, seed)?),
            _ => return Err(kind.invalid("must be number or datetime")),
        };
        table.finish()?;
        Ok(time)
    }

    /// Refuses rows whose times no timestamp can hold, or tell apart.
    pub fn check(&self, first: u64, last: u64) -> Result<()> {
        let refuse = |rule| Err(Error::invalid("start", first, rule));
        match self {
            Self::Datetime(clock) if clock.exact(last) >= 1 << 63 => refuse(format!(
                "must leave row {last} before the year 2262, where timestamps in nanoseconds end"
            )),
            Self::Whole(clock) if clock.exact(last) >= 1 << 63 => {
                refuse(format!("must leave the time of row {last} below 2^63"))
            }
            Self::Number(clock) if clock.strict && !(clock.tells_apart(first) && clock.tells_apart(last)) => {
                refuse(format!(
                    "must leave times that float64 tells apart up to row {last}: give whole numbers (int64) as start \
                     and step, or a larger step"
                ))
            }
            _ => Ok(()),
        }
    }

    /// Where rows that lie in one tile would be if all rows were a step apart.
    pub fn positions(&self, row: u64, out: &mut [Position]) {
        match self {
            Self::Number(clock) => clock.positions(row, out),
            Self::Whole(clock) => clock.positions(row, out),
            Self::Row => rows(row, out),
            Self::Datetime(dates) => match dates.clock() {
                Some(clock) => clock.positions(row, out),
                None => rows(row, out),
            },
        }
    }
}

/// The places of rows themselves.
fn rows(row: u64, out: &mut [Position]) {
    for (j, to) in out.iter_mut().enumerate() {
        *to = Position { row: row + j as u64, part: 0.0 };
    }
}

/// Whether all numbers of a clock are whole.
fn is_whole(table: &Table) -> bool {
    let whole = |value: &Value| matches!(value, Value::Whole(_));
    let length = |value: &Value| match value {
        Value::List(ends) => ends.iter().all(whole),
        one => whole(one),
    };
    ["start", "step"].iter().all(|name| table.peek(name).is_some_and(whole))
        && table.peek("jitter").is_none_or(whole)
        && table.peek("gaps").is_none_or(|gaps| match gaps {
            Value::Table(entries) => entries.iter().all(|(name, value)| name != "length" || length(value)),
            _ => true,
        })
}
