//! Tracks: anomalies on the same track never overlap; those on different tracks, which touch different variables, may.

use super::event::Event;
use super::labels::Labels;
use super::schedule::{Accepts, Placing, Schedule, Timing};
use crate::random::{Key, Stream};
use crate::{Error, Result};

/// The schedules of all anomalies, one for each track.
#[derive(Debug)]
pub struct Tracks(Vec<Schedule>);

/// Most tracks: an event's id has room for so many.
const MOST: usize = 32;

impl Tracks {
    /// The schedules of anomalies in order. Labels of recordings belong to the last one.
    pub fn new(seed: u64, stream: Stream, timings: &[Timing], labels: Option<Labels>) -> Result<Self> {
        let mut names = vec![""];
        for timing in timings {
            if !names.contains(&timing.track.as_str()) {
                names.push(&timing.track);
            }
        }
        if names.len() > MOST {
            return Err(Error::invalid(
                "anomalies",
                names.len(),
                format!("must be on at most {MOST} tracks"),
            ));
        }
        refuse_shared(timings)?;
        refuse_beside_aftershocks(timings)?;
        let mut labels = labels;
        let schedule = |(number, name): (usize, &&str)| -> Result<Schedule> {
            let own = |timing: &Timing| {
                let is_here = timing.track == *name;
                if is_here {
                    timing.clone()
                } else {
                    Timing::at(String::new(), Placing::Explicit(Vec::new()), 0)
                }
            };
            // A recording's labels are on the first track.
            let labels = if number == 0 { labels.take() } else { None };
            let key = Key::new(seed, "schedule", name);
            let schedule = Schedule::new(key, stream, timings.iter().map(own).collect(), labels)?;
            Ok(schedule.on_track(number as u64))
        };
        Ok(Self(names.iter().enumerate().map(schedule).collect::<Result<_>>()?))
    }

    /// Whether events may overlap.
    pub fn overlap(&self) -> bool {
        self.0.len() > 1 || self.0.iter().any(Schedule::overlaps)
    }

    /// Whether some events must be accepted.
    pub fn has_nontrivial(&self) -> bool {
        self.0.iter().any(Schedule::has_nontrivial)
    }

    /// Rows that are arranged together at most; none without random events.
    pub fn slot_length(&self) -> u64 {
        self.0.iter().map(Schedule::slot_length).max().unwrap_or(0)
    }

    /// Whether events of an anomaly must be accepted.
    pub fn is_nontrivial(&self, anomaly: usize) -> bool {
        self.0.iter().any(|schedule| schedule.is_nontrivial(anomaly))
    }

    /// The events that touch rows `first..=last`, as `Schedule::events` gives them, by their first rows.
    pub fn events(
        &self,
        first: u64,
        last: u64,
        accepts: &mut Accepts,
        left_out: &mut Vec<Event>,
    ) -> Vec<Event> {
        let [only] = &self.0[..] else {
            let mut events = Vec::new();
            for schedule in &self.0 {
                let mut missing = Vec::new();
                events.extend(schedule.events(first, last, accepts, &mut missing));
                left_out.extend(missing);
            }
            events.sort_by_key(|event| event.start);
            left_out.sort_by_key(|event| event.start);
            return events;
        };
        only.events(first, last, accepts, left_out)
    }
}

/// Refuses events that are drawn anew on tracks that have aftershocks.
fn refuse_beside_aftershocks(timings: &[Timing]) -> Result<()> {
    for one in timings.iter().filter(|timing| timing.nontrivial) {
        if timings.iter().any(|other| other.aftershocks.is_some() && other.track == one.track) {
            return Err(Error::invalid(
                format!("{}.difficulty", one.path),
                "nontrivial",
                "must be on another track than anomalies with aftershocks",
            ));
        }
    }
    Ok(())
}

/// Refuses variables that anomalies on different tracks touch.
fn refuse_shared(timings: &[Timing]) -> Result<()> {
    for (i, one) in timings.iter().enumerate() {
        for other in &timings[..i] {
            if one.track != other.track && one.touches.iter().any(|variable| other.touches.contains(variable))
            {
                return Err(Error::invalid(
                    format!("{}.track", one.path),
                    format!("{:?}", one.track),
                    format!(
                        "must be that of {}, which touches a variable that this touches, too",
                        other.path
                    ),
                ));
            }
        }
    }
    Ok(())
}
