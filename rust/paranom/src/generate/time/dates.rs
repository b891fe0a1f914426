//! Clocks of datetimes: in a time zone, where there is one, and by the calendar, where the step is.

use std::sync::Arc;

use super::clock::Clock;
use super::steps::{Steps, refuse_uneven};
use super::zone::Zone;
use crate::Result;
use crate::spec::{Table, Value};

/// The times of rows, in nanoseconds since 1970; with a zone, since 1970 began in UTC.
#[derive(Debug, Clone, PartialEq)]
pub struct Dates {
    clock: Clock<i64>,
    /// What the step is, where it has no length, and the time of the day.
    steps: Option<Arc<(Steps, i128)>>,
    zone: Option<Arc<Zone>>,
}

const DAY: i128 = 86_400_000_000_000;

impl Dates {
    /// Reads a clock of datetimes.
    pub fn parse(table: &Table, seed: u64) -> Result<Self> {
        let zone = Zone::parse(table)?.map(Arc::new);
        Self::in_zone(table, seed, zone)
    }

    /// Reads one whose zone is known.
    pub fn in_zone(table: &Table, seed: u64, zone: Option<Arc<Zone>>) -> Result<Self> {
        let step = table.need("step")?;
        if !matches!(step.value, Value::Text(_)) {
            if let Some(field) = table.get("days_off") {
                return Err(field.invalid("must go with a step of business days, like 1B"));
            }
            return Ok(Self { clock: Clock::<i64>::parse(table, seed)?, steps: None, zone });
        }
        refuse_uneven(table)?;
        let start = table.need("start")?.whole(i64::MIN.into(), i64::MAX.into())?;
        let local = start + zone.as_ref().map_or(0, |zone| zone.offset(start).0);
        let steps = Steps::parse(table, &step, local.div_euclid(DAY))?;
        let clock = Clock::<i64>::at(start as i64, seed);
        Ok(Self { clock, steps: Some(Arc::new((steps, local.rem_euclid(DAY)))), zone })
    }

    /// The time zone.
    pub fn zone(&self) -> Option<&Arc<Zone>> {
        self.zone.as_ref()
    }

    /// Rows that are a fixed length apart, but for jitter and gaps; none for steps by the calendar.
    pub fn clock(&self) -> Option<&Clock<i64>> {
        if self.steps.is_none() { Some(&self.clock) } else { None }
    }

    /// The step, where all rows are one apart and local time goes on as they do.
    pub fn even_step(&self) -> Option<i64> {
        (self.steps.is_none() && self.zone.is_none() && self.clock.is_even()).then(|| self.clock.step())
    }

    /// The times of rows; those after the year 2262 wrap around.
    pub fn fill(&self, row: u64, out: &mut [i64]) {
        match &self.steps {
            None => self.clock.fill(row, out),
            Some(steps) => {
                for (j, time) in out.iter_mut().enumerate() {
                    *time = self.by_calendar(steps, row + j as u64) as i64;
                }
            }
        }
    }

    /// The times of rows that lie in one tile, however far away.
    pub fn fill_exact(&self, row: u64, out: &mut [i128]) {
        match &self.steps {
            None => self.clock.fill_exact(row, out),
            Some(steps) => {
                for (j, time) in out.iter_mut().enumerate() {
                    *time = self.by_calendar(steps, row + j as u64);
                }
            }
        }
    }

    /// What local clocks show at rows that lie in one tile: nanoseconds since they showed the beginning of 1970.
    pub fn fill_local(&self, row: u64, out: &mut [i128]) {
        self.fill_exact(row, out);
        let Some(zone) = &self.zone else { return };
        let (mut offset, mut from, mut until) = (0, 0_i128, 0_i128);
        for time in out {
            if !(from..until).contains(time) {
                (offset, from, until) = zone.offset(*time);
            }
            *time += offset;
        }
    }

    /// The time of a row, however far away.
    pub fn exact(&self, row: u64) -> i128 {
        let mut time = [0];
        self.fill_exact(row, &mut time);
        time[0]
    }

    /// The time of a row; one after the year 2262 wraps around.
    pub fn of(&self, row: u64) -> i64 {
        self.exact(row) as i64
    }

    fn by_calendar(&self, (steps, of_day): &(Steps, i128), row: u64) -> i128 {
        let local = steps.day(row) * DAY + of_day;
        self.zone.as_ref().map_or(local, |zone| zone.time_of(local))
    }
}
