//! The triviality check: whether a one-liner finds an event, the event alone, in the normal rows around it.
//!
//! The neighbourhood is the event's rows with [`TOLERANCE`] on each side, rounded out to whole pieces of [`PIECE`] rows,
//! and [`REACH`] pieces more on each side: some 10,000 rows. It holds no other event, so the result is a function of
//! the event and the normal rows near it, whatever else a dataset holds and however long it is. What an event changes
//! reaches [`HALO`] rows at most: everything further out is normal, and is surveyed once for all events.

use std::collections::BTreeMap;
use std::ops::Range;

use super::event::Event;
use super::one_liner::{COUNT, HALO, Largest, NONE, PAGE, TOLERANCE, raise, survey};

/// Rows whose largest numbers are kept together.
pub const PIECE: usize = 64;
/// Pieces on each side of an event's own.
pub const REACH: u64 = 80;
/// Rows around an event that are looked at to check it, at most.
pub const NEIGHBOURHOOD: u64 = 2 * (TOLERANCE + (REACH + 1) * PIECE as u64);
/// Pieces in a page.
const PIECES: u64 = (PAGE / PIECE) as u64;

/// A series in which events are checked, with its events and without.
pub trait EventSeries {
    /// The rows there are.
    fn range(&self) -> Range<u64>;

    /// Fills `out` with normal values of a variable, for rows that are there.
    fn normal(&mut self, variable: usize, row: u64, out: &mut [f64]);

    /// The same, with one event and no other.
    fn with_event(&mut self, event: &Event, variable: usize, row: u64, out: &mut [f64]);

    /// Drops what is kept of rows below `row`: they will not be asked for any more.
    fn forget_below(&mut self, _row: u64) {}
}

/// Which one-liners find an event.
pub type Found = [bool; COUNT];

/// Checks events; in rising order of rows that is least work.
pub struct TrivialityCheck<S> {
    series: S,
    /// The largest numbers of the normal rows, by variable and page.
    pages: BTreeMap<(u64, usize), Page>,
}

impl<S: EventSeries> TrivialityCheck<S> {
    /// A check of events in a series.
    pub fn new(series: S) -> Self {
        Self { series, pages: BTreeMap::new() }
    }

    /// Drops what is kept of rows that no event from `row` on can need.
    pub fn forget_below(&mut self, row: u64) {
        let needed = row.saturating_sub(TOLERANCE + (REACH + 1) * PIECE as u64);
        let keep = needed / PAGE as u64;
        if self.pages.first_key_value().is_some_and(|((page, _), _)| *page < keep) {
            self.pages = self.pages.split_off(&(keep, 0));
        }
        self.series.forget_below((keep * PAGE as u64).saturating_sub(HALO as u64));
    }

    /// Whether any one-liner finds the event, looking at one of these variables.
    pub fn is_trivial(&mut self, event: &Event, variables: &[usize]) -> bool {
        variables.iter().any(|&variable| self.found(event, variable).contains(&true))
    }

    /// Which one-liners find the event, looking at a variable.
    pub fn found(&mut self, event: &Event, variable: usize) -> Found {
        let piece = PIECE as u64;
        let Range { start: first, end } = self.series.range();
        // Where the largest number must lie to find the event.
        let inside =
            event.start.saturating_sub(TOLERANCE).max(first)..event.stop.saturating_add(TOLERANCE).min(end);
        // The rows that the event may change, in whole pieces; then normal ones.
        let own = (inside.start / piece * piece).max(first)
            ..inside.end.div_ceil(piece).saturating_mul(piece).min(end);
        let mut largest = [NONE; 2];
        let mut row = own.start;
        let mut buffer = [0.0; PAGE + 2 * HALO];
        while row < own.end {
            let n = (own.end - row).min(PAGE as u64) as usize;
            let page = &mut buffer[..n + 2 * HALO];
            padded(first..end, row, page, |from, out| self.series.with_event(event, variable, from, out));
            let cut = |at: u64| at.clamp(row, row + n as u64).wrapping_sub(row) as usize;
            let (a, b) = (cut(inside.start), cut(inside.end));
            let mut records = [NONE; 3];
            survey(page, &[0..a, a..b, b..n], &mut records);
            raise(&mut largest[0], &records[1]);
            raise(&mut largest[1], &records[0]);
            raise(&mut largest[1], &records[2]);
            row += n as u64;
        }
        let low = (own.start / piece).saturating_sub(REACH)..own.start / piece;
        let beyond = own.end.div_ceil(piece);
        let high = beyond..beyond.saturating_add(REACH);
        let there = first / piece..end.div_ceil(piece);
        for pieces in [low, high] {
            let mut at = pieces.start.max(there.start);
            let upto = pieces.end.min(there.end);
            while at < upto {
                let page = at / PIECES;
                let next = (page + 1).saturating_mul(PIECES).min(upto);
                let known = self.page(page, variable);
                if next - at == PIECES {
                    raise(&mut largest[1], &known.all);
                } else {
                    for piece in at..next {
                        raise(&mut largest[1], &known.pieces[(piece % PIECES) as usize]);
                    }
                }
                at = next;
            }
        }
        let [inside, outside] = largest;
        std::array::from_fn(|i| inside[i] > outside[i])
    }

    /// The largest numbers of a page of normal rows.
    fn page(&mut self, page: u64, variable: usize) -> &Page {
        let Self { series, pages } = self;
        pages.entry((page, variable)).or_insert_with(|| {
            let mut buffer = [0.0; PAGE + 2 * HALO];
            let range = series.range();
            padded(range, page * PAGE as u64, &mut buffer, |from, out| series.normal(variable, from, out));
            let ranges: [Range<usize>; PIECES as usize] = std::array::from_fn(|i| i * PIECE..(i + 1) * PIECE);
            let mut found = Page { pieces: [NONE; PIECES as usize], all: NONE };
            survey(&buffer, &ranges, &mut found.pieces);
            for piece in &found.pieces {
                raise(&mut found.all, piece);
            }
            found
        })
    }
}

/// The largest numbers of a page, piece by piece and together.
struct Page {
    pieces: [Largest; PIECES as usize],
    all: Largest,
}

/// Fills rows from `row` - [`HALO`] on; NaN where there are none.
fn padded(range: Range<u64>, row: u64, out: &mut [f64], fill: impl FnOnce(u64, &mut [f64])) {
    out.fill(f64::NAN);
    let halo = HALO as u64;
    // Counted from `row` - HALO, in numbers that cannot overflow.
    let begin = i128::from(row) - i128::from(halo);
    let from = i128::from(range.start).max(begin);
    let to = i128::from(range.end).min(begin + out.len() as i128);
    if from < to {
        fill(from as u64, &mut out[(from - begin) as usize..(to - begin) as usize]);
    }
}

/// Rows in memory: normal ones, and the same with the events in them.
#[derive(Debug)]
pub struct StoredSeries<'a> {
    /// The first row.
    pub start: u64,
    /// Normal values.
    pub normal: &'a [f64],
    /// Values with all events.
    pub values: &'a [f64],
}

impl EventSeries for StoredSeries<'_> {
    fn range(&self) -> Range<u64> {
        self.start..self.start + self.normal.len() as u64
    }

    fn normal(&mut self, _variable: usize, row: u64, out: &mut [f64]) {
        let at = (row - self.start) as usize;
        out.copy_from_slice(&self.normal[at..at + out.len()]);
    }

    fn with_event(&mut self, event: &Event, variable: usize, row: u64, out: &mut [f64]) {
        self.normal(variable, row, out);
        let last = row + out.len() as u64;
        let (from, to) = (event.start.max(row), event.stop.min(last));
        if from < to {
            let values = &self.values[(from - self.start) as usize..(to - self.start) as usize];
            out[(from - row) as usize..(to - row) as usize].copy_from_slice(values);
        }
    }
}
