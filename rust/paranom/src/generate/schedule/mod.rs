//! When anomalies happen: slots on the row axis.
//!
//! The axis is cut into slots of equal length, and each slot is arranged on its own from (seed, slot): so any row's
//! event is found without looking at other slots, and the events are the same however many rows are asked for. A slot
//! holds at most one event, unless durations differ so much between anomalies that a longer slot with several
//! is needed. Events lie inside their slot and end a gap before the next one begins, so none overlap.

mod aftershocks;
mod arrange;
mod draws;
mod fixed;
mod slots;
mod timing;

use self::arrange::Arrange;
use self::draws::{Draws, Purpose};
use self::fixed::FixedEvents;
use self::slots::Slots;
use super::event::Event;
use super::labels::Labels;
use crate::Result;
use crate::random::{Key, Stream, below};

pub use aftershocks::Aftershocks;
pub use timing::{Placing, Timing, read_intervals};

/// Whether an event is accepted; a plan knows its values.
pub type Accepts<'a> = dyn FnMut(&Event) -> bool + 'a;

/// How often a slot is arranged anew when it touches rows that are taken.
const TRIES: u32 = 16;
/// How often an event is drawn that must not be trivial; then its slot goes without.
const DRAWS: u64 = 64;

/// The schedule of all anomalies.
#[derive(Debug)]
pub struct Schedule {
    draws: Draws,
    stream: Stream,
    timings: Vec<Timing>,
    slots: Option<Slots>,
    fixed: FixedEvents,
    widest_gap: u64,
    track: u64,
    /// Whether any event must be accepted.
    nontrivial: bool,
}

impl Schedule {
    /// A schedule for anomalies in order, under a key.
    pub fn new(key: Key, stream: Stream, timings: Vec<Timing>, labels: Option<Labels>) -> Result<Self> {
        let slots = Slots::new(&timings)?;
        let fixed = FixedEvents::new(&timings, labels)?;
        let widest_gap = timings.iter().map(|timing| timing.gap).max().unwrap_or(0);
        let nontrivial = timings.iter().any(|timing| timing.nontrivial);
        Ok(Self { draws: Draws(key), stream, timings, slots, fixed, widest_gap, track: 0, nontrivial })
    }

    /// The same on a track of a number, which ids tell.
    pub fn on_track(self, track: u64) -> Self {
        Self { track, ..self }
    }

    /// Whether listed events overlap.
    pub fn overlaps(&self) -> bool {
        self.fixed.overlap()
    }

    /// Whether some events must be accepted.
    pub fn has_nontrivial(&self) -> bool {
        self.nontrivial
    }

    /// Rows that are arranged together; none without random events.
    pub fn slot_length(&self) -> u64 {
        self.slots.as_ref().map_or(0, |slots| slots.length)
    }

    /// Whether events of an anomaly must be accepted.
    pub fn is_nontrivial(&self, anomaly: usize) -> bool {
        self.timings[anomaly].nontrivial
    }

    /// The events that touch rows `first..=last`, in order. `accepts` says of those that must not be trivial whether
    /// they are not; `left_out` takes those of which no draw was accepted, as they were drawn first.
    pub fn events(
        &self,
        first: u64,
        last: u64,
        accepts: &mut Accepts,
        left_out: &mut Vec<Event>,
    ) -> Vec<Event> {
        let touches = |event: &Event| event.start <= last && event.stop > first;
        let mut events = Vec::new();
        if let Some(slots) = &self.slots {
            let mut slot_events = Vec::new();
            for slot in first / slots.length..=last / slots.length {
                self.slot(slots, slot, &mut slot_events);
                if self.nontrivial {
                    self.redraw(slots, slot, &mut slot_events, accepts, left_out);
                }
                events.extend(slot_events.iter().copied().filter(touches));
            }
            left_out.retain(touches);
        }
        let random = events.len();
        self.fixed.add_to(&mut events, first, last);
        if events.len() > random {
            events.sort_by_key(|event| event.start);
        }
        events.iter_mut().chain(left_out).for_each(|event| event.id = self.id_of(event));
        events
    }

    /// The id that an event has outside: its first row, below 2^53, so that ids are distinct as floats, too.
    /// In stream 1 it was the number that addresses its draws. On other tracks than the first, the track's
    /// number stands above 2^48.
    fn id_of(&self, event: &Event) -> u64 {
        match (self.stream, self.track) {
            (Stream::One, _) => event.number,
            (_, 0) => event.start % (1 << 53),
            (_, track) => (track << 48) | (event.start % (1 << 48)),
        }
    }

    /// The events of one slot.
    fn slot(&self, slots: &Slots, slot: u64, events: &mut Vec<Event>) {
        let arrange = Arrange { draws: self.draws, slots, timings: &self.timings };
        for attempt in 0..TRIES {
            arrange.slot(slot, attempt, events);
            if self.fixed.is_empty() || !events.iter().any(|event| self.is_taken(event)) {
                return;
            }
        }
        events.retain(|event| !self.is_taken(event));
    }

    /// Draws the events of a slot that must not be trivial until each is accepted: another place between its
    /// neighbours, and, since the id is another, other parameters. Others stay. Events that are never accepted are left out.
    fn redraw(
        &self,
        slots: &Slots,
        slot: u64,
        events: &mut Vec<Event>,
        accepts: &mut Accepts,
        left_out: &mut Vec<Event>,
    ) {
        let base = slot.wrapping_mul(slots.length);
        let end = base.wrapping_add(slots.length);
        let mut free = base;
        let mut kept = 0;
        for i in 0..events.len() {
            let event = events[i];
            let Timing { gap, nontrivial, .. } = self.timings[event.anomaly];
            let duration = event.stop - event.start;
            let limit = events.get(i + 1).map_or(end, |next| next.start) - gap - duration;
            let number = event.number.wrapping_sub(slot.wrapping_mul(slots.most)) as u32;
            let draw = |attempt: u64| {
                let start = if attempt == 0 {
                    event.start
                } else {
                    let source = self.draws.source(Purpose::Redraw, number, attempt as u32);
                    free + below(source, slot, limit - free + 1)
                };
                let number = event.number.wrapping_mul(DRAWS).wrapping_add(attempt);
                Event { start, stop: start + duration, number, ..event }
            };
            let mut fits = |drawn: &Event| !nontrivial || (!self.is_taken(drawn) && accepts(drawn));
            match (0..DRAWS).map(draw).find(|drawn| fits(drawn)) {
                Some(drawn) => {
                    free = drawn.stop + gap;
                    events[kept] = drawn;
                    kept += 1;
                }
                None => left_out.push(draw(0)),
            }
        }
        events.truncate(kept);
    }

    /// Whether an event touches, or comes too near, rows that are anomalous anyway.
    fn is_taken(&self, event: &Event) -> bool {
        let start = event.start.saturating_sub(self.widest_gap);
        self.fixed.touch(start, event.stop.saturating_add(self.timings[event.anomaly].gap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(placing: Placing, shortest: u64, longest: u64) -> Timing {
        Timing { shortest, longest, ..Timing::at(String::new(), placing, 1) }
    }

    fn key() -> Key {
        Key::new(7, "schedule", "")
    }

    fn schedule(timings: Vec<Timing>) -> Schedule {
        Schedule::new(key(), Stream::NEWEST, timings, None).unwrap()
    }

    fn events(schedule: &Schedule, first: u64, last: u64) -> Vec<Event> {
        schedule.events(first, last, &mut |_| true, &mut Vec::new())
    }

    fn assert_apart(events: &[Event]) {
        for pair in events.windows(2) {
            assert!(pair[0].stop < pair[1].start, "{pair:?}");
        }
    }

    #[test]
    fn a_million_slots_without_overlap() {
        let s = schedule(vec![timing(Placing::Frequency(0.4), 5, 40)]);
        let length = s.slots.as_ref().unwrap().length;
        let events = events(&s, 0, length * 1_000_000);
        assert!(events.len() >= 900_000);
        assert_apart(&events);
        assert!(events.iter().all(|e| (5..=40).contains(&(e.stop - e.start))));
    }

    #[test]
    fn shares_are_kept_also_when_durations_differ_a_lot() {
        let s = schedule(vec![
            timing(Placing::Frequency(0.01), 1, 1),
            timing(Placing::Frequency(0.02), 300, 900),
        ]);
        let rows = 10_000_000;
        let events = events(&s, 0, rows - 1);
        assert_apart(&events);
        for (anomaly, share) in [(0, 0.01), (1, 0.02)] {
            let touched: u64 = events.iter().filter(|e| e.anomaly == anomaly).map(|e| e.stop - e.start).sum();
            let measured = touched as f64 / rows as f64;
            assert!((measured / share - 1.0).abs() < 0.01, "anomaly {anomaly}: {measured}");
        }
    }

    #[test]
    fn durations_are_even_and_uncorrelated() {
        let s = schedule(vec![
            timing(Placing::Frequency(0.003), 5, 40),
            timing(Placing::Frequency(0.007), 5, 40),
        ]);
        let events = events(&s, 0, 20_000_000);
        for (anomaly, share) in [(0, 0.003), (1, 0.007)] {
            let lengths: Vec<f64> =
                events.iter().filter(|e| e.anomaly == anomaly).map(|e| (e.stop - e.start) as f64).collect();
            assert!((lengths.iter().sum::<f64>() / 20_000_000.0 / share - 1.0).abs() < 0.003);
            let n = lengths.len() as f64;
            let variance = (36.0 * 36.0 - 1.0) / 12.0;
            for lag in [1, 2, 3, 4, 8, 16] {
                let pairs = lengths.iter().zip(&lengths[lag..]);
                let r = pairs.map(|(a, b)| (a - 22.5) * (b - 22.5)).sum::<f64>() / variance / n;
                // Draws spread evenly over some 20 neighbours repel each other by 1/20.
                assert!((-0.1..0.06).contains(&r), "anomaly {anomaly}, lag {lag}: r = {r}");
            }
        }
    }

    #[test]
    fn durations_of_counted_anomalies_are_independent() {
        let placing = || Placing::Count { count: 1, within: 500 };
        let s = schedule(vec![timing(placing(), 5, 40), timing(placing(), 5, 40), timing(placing(), 5, 40)]);
        let all = events(&s, 0, 2_000_000 - 1);
        let of = |anomaly| -> Vec<f64> {
            all.iter().filter(|e| e.anomaly == anomaly).map(|e| (e.stop - e.start) as f64 - 22.5).collect()
        };
        let variance = (36.0 * 36.0 - 1.0) / 12.0;
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let (x, y) = (of(a), of(b));
            assert_eq!((x.len(), y.len()), (4000, 4000));
            let r = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() / variance / 4000.0;
            assert!(r.abs() < 0.05, "anomalies {a} and {b}: r = {r}");
            // Each is even on its own.
            assert!((x.iter().sum::<f64>() / 4000.0).abs() < 0.1);
        }
    }

    #[test]
    fn counts_are_exact_in_every_window() {
        for (count, within) in [(7, 1000), (100, 10_000), (2, 10)] {
            let s = schedule(vec![
                timing(Placing::Count { count, within }, 1, 2),
                timing(Placing::Frequency(0.001), 1, 1),
            ]);
            for window in 0..50 {
                let events = events(&s, window * within, (window + 1) * within - 1);
                assert_eq!(events.iter().filter(|e| e.anomaly == 0).count() as u64, count);
            }
        }
    }

    #[test]
    fn any_slice_sees_the_same_events() {
        let s = schedule(vec![timing(Placing::Frequency(0.1), 3, 30)]);
        let all = events(&s, 0, 99_999);
        let sliced: Vec<_> = (0..100).flat_map(|i| events(&s, i * 1000, i * 1000 + 999)).collect();
        let mut once = sliced;
        once.dedup();
        assert_eq!(all, once);
    }

    #[test]
    fn the_end_of_the_axis_is_reached_without_overflow() {
        let s = schedule(vec![timing(Placing::Frequency(0.1), 3, 30)]);
        let events = events(&s, u64::MAX - 100_000, u64::MAX);
        assert!(!events.is_empty());
        assert_apart(&events);
    }

    #[test]
    fn no_room_is_refused() {
        assert!(
            Schedule::new(key(), Stream::NEWEST, vec![timing(Placing::Frequency(0.99), 1, 1)], None).is_err()
        );
        assert!(
            Schedule::new(
                key(),
                Stream::NEWEST,
                vec![timing(Placing::Count { count: 6, within: 10 }, 1, 1)],
                None
            )
            .is_err()
        );
        // Both prime: a slot would hold all 10^9 events.
        let prime = Placing::Count { count: 1_000_000_007, within: 100_000_000_003 };
        assert!(Schedule::new(key(), Stream::NEWEST, vec![timing(prime, 1, 1)], None).is_err());
    }
}
