//! The best-first search for the consensus motif.

use std::collections::BinaryHeap;
use std::ops::Range;

use rayon::prelude::*;

use super::block::Block;
use super::prepared::Prepared;
use crate::detect::matrix_profile::distance_profile::distance_profile;
use crate::detect::matrix_profile::join::{Joined, sweep_between};
use crate::detect::matrix_profile::metric::Distance;
use crate::detect::matrix_profile::nearest::SharedNearest;
use crate::detect::matrix_profile::segment::Segment;
use crate::detect::matrix_profile::settings::Settings;
use crate::job::Job;
use crate::{Error, Result, pool};

/// Windows of a block, at least. As many cost about as much to compare as the first cells of their diagonals.
const BLOCK: usize = 32;

/// Correlations that are nearer to 1 count as 1: the recurrence does not tell them apart.
const ROUNDING: f64 = 5e-11;

/// Windows whose radii the recurrence does not tell apart, of which the exact radii are compared, at most.
const CANDIDATES: usize = 64;

/// A window that every series has something like.
#[derive(Debug, Clone, PartialEq)]
pub struct Consensus {
    /// The number of its series.
    pub series: usize,
    /// Its first row there.
    pub start: usize,
    /// The first row of its nearest window in each series; in its own series itself.
    pub starts: Vec<usize>,
    /// Their distances. The radius is the largest.
    pub distances: Vec<f64>,
}

/// The window whose radius is least, the first of several; None if no window has a neighbour in every other series.
///
/// The job counts cells: pairs of windows.
pub fn consensus_motif(series: &[Vec<f64>], settings: &Settings, job: &Job) -> Result<Option<Consensus>> {
    settings.check()?;
    if series.len() < 2 {
        return Err(Error::invalid("series", series.len(), "must have at least 2 series"));
    }
    let prepare = |(at, x): (usize, &Vec<f64>)| {
        job.check()?;
        Prepared::new(&format!("series[{at}]"), x, settings)
    };
    // All in one visit to the pool: each costs its threads a sleep.
    pool::run(settings.threads, || {
        let prepared = series.iter().enumerate().map(prepare).collect::<Result<Vec<_>>>()?;
        let search = Search { prepared, settings, job };
        let mut candidates = search.best_first(search.pairs()?)?;
        drop(search);
        candidates.sort_unstable();
        let mut least = None;
        let mut radius = f64::INFINITY;
        for window in candidates {
            if let Some(found) = report(series, window, radius, settings, job)? {
                radius = found.distances.iter().copied().fold(0.0, f64::max);
                least = Some(found);
            }
        }
        Ok(least)
    })?
}

/// The exact distances of a window; None if its radius is not below `most`.
fn report(
    series: &[Vec<f64>],
    (at, start): (usize, usize),
    most: f64,
    settings: &Settings,
    job: &Job,
) -> Result<Option<Consensus>> {
    let query = &series[at][start..start + settings.window];
    let (mut starts, mut distances) = (Vec::new(), Vec::new());
    for (other, x) in series.iter().enumerate() {
        let nearest = if other == at {
            (start, 0.0)
        } else {
            let profile = distance_profile(query, x, settings.distance, settings.threads, job)?;
            profile.into_iter().enumerate().fold((0, f64::INFINITY), |a, b| if b.1 < a.1 { b } else { a })
        };
        if other != at && nearest.1 >= most {
            return Ok(None);
        }
        starts.push(nearest.0);
        distances.push(nearest.1);
    }
    Ok(Some(Consensus { series: at, start, starts, distances }))
}

struct Search<'a> {
    prepared: Vec<Prepared>,
    settings: &'a Settings,
    job: &'a Job,
}

impl Search<'_> {
    /// The series that the windows of one are compared with first: pairs of two, and the first for one that is left over.
    fn partner(&self, series: usize) -> usize {
        let other = series ^ 1;
        if other < self.prepared.len() { other } else { 0 }
    }

    /// The series that windows are compared with after so many others.
    fn next(&self, block: &Block) -> usize {
        let (count, partner) = (self.prepared.len(), self.partner(block.series));
        let mut others =
            (1..count).map(|step| (block.series + step) % count).filter(|&other| other != partner);
        others.nth(block.seen - 1).unwrap_or(partner)
    }

    /// Whether the windows have been compared with all series.
    fn complete(&self, block: &Block) -> bool {
        block.seen + 1 == self.prepared.len()
    }

    /// Joins the series in pairs. Returns the blocks of all windows.
    fn pairs(&self) -> Result<BinaryHeap<Block>> {
        let joined = (0..self.prepared.len())
            .into_par_iter()
            .step_by(2)
            .with_max_len(1)
            .map(|at| self.pair(at))
            .collect::<Result<Vec<_>>>()?;
        Ok(joined.into_iter().flatten().filter(Block::counts).collect())
    }

    /// Joins a series with its partner. Returns the blocks of the windows of both.
    fn pair(&self, at: usize) -> Result<Vec<Block>> {
        let partner = self.partner(at);
        let (mine, theirs) = (&self.prepared[at], &self.prepared[partner]);
        let both = self.partner(partner) == at;
        let (found, found_there) = (mine.nothing_found()?, theirs.nothing_found()?);
        let there = theirs.side(both.then_some(&found_there));
        sweep_between(self.settings, mine.side(Some(&found)), there, self.job)?;
        let mut blocks = Vec::new();
        self.enter(at, partner, &found, &mut blocks)?;
        if both {
            self.enter(partner, at, &found_there, &mut blocks)?;
        }
        Ok(blocks)
    }

    /// Cuts the windows of a series into blocks, by what was found for them in another.
    fn enter(&self, at: usize, other: usize, found: &[SharedNearest], blocks: &mut Vec<Block>) -> Result<()> {
        let mine = &self.prepared[at];
        let size = BLOCK.max(self.settings.window / 4);
        for (range, found) in mine.cuts.iter().zip(found) {
            let scores = self.scores(mine, range.clone(), found, &self.prepared[other])?;
            for (start, scores) in range.clone().step_by(size).zip(scores.chunks(size)) {
                blocks.push(Block::new(at, start..start + scores.len(), scores));
            }
        }
        Ok(())
    }

    fn scores(
        &self,
        mine: &Prepared,
        windows: Range<usize>,
        found: &SharedNearest,
        other: &Prepared,
    ) -> Result<Vec<f64>> {
        let mut scores = mine.scores(windows, found, other)?;
        if self.settings.distance == Distance::ZNormalized {
            for score in scores.iter_mut().filter(|score| **score > 1.0 - ROUNDING) {
                *score = 1.0;
            }
        }
        Ok(scores)
    }

    /// Compares the most promising blocks with one series more, until the first has been compared with all. Returns the
    /// windows with the least radius, as far as the recurrence tells them apart: their series and starts.
    fn best_first(&self, mut blocks: BinaryHeap<Block>) -> Result<Vec<(usize, usize)>> {
        let mut candidates = Vec::new();
        let mut least = f64::NEG_INFINITY;
        while let Some(first) = blocks.pop() {
            if first.best < least || candidates.len() == CANDIDATES {
                break;
            }
            if self.complete(&first) {
                if candidates.is_empty() {
                    least = first.best - 2.0 * ROUNDING * first.best.abs().max(1.0);
                }
                let room = CANDIDATES - candidates.len();
                candidates.extend(first.at_least(least).map(|start| (first.series, start)).take(room));
                continue;
            }
            // The next blocks are compared at the same time; the result does not depend on how many they are.
            let mut round = vec![first];
            while round.len() < self.settings.threads
                && blocks.peek().is_some_and(|next| !self.complete(next))
            {
                round.extend(blocks.pop());
            }
            let further = round
                .into_par_iter()
                .with_max_len(1)
                .map(|block| self.further(block))
                .collect::<Result<Vec<_>>>()?;
            blocks.extend(further.into_iter().filter(Block::counts));
        }
        Ok(candidates)
    }

    /// Compares a block with one series more.
    fn further(&self, mut block: Block) -> Result<Block> {
        let (mine, other) = (&self.prepared[block.series], &self.prepared[self.next(&block)]);
        let windows = block.windows.clone();
        let segment = Segment::new(&mine.series, windows.clone(), self.settings.distance, false);
        let found = SharedNearest::new(windows.len(), 1)?;
        let side = Joined {
            cuts: std::slice::from_ref(&windows),
            segments: std::slice::from_ref(&segment),
            nearest: Some(std::slice::from_ref(&found)),
        };
        sweep_between(self.settings, side, other.side(None), self.job)?;
        block.lower(&self.scores(mine, windows, &found, other)?);
        Ok(block)
    }
}
