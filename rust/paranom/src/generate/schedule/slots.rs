//! How long slots are, and how many events of each anomaly one has.

use super::aftershocks;
use super::timing::{Placing, Timing};
use crate::{Error, Result};

/// Most expected events in a slot, which is arranged as a whole.
const MOST_EVENTS: f64 = 1e6;

/// The slots of the row axis.
#[derive(Debug)]
pub struct Slots {
    /// The rows of a slot.
    pub length: u64,
    /// Most events in one slot: ids are slot * most + index.
    pub most: u64,
    /// From one index to the next: aftershocks lie between.
    pub stride: u64,
    /// Whether events whose durations vary come in pairs that together always have the same number of rows: then those
    /// fit where as many of the longest would not.
    pub paired: bool,
    /// Each anomaly, and the end of its interval on the axis on which event numbers are drawn.
    pub ends: Vec<(usize, f64)>,
}

impl Slots {
    /// The slots for events of these timings; none if nothing is drawn.
    pub fn new(timings: &[Timing]) -> Result<Option<Self>> {
        // Anomalies with an exact count come first: their intervals then begin and end at whole numbers.
        let counted = timings.iter().enumerate().filter(|(_, t)| t.is_count());
        let shared = timings.iter().enumerate().filter(|(_, t)| !t.is_count() && t.rate() > 0.0);
        let order: Vec<(usize, &Timing)> = counted.chain(shared).collect();
        if order.is_empty() {
            return Ok(None);
        }
        let (length, paired) = match Demand::new(&order, false).length() {
            Ok(length) => (length, false),
            Err(why) => (Demand::new(&order, true).length().map_err(|_| why)?, true),
        };
        let mut end = 0.0;
        let mut ends = Vec::new();
        for (anomaly, timing) in &order {
            end += match timing.placing {
                // Exact: the length is a multiple of within / gcd.
                Placing::Count { count, within } => {
                    (u128::from(count) * u128::from(length) / u128::from(within)) as f64
                }
                _ => timing.unit(paired).0 * length as f64,
            };
            ends.push((*anomaly, end));
        }
        let clusters = timings.iter().any(|timing| timing.aftershocks.is_some());
        let stride = if clusters { aftershocks::MOST } else { 1 };
        let most = (end.ceil() as u64 + order.len() as u64) * if paired { 2 } else { 1 } * stride;
        Ok(Some(Self { length, most, stride, paired, ends }))
    }
}

/// What events ask of a slot.
struct Demand<'a> {
    order: &'a [(usize, &'a Timing)],
    /// Of each anomaly: expected events, or pairs, per row, and the rows that one may take.
    units: Vec<(f64, u64)>,
    /// All of them per row.
    rate: f64,
    /// The share of the rows that they take if all are as long as they can be.
    crowd: f64,
}

impl<'a> Demand<'a> {
    fn new(order: &'a [(usize, &'a Timing)], paired: bool) -> Self {
        let units: Vec<(f64, u64)> = order.iter().map(|(_, t)| t.unit(paired)).collect();
        let rate = units.iter().map(|(rate, _)| rate).sum();
        let crowd = units.iter().map(|(rate, room)| rate * *room as f64).sum();
        Self { order, units, rate, crowd }
    }

    /// The rows of a slot: the fewest that surely hold its events.
    fn length(&self) -> Result<u64> {
        let length = match self.within()? {
            Some(within) => self.length_for_counts(within)?,
            None => self.length_for_shares(),
        };
        length.ok_or_else(|| {
            Error::invalid(
                if let [(_, only)] = self.order { only.path.clone() } else { "anomalies".into() },
                format!("{:.1} % of the rows for the longest durations and their gaps", self.crowd * 100.0),
                "must leave room for all events: lower the frequency or count, shorten the durations, or lower the gap",
            )
        })
    }

    /// The `within` that all counted anomalies share.
    fn within(&self) -> Result<Option<u64>> {
        let mut shared = None;
        for (_, timing) in self.order {
            if let Placing::Count { within, .. } = timing.placing
                && *shared.get_or_insert(within) != within
            {
                return Err(Error::invalid(
                    format!("{}.within", timing.path),
                    within,
                    format!("must be the same for all counted anomalies ({})", shared.unwrap_or(0)),
                ));
            }
        }
        Ok(shared)
    }

    fn length_for_counts(&self, within: u64) -> Result<Option<u64>> {
        let found =
            divisors_from(within, self.order).find(|&length| self.one_fits(length) || self.all_fit(length));
        if let Some(length) = found.filter(|&length| self.rate * length as f64 > MOST_EVENTS) {
            return Err(Error::invalid(
                format!("{}.within", self.order[0].1.path),
                within,
                format!(
                    "must divide into equal parts of equal counts with {MOST_EVENTS} events at most (the shortest \
                     have {length} rows): choose rounder numbers"
                ),
            ));
        }
        Ok(found)
    }

    fn length_for_shares(&self) -> Option<u64> {
        // Lengths that hold 1, 2, 3, ... expected events; growing steps, since only the first that fits counts.
        let mut number = 1.0_f64;
        while number <= MOST_EVENTS && self.crowd < 1.0 + 1e-9 {
            let length = (number / self.rate).min(9e18) as u64;
            if self.one_fits(length) || self.all_fit(length) {
                return Some(length);
            }
            number = (number * 1.25).max(number + 1.0).floor();
        }
        None
    }

    fn all_fit(&self, length: u64) -> bool {
        let rooms = self.units.iter().map(|(rate, room)| (rate * length as f64).ceil() * *room as f64);
        length >= 1 && rooms.sum::<f64>() <= length as f64
    }

    /// With one event at most, one of any anomaly must fit, but only one.
    fn one_fits(&self, length: u64) -> bool {
        self.rate * length as f64 <= 1.0 && self.units.iter().all(|(_, room)| *room <= length)
    }
}

/// The lengths that divide `within` and hold a whole number of every counted anomaly's events, rising.
fn divisors_from(within: u64, order: &[(usize, &Timing)]) -> impl Iterator<Item = u64> {
    let common = order.iter().fold(within, |common, (_, timing)| match timing.placing {
        Placing::Count { count, .. } => gcd(common, count),
        _ => common,
    });
    let shortest = within / common;
    let mut parts = Vec::new();
    let mut d = 1;
    while d * d <= common {
        if common % d == 0 {
            parts.extend([d, common / d]);
        }
        d += 1;
    }
    parts.sort_unstable();
    parts.dedup();
    parts.into_iter().map(move |part| shortest * part)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
