//! The events of a plan, and the labels that follow from them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::block::BLOCK;
use super::event::Event;
use super::plan::Plan;
use super::triviality::{EventSeries, TrivialityCheck};
use super::variable::{Variable, Want};
use super::view::Reference;
use crate::error::{try_append, try_reserve, try_vec};
use crate::job::Job;
use crate::random::TILE;
use crate::{Error, Result};

/// Rows whose events are found before the job is looked at, if a slot is not longer.
const PART: u64 = 1 << 20;

impl Plan {
    /// The events that touch the `rows` rows from `start` on, in order, decoys too; whole, also where they reach beyond.
    pub fn events(&self, start: u64, rows: u64, job: &Job) -> Result<Vec<Event>> {
        Ok(self.scheduled(start, rows, job)?.0)
    }

    /// The events missing from these rows, where they were drawn first: no draw of them was hard enough to find.
    pub fn left_out(&self, start: u64, rows: u64, job: &Job) -> Result<Vec<Event>> {
        Ok(self.scheduled(start, rows, job)?.1)
    }

    fn scheduled(&self, start: u64, rows: u64, job: &Job) -> Result<(Vec<Event>, Vec<Event>)> {
        let (mut events, mut left_out) = (Vec::new(), Vec::new());
        let Some(last) = rows.checked_sub(1).map(|more| start + more) else { return Ok((events, left_out)) };
        // In parts, so that the job is looked at; a slot is arranged as a whole, and is not cut.
        let slot = self.schedule.slot_length().max(1);
        let part = slot.saturating_mul((PART / slot).max(1));
        let mut from = start;
        loop {
            job.check()?;
            let upto = (from - from % part).saturating_add(part - 1).min(last);
            let (mut new, mut missing) = self.scheduled_part(from, upto, job);
            job.check()?;
            if from > start {
                // The part before has those that begin in it.
                new.retain(|event| event.start >= from);
                missing.retain(|event| event.start >= from);
            }
            try_append(&mut events, new)?;
            try_append(&mut left_out, missing)?;
            if upto == last {
                return Ok((events, left_out));
            }
            from = upto + 1;
        }
    }

    /// The events that touch rows `first..=last`, and those missing from them.
    fn scheduled_part(&self, first: u64, last: u64, job: &Job) -> (Vec<Event>, Vec<Event>) {
        let mut check = TrivialityCheck::new(PlanSeries { plan: self, job, tiles: BTreeMap::new() });
        let mut accepts = |event: &Event| {
            // Of cancelled work, nothing is delivered.
            if job.check().is_err() {
                return true;
            }
            // Other draws may lie anywhere in the slot.
            check.forget_below(event.start.saturating_sub(self.schedule.slot_length()));
            !check.is_trivial(event, &self.anomalies[event.anomaly].variables)
        };
        let mut left_out = Vec::new();
        let events = self.schedule.events(first, last, &mut accepts, &mut left_out);
        (events, left_out)
    }

    /// The events that functions must see to fill `rows` rows from `start` on: those of the whole block, and of a
    /// warmup before it.
    pub(super) fn events_around(&self, start: u64, rows: u64, job: &Job) -> Result<Vec<Event>> {
        if !self.calls() {
            return self.events(start, rows, job);
        }
        let warmup = self.variables.iter().map(Variable::warmup).max().unwrap_or(0);
        let base = start - start % BLOCK as u64;
        let from = base.saturating_sub(warmup);
        self.events(from, base - from + BLOCK as u64, job)
    }

    /// The events that stay when anomalies are left out: decoys, and those that recordings are labelled with.
    pub fn clean(&self, events: Vec<Event>) -> Vec<Event> {
        let stays =
            |event: &Event| Some(event.anomaly) == self.recorded || self.anomalies[event.anomaly].decoy;
        events.into_iter().filter(stays).collect()
    }

    /// The parameters that an event has drawn for itself: the variable, the place in its rule, the value.
    pub fn drawn<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = (usize, &'a str, f64)> {
        let variables = self.variables.iter().enumerate();
        variables
            .flat_map(|(number, variable)| variable.drawn(event).map(move |(place, x)| (number, place, x)))
    }

    /// The labelled rows among `rows` rows from `start` on, as runs, in order, apart from each other; and how many labels
    /// they are joined from.
    pub fn anomalous(&self, start: u64, rows: u64, job: &Job) -> Result<(Vec<(u64, u64)>, usize)> {
        let mut labelled = self.labelled(start, rows, false, job)?;
        labelled.retain(|event| !self.anomalies[event.anomaly].decoy);
        labelled.sort_by_key(|event| event.start);
        let labels = labelled.len();
        let mut runs: Vec<(u64, u64)> = try_vec(labels)?;
        for Event { start, stop, .. } in labelled {
            match runs.last_mut() {
                Some((_, end)) if *end >= start => *end = stop.max(*end),
                _ => runs.push((start, stop)),
            }
        }
        Ok((runs, labels))
    }

    /// The labelled rows among `rows` rows from `start` on: one event for each event and each delay with which it reaches
    /// other variables. They may overlap.
    pub(super) fn labelled(&self, start: u64, rows: u64, clean: bool, job: &Job) -> Result<Vec<Event>> {
        let mut labelled = Vec::new();
        self.delayed(start, rows, clean, job, |event, lag| {
            let is_seen = |(variable, other): &Reference| *other == lag && !self.variables[*variable].hidden;
            if self.graph.reach(event.anomaly).iter().any(is_seen) {
                try_reserve(&mut labelled, 1)?;
                labelled.push(event);
            }
            Ok(())
        })?;
        Ok(labelled)
    }

    /// Labels of each delivered variable, for the rows from `start` on: 1 where an event made its value, or a
    /// value that it refers to; else 0. `clean` leaves those that recordings are labelled with.
    pub fn variable_labels(&self, start: u64, clean: bool, labels: &mut [Vec<i8>], job: &Job) -> Result<()> {
        let rows = labels.first().map_or(0, Vec::len) as u64;
        for labels in labels.iter_mut() {
            labels.fill(0);
        }
        let seen = self.variables.iter().scan(0, |next, variable| {
            let place = *next;
            *next += usize::from(!variable.hidden);
            Some((!variable.hidden).then_some(place))
        });
        let places: Vec<Option<usize>> = seen.collect();
        self.delayed(start, rows, clean, job, |event, lag| {
            if !self.anomalies[event.anomaly].decoy {
                let from = event.start.saturating_sub(start) as usize;
                let to = (event.stop - start).min(rows) as usize;
                let reached = self.graph.reach(event.anomaly).iter().filter(|(_, other)| *other == lag);
                let reached = reached.filter_map(|(variable, _)| places[*variable]);
                reached.for_each(|place| labels[place][from..to].fill(1));
            }
            Ok(())
        })
    }

    /// Hands over all events, decoys too, that have a row among `rows` rows from `start` on when they are
    /// moved by a delay with which events change values; moved, and with the delay.
    fn delayed(
        &self,
        start: u64,
        rows: u64,
        clean: bool,
        job: &Job,
        mut take: impl FnMut(Event, u64) -> Result<()>,
    ) -> Result<()> {
        let Some(last) = rows.checked_sub(1).map(|more| start + more) else { return Ok(()) };
        for lag in self.graph.lags() {
            // Row 0 stands for the rows before it: what refers to those has its value.
            let (from, upto) = (start.saturating_sub(lag), last.saturating_sub(lag));
            let mut events = self.events(from, upto - from + 1, job)?;
            if clean {
                events = self.clean(events);
            }
            for event in events {
                let begin = if event.start == 0 { 0 } else { event.start.saturating_add(lag) };
                let end = event.stop.saturating_add(lag);
                if begin <= last && end > start && begin < end {
                    take(Event { start: begin, stop: end, ..event }, lag)?;
                }
            }
        }
        Ok(())
    }

    /// Labels: 1 in rows of an event, 0 in those of a decoy.
    pub(super) fn mark(&self, start: u64, events: &[Event], labels: &mut [i8]) {
        labels.fill(0);
        let last = start + (labels.len() as u64 - 1);
        for event in events.iter().filter(|event| !self.anomalies[event.anomaly].decoy) {
            let from = (event.start.max(start) - start) as usize;
            let to = ((event.stop - 1).min(last) - start) as usize;
            labels[from..=to].fill(1);
        }
    }
}

/// The rows of a plan, for the triviality check of its events.
struct PlanSeries<'a> {
    plan: &'a Plan,
    job: &'a Job,
    /// Normal values, tile by tile: whole tiles are quick to fill, and read again and again.
    tiles: BTreeMap<(u64, usize), [f64; TILE]>,
}

impl PlanSeries<'_> {
    fn fill(&self, events: &[Event], variable: usize, row: u64, out: &mut [f64]) {
        let want = Want {
            events,
            around: events,
            scheduled: events,
            attempt: 0,
            time: &self.plan.time,
            view: None,
            job: self.job,
        };
        let filled = self.plan.variables[variable].fill(row, &want, out);
        debug_assert!(
            matches!(filled, Ok(()) | Err(Error::Cancelled)),
            "rules alone, which Plan::new made sure of, cannot fail"
        );
    }
}

impl EventSeries for PlanSeries<'_> {
    fn range(&self) -> Range<u64> {
        0..self.plan.most_rows().unwrap_or(u64::MAX)
    }

    fn normal(&mut self, variable: usize, row: u64, out: &mut [f64]) {
        let (mut row, mut out, tile) = (row, out, TILE as u64);
        while !out.is_empty() {
            let key = (row / tile, variable);
            let values = if let Some(known) = self.tiles.get(&key) {
                *known
            } else {
                let mut values = [f64::NAN; TILE];
                let there = (self.range().end - key.0 * tile).min(tile) as usize;
                self.fill(&[], variable, key.0 * tile, &mut values[..there]);
                self.tiles.insert(key, values);
                values
            };
            let from = (row % tile) as usize;
            let take = out.len().min(TILE - from);
            let (now, later) = std::mem::take(&mut out).split_at_mut(take);
            now.copy_from_slice(&values[from..from + take]);
            row += take as u64;
            out = later;
        }
    }

    fn with_event(&mut self, event: &Event, variable: usize, row: u64, out: &mut [f64]) {
        self.normal(variable, row, out);
        let (from, to) = (event.start.max(row), event.stop.min(row + out.len() as u64));
        if from < to {
            let own = &mut out[(from - row) as usize..(to - row) as usize];
            self.fill(&[*event], variable, from, own);
        }
    }

    fn forget_below(&mut self, row: u64) {
        let keep = row / TILE as u64;
        if self.tiles.first_key_value().is_some_and(|((tile, _), _)| *tile < keep) {
            self.tiles = self.tiles.split_off(&(keep, 0));
        }
    }
}
