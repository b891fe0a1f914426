//! The calendar: values by hour of the day, day of the week, month and holiday, added up.

use crate::error::refuse_unless;
use crate::generate::basis::Basis;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::generate::time::{Dates, Time};
use crate::gregorian::{ERA, date_of};
use crate::random::{Stream, TILE};
use crate::spec::{Field, Table};
use crate::{Error, Result};

#[derive(Debug)]
struct Calendar {
    clock: Dates,
    /// 24, or none; and so on.
    hour: Vec<f64>,
    weekday: Vec<f64>,
    month: Vec<f64>,
    /// Days since 1970, in order.
    holidays: Vec<i128>,
    holiday: f64,
}

const HOUR: f64 = 3.6e12;
const DAY: i64 = 86_400_000_000_000;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let clock = clock(table, scope)?;
    let read = |name: &str, count: usize| {
        let Some(field) = table.get(name) else { return Ok(Vec::new()) };
        let values = field.numbers()?;
        let rule = format!("must hold {count} numbers");
        if values.len() == count { Ok(values) } else { Err(Error::invalid(field.path, values.len(), rule)) }
    };
    let (hour, weekday, month) = (read("hour", 24)?, read("weekday", 7)?, read("month", 12)?);
    let most = 1 << 40;
    let days = |field: Field| field.list()?.iter().map(|day| day.whole(-most, most)).collect::<Result<_>>();
    let mut holidays: Vec<i128> = table.get("holidays").map_or(Ok(Vec::new()), days)?;
    holidays.sort_unstable();
    let holiday = match table.get("holiday") {
        Some(field) => field.number()?,
        None if holidays.is_empty() => 0.0,
        None => return Err(table.invalid("must say what holds on holidays: holiday")),
    };
    refuse_unless(
        !(hour.is_empty() && weekday.is_empty() && month.is_empty() && holidays.is_empty()),
        &table.path,
        "nothing",
        "must hold hour, weekday, month or holidays",
    )?;
    Ok(Box::new(Calendar { clock, hour, weekday, month, holidays, holiday }))
}

/// The plan's clock; a calendar that names one must name the same. In stream 1 it is the calendar's own.
fn clock(table: &Table, scope: &Scope) -> Result<Dates> {
    let Basis { seed, stream, time } = scope.basis();
    if *stream == Stream::One {
        return Dates::parse(table, *seed);
    }
    let Time::Datetime(clock) = time else {
        let rule = "must be a clock of datetimes, which a calendar goes by, and the spec has none";
        return Err(Error::invalid("time", table.path.clone(), rule));
    };
    if table.get("start").is_some() {
        let zone = match (table.get("zone"), clock.zone()) {
            (Some(name), Some(zone)) if zone.is(&name)? => Some(zone.clone()),
            (None, None) => None,
            _ => return Err(table.invalid(OTHER)),
        };
        if Dates::in_zone(table, *seed, zone)? != *clock {
            return Err(table.invalid(OTHER));
        }
    }
    Ok(clock.clone())
}

const OTHER: &str = "must go by the clock of the whole spec (time), and has another one";

impl Calendar {
    /// What holds all day.
    fn of_day(&self, day: i128) -> f64 {
        let mut value = 0.0;
        if self.holidays.binary_search(&day).is_ok() {
            value += self.holiday;
        } else if !self.weekday.is_empty() {
            // 1970 began on a Thursday.
            value += self.weekday[(day + 3).rem_euclid(7) as usize];
        }
        if !self.month.is_empty() {
            value += self.month[month(day)];
        }
        value
    }

    /// At a time of the day, in nanoseconds: on straight lines from hour to hour.
    fn of_time(&self, within: i64) -> f64 {
        let place = within as f64 / HOUR;
        let i = place as usize;
        let (a, b) = (self.hour[i], self.hour[(i + 1) % 24]);
        a + (place - i as f64) * (b - a)
    }
}

/// The month of a day, January 0.
fn month(day: i128) -> usize {
    date_of(day.rem_euclid(ERA.into()) as i64).1 as usize
}

/// The day, in days since 1970, and the nanoseconds of it that are over.
fn day_of(time: i128) -> (i128, i64) {
    match i64::try_from(time) {
        Ok(time) => (time.div_euclid(DAY).into(), time.rem_euclid(DAY)),
        Err(_) => (time.div_euclid(DAY.into()), time.rem_euclid(DAY.into()) as i64),
    }
}

impl Rule for Calendar {
    fn fill(&self, at: At, out: &mut [f64]) {
        let value =
            |of_day: f64, within| if self.hour.is_empty() { of_day } else { of_day + self.of_time(within) };
        let Some(step) = self.clock.even_step() else {
            let mut times = [0; TILE];
            self.clock.fill_local(at.row, &mut times[..out.len()]);
            let mut known = (day_of(times[0]).0, self.of_day(day_of(times[0]).0));
            for (x, time) in out.iter_mut().zip(times) {
                let (day, within) = day_of(time);
                if day != known.0 {
                    known = (day, self.of_day(day));
                }
                *x = value(known.1, within);
            }
            return;
        };
        let (mut day, mut within) = day_of(self.clock.exact(at.row));
        let (days, rest) = (step / DAY, step % DAY);
        let mut of_day = self.of_day(day);
        for x in out {
            *x = value(of_day, within);
            within += rest;
            let over = within >= DAY;
            if over {
                within -= DAY;
            }
            if over || days > 0 {
                day += i128::from(days) + i128::from(over);
                of_day = self.of_day(day);
            }
        }
    }
}
