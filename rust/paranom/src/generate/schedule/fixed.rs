//! Events that are not drawn: those that the spec lists, and those that a recording is labelled with.

use std::ops::ControlFlow;

use super::timing::{Placing, Timing};
use crate::generate::event::Event;
use crate::generate::labels::Labels;
use crate::{Error, Result};

/// Where the numbers of listed and of recorded events begin: apart from those of slots.
const LISTED: u64 = 1 << 63;
const RECORDED: u64 = 3 << 62;

/// The events that are not drawn.
#[derive(Debug)]
pub struct FixedEvents {
    listed: Vec<Event>,
    /// For each of them, where the last of them and of those before it ends.
    ends: Vec<u64>,
    /// Those of a recording, and the anomaly they belong to.
    recorded: Option<(usize, Labels)>,
}

impl FixedEvents {
    /// The events that timings list, and those of a recording, which belong to the last of the anomalies.
    pub fn new(timings: &[Timing], labels: Option<Labels>) -> Result<Self> {
        let listed = listed(timings)?;
        if let Some(labels) = &labels
            && let Some(event) = listed.iter().find(|event| labels.touch(event.start, event.stop))
        {
            return Err(Error::invalid(
                format!("{}.events", timings[event.anomaly].path),
                format!("[{}, {}]", event.start, event.stop),
                "must not touch rows that the recording labels as anomalous already",
            ));
        }
        let ends = listed.iter().scan(0, |end, event| {
            *end = event.stop.max(*end);
            Some(*end)
        });
        Ok(Self { ends: ends.collect(), listed, recorded: labels.map(|labels| (timings.len() - 1, labels)) })
    }

    /// Whether listed events overlap.
    pub fn overlap(&self) -> bool {
        self.ends.iter().zip(self.listed.iter().skip(1)).any(|(end, next)| next.start < *end)
    }

    /// The listed events that touch rows `start..stop`.
    fn listed(&self, start: u64, stop: u64) -> impl Iterator<Item = &Event> {
        let from = self.ends.partition_point(|end| *end <= start);
        self.listed[from..]
            .iter()
            .take_while(move |event| event.start < stop)
            .filter(move |event| event.stop > start)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.recorded.is_none()
    }

    /// Whether any of them touches rows `start..stop`.
    pub fn touch(&self, start: u64, stop: u64) -> bool {
        self.listed(start, stop).next().is_some()
            || self.recorded.as_ref().is_some_and(|(_, labels)| labels.touch(start, stop))
    }

    /// Adds those that touch rows `first..=last`.
    pub fn add_to(&self, events: &mut Vec<Event>, first: u64, last: u64) {
        // The last row there is lies outside of all events.
        events.extend(self.listed(first, last.saturating_add(1)));
        if let Some((anomaly, labels)) = &self.recorded {
            labels.each(first, last, |nth, start, stop| {
                let number = RECORDED.wrapping_add(nth);
                events.push(Event { start, stop, anomaly: *anomaly, number, id: 0 });
                ControlFlow::Continue(())
            });
        }
    }
}

/// The events that timings list, in order, numbered.
fn listed(timings: &[Timing]) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for (anomaly, timing) in timings.iter().enumerate() {
        if let Placing::Explicit(rows) = &timing.placing {
            events.extend(rows.iter().map(|&(start, stop)| Event { start, stop, anomaly, number: 0, id: 0 }));
        }
    }
    events.sort_by_key(|event| event.start);
    for (index, event) in events.iter_mut().enumerate() {
        event.number = LISTED + index as u64;
    }
    let mut going: Vec<Event> = Vec::new();
    for &b in &events {
        going.retain(|a| a.stop > b.start);
        let together = |a: &&Event| {
            let (one, other) = (&timings[a.anomaly].touches, &timings[b.anomaly].touches);
            a.start == b.start || one.is_empty() || one.iter().any(|variable| other.contains(variable))
        };
        if let Some(a) = going.iter().find(together) {
            return Err(Error::invalid(
                format!("{}.events", timings[b.anomaly].path),
                format!("[{}, {}]", b.start, b.stop),
                format!(
                    "must not overlap [{}, {}], unless they touch different variables and begin in different rows \
                     (or are on different tracks)",
                    a.start, a.stop
                ),
            ));
        }
        going.push(b);
    }
    Ok(events)
}
