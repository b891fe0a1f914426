//! How often an anomaly happens, and for how long.

use super::aftershocks::Aftershocks;
use crate::spec::{Field, Table, Value};
use crate::{Error, Result};

/// How often an anomaly happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Placing {
    /// An expected share of rows.
    Frequency(f64),
    /// Exactly `count` events in every `within` rows.
    Count {
        /// How many events.
        count: u64,
        /// In how many rows.
        within: u64,
    },
    /// At these rows [start, stop), in order, apart from each other.
    Explicit(Vec<(u64, u64)>),
    /// At the rows that a recording labels as anomalous.
    Recorded,
}

/// When one anomaly happens, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// Its path in the spec.
    pub path: String,
    /// How often.
    pub placing: Placing,
    /// The shortest duration in rows.
    pub shortest: u64,
    /// The longest duration in rows.
    pub longest: u64,
    /// Rows left normal after an event, at least.
    pub gap: u64,
    /// Whether events that a one-liner finds are drawn anew.
    pub nontrivial: bool,
    /// What its events lead to.
    pub aftershocks: Option<Aftershocks>,
    /// Its track: events on the same one do not overlap.
    pub track: String,
    /// The variables that it touches, by position.
    pub touches: Vec<usize>,
}

/// Most rows in a duration or a gap.
const MOST_DURATION: i128 = 1 << 40;
const MOST_ROW: i128 = u64::MAX as i128;

impl Timing {
    /// Events at given rows, or (`Placing::Recorded`) at those of a recording.
    pub fn at(path: String, placing: Placing, gap: u64) -> Self {
        Self {
            path,
            placing,
            shortest: 1,
            longest: 1,
            gap,
            nontrivial: false,
            aftershocks: None,
            track: String::new(),
            touches: Vec::new(),
        }
    }

    /// Reads when events happen, and how long they are.
    pub fn parse(table: &Table) -> Result<Self> {
        let gap = table.whole_or("gap", 0, MOST_DURATION, 1)? as u64;
        let (frequency, count, within) = (table.get("frequency"), table.get("count"), table.get("within"));
        let (events, duration) = (table.get("events"), table.get("duration"));
        let ways = [frequency.is_some(), count.is_some(), events.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 || count.is_some() != within.is_some() {
            return Err(table.invalid("must say how often: frequency, or count and within, or events"));
        }
        let nontrivial = read_difficulty(table, events.is_some())?;
        if let Some(events) = events {
            if duration.is_some() {
                return Err(table
                    .invalid("must give either events, which have their durations, or frequency or count with a duration"));
            }
            return Ok(Self::at(table.path.clone(), Placing::Explicit(read_events(&events)?), gap));
        }
        let (shortest, longest) = duration.map_or(Ok((1, 1)), |field| read_duration(&field))?;
        let placing = if let Some(field) = frequency {
            let share = field.number()?;
            if !(share > 0.0 && share <= 1.0) {
                return Err(field.invalid("must be > 0 and <= 1"));
            }
            Placing::Frequency(share)
        } else {
            Placing::Count {
                count: table.need("count")?.whole(1, 1 << 40)? as u64,
                within: table.need("within")?.whole(1, 1 << 53)? as u64,
            }
        };
        Ok(Self { shortest, longest, nontrivial, ..Self::at(table.path.clone(), placing, gap) })
    }

    /// The rows of the shortest event there may be.
    pub fn fewest(&self) -> u64 {
        match &self.placing {
            Placing::Explicit(rows) => {
                rows.iter().map(|(start, stop)| stop - start).min().unwrap_or(u64::MAX)
            }
            Placing::Recorded => u64::MAX,
            _ => self.shortest,
        }
    }

    fn mean(&self) -> f64 {
        (self.shortest as f64 + self.longest as f64) / 2.0
    }

    /// Events per row.
    pub fn rate(&self) -> f64 {
        match self.placing {
            Placing::Frequency(share) => share / self.mean(),
            Placing::Count { count, within } => count as f64 / within as f64,
            Placing::Explicit(_) | Placing::Recorded => 0.0,
        }
    }

    /// The rows that one event may take, its gap included.
    pub fn room(&self) -> u64 {
        self.room_of(self.longest)
    }

    /// The rows that an event of a duration takes, with its gap and what is kept free for aftershocks.
    pub fn room_of(&self, duration: u64) -> u64 {
        let within = self.aftershocks.map_or(0, |aftershocks| aftershocks.within);
        duration.saturating_add(self.gap).saturating_add(within)
    }

    /// Whether its events can be paired: their durations vary, and their number is not exact.
    pub fn pairs(&self) -> bool {
        !self.is_count() && self.shortest < self.longest
    }

    /// Events per row and the rows that one may take; or the same of pairs, where events are `paired` and can be.
    pub fn unit(&self, paired: bool) -> (f64, u64) {
        if paired && self.pairs() {
            (self.rate() / 2.0, self.room_of(self.shortest).saturating_add(self.room_of(self.longest)))
        } else {
            (self.rate(), self.room())
        }
    }

    /// Whether each slot has an exact number of its events.
    pub fn is_count(&self) -> bool {
        matches!(self.placing, Placing::Count { .. })
    }
}

/// Whether events that are easy to find are drawn anew; `listed` ones cannot be.
fn read_difficulty(table: &Table, listed: bool) -> Result<bool> {
    match table.get("difficulty") {
        None => Ok(false),
        Some(field) if field.text()? != "nontrivial" => Err(field.invalid("must be nontrivial, or absent")),
        Some(field) if listed => {
            Err(field.invalid("must go with frequency or count: events that are listed cannot be drawn anew"))
        }
        Some(_) => Ok(true),
    }
}

fn read_events(events: &Field) -> Result<Vec<(u64, u64)>> {
    let intervals = read_intervals(events)?;
    for (i, &(start, stop)) in intervals.iter().enumerate() {
        if start >= stop || (i > 0 && start < intervals[i - 1].1) {
            return Err(Error::invalid(
                format!("{}[{i}]", events.path),
                format!("[{start}, {stop}]"),
                "must be rows [start, stop] with start < stop, in rising order, apart from each other",
            ));
        }
    }
    Ok(intervals)
}

/// A number of rows, or the shortest and the longest.
fn read_duration(field: &Field) -> Result<(u64, u64)> {
    let Value::List(_) = field.value else {
        let rows = field.whole(1, MOST_DURATION)? as u64;
        return Ok((rows, rows));
    };
    let ends = field.list()?;
    let [low, high] = &ends[..] else {
        return Err(field.invalid("must be a number of rows, or the shortest and the longest"));
    };
    let low = low.whole(1, MOST_DURATION)?;
    Ok((low as u64, high.whole(low, MOST_DURATION)? as u64))
}

/// A list or an array of [start, stop] pairs of rows.
pub fn read_intervals(field: &Field) -> Result<Vec<(u64, u64)>> {
    let pairs = field.pairs(0, MOST_ROW, "must be a pair [start, stop] of rows")?;
    Ok(pairs.into_iter().map(|(start, stop)| (start as u64, stop as u64)).collect())
}
