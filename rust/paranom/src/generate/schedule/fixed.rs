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
        Ok(Self { listed, recorded: labels.map(|labels| (timings.len() - 1, labels)) })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.recorded.is_none()
    }

    /// Whether any of them touches rows `start..stop`.
    pub fn touch(&self, start: u64, stop: u64) -> bool {
        let at = self.listed.partition_point(|event| event.stop <= start);
        self.listed.get(at).is_some_and(|event| event.start < stop)
            || self.recorded.as_ref().is_some_and(|(_, labels)| labels.touch(start, stop))
    }

    /// Adds those that touch rows `first..=last`.
    pub fn add_to(&self, events: &mut Vec<Event>, first: u64, last: u64) {
        let from = self.listed.partition_point(|event| event.stop <= first);
        events.extend(self.listed[from..].iter().take_while(|event| event.start <= last));
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
    for pair in events.windows(2) {
        if pair[1].start < pair[0].stop {
            let (a, b) = (pair[0], pair[1]);
            return Err(Error::invalid(
                format!("{}.events", timings[b.anomaly].path),
                format!("[{}, {}]", b.start, b.stop),
                format!("must not overlap [{}, {}]", a.start, a.stop),
            ));
        }
    }
    Ok(events)
}
