//! Aftershocks: events that trigger others of their kind, which trigger others in turn (Hawkes 1971).
//!
//! All that an event leads to lies in the rows behind it that are kept free for it. So a slot still has all
//! of its events.

use super::draws::{Draws, Purpose};
use crate::Result;
use crate::fmath;
use crate::generate::event::Event;
use crate::random::{scale, unit, word};
use crate::spec::Field;

/// How an event triggers others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aftershocks {
    /// How many an event triggers on average, before what finds no room is left out.
    mean: f64,
    /// The probability of none.
    none: f64,
    /// Mean rows from the end of an event to one that it triggers, beside the gap.
    delay: f64,
    /// The rows behind the first event in which all lie.
    pub within: u64,
}

/// Most events that one leads to, with itself.
pub const MOST: u64 = 64;
/// Most that one triggers directly.
const MOST_AT_ONCE: u64 = 20;
const MOST_WITHIN: i128 = 1 << 40;

impl Aftershocks {
    /// Reads what events lead to.
    pub fn parse(field: &Field) -> Result<Self> {
        let table = field.table()?;
        let mean = table.need("mean")?;
        let number = mean.number()?;
        if !(number > 0.0 && number < 1.0) {
            return Err(mean.invalid("must be > 0 and < 1: else there would be more and more"));
        }
        let delay = table.need("delay")?;
        let rows = delay.number()?;
        if !(rows > 0.0 && rows <= 1e9) {
            return Err(delay.invalid("must be > 0 and <= 1e9"));
        }
        let within = table.need("within")?.whole(1, MOST_WITHIN)? as u64;
        table.finish()?;
        Ok(Self { mean: number, none: fmath::exp(-number), delay: rows, within })
    }

    /// How many events one triggers, by a uniform number: a Poisson distribution.
    fn number(self, u: f64) -> u64 {
        let (mut number, mut share, mut below) = (0, self.none, self.none);
        while u >= below && number < MOST_AT_ONCE {
            number += 1;
            share *= self.mean / number as f64;
            below += share;
        }
        number
    }

    /// The events that one leads to, in order, itself included; they last from `shortest` to `longest` rows,
    /// and keep a gap.
    pub fn follow(
        self,
        draws: Draws,
        attempt: u32,
        first: Event,
        (shortest, longest): (u64, u64),
        gap: u64,
    ) -> Vec<Event> {
        let mut used = 0;
        let mut draw = || {
            used += 1;
            word(draws.source(Purpose::Aftershock, used, attempt), first.number)
        };
        let limit = first.stop.saturating_add(self.within);
        let mut found = vec![first];
        let mut next = 0;
        while next < found.len() {
            let trigger = found[next];
            for _ in 0..self.number(unit(draw())) {
                let wait = (-fmath::ln(1.0 - unit(draw())) * self.delay) as u64;
                let duration = shortest + scale(draw(), longest - shortest + 1);
                let start = trigger.stop.saturating_add(gap).saturating_add(wait);
                let stop = start.saturating_add(duration);
                if stop <= limit && (found.len() as u64) < MOST {
                    let number = first.number.wrapping_add(found.len() as u64);
                    found.push(Event { start, stop, number, ..first });
                }
            }
            next += 1;
        }
        found.sort_by_key(|event| (event.start, event.number));
        let mut free = 0;
        found.retain(|event| {
            let fits = event.start >= free;
            if fits {
                free = event.stop.saturating_add(gap);
            }
            fits
        });
        found
    }
}
