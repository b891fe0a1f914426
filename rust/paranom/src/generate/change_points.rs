//! Rows at which a variable's normal rule changes.

use super::rule::Site;
use crate::random::{Key, Source, below};

/// Rows at which rules take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangePoints {
    /// The mean number of rows from change to change.
    pub mean: u64,
    /// How far changes are shifted at most.
    pub most: u64,
    /// Rows over which a rule gives way to the next one.
    pub fade: u64,
    /// Where shifts are drawn.
    pub site: Site,
}

/// Rows from one change to the next.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    /// Its number, from 0 on.
    pub number: u64,
    /// How many of its rows lie before a row.
    pub since: u64,
    /// How many of its rows are left, that row included.
    pub left: u64,
}

impl ChangePoints {
    /// By how many rows a change is shifted. Row 0 begins the first interval.
    fn shift(&self, key: Key, number: u64) -> u64 {
        let source = Source { key, site: self.site.number(), attempt: 0 };
        if number == 0 { 0 } else { below(source, number, self.most + 1) }
    }

    /// The interval of a row.
    pub fn interval(&self, key: Key, row: u64) -> Interval {
        let (number, place) = (row / self.mean, row % self.mean);
        let shift = self.shift(key, number);
        if place < shift {
            let since = self.mean + place - self.shift(key, number - 1);
            return Interval { number: number - 1, since, left: shift - place };
        }
        let left = (self.mean - place).saturating_add(self.shift(key, number.wrapping_add(1)));
        Interval { number, since: place - shift, left }
    }

    /// The changes among rows `first..=last`, or whose fading touches them: their first rows, and the rows
    /// after the last.
    pub fn touching(&self, key: Key, first: u64, last: u64) -> Vec<(u64, u64)> {
        let length = self.fade.max(1);
        let mut found = Vec::new();
        let mut row = first;
        loop {
            let Interval { number, since, left } = self.interval(key, row);
            let start = row - since;
            if number > 0 && start.saturating_add(length) > first {
                found.push((start, start.saturating_add(length)));
            }
            match row.checked_add(left) {
                Some(next) if next <= last => row = next,
                _ => return found,
            }
        }
    }
}
