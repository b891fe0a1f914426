//! The best-first search for left discords.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

use rayon::prelude::*;

use super::block::{Block, Farthest};
use super::conventions::Firsts;
use super::piece::{Piece, read_values};
use super::values::Values;
use crate::detect::matrix_profile::exact;
use crate::detect::matrix_profile::metric::Distance;
use crate::detect::matrix_profile::series::Series;
use crate::detect::matrix_profile::settings::{Settings, check_size};
use crate::job::Job;
use crate::{Error, Result, pool};

/// Windows of a block, at least.
const BLOCK: usize = 256;
/// Windows that a block is compared with at once, at most.
const FAR: usize = 1 << 16;
/// Lags of the first comparison, in windows' lengths, and at least.
const NEAR: usize = 8;
const NEAR_LEAST: usize = 1024;
/// Above this correlation, look for bitwise identical windows.
const NEAR_ONE: f64 = 1.0 - 1e-9;

/// What to search for.
#[derive(Debug, Clone)]
pub struct LeftDiscords {
    /// How windows are compared.
    pub settings: Settings,
    /// How many discords to find.
    pub count: usize,
    /// The first window that may be a discord; those before it are only compared with.
    pub start: usize,
    /// Windows that start at most this far from a discord are not reported.
    pub apart: usize,
}

/// A window that is far from all windows before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeftDiscord {
    /// Its first row.
    pub window: usize,
    /// The distance to the nearest window before it.
    pub distance: f64,
    /// That window.
    pub neighbour: usize,
}

/// The windows that are farthest from all windows before them, farthest first. There may be fewer than asked for: a window
/// without a neighbour is none.
///
/// The job counts cells: pairs of windows.
pub fn left_discords<S: Values + ?Sized>(
    values: &S,
    wanted: &LeftDiscords,
    job: &Job,
) -> Result<Vec<LeftDiscord>> {
    let settings = &wanted.settings;
    settings.check()?;
    let n = values.count();
    check_size("x", n)?;
    if settings.window < 3 {
        return Err(Error::invalid("window", settings.window, "must be at least 3"));
    }
    if n < settings.window {
        let rule = format!("must have at least window = {} values", settings.window);
        return Err(Error::invalid("x", format!("{n} values"), rule));
    }
    // All in one visit to the pool: each costs its threads a sleep, and there are rounds by the ten thousand.
    pool::run(settings.threads, || {
        let mut search = Search::new(values, wanted, job);
        let keys = search.first_comparison()?;
        search.best_first(keys)
    })?
}

/// How promising a block is: the block with the lowest score of a farthest window comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key {
    score: f64,
    block: usize,
}

impl Eq for Key {}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(other.block.cmp(&self.block))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

struct Search<'a, S: ?Sized> {
    values: &'a S,
    wanted: &'a LeftDiscords,
    job: &'a Job,
    windows: usize,
    /// Windows of a block.
    size: usize,
    firsts: Firsts,
    found: Vec<Farthest>,
}

impl<'a, S: Values + ?Sized> Search<'a, S> {
    fn new(values: &'a S, wanted: &'a LeftDiscords, job: &'a Job) -> Self {
        let m = wanted.settings.window;
        let size = BLOCK.max(m);
        Self {
            values,
            wanted,
            job,
            windows: values.count() - m + 1,
            size,
            firsts: Firsts::NOTHING,
            found: Vec::new(),
        }
    }

    /// Whether a window may still be reported.
    fn may(&self, window: usize) -> bool {
        window >= self.wanted.start
            && self.found.iter().all(|found| found.window.abs_diff(window) > self.wanted.apart)
    }

    /// Compares every window with those shortly before it. Returns how promising each block is.
    fn first_comparison(&mut self) -> Result<BinaryHeap<Key>> {
        let m = self.wanted.settings.window;
        let lags = (NEAR * m).max(NEAR_LEAST);
        // As many blocks at once as keep the work of preparing earlier windows small.
        let at_once = (4 * lags).max(1 << 15).div_ceil(self.size) * self.size;
        let first = self.wanted.start / self.size * self.size;
        let starts: Vec<usize> = (first..self.windows).step_by(at_once).collect();
        let parts: Vec<(Firsts, Vec<Key>)> = starts
            .par_iter()
            .with_max_len(1)
            .map(|&start| self.compare_near(start, at_once, lags))
            .collect::<Result<_>>()?;
        self.firsts = self.firsts_before(first)?;
        let mut keys = Vec::new();
        keys.try_reserve(self.windows / self.size + 1)
            .map_err(|_| Error::OutOfMemory { bytes: (self.windows / self.size) as u64 * 16 })?;
        for (firsts, part) in parts {
            self.firsts = self.firsts.earlier(firsts);
            keys.extend(part);
        }
        Ok(BinaryHeap::from(keys))
    }

    /// The first constant window before `end`, and the first other one.
    fn firsts_before(&self, end: usize) -> Result<Firsts> {
        let Settings { window, distance, .. } = self.wanted.settings;
        let mut firsts = Firsts::NOTHING;
        for start in (0..end).step_by(FAR) {
            if distance != Distance::ZNormalized || (firsts.constant.is_some() && firsts.varied.is_some()) {
                break;
            }
            self.job.check()?;
            let piece = Piece::read(self.values, start..(start + FAR).min(end), window, distance)?;
            firsts = firsts.earlier(Firsts::of(&piece, distance));
        }
        Ok(firsts)
    }

    fn compare_near(&self, start: usize, at_once: usize, lags: usize) -> Result<(Firsts, Vec<Key>)> {
        let settings = &self.wanted.settings;
        let (m, exclusion) = (settings.window, settings.exclusion());
        let mut firsts = Firsts::NOTHING;
        let mut keys = Vec::new();
        let end = (start + at_once).min(self.windows);
        let earlier = start.saturating_sub(exclusion + lags)..end.saturating_sub(exclusion + 1).max(1);
        let earlier = Piece::read(self.values, earlier, m, settings.distance)?;
        for start in (start..end).step_by(self.size) {
            let windows = start..(start + self.size).min(end);
            let block = Block::new(Piece::read(self.values, windows, m, settings.distance)?)?;
            block.compare(&earlier, &(exclusion + 1..exclusion + lags + 1), settings, self.job)?;
            let here = block.firsts(settings);
            firsts = firsts.earlier(here);
            // Without the conventions for constant windows: they can only raise a score.
            if let Some(farthest) = block.farthest(Firsts::NOTHING, settings, |i| self.may(i)) {
                keys.push(Key { score: farthest.score, block: start / self.size });
            }
        }
        Ok((firsts, keys))
    }

    /// Compares the most promising blocks further back, until the discords are known.
    fn best_first(&mut self, mut keys: BinaryHeap<Key>) -> Result<Vec<LeftDiscord>> {
        let threads = self.wanted.settings.threads;
        let mut open: BTreeMap<usize, Block> = BTreeMap::new();
        while self.found.len() < self.wanted.count {
            let Some(first) = keys.pop() else { break };
            let finished = open.get(&first.block).filter(|block| block.reached == 0);
            if let Some(block) = finished {
                let now = block.farthest(self.firsts, &self.wanted.settings, |i| self.may(i));
                match now {
                    Some(now) if now.score == first.score => {
                        self.found.push(now);
                        keys.push(first); // another window of the block may be the next discord
                    }
                    Some(now) => keys.push(Key { score: now.score, ..first }),
                    None => {
                        open.remove(&first.block);
                    }
                }
                continue;
            }
            // The next blocks are compared at the same time; the result does not depend on how many they are.
            let mut round = vec![first];
            while round.len() < threads
                && keys.peek().is_some_and(|key| open.get(&key.block).is_none_or(|block| block.reached > 0))
            {
                round.extend(keys.pop());
            }
            let blocks: Vec<(usize, Option<Block>)> =
                round.into_iter().map(|key| (key.block, open.remove(&key.block))).collect();
            let further: Vec<(usize, Block)> = blocks
                .into_par_iter()
                .with_max_len(1)
                .map(|(number, block)| Ok((number, self.further(number, block)?)))
                .collect::<Result<_>>()?;
            for (number, block) in further {
                if let Some(now) = block.farthest(self.firsts, &self.wanted.settings, |i| self.may(i)) {
                    keys.push(Key { score: now.score, block: number });
                    open.insert(number, block);
                }
            }
        }
        self.found.iter().map(|found| self.report(found)).collect()
    }

    /// Compares a block with as many windows again as it has been compared with.
    fn further(&self, number: usize, block: Option<Block>) -> Result<Block> {
        let settings = &self.wanted.settings;
        let start = number * self.size;
        let windows = start..(start + self.size).min(self.windows);
        let mut block = match block {
            Some(block) => block,
            None => {
                Block::new(Piece::read(self.values, windows.clone(), settings.window, settings.distance)?)?
            }
        };
        let seen = windows.end - block.reached;
        let target = block.reached.saturating_sub(seen.max(4 * self.size));
        // Always the same pieces, so that the same sums are made.
        while block.reached > target {
            let piece = (block.reached - 1) / FAR * FAR;
            let piece: Range<usize> = piece.max(target / self.size * self.size)..block.reached;
            block.reach(self.values, piece, settings, self.job)?;
        }
        Ok(block)
    }

    /// The exact distance, and the first duplicate as the neighbour if there is one.
    fn report(&self, found: &Farthest) -> Result<LeftDiscord> {
        let Settings { window: m, distance, .. } = self.wanted.settings;
        let i = found.window;
        let read = |start: usize| read_values(self.values, start..start + m, distance);
        let series = |x: Vec<f64>| Series::new("x", &x, m, distance, self.job);
        let values = series(read(i)?)?;
        let mut neighbour = found.neighbour as usize;
        if distance != Distance::ZNormalized || (found.score > NEAR_ONE && !values.constant(0)) {
            neighbour = self.duplicate(i, &values.x)?.unwrap_or(neighbour);
        }
        let distance = exact::between(distance, &values, 0, &series(read(neighbour)?)?, 0);
        Ok(LeftDiscord { window: i, distance, neighbour })
    }

    /// The first earlier window that has the same values.
    fn duplicate(&self, window: usize, values: &[f64]) -> Result<Option<usize>> {
        let Settings { window: m, distance, .. } = self.wanted.settings;
        let end = window.saturating_sub(self.wanted.settings.exclusion());
        for start in (0..end).step_by(FAR) {
            self.job.check()?;
            let stop = (start + FAR).min(end);
            let x = read_values(self.values, start..stop + m - 1, distance)?;
            if let Some(at) = x.windows(m).position(|x| x == values) {
                return Ok(Some(start + at));
            }
        }
        Ok(None)
    }
}
