//! The random events of one slot: how many of each anomaly and how long, then, anew in each attempt, order and places.

use super::draws::{Draws, Purpose};
use super::slots::Slots;
use super::timing::Timing;
use crate::generate::event::Event;
use crate::random::below;

/// Arranges slots.
#[derive(Clone, Copy)]
pub struct Arrange<'a> {
    pub draws: Draws,
    pub slots: &'a Slots,
    pub timings: &'a [Timing],
}

impl Arrange<'_> {
    /// Replaces `events` by those of a slot.
    pub fn slot(self, slot: u64, attempt: u32, events: &mut Vec<Event>) {
        events.clear();
        let length = self.slots.length;
        // The last slot, cut off by the end of the row axis, stays empty.
        let Some(base) = slot.checked_mul(length).filter(|base| base.checked_add(length).is_some()) else {
            return;
        };
        self.draw_durations(slot, events);
        self.shuffle(slot, attempt, events);
        let free = self.keep_those_that_fit(slot, events);
        self.place(slot, attempt, base, free, events);
        if self.slots.stride > 1 {
            self.add_aftershocks(attempt, events);
        }
    }

    /// Adds what events lead to.
    fn add_aftershocks(self, attempt: u32, events: &mut Vec<Event>) {
        let follow = |event: &Event| {
            let Timing { shortest, longest, gap, aftershocks, .. } = self.timings[event.anomaly];
            match aftershocks {
                Some(rule) => rule.follow(self.draws, attempt, *event, (shortest, longest), gap),
                None => vec![*event],
            }
        };
        *events = events.iter().flat_map(follow).collect();
    }

    /// Draws how many events of each anomaly there are, and their durations, which `stop` holds for now.
    ///
    /// Systematic sampling: the points u, u+1, u+2, ... on an axis where each anomaly has an interval as long as its
    /// expected number of events.
    fn draw_durations(self, slot: u64, events: &mut Vec<Event>) {
        let u = self.draws.low_discrepancy(slot, 0);
        // How many points lie below a place; all of them for a whole place, whatever rounding does.
        let points_below = |end: f64| if end == end.trunc() { end } else { (end - u).ceil() };
        let mut begin = 0.0;
        for (nth, &(anomaly, end)) in self.slots.ends.iter().enumerate() {
            let Timing { shortest, longest, .. } = self.timings[anomaly];
            // Where in its interval a point falls is uniform, too: it gives the duration. Each slot has points of every
            // anomaly with an exact count: for their durations to be independent, each has a number of its own.
            let counted = self.timings[anomaly].is_count();
            let own = if counted && nth > 0 { self.draws.low_discrepancy(slot, nth as u32) } else { u };
            for i in points_below(begin) as u64..points_below(end) as u64 {
                let place = (own + i as f64 - begin) / (end - begin);
                let more = (place * (longest - shortest + 1) as f64) as u64;
                let duration = (shortest + more).min(longest);
                let event = Event { start: 0, stop: duration, anomaly, number: 0, id: 0 };
                events.push(event);
                if self.slots.paired && self.timings[anomaly].pairs() {
                    events.push(Event { stop: shortest + longest - duration, ..event });
                }
            }
            begin = end;
        }
    }

    fn shuffle(self, slot: u64, attempt: u32, events: &mut [Event]) {
        for i in (1..events.len()).rev() {
            let source = self.draws.source(Purpose::Order, i as u32, attempt);
            events.swap(i, below(source, slot, i as u64 + 1) as usize);
        }
    }

    /// Drops the events that find no room, and numbers all. Gives the rows that are left.
    fn keep_those_that_fit(self, slot: u64, events: &mut Vec<Event>) -> u64 {
        let mut free = self.slots.length;
        let mut kept = 0;
        for i in 0..events.len() {
            let Event { anomaly, stop: duration, .. } = events[i];
            let room = self.timings[anomaly].room_of(duration);
            if room <= free {
                free -= room;
                let number = slot.wrapping_mul(self.slots.most).wrapping_add(i as u64 * self.slots.stride);
                events[kept] = Event { number, ..events[i] };
                kept += 1;
            }
        }
        events.truncate(kept);
        free
    }

    /// Spreads the `free` rows among the events.
    fn place(self, slot: u64, attempt: u32, base: u64, free: u64, events: &mut [Event]) {
        let source = |i: usize| self.draws.source(Purpose::Place, i as u32, attempt);
        let mut places: Vec<u64> = (0..events.len()).map(|i| below(source(i), slot, free + 1)).collect();
        places.sort_unstable();
        let mut used = 0;
        for (event, place) in events.iter_mut().zip(places) {
            let duration = event.stop;
            event.start = base + place + used;
            event.stop = event.start + duration;
            used += self.timings[event.anomaly].room_of(duration);
        }
    }
}
