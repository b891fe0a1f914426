//! One sample at a time: how far is the newest window from its nearest neighbour among the earlier ones?
//!
//! The covariances of the newest window with the earlier ones follow from those of the window before it, along
//! diagonals that never end. Two things bound their rounding errors: one of them is summed anew at each step, in turn;
//! and when a value that dwarfed the others leaves a window, all covariances of that window are summed anew before they
//! are used. The neighbour found is reported with its exact distance.

use std::collections::VecDeque;
use std::ops::Range;

use super::exact;
use super::kernel::{LANES, lanes};
use super::metric::Distance;
use super::order::Order;
use super::twins::Roll;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};
use crate::simd::{Kernel, dispatch};
use crate::{Error, Result};

/// A window this many times narrower than those before it gets its covariances anew.
const DROP: f64 = 1024.0;
/// Above this correlation, look for bitwise identical windows.
const NEAR_ONE: f64 = 1.0 - 1e-9;
/// Larger values have no finite products.
const MOST: f64 = 1e145;

/// What is known of one dimension.
///
/// Slot s stands for the window that starts `windows - 1 - s` samples before the newest one, so a slot is a diagonal.
/// All histories end with the newest sample or window; they move back to the front of their buffers when these are full.
#[derive(Debug, Clone)]
pub(super) struct Dimension {
    /// Samples; holes are filled with the value before them.
    pub(super) x: History<f64>,
    /// 1 for a sample that was not finite.
    pub(super) hole: History<u8>,
    /// What drives the step to each window, and its weight, see [`super::metric`]; a weight of 0 if it is constant, NaN
    /// if it has a hole.
    p: History<f64>,
    q: History<f64>,
    w: History<f64>,
    hash: History<u64>,
    /// The covariance of each slot's window with the newest one.
    pub(super) covariance: Vec<f64>,
    /// The widest window since the covariances were summed anew.
    pub(super) peak: f64,
    /// The windows at which that happened, as far as they are kept.
    pub(super) anew: VecDeque<u64>,
}

/// The last `kept` items of a sequence, side by side.
#[derive(Debug, Clone)]
pub(super) struct History<T> {
    buffer: Vec<T>,
    kept: usize,
}

impl<T: Copy> History<T> {
    fn new(kept: usize, fill: T) -> Result<Self> {
        let mut buffer = crate::error::try_vec(2 * kept)?;
        buffer.resize(kept, fill);
        Ok(Self { buffer, kept })
    }

    #[inline]
    pub(super) fn push(&mut self, item: T) {
        if self.buffer.len() == 2 * self.kept {
            self.buffer.copy_within(self.kept.., 0);
            self.buffer.truncate(self.kept);
        }
        self.buffer.push(item);
    }

    #[inline]
    pub(super) fn all(&self) -> &[T] {
        &self.buffer[self.buffer.len() - self.kept..]
    }
}

/// What the newest window of a dimension is.
struct Facts {
    p: f64,
    q: f64,
    w: f64,
    span: f64,
}

/// A sliding window over a stream of samples of d values.
#[derive(Debug, Clone)]
pub struct Stream {
    pub(super) m: usize,
    pub(super) window: usize,
    pub(super) dimensions: Vec<Dimension>,
    /// Samples seen.
    pub(super) seen: u64,
    roll: Roll,
    order: Order,
    /// The neighbour of the newest window at each level, as a number of the whole stream.
    pub(super) index: Vec<i64>,
}

impl Stream {
    /// A stream of `d` values per sample that remembers `window` samples, for windows of `m` of them.
    pub fn new(m: usize, window: usize, d: usize) -> Result<Self> {
        if m < 3 {
            return Err(Error::invalid("m", m, "must be at least 3"));
        }
        if m > window / 2 {
            return Err(Error::invalid("window", window, format!("must be at least twice m = {m}")));
        }
        if d == 0 {
            return Err(Error::invalid("n_features", d, "must be at least 1"));
        }
        let windows = window - m + 1;
        let slots = windows - 1 - super::exclusion(m);
        let dimension = || -> Result<Dimension> {
            let mut covariance = crate::error::try_vec(slots)?;
            covariance.resize(slots, 0.0);
            Ok(Dimension {
                x: History::new(window, 0.0)?,
                hole: History::new(window, 0)?,
                p: History::new(windows, 0.0)?,
                q: History::new(windows, 0.0)?,
                w: History::new(windows, f64::NAN)?,
                hash: History::new(windows, 0)?,
                covariance,
                peak: 0.0,
                anew: VecDeque::new(),
            })
        };
        let dimensions = (0..d).map(|_| dimension()).collect::<Result<_>>()?;
        Ok(Self {
            m,
            window,
            dimensions,
            seen: 0,
            roll: Roll::new(m),
            order: Order::new(d, &[]),
            index: vec![-1; d],
        })
    }

    /// The length of a window.
    pub fn m(&self) -> usize {
        self.m
    }

    /// The samples remembered.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Values per sample.
    pub fn n_features(&self) -> usize {
        self.dimensions.len()
    }

    /// The samples seen so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The neighbour of the newest window at each level: the number of its first sample, -1 if there is none.
    pub fn index(&self) -> &[i64] {
        &self.index
    }

    fn windows(&self) -> usize {
        self.window - self.m + 1
    }

    /// Says whether a sample will be taken.
    pub fn check(&self, x: &[f64]) -> Result<()> {
        if x.len() != self.dimensions.len() {
            let rule = format!("must have n_features = {} values", self.dimensions.len());
            return Err(Error::invalid("x", x.len(), rule));
        }
        match x.iter().position(|v| v.is_finite() && v.abs() > MOST) {
            Some(at) => Err(Error::invalid(
                format!("x[{at}]"),
                format!("{:e}", x[at]),
                "must be at most 1e145 in size",
            )),
            None => Ok(()),
        }
    }

    /// Takes a sample; writes the distance from the window that it ends to the nearest earlier one: one score per
    /// level (see [`super::multidimensional`]). +inf while there is no neighbour, NaN while there is no window.
    pub fn update(&mut self, x: &[f64], scores: &mut [f64]) -> Result<()> {
        self.check(x)?;
        for (dimension, &value) in self.dimensions.iter_mut().zip(x) {
            dimension.take(value, self.seen);
        }
        self.seen += 1;
        self.index.fill(-1);
        let Some(newest) = self.seen.checked_sub(self.m as u64) else {
            scores.fill(f64::NAN);
            return Ok(());
        };
        let (m, windows) = (self.m, self.windows());
        scores.fill(f64::INFINITY);
        if let [dimension] = &mut self.dimensions[..] {
            let best = dimension.enter::<true>(newest, m, windows, self.roll);
            self.score_one(newest, best, scores);
        } else {
            for dimension in &mut self.dimensions {
                dimension.enter::<false>(newest, m, windows, self.roll);
            }
            self.score_levels(newest, scores);
        }
        Ok(())
    }

    /// The number of the window that a slot stands for.
    fn number(&self, newest: u64, slot: usize) -> i64 {
        newest as i64 - (self.windows() - 1 - slot) as i64
    }

    fn score_one(&mut self, newest: u64, best: Best, scores: &mut [f64]) {
        let dimension = &self.dimensions[0];
        let Some(mut slot) = best.slot else { return };
        if best.score > NEAR_ONE {
            // Rounding cannot tell which of several is the very same.
            let hashes = dimension.hash.all();
            let (x, this) = (dimension.x.all(), hashes[hashes.len() - 1]);
            let same = |&s: &usize| {
                hashes[s] == this && dimension.w.all()[s] > 0.0 && x[s..s + self.m] == x[x.len() - self.m..]
            };
            slot = (0..dimension.covariance.len()).find(same).unwrap_or(slot);
        }
        scores[0] = dimension.distance(self.m, slot);
        self.index[0] = self.number(newest, slot);
    }

    fn score_levels(&mut self, newest: u64, scores: &mut [f64]) {
        let best = dispatch(SearchLevels { m: self.m, dimensions: &self.dimensions, order: &self.order });
        for (level, slot) in best.into_iter().enumerate() {
            let Some(slot) = slot else { continue };
            let mut all: Vec<f64> = self.dimensions.iter().map(|d| d.distance(self.m, slot)).collect();
            all.sort_by(f64::total_cmp);
            scores[level] = all[..=level].iter().sum::<f64>() / (level + 1) as f64;
            self.index[level] = self.number(newest, slot);
        }
    }

    /// Computes anew what is not saved: all but the samples and the covariances.
    pub(super) fn restore(&mut self) {
        let (m, windows) = (self.m, self.windows());
        for dimension in &mut self.dimensions {
            for back in (0..windows as u64).rev() {
                // Windows that the stream has not had stay as they are.
                let Some(number) = (self.seen + 1).checked_sub(m as u64 + 1 + back) else { continue };
                let end = self.window - back as usize;
                let facts = dimension.facts(number, end, m);
                let x = &dimension.x.all()[end - m..end];
                let hash = x.iter().fold(0, |hash, &v| self.roll.enter(hash, v));
                dimension.keep(&facts, hash);
            }
        }
    }
}

impl Dimension {
    fn take(&mut self, value: f64, seen: u64) {
        let finite = value.is_finite();
        let last = if seen == 0 { 0.0 } else { self.x.all()[self.x.kept - 1] };
        self.hole.push(u8::from(!finite));
        self.x.push(if finite { value + 0.0 } else { last });
    }

    /// The facts of window `number`, whose last sample is the one before `end`.
    fn facts(&self, number: u64, end: usize, m: usize) -> Facts {
        let all = self.x.all();
        let x = &all[end - m..end];
        let size = m as f64;
        let newest = x[m - 1];
        let span = span(x);
        let mean = sum(x, x, |v, _| v - newest) / size;
        let squares = sum(x, x, |v, _| ((v - newest) - mean) * ((v - newest) - mean));
        let whole = self.hole.all()[end - m..end].iter().all(|&hole| hole == 0);
        let constant = span == 0.0;
        let w = match (whole, constant) {
            (false, _) => f64::NAN,
            (true, true) => 0.0,
            (true, false) => 1.0 / squares.sqrt(),
        };
        let (p, q) = if number == 0 || end == m {
            (0.0, 0.0)
        } else {
            let step = newest - all[end - m - 1];
            // newest - mean of this window, plus oldest - mean of the window before.
            (step * 0.5, -mean + ((step / size - mean) - step))
        };
        Facts { p, q, w, span }
    }

    fn keep(&mut self, facts: &Facts, hash: u64) {
        self.p.push(facts.p);
        self.q.push(facts.q);
        self.w.push(facts.w);
        self.hash.push(hash);
    }

    /// Makes the window that the newest sample ends the newest one; if `SEARCH`, finds the one it correlates most with.
    fn enter<const SEARCH: bool>(&mut self, number: u64, m: usize, windows: usize, roll: Roll) -> Best {
        let facts = self.facts(number, self.x.kept, m);
        let x = self.x.all();
        let hash = if number == 0 {
            x[x.len() - m..].iter().fold(0, |hash, &v| roll.enter(hash, v))
        } else {
            let before = self.hash.all()[self.hash.kept - 1];
            roll.enter(roll.leave(before, x[x.len() - m - 1]), x[x.len() - 1])
        };
        self.keep(&facts, hash);
        self.peak = self.peak.max(facts.span);
        let dropped = facts.span > 0.0 && facts.span * DROP < self.peak;
        if dropped {
            self.peak = facts.span;
            self.anew.push_back(number);
        }
        let oldest = number.saturating_sub(windows as u64 - 1);
        while self.anew.front().is_some_and(|&first| first < oldest) {
            self.anew.pop_front();
        }
        let slot_of = |window: u64| windows - 1 - (number - window) as usize;
        let slots = self.covariance.len();
        // The diagonals to sum anew: the one that begins here, the windows after a drop, and one more in turn.
        let turn = (number % slots as u64) as usize;
        let begins = (oldest == 0).then(|| slot_of(0));
        let again =
            self.anew.iter().map(|&window| slot_of(window)).chain(begins).chain([turn.max(slot_of(oldest))]);
        let mut again: Vec<usize> = again.filter(|&slot| slot < slots).collect();
        if dropped {
            again = (slot_of(oldest)..slots).collect();
        }
        again.sort_unstable();
        let mut best = Best { score: f64::NEG_INFINITY, slot: None };
        let mut start = 0;
        // Each of them ends a run of diagonals that move on.
        for end in again.into_iter().map(Some).chain([None]) {
            let run = start..end.unwrap_or(slots).max(start);
            dispatch_blocks(Advance::<SEARCH> {
                slots: run,
                covariance: &mut self.covariance,
                p: self.p.all(),
                q: self.q.all(),
                w: self.w.all(),
                best: &mut best,
            });
            if let Some(slot) = end {
                self.covariance[slot] = self.direct(slot, m);
                best.offer(slot, correlation(self.covariance[slot], self.w.all(), slot));
                start = slot + 1;
            }
        }
        best
    }

    /// The covariance (times m) of a slot's window with the newest one, from the values.
    fn direct(&self, slot: usize, m: usize) -> f64 {
        let x = self.x.all();
        let (a, b) = (&x[slot..slot + m], &x[x.len() - m..]);
        let mean = |x: &[f64]| sum(x, x, |v, _| v - x[0]) / m as f64;
        let (mean_a, mean_b) = (mean(a), mean(b));
        sum(a, b, |u, v| ((u - a[0]) - mean_a) * ((v - b[0]) - mean_b))
    }

    /// The exact distance of a slot's window to the newest one, +inf if one has a hole.
    fn distance(&self, m: usize, slot: usize) -> f64 {
        let (x, w) = (self.x.all(), self.w.all());
        let last = w.len() - 1;
        if w[slot].is_nan() || w[last].is_nan() {
            return f64::INFINITY;
        }
        match (w[slot] == 0.0, w[last] == 0.0) {
            (true, true) => 0.0,
            (true, false) | (false, true) => (m as f64).sqrt(),
            (false, false) => {
                let (a, b) = (&x[slot..slot + m], &x[x.len() - m..]);
                let form = |x| exact::form(x, span(x));
                exact::distance(Distance::ZNormalized, (a, form(a)), (b, form(b)))
            }
        }
    }
}

/// Largest minus smallest value.
fn span(x: &[f64]) -> f64 {
    let low = in_eight(x, x, x[0], |v, _| v, |low, v| if v < low { v } else { low });
    let high = in_eight(x, x, x[0], |v, _| v, |high, v| if v > high { v } else { high });
    high - low
}

/// The sum of a term over two windows.
fn sum(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    in_eight(a, b, 0.0, term, |x, y| x + y)
}

/// All terms joined, in eight interleaved parts: a single one would wait for each value in turn.
#[inline]
fn in_eight(
    a: &[f64],
    b: &[f64],
    start: f64,
    term: impl Fn(f64, f64) -> f64,
    join: impl Fn(f64, f64) -> f64,
) -> f64 {
    let mut parts = [start; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (part, (&a, &b)) in parts.iter_mut().zip(a.iter().zip(b)) {
            *part = join(*part, term(a, b));
        }
    }
    parts.into_iter().reduce(join).unwrap_or(start)
}

/// The slot of the highest correlation, the lowest of several.
#[derive(Debug, Clone, Copy)]
struct Best {
    score: f64,
    slot: Option<usize>,
}

impl Best {
    #[inline(always)]
    fn offer(&mut self, slot: usize, score: f64) {
        if score > self.score {
            *self = Self { score, slot: Some(slot) };
        }
    }
}

/// What a constant window adds to a correlation.
#[inline(always)]
fn flat<V: Vector>(w: V) -> V {
    w.above(V::splat(0.0)).choose(V::splat(0.0), V::splat(0.5))
}

/// The correlation of a slot's window with the newest one: NaN if one of them has a hole, 1 if both are constant, ½ if one
/// is.
#[inline(always)]
fn correlation(covariance: f64, w: &[f64], slot: usize) -> f64 {
    let (wi, wj) = (w[w.len() - 1], w[slot]);
    covariance * wi * wj + (flat(wi) + flat(wj))
}

/// Moves the covariances of some slots on by one sample; if `SEARCH`, finds the best of them.
struct Advance<'a, const SEARCH: bool> {
    slots: Range<usize>,
    covariance: &'a mut [f64],
    p: &'a [f64],
    q: &'a [f64],
    w: &'a [f64],
    best: &'a mut Best,
}

impl<const SEARCH: bool> Blocks for Advance<'_, SEARCH> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { slots, covariance, p, q, w, best } = self;
        let last = w.len() - 1;
        let (p_now, q_now) = (p[last], q[last]);
        let (pi, qi, wi) = (V::splat(p_now), V::splat(q_now), V::splat(w[last]));
        let whole = slots.len() / LANES * LANES;
        for at in (slots.start..slots.start + whole).step_by(LANES) {
            let (c, p, q, w) = (&mut covariance[at..at + LANES], lanes(p, at), lanes(q, at), lanes(w, at));
            let mut scores = [0.0; LANES];
            let mut better = V::splat(0.0);
            for g in 0..N {
                let l = g * V::WIDTH;
                let cell = V::load(c, l).plus(pi.times(V::load(q, l)).plus(qi.times(V::load(p, l))));
                cell.store(c, l);
                if SEARCH {
                    let wj = V::load(w, l);
                    let score = cell.times(wi).times(wj).plus(flat(wi).plus(flat(wj)));
                    better = better.or(score.above(V::splat(best.score)));
                    score.store(&mut scores, l);
                }
            }
            if better.negative() != 0 {
                for (l, &score) in scores.iter().enumerate() {
                    best.offer(at + l, score);
                }
            }
        }
        for slot in slots.start + whole..slots.end {
            covariance[slot] += p_now * q[slot] + q_now * p[slot];
            if SEARCH {
                best.offer(slot, correlation(covariance[slot], w, slot));
            }
        }
    }
}

/// Finds for each level the slot of the smallest mean distance (the lowest of several).
struct SearchLevels<'a> {
    m: usize,
    dimensions: &'a [Dimension],
    order: &'a Order,
}

impl Kernel for SearchLevels<'_> {
    type Output = Vec<Option<usize>>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { m, dimensions, order } = self;
        let size = 2.0 * m as f64;
        let slots = dimensions[0].covariance.len();
        let mut sums = vec![[0.0; LANES]; dimensions.len()];
        let mut best = vec![(f64::INFINITY, None); dimensions.len()];
        for start in (0..slots).step_by(LANES) {
            let count = LANES.min(slots - start);
            for (sum, dimension) in sums.iter_mut().zip(dimensions) {
                let w = dimension.w.all();
                let wi = w[w.len() - 1];
                let c = &dimension.covariance[start..start + count];
                *sum = [f64::INFINITY; LANES];
                for ((sum, c), &wj) in sum.iter_mut().zip(c).zip(&w[start..start + count]) {
                    let short = 1.0 - (c * wi * wj + (flat(wi) + flat(wj)));
                    let distance = (size * if short < 0.0 { 0.0 } else { short }).sqrt();
                    *sum = if distance.is_nan() { f64::INFINITY } else { distance };
                }
            }
            order.sort(&mut sums);
            let mut total = [0.0; LANES];
            for (sum, best) in sums.iter().zip(&mut best) {
                let mut better = 0u64;
                for l in 0..LANES {
                    total[l] += sum[l];
                    better |= u64::from(total[l] < best.0);
                }
                if better != 0 {
                    for (l, &total) in total.iter().enumerate() {
                        if total < best.0 {
                            *best = (total, Some(start + l));
                        }
                    }
                }
            }
        }
        best.into_iter().map(|(_, slot)| slot).collect()
    }
}
