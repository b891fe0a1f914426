//! An event: the rows of one anomaly, one after the other.

/// Neighbouring anomalous rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The first row.
    pub start: u64,
    /// The row after the last.
    pub stop: u64,
    /// Which anomaly.
    pub anomaly: usize,
    /// What addresses the event's own draws; the same in every slice.
    pub number: u64,
    /// What users know it by; the same in every slice.
    pub id: u64,
}

/// Of events in order of their first rows, those that touch rows `first..=last`.
pub fn touching(events: &[Event], first: u64, last: u64) -> impl Iterator<Item = &Event> {
    let upto = events.partition_point(|event| event.start <= last);
    events[..upto].iter().filter(move |event| event.stop > first)
}

/// Of events in order that do not overlap, those that touch rows `first..=last`.
pub fn touching_apart(events: &[Event], first: u64, last: u64) -> &[Event] {
    let from = events.partition_point(|event| event.stop <= first);
    let upto = events[from..].partition_point(|event| event.start <= last);
    &events[from..from + upto]
}
