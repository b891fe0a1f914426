//! Steps that have no length of their own: days and weeks of local time, months, business days.

use crate::gregorian::{self, ERA, date_of};
use crate::spec::{Field, Table};
use crate::{Error, Result};

/// A step by the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    unit: Unit,
    every: i128,
    /// The day of row 0, counted from 1970, or what counts the unit's days: see `day`.
    first: i128,
    /// Days that business skips, as numbers of weekdays after the first day, in order.
    skipped: Vec<i128>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Days,
    /// The first of each month.
    MonthStarts,
    /// The last of each month.
    MonthEnds,
    /// Monday to Friday.
    BusinessDays,
}

/// Most of a unit in one step.
const MOST: u32 = 100_000;

impl Steps {
    /// Reads a step that is a text, such as 1MS, for a clock whose row 0 is on a day or the next one that the step has.
    pub fn parse(table: &Table, step: &Field, day: i128) -> Result<Self> {
        let rule = "must be a number and one of D, W, M, MS, B";
        let text = step.text()?;
        let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let every = text[..at].parse::<u32>().ok().filter(|every| (1..=MOST).contains(every));
        let Some(every) = every.map(i128::from) else { return Err(step.invalid(rule)) };
        let (unit, every) = match &text[at..] {
            "D" => (Unit::Days, every),
            "W" => (Unit::Days, 7 * every),
            "MS" => (Unit::MonthStarts, every),
            "M" => (Unit::MonthEnds, every),
            "B" => (Unit::BusinessDays, every),
            _ => return Err(step.invalid(rule)),
        };
        let mut days_off = Vec::new();
        if let Some(field) = table.get("days_off") {
            if unit != Unit::BusinessDays {
                return Err(field.invalid("must go with a step of business days, like 1B"));
            }
            let most = 1 << 40;
            days_off = field.list()?.iter().map(|day| day.whole(-most, most)).collect::<Result<Vec<_>>>()?;
            days_off.sort_unstable();
            days_off.dedup();
        }
        // Row 0 is at a time in nanoseconds: its day is near.
        let (year, month, date) = date_of(day as i64);
        let months = i128::from(year * 12 + month);
        let (first, skipped) = match unit {
            Unit::Days => (day, Vec::new()),
            Unit::MonthEnds => (months, Vec::new()),
            Unit::MonthStarts => (months + i128::from(date > 1), Vec::new()),
            Unit::BusinessDays => business(day, &days_off),
        };
        Ok(Self { unit, every, first, skipped })
    }

    /// The day of a row, counted from 1970.
    pub fn day(&self, row: u64) -> i128 {
        let by = self.every * i128::from(row);
        match self.unit {
            Unit::Days => self.first + by,
            Unit::MonthStarts => first_of(self.first + by),
            Unit::MonthEnds => first_of(self.first + by + 1) - 1,
            Unit::BusinessDays => {
                let passed = self.skipped.partition_point(|number| *number <= by);
                weekday(self.first + by + passed as i128)
            }
        }
    }
}

/// The number of the first business day from a day on, and of the days that are skipped after it: how many other
/// business days lie between it and them.
fn business(day: i128, days_off: &[i128]) -> (i128, Vec<i128>) {
    // 1970 began on a Thursday. Weekdays are counted from the Monday before.
    let number = |day: i128| {
        let (week, of_week) = ((day + 3).div_euclid(7), (day + 3).rem_euclid(7));
        (of_week < 5).then_some(week * 5 + of_week)
    };
    let mut first = day;
    while number(first).is_none() || days_off.binary_search(&first).is_ok() {
        first += 1;
    }
    let base = number(first).unwrap_or(0);
    let after = days_off.iter().filter(|day| **day > first).filter_map(|day| number(*day));
    (base, after.enumerate().map(|(nth, number)| number - base - nth as i128).collect())
}

/// The day of a weekday's number.
fn weekday(number: i128) -> i128 {
    number.div_euclid(5) * 7 + number.rem_euclid(5) - 3
}

/// The first day of a month, however far away; months are counted from the year 0.
fn first_of(months: i128) -> i128 {
    const MONTHS: i128 = 400 * 12;
    i128::from(ERA) * months.div_euclid(MONTHS)
        + i128::from(gregorian::first_of(months.rem_euclid(MONTHS) as i64))
}

/// Refuses what goes with steps of fixed length only.
pub fn refuse_uneven(table: &Table) -> Result<()> {
    for name in ["jitter", "gaps", "arrivals"] {
        if let Some(field) = table.get(name) {
            let rule = "must go with a step of fixed length, not with one by the calendar";
            return Err(Error::invalid(field.path, name, rule));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras_follow_each_other() {
        for months in (-30_000_i64..30_000).step_by(7) {
            assert_eq!(first_of(months.into()), gregorian::first_of(months).into());
        }
    }

    #[test]
    fn business_skips_weekends_and_days_off() {
        // 1970-01-01 was a Thursday; the Friday and the next Monday are off.
        let (first, skipped) = business(0, &[1, 4]);
        let steps = Steps { unit: Unit::BusinessDays, every: 1, first, skipped };
        assert_eq!((0..4).map(|row| steps.day(row)).collect::<Vec<_>>(), [0, 5, 6, 7]);
    }
}
