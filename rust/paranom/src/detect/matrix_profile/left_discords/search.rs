//! The best-first search for left discords.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

use rayon::prelude::*;

use super::block::Block;
use super::comparison::Comparison;
use super::conventions::Firsts;
use super::found::{Farthest, LeftDiscord};
use super::joint::{Columns, Joint};
use super::limit::Limit;
use super::piece::FAR;
use super::single::Single;
use super::values::Values;
use crate::detect::matrix_profile::settings::{Settings, check_size};
use crate::error::{try_reserve, try_vec};
use crate::job::Job;
use crate::{Error, Result, pool};

/// Windows of a block, at least.
const BLOCK: usize = 256;
/// Lags of the first comparison, in windows' lengths, and at least.
const NEAR: usize = 8;
const NEAR_LEAST: usize = 1024;
/// Parts of the first comparison whose results are collected together.
const COLLECTED: usize = 1 << 10;
/// Lags of the comparisons in passing.
const PASSING: usize = 1 << 16;
/// Windows in which the first discords are found, at most, and the share of all that they are. If they were fewer than the
/// least, they would not be worth it.
const EARLY: usize = 1 << 17;
const EARLY_SHARE: usize = 16;
const EARLY_LEAST: usize = 1 << 10;

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

/// The windows that are farthest from all windows before them, farthest first. There may be fewer than asked for: a window
/// without a neighbour is none.
///
/// The job counts cells: pairs of windows.
pub fn left_discords<S: Values + ?Sized>(
    values: &S,
    wanted: &LeftDiscords,
    job: &Job,
) -> Result<Vec<LeftDiscord>> {
    wanted.settings.check()?;
    search(&Single { values, settings: &wanted.settings }, wanted, job)
}

/// As [`left_discords`] of several series at once, by their distance at one level, as in
/// [`multidimensional`](crate::detect::matrix_profile::multidimensional).
pub fn left_discords_multidimensional<S: Values + ?Sized>(
    values: &S,
    columns: &Columns,
    wanted: &LeftDiscords,
    job: &Job,
) -> Result<Vec<LeftDiscord>> {
    wanted.settings.check()?;
    search(&Joint::new(values, &wanted.settings, columns)?, wanted, job)
}

fn search<C: Comparison>(compared: &C, wanted: &LeftDiscords, job: &Job) -> Result<Vec<LeftDiscord>> {
    let (n, settings) = (compared.rows(), &wanted.settings);
    check_size("x", n)?;
    if settings.window < 3 {
        return Err(Error::invalid("window", settings.window, "must be at least 3"));
    }
    if n < settings.window {
        let rule = format!("must have at least window = {} values", settings.window);
        return Err(Error::invalid("x", format!("{n} values"), rule));
    }
    let windows = n - settings.window + 1;
    let first = wanted.start.min(windows);
    let early = ((windows - first) / EARLY_SHARE).min(EARLY);
    // All in one visit to the pool: each costs its threads a sleep, and there are rounds by the ten thousand.
    pool::run(settings.threads, || {
        let mut limit = None;
        if early >= EARLY_LEAST {
            let part = Search::new(compared, wanted, first + early, None, job).found()?;
            limit = Limit::of(&part, wanted.count);
        }
        let found = Search::new(compared, wanted, windows, limit, job).found()?;
        found.iter().map(|found| compared.report(found, job)).collect()
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

struct Search<'a, C> {
    compared: &'a C,
    wanted: &'a LeftDiscords,
    job: &'a Job,
    /// The windows that are searched: those before this one.
    windows: usize,
    /// Windows of a block.
    size: usize,
    limit: Option<Limit>,
    firsts: Firsts,
    found: Vec<Farthest>,
}

impl<'a, C: Comparison> Search<'a, C> {
    fn new(
        compared: &'a C,
        wanted: &'a LeftDiscords,
        windows: usize,
        limit: Option<Limit>,
        job: &'a Job,
    ) -> Self {
        let size = BLOCK.max(wanted.settings.window);
        Self { compared, wanted, job, windows, size, limit, firsts: Firsts::NOTHING, found: Vec::new() }
    }

    /// Searches.
    fn found(mut self) -> Result<Vec<Farthest>> {
        let keys = self.first_comparison()?;
        self.best_first(keys)?;
        Ok(self.found)
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
        // The series may end before the first window that is asked for.
        let first = self.wanted.start.min(self.windows) / self.size * self.size;
        let starts: Vec<usize> = (first..self.windows).step_by(at_once).collect();
        self.firsts = self.firsts_before(first)?;
        let mut keys = Vec::new();
        // Not all at once: what is found of a part is kept twice while it is collected.
        for starts in starts.chunks(COLLECTED) {
            let parts: Vec<(Firsts, Vec<Key>)> = starts
                .par_iter()
                .with_max_len(1)
                .map(|&start| self.compare_near(start, at_once, lags))
                .collect::<Result<_>>()?;
            for (firsts, part) in parts {
                self.firsts = self.firsts.earlier(firsts);
                try_reserve(&mut keys, part.len())?;
                keys.extend(part);
            }
        }
        Ok(BinaryHeap::from(keys))
    }

    /// The first constant window before `end`, and the first other one.
    fn firsts_before(&self, end: usize) -> Result<Firsts> {
        let mut firsts = Firsts::NOTHING;
        for start in (0..end).step_by(FAR) {
            let known = firsts.constant.is_some() && firsts.varied.is_some();
            if known || !self.compared.leaves_out_constants() {
                break;
            }
            self.job.check()?;
            let piece = self.compared.piece(start..(start + FAR).min(end))?;
            firsts = firsts.earlier(Firsts::of(self.compared, &piece));
        }
        Ok(firsts)
    }

    fn compare_near(&self, start: usize, at_once: usize, lags: usize) -> Result<(Firsts, Vec<Key>)> {
        let exclusion = self.wanted.settings.exclusion();
        let mut firsts = Firsts::NOTHING;
        let mut blocks = Vec::new();
        let end = (start + at_once).min(self.windows);
        let earlier = self.earlier(start..end, lags)?;
        for start in (start..end).step_by(self.size) {
            let piece = self.compared.piece(start..(start + self.size).min(end))?;
            let mut block = Block::new(self.compared, &piece)?;
            let near = exclusion + 1..exclusion + lags + 1;
            block.compare(self.compared, &piece, &earlier, &near, self.job)?;
            firsts = firsts.earlier(Firsts::of(self.compared, &piece));
            if let Some(limit) = &self.limit {
                block.rule_out(limit);
            }
            // Without the conventions for constant windows: they can only raise a score.
            if let Some(farthest) = block.farthest(exclusion, Firsts::NOTHING, |i| self.may(i)) {
                blocks.push((Key { score: farthest.score, block: start / self.size }, block));
            }
        }
        drop(earlier);
        if let Some(limit) = &self.limit {
            self.compare_in_passing(&mut blocks, lags, limit)?;
        }
        // Into memory of their own: collected in place, they would keep that of the blocks.
        let mut keys = try_vec(blocks.len())?;
        keys.extend(blocks.iter().map(|&(key, _)| key));
        Ok((firsts, keys))
    }

    /// The windows that may lie at most so many lags before some others.
    fn earlier(&self, windows: Range<usize>, lags: usize) -> Result<C::Piece> {
        let exclusion = self.wanted.settings.exclusion();
        let start = windows.start.saturating_sub(exclusion + lags);
        self.compared.piece(start..windows.end.saturating_sub(exclusion + 1).max(start + 1))
    }

    /// Compares the open windows of neighbouring blocks further back, and leaves out the blocks that have none then. They
    /// have been compared so many `lags` back.
    fn compare_in_passing(
        &self,
        blocks: &mut Vec<(Key, Block)>,
        mut lags: usize,
        limit: &Limit,
    ) -> Result<()> {
        let (exclusion, size) = (self.wanted.settings.exclusion(), self.size);
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(()) };
        let windows = first.0.block * size..((last.0.block + 1) * size).min(self.windows);
        if lags >= PASSING || windows.start <= exclusion + lags {
            return Ok(());
        }
        let earlier = self.earlier(windows, PASSING)?;
        while lags < PASSING && !blocks.is_empty() {
            let further = exclusion + lags + 1..exclusion + (2 * lags).min(PASSING) + 1;
            let mut open = Vec::with_capacity(blocks.len());
            for (mut key, mut block) in blocks.drain(..) {
                block.compare_open(self.compared, &earlier, &further, |i| self.may(i), self.job)?;
                block.rule_out(limit);
                if let Some(farthest) = block.farthest(exclusion, Firsts::NOTHING, |i| self.may(i)) {
                    key.score = farthest.score;
                    open.push((key, block));
                }
            }
            *blocks = open;
            lags *= 2;
        }
        Ok(())
    }

    /// Compares the most promising blocks further back, until the discords are known.
    fn best_first(&mut self, mut keys: BinaryHeap<Key>) -> Result<()> {
        let (threads, exclusion) = (self.wanted.settings.threads, self.wanted.settings.exclusion());
        let mut open: BTreeMap<usize, Block> = BTreeMap::new();
        while self.found.len() < self.wanted.count {
            let Some(first) = keys.pop() else { break };
            let finished = open.get(&first.block).filter(|block| block.reached == 0);
            if let Some(block) = finished {
                let now = block.farthest(exclusion, self.firsts, |i| self.may(i));
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
                if let Some(now) = block.farthest(exclusion, self.firsts, |i| self.may(i)) {
                    keys.push(Key { score: now.score, block: number });
                    open.insert(number, block);
                }
            }
        }
        Ok(())
    }

    /// Compares a block with as many windows again as it has been compared with.
    fn further(&self, number: usize, block: Option<Block>) -> Result<Block> {
        let start = number * self.size;
        let windows = start..(start + self.size).min(self.windows);
        let mut block = match block {
            Some(block) => block,
            None => Block::new(self.compared, &self.compared.piece(windows.clone())?)?,
        };
        let seen = windows.end - block.reached;
        let target = block.reached.saturating_sub(seen.max(4 * self.size));
        let all = self.wanted.settings.exclusion() + 1..usize::MAX;
        // Always the same pieces, so that the same sums are made.
        while block.reached > target {
            let start = ((block.reached - 1) / FAR * FAR).max(target / self.size * self.size);
            let earlier = self.compared.piece(start..block.reached)?;
            block.compare_open(self.compared, &earlier, &all, |i| self.may(i), self.job)?;
            block.reached = start;
            if let Some(limit) = &self.limit {
                block.rule_out(limit);
            }
        }
        Ok(block)
    }
}
