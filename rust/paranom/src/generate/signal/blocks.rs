//! Blocks of a recording, in an order that is drawn anew for each round.
//!
//! A round plays each block once. So it is as long as all blocks together, a row's round is known at once, and each round
//! holds the same values as the recording. Where a block follows on another one, the rows that came after the other one
//! in the recording fade into it. A block may be mixed with another one: then its rows are new.

use std::sync::Arc;

use super::block_mix::{BlockMix, Other, mix_in};
use crate::error::refuse_unless;
use crate::generate::rule::{At, Rule, span_of};
use crate::generate::scope::Scope;
use crate::generate::shared_draws::SharedDraws;
use crate::random::{TILE, words};
use crate::spec::{Field, Table};
use crate::{Error, Result};

/// Most blocks: their order is drawn with one tile of random words.
const MOST: usize = TILE;
/// Bits of a sort key that hold the block's number.
const NUMBER_BITS: u32 = MOST.trailing_zeros();
const NUMBER: u64 = MOST as u64 - 1;

#[derive(Debug)]
struct Blocks {
    recording: Arc<[f64]>,
    /// First row, and the row after the last.
    blocks: Vec<(usize, usize)>,
    /// Rows of a round.
    round: u64,
    /// How many places a block may come later than in the recording; none: any order.
    reach: Option<u64>,
    /// Rows in which a block fades in.
    fade: usize,
    mix: BlockMix,
    draws: SharedDraws,
}

/// A block that was played: its number, and what it was mixed with.
#[derive(Debug, Clone, Copy)]
struct Played {
    number: usize,
    other: Option<Other>,
}

/// The blocks of a round, in order.
type Order = [u64; MOST];

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let values = table.need("values")?;
    let recording = values.series()?;
    if recording.is_empty() {
        return Err(values.invalid("must hold at least one row"));
    }
    if let Some(x) = recording.iter().find(|x| x.is_infinite()) {
        return Err(Error::invalid(values.path, x, "must be finite (NaN stands for a missing value)"));
    }
    let fade = table.whole_or("fade", 0, recording.len() as i128 - 1, 0)? as usize;
    let field = table.need("blocks")?;
    let blocks = read_blocks(&field, recording.len() - fade)?;
    let shortest = blocks.iter().map(|(start, stop)| stop - start).min().unwrap_or(0);
    refuse_unless(
        fade <= shortest,
        &format!("{}.fade", table.path),
        fade,
        &format!("must be at most as long as the shortest block ({shortest} rows)"),
    )?;
    let round = blocks.iter().map(|(start, stop)| (stop - start) as u64).sum();
    let reach = table.get("reach").map(|field| field.whole(1, MOST as i128)).transpose()?;
    let mix = BlockMix::parse(table, blocks.len())?;
    let draws = SharedDraws::parse(table, scope, "blocks")?;
    Ok(Box::new(Blocks {
        recording,
        blocks,
        round,
        reach: reach.map(|reach| reach as u64),
        fade,
        mix,
        draws,
    }))
}

/// Reads blocks, which end `rows` rows from the start of the recording at the latest: after the last, it fades out.
fn read_blocks(field: &Field, rows: usize) -> Result<Vec<(usize, usize)>> {
    let list = field.list()?;
    if !(1..=MOST).contains(&list.len()) {
        return Err(Error::invalid(&field.path, list.len(), format!("must hold 1 to {MOST} blocks")));
    }
    let read = |block: &Field| {
        let ends = block.list()?;
        let [start, stop] = &ends[..] else {
            return Err(block.invalid("must be the first row of a block, and the row after its last"));
        };
        let start = start.whole(0, rows as i128 - 1)?;
        Ok((start as usize, stop.whole(start + 1, rows as i128)? as usize))
    };
    list.iter().map(read).collect()
}

impl Blocks {
    /// The numbers of the blocks of a round, in the order in which they are played.
    fn order(&self, at: At, round: u64) -> Order {
        let mut keys = [0; MOST];
        words(self.draws.source(at), round.wrapping_mul(MOST as u64), &mut keys);
        let count = self.blocks.len();
        for (number, key) in keys[..count].iter_mut().enumerate() {
            let number = number as u64;
            *key = match self.reach {
                None => *key & !NUMBER | number,
                Some(reach) => ((number << 32) + (*key >> 32) * reach) << NUMBER_BITS | number,
            };
        }
        keys[..count].sort_unstable();
        keys.map(|key| key & NUMBER)
    }

    /// A block of a round, with what it is mixed with.
    fn played(&self, at: At, round: u64, number: u64) -> Played {
        let number = number as usize;
        let first = round.wrapping_mul(MOST as u64);
        Played { number, other: self.mix.other(self.draws.second_source(at), first, number) }
    }

    /// The last block of a round.
    fn last(&self, at: At, round: u64) -> Played {
        self.played(at, round, self.order(at, round)[self.blocks.len() - 1])
    }

    /// Fills `out` with rows of one round, from `place` on.
    fn fill_round(&self, at: At, round: u64, place: usize, out: &mut [f64]) {
        let order = self.order(at, round);
        let mut first = 0;
        for (i, &number) in order[..self.blocks.len()].iter().enumerate() {
            let (start, stop) = self.blocks[number as usize];
            let end = first + (stop - start);
            if end > place && first < place + out.len() {
                let (from, to) = (first.max(place), end.min(place + out.len()));
                let part = &mut out[from - place..to - place];
                let offset = from - first;
                part.copy_from_slice(&self.recording[start + offset..][..part.len()]);
                if let Some(other) = self.played(at, round, number).other {
                    mix_in(
                        &self.recording,
                        self.blocks[other.number],
                        stop - start,
                        offset,
                        other.share,
                        part,
                    );
                }
                if offset < self.fade && (i, round) != (0, 0) {
                    let before = match i {
                        0 => self.last(at, round - 1),
                        _ => self.played(at, round, order[i - 1]),
                    };
                    self.fade_in(before, offset, part);
                }
            }
            first = end;
            if first >= place + out.len() {
                break;
            }
        }
    }

    /// Fades from the rows that came after a block into another block's rows, the first of which is row `offset` of it.
    fn fade_in(&self, before: Played, offset: usize, rows: &mut [f64]) {
        for (j, x) in (offset..self.fade).zip(rows) {
            let old = self.after(before, j);
            // A value that is missing fades nothing.
            if !old.is_nan() {
                *x = old + (j + 1) as f64 / (self.fade + 1) as f64 * (*x - old);
            }
        }
    }

    /// What would have followed on a block, `j` rows after it.
    fn after(&self, played: Played, j: usize) -> f64 {
        let old = self.recording[self.blocks[played.number].1 + j];
        let Some(Other { number, share }) = played.other else { return old };
        let other = self.recording[self.blocks[number].1 + j];
        if other.is_nan() { old } else { old + share * (other - old) }
    }
}

impl Rule for Blocks {
    fn fill(&self, at: At, out: &mut [f64]) {
        let (mut row, mut out) = (at.row, out);
        while !out.is_empty() {
            let (round, place) = (row / self.round, row % self.round);
            let take = out.len().min((self.round - place) as usize);
            let (now, later) = out.split_at_mut(take);
            self.fill_round(at, round, place as usize, now);
            row = row.wrapping_add(take as u64);
            out = later;
        }
    }

    fn bounds(&self) -> (f64, f64) {
        if self.recording.iter().any(|x| x.is_nan()) {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        let (low, high) = span_of(&self.recording);
        let beyond = self.mix.most() * (high - low);
        (low - beyond, high + beyond)
    }

    fn support(&self) -> Option<u64> {
        (self.fade == 0 && self.mix.most() == 0.0).then_some(self.round)
    }
}
