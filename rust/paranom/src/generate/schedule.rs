//! When anomalies happen: slots on the row axis.
//!
//! The axis is cut into slots of equal length, and each slot is arranged on its own from (seed, slot): so any row's
//! event is found without looking at other slots, and the events are the same however many rows are asked for. A slot
//! holds at most one event, unless durations differ so much between anomalies that a longer slot with several
//! is needed. Events lie inside their slot and end a gap before the next one begins, so none overlap.

use std::ops::ControlFlow;

use super::recorded::Runs;
use crate::random::{Key, Source, below, pair, unit, word};
use crate::{Error, Result};

/// A stretch of anomalous rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The first row.
    pub start: u64,
    /// The row after the last.
    pub stop: u64,
    /// Which anomaly.
    pub kind: usize,
    /// What addresses the event's own draws; the same in every slice.
    pub id: u64,
}

/// Of events in order, those that touch rows `first..=last`.
pub fn touching(events: &[Event], first: u64, last: u64) -> &[Event] {
    let from = events.partition_point(|event| event.stop <= first);
    let upto = events[from..].partition_point(|event| event.start <= last);
    &events[from..from + upto]
}

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
    /// These stretches, in order, apart from each other.
    Explicit(Vec<(u64, u64)>),
    /// The stretches that a recording is labelled with.
    Recorded,
}

/// When one anomaly happens, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// Where it stands in the spec.
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
}

impl Timing {
    fn mean(&self) -> f64 {
        (self.shortest as f64 + self.longest as f64) / 2.0
    }

    /// Events per row.
    fn rate(&self) -> f64 {
        match self.placing {
            Placing::Frequency(share) => share / self.mean(),
            Placing::Count { count, within } => count as f64 / within as f64,
            Placing::Explicit(_) | Placing::Recorded => 0.0,
        }
    }

    /// The room one event may take.
    fn room(&self) -> u64 {
        self.longest.saturating_add(self.gap)
    }
}

/// What the draws of the schedule are for.
#[derive(Clone, Copy)]
enum Purpose {
    Permutation = 1,
    Scramble,
    Number,
    Order,
    Place,
    Redraw,
}

/// Says whether an event will do; a plan knows its values.
pub type Accepts<'a> = dyn FnMut(&Event) -> bool + 'a;

/// How often a slot is arranged anew when it touches stretches that are taken.
const TRIES: u32 = 16;
/// How often an event is drawn that must not be trivial; then its slot goes without.
pub const DRAWS: u64 = 64;
/// Most expected events in a slot, which is arranged as a whole.
const MOST_EVENTS: f64 = 1e6;
/// The ids of explicit and of recorded events: apart from those of slots.
const EXPLICIT_ID: u64 = 1 << 63;
const RECORDED_ID: u64 = 3 << 62;

#[derive(Debug)]
struct Slots {
    length: u64,
    /// Most events in one slot: ids are slot * most + index.
    most: u64,
    /// Kind, and the end of its stretch on the axis on which event numbers are drawn.
    ends: Vec<(usize, f64)>,
}

/// The schedule of all anomalies.
#[derive(Debug)]
pub struct Schedule {
    key: Key,
    timings: Vec<Timing>,
    slots: Option<Slots>,
    explicit: Vec<Event>,
    recorded: Option<(usize, Runs)>,
    widest_gap: u64,
    /// Whether any event must be accepted.
    nontrivial: bool,
}

impl Schedule {
    /// A schedule for anomalies in the order of their kinds, under a key.
    pub fn new(key: Key, timings: Vec<Timing>, recorded: Option<Runs>) -> Result<Self> {
        let slots = Slots::new(&timings)?;
        let mut explicit = Vec::new();
        for (kind, timing) in timings.iter().enumerate() {
            if let Placing::Explicit(stretches) = &timing.placing {
                explicit.extend(stretches.iter().map(|&(start, stop)| Event { start, stop, kind, id: 0 }));
            }
        }
        explicit.sort_by_key(|event| event.start);
        for (index, event) in explicit.iter_mut().enumerate() {
            event.id = EXPLICIT_ID + index as u64;
        }
        for pair in explicit.windows(2) {
            if pair[1].start < pair[0].stop {
                let (a, b) = (pair[0], pair[1]);
                return Err(Error::invalid(
                    format!("{}.events", timings[b.kind].path),
                    format!("[{}, {}]", b.start, b.stop),
                    format!("must not overlap [{}, {}]", a.start, a.stop),
                ));
            }
        }
        let recorded = match recorded {
            None => None,
            Some(runs) => {
                if let Some(event) = explicit.iter().find(|event| runs.touch(event.start, event.stop)) {
                    return Err(Error::invalid(
                        format!("{}.events", timings[event.kind].path),
                        format!("[{}, {}]", event.start, event.stop),
                        "must not hit rows that the recording labels as anomalous already",
                    ));
                }
                Some((timings.len() - 1, runs))
            }
        };
        let widest_gap = timings.iter().map(|timing| timing.gap).max().unwrap_or(0);
        let nontrivial = timings.iter().any(|timing| timing.nontrivial);
        Ok(Self { key, timings, slots, explicit, recorded, widest_gap, nontrivial })
    }

    fn source(&self, purpose: Purpose, number: u32, attempt: u32) -> Source {
        Source { key: self.key, site: crate::generate::rule::schedule_site(purpose as u32, number), attempt }
    }

    /// Whether some events must be accepted before they stand.
    pub fn asks(&self) -> bool {
        self.nontrivial
    }

    /// Rows that are arranged together; none without random events.
    pub fn slot_length(&self) -> u64 {
        self.slots.as_ref().map_or(0, |slots| slots.length)
    }

    /// Whether events of a kind must be accepted.
    pub fn is_nontrivial(&self, kind: usize) -> bool {
        self.timings[kind].nontrivial
    }

    /// The events that touch rows `first..=last`, in order. `accepts` says of those that must not be trivial whether
    /// they are not; `left_out` takes what no draw of was accepted, as it was drawn first.
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
        let from = self.explicit.partition_point(|event| event.stop <= first);
        events.extend(self.explicit[from..].iter().take_while(|event| event.start <= last));
        if let Some((kind, runs)) = &self.recorded {
            runs.each(first, last, |number, start, stop| {
                events.push(Event { start, stop, kind: *kind, id: RECORDED_ID.wrapping_add(number) });
                ControlFlow::Continue(())
            });
        }
        if events.len() > random {
            events.sort_by_key(|event| event.start);
        }
        events
    }

    /// The events of one slot.
    fn slot(&self, slots: &Slots, slot: u64, events: &mut Vec<Event>) {
        let taken = !self.explicit.is_empty() || self.recorded.is_some();
        for attempt in 0..TRIES {
            self.arrange(slots, slot, attempt, events);
            if !taken || !events.iter().any(|event| self.is_taken(event)) {
                return;
            }
        }
        events.retain(|event| !self.is_taken(event));
    }

    /// Draws the events of a slot that must not be trivial until each is accepted: another place between its
    /// neighbours, and, since the id is another, other parameters. Others stay. What is never accepted is left out.
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
            let Timing { gap, nontrivial, .. } = self.timings[event.kind];
            let duration = event.stop - event.start;
            let limit = events.get(i + 1).map_or(end, |next| next.start) - gap - duration;
            let number = event.id.wrapping_sub(slot.wrapping_mul(slots.most)) as u32;
            let draw = |attempt: u64| {
                let start = if attempt == 0 {
                    event.start
                } else {
                    let source = self.source(Purpose::Redraw, number, attempt as u32);
                    free + below(source, slot, limit - free + 1)
                };
                let id = event.id.wrapping_mul(DRAWS).wrapping_add(attempt);
                Event { start, stop: start + duration, id, ..event }
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
        let stop = event.stop.saturating_add(self.timings[event.kind].gap);
        let at = self.explicit.partition_point(|other| other.stop <= start);
        let hit = self.explicit.get(at).is_some_and(|other| other.start < stop);
        hit || self.recorded.as_ref().is_some_and(|(_, runs)| runs.touch(start, stop))
    }

    /// Draws the events of one slot: how many of each kind and how long, then, anew in each attempt, order and places.
    fn arrange(&self, slots: &Slots, slot: u64, attempt: u32, events: &mut Vec<Event>) {
        events.clear();
        // The last slot, cut off by the end of the row axis, stays empty.
        let Some(base) =
            slot.checked_mul(slots.length).filter(|base| base.checked_add(slots.length).is_some())
        else {
            return;
        };
        // Systematic sampling: the points u, u+1, u+2, ... on an axis where each kind has a stretch as long as its
        // expected number of events.
        let u = self.even(slot, 0);
        // How many points lie below a place; all of them for a whole place, whatever rounding does.
        let points_below = |end: f64| if end == end.trunc() { end } else { (end - u).ceil() };
        let mut begin = 0.0;
        for (nth, &(kind, end)) in slots.ends.iter().enumerate() {
            let Timing { shortest, longest, ref placing, .. } = self.timings[kind];
            // Where in its stretch a point falls is even, too: it gives the duration. Each slot has points of every
            // kind with an exact count: so that their durations have nothing to do with each other, each has its own.
            let counted = matches!(placing, Placing::Count { .. });
            let own = if counted && nth > 0 { self.even(slot, nth as u32) } else { u };
            for i in points_below(begin) as u64..points_below(end) as u64 {
                let place = (own + i as f64 - begin) / (end - begin);
                let more = (place * (longest - shortest + 1) as f64) as u64;
                let duration = (shortest + more).min(longest);
                events.push(Event { start: 0, stop: duration, kind, id: 0 });
            }
            begin = end;
        }
        for i in (1..events.len()).rev() {
            let j = below(self.source(Purpose::Order, i as u32, attempt), slot, i as u64 + 1);
            events.swap(i, j as usize);
        }
        let mut free = slots.length;
        let mut kept = 0;
        for i in 0..events.len() {
            let Event { kind, stop: duration, .. } = events[i];
            let room = duration + self.timings[kind].gap;
            if room <= free {
                free -= room;
                events[kept] =
                    Event { id: slot.wrapping_mul(slots.most).wrapping_add(i as u64), ..events[i] };
                kept += 1;
            }
        }
        events.truncate(kept);
        let mut places: Vec<u64> = (0..kept)
            .map(|i| below(self.source(Purpose::Place, i as u32, attempt), slot, free + 1))
            .collect();
        places.sort_unstable();
        let mut used = 0;
        for (event, place) in events.iter_mut().zip(places) {
            let duration = event.stop;
            event.start = base + place + used;
            event.stop = event.start + duration;
            used += duration + self.timings[event.kind].gap;
        }
    }

    /// A uniform in [0, 1) for each slot: over any 2^k neighbouring slots from the sixth power on, one falls in each
    /// 2^k-th of the range, so that shares stay within a few events of what was asked. A van der Corput sequence
    /// with nested scrambling (Owen 1995; the hash of Laine and Karras 2011), the slots permuted inside groups of 64:
    /// without that, neighbours would take turns between low and high. Sequences of different numbers are independent.
    fn even(&self, slot: u64, number: u32) -> f64 {
        let (a, b) = pair(self.source(Purpose::Permutation, number, 0), slot >> 6);
        let (mut left, mut right) = (slot >> 3 & 7, slot & 7);
        // A Feistel network on 3 + 3 bits; each round looks its 3 bits up in 24 random ones.
        for table in [a, a >> 24, b, b >> 24] {
            (left, right) = (right, left ^ (table >> (3 * right)) & 7);
        }
        let index = slot & !63 | left << 3 | right;
        let seed = word(self.source(Purpose::Scramble, number, 0), slot >> 32);
        let mut x = (index as u32).wrapping_add(seed as u32);
        for factor in [0x6c50_b47c, 0xb82f_1e52, 0xc7af_e638, 0x8d22_f6e6_u32] {
            x ^= x.wrapping_mul(factor);
        }
        let low = word(self.source(Purpose::Number, number, 0), slot) >> 32;
        unit(u64::from(x.reverse_bits()) << 32 | low)
    }
}

impl Slots {
    fn new(timings: &[Timing]) -> Result<Option<Self>> {
        // Kinds with an exact count come first: their stretches then begin and end at whole numbers.
        let is_count = |timing: &Timing| matches!(timing.placing, Placing::Count { .. });
        let counted = timings.iter().enumerate().filter(|(_, t)| is_count(t));
        let shared = timings.iter().enumerate().filter(|(_, t)| !is_count(t) && t.rate() > 0.0);
        let order: Vec<(usize, &Timing)> = counted.chain(shared).collect();
        if order.is_empty() {
            return Ok(None);
        }
        let crowd: f64 = order.iter().map(|(_, t)| t.rate() * t.room() as f64).sum();
        let fits = |length: u64| {
            let room: f64 =
                order.iter().map(|(_, t)| (t.rate() * length as f64).ceil() * t.room() as f64).sum();
            length >= 1 && room <= length as f64
        };
        // With one event at most, any kind must fit, but only one of them.
        let one_fits = |length: u64| {
            let rate: f64 = order.iter().map(|(_, t)| t.rate()).sum();
            rate * length as f64 <= 1.0 && order.iter().all(|(_, t)| t.room() <= length)
        };
        let length = match Self::within(&order)? {
            Some(within) => {
                let found = divisors_from(within, &order).find(|&length| one_fits(length) || fits(length));
                let rate: f64 = order.iter().map(|(_, t)| t.rate()).sum();
                if let Some(length) = found.filter(|&length| rate * length as f64 > MOST_EVENTS) {
                    return Err(Error::invalid(
                        format!("{}.within", order[0].1.path),
                        within,
                        format!(
                            "must divide into stretches of equal counts with {MOST_EVENTS} events at most (the \
                             shortest have {length} rows): choose rounder numbers"
                        ),
                    ));
                }
                found
            }
            None => {
                let rate: f64 = order.iter().map(|(_, t)| t.rate()).sum();
                // Lengths that hold 1, 2, 3, ... expected events; growing steps, since only the first that fits counts.
                let mut number = 1.0_f64;
                let mut found = None;
                while found.is_none() && number <= MOST_EVENTS && crowd < 1.0 + 1e-9 {
                    let length = (number / rate).min(9e18) as u64;
                    found = (one_fits(length) || fits(length)).then_some(length);
                    number = (number * 1.25).max(number + 1.0).floor();
                }
                found
            }
        };
        let Some(length) = length else {
            return Err(Error::invalid(
                if let [(_, only)] = &order[..] { only.path.clone() } else { "anomalies".into() },
                format!("{:.1} % of the rows for the longest durations and their gaps", crowd * 100.0),
                "too little room: lower the frequency or count, shorten the durations, or lower the gap",
            ));
        };
        let mut end = 0.0;
        let mut ends = Vec::new();
        for (kind, timing) in &order {
            end += match timing.placing {
                // Exact: the length is a multiple of within / gcd.
                Placing::Count { count, within } => {
                    (u128::from(count) * u128::from(length) / u128::from(within)) as f64
                }
                _ => timing.rate() * length as f64,
            };
            ends.push((*kind, end));
        }
        Ok(Some(Self { length, most: end.ceil() as u64 + order.len() as u64, ends }))
    }

    /// The `within` that all counted kinds share.
    fn within(order: &[(usize, &Timing)]) -> Result<Option<u64>> {
        let mut shared = None;
        for (_, timing) in order {
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
}

/// The lengths that divide `within` and hold a whole number of every counted kind's events, rising.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(placing: Placing, shortest: u64, longest: u64) -> Timing {
        Timing { path: String::new(), placing, shortest, longest, gap: 1, nontrivial: false }
    }

    fn key() -> Key {
        Key::new(7, "schedule", "")
    }

    fn schedule(timings: Vec<Timing>) -> Schedule {
        Schedule::new(key(), timings, None).unwrap()
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
        for (kind, share) in [(0, 0.01), (1, 0.02)] {
            let hit: u64 = events.iter().filter(|e| e.kind == kind).map(|e| e.stop - e.start).sum();
            let measured = hit as f64 / rows as f64;
            assert!((measured / share - 1.0).abs() < 0.01, "kind {kind}: {measured}");
        }
    }

    #[test]
    fn durations_are_even_and_uncorrelated() {
        let s = schedule(vec![
            timing(Placing::Frequency(0.003), 5, 40),
            timing(Placing::Frequency(0.007), 5, 40),
        ]);
        let events = events(&s, 0, 20_000_000);
        for (kind, share) in [(0, 0.003), (1, 0.007)] {
            let lengths: Vec<f64> =
                events.iter().filter(|e| e.kind == kind).map(|e| (e.stop - e.start) as f64).collect();
            assert!((lengths.iter().sum::<f64>() / 20_000_000.0 / share - 1.0).abs() < 0.003);
            let n = lengths.len() as f64;
            let variance = (36.0 * 36.0 - 1.0) / 12.0;
            for lag in [1, 2, 3, 4, 8, 16] {
                let pairs = lengths.iter().zip(&lengths[lag..]);
                let r = pairs.map(|(a, b)| (a - 22.5) * (b - 22.5)).sum::<f64>() / variance / n;
                // Draws spread evenly over some 20 neighbours repel each other by 1/20.
                assert!((-0.1..0.06).contains(&r), "kind {kind}, lag {lag}: r = {r}");
            }
        }
    }

    #[test]
    fn durations_of_counted_kinds_have_nothing_to_do_with_each_other() {
        let placing = || Placing::Count { count: 1, within: 500 };
        let s = schedule(vec![timing(placing(), 5, 40), timing(placing(), 5, 40), timing(placing(), 5, 40)]);
        let all = events(&s, 0, 2_000_000 - 1);
        let of = |kind| -> Vec<f64> {
            all.iter().filter(|e| e.kind == kind).map(|e| (e.stop - e.start) as f64 - 22.5).collect()
        };
        let variance = (36.0 * 36.0 - 1.0) / 12.0;
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let (x, y) = (of(a), of(b));
            assert_eq!((x.len(), y.len()), (4000, 4000));
            let r = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() / variance / 4000.0;
            assert!(r.abs() < 0.05, "kinds {a} and {b}: r = {r}");
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
                assert_eq!(events.iter().filter(|e| e.kind == 0).count() as u64, count);
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
        assert!(Schedule::new(key(), vec![timing(Placing::Frequency(0.99), 1, 1)], None).is_err());
        assert!(
            Schedule::new(key(), vec![timing(Placing::Count { count: 6, within: 10 }, 1, 1)], None).is_err()
        );
        // Both prime: a slot would hold all 10^9 events.
        let prime = Placing::Count { count: 1_000_000_007, within: 100_000_000_003 };
        assert!(Schedule::new(key(), vec![timing(prime, 1, 1)], None).is_err());
    }
}
