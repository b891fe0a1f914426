//! One sample at a time: how far is the newest window from its nearest neighbour among the earlier ones?
//!
//! The covariances of the newest window with the earlier ones follow from those of the window before it, along
//! diagonals that never end. Two things bound their rounding errors: one of them is summed anew at each step, in turn;
//! and when a value that dwarfed the others leaves a window, all covariances of that window are summed anew before they
//! are used. The neighbour found is reported with its exact distance.

use std::collections::VecDeque;

use super::exact;
use super::kernel::LANES;
use super::metric::Distance;
use super::order::Order;
use super::twins::Roll;
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
    p: History<f64>,
    q: History<f64>,
    w: History<f64>,
    flat: History<f64>,
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
    flat: f64,
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
                flat: History::new(windows, 0.0)?,
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
        for dimension in &mut self.dimensions {
            dimension.enter(newest, m, windows, self.roll);
        }
        scores.fill(f64::INFINITY);
        if self.dimensions.len() == 1 {
            self.score_one(newest, scores);
        } else {
            self.score_levels(newest, scores);
        }
        Ok(())
    }

    /// The number of the window that a slot stands for.
    fn number(&self, newest: u64, slot: usize) -> i64 {
        newest as i64 - (self.windows() - 1 - slot) as i64
    }

    fn score_one(&mut self, newest: u64, scores: &mut [f64]) {
        let dimension = &self.dimensions[0];
        let (score, slot) = dispatch(Search { dimension });
        let Some(mut slot) = slot else { return };
        if score > NEAR_ONE {
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
        let (low, high) = x
            .iter()
            .fold((newest, newest), |(l, h), &v| (if v < l { v } else { l }, if v > h { v } else { h }));
        let span = high - low;
        let mean = x.iter().map(|v| v - newest).sum::<f64>() / size;
        let squares: f64 = x.iter().map(|v| ((v - newest) - mean) * ((v - newest) - mean)).sum();
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
        Facts { p, q, w, flat: if constant { 0.5 } else { 0.0 }, span }
    }

    fn keep(&mut self, facts: &Facts, hash: u64) {
        self.p.push(facts.p);
        self.q.push(facts.q);
        self.w.push(facts.w);
        self.flat.push(facts.flat);
        self.hash.push(hash);
    }

    /// Makes the window that the newest sample ends the newest one.
    fn enter(&mut self, number: u64, m: usize, windows: usize, roll: Roll) {
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
        if dropped {
            for slot in slot_of(oldest)..slots {
                self.covariance[slot] = self.direct(slot, m);
            }
            return;
        }
        dispatch(Advance {
            covariance: &mut self.covariance,
            p: self.p.all(),
            q: self.q.all(),
            now: (facts.p, facts.q),
        });
        // The diagonal that begins here, the windows after a drop, and one more in turn.
        let turn = (number % slots as u64) as usize;
        let begins = (oldest == 0).then(|| slot_of(0));
        let again =
            self.anew.iter().map(|&window| slot_of(window)).chain(begins).chain([turn.max(slot_of(oldest))]);
        for slot in again.filter(|&slot| slot < slots).collect::<Vec<_>>() {
            self.covariance[slot] = self.direct(slot, m);
        }
    }

    /// The covariance (times m) of a slot's window with the newest one, from the values.
    fn direct(&self, slot: usize, m: usize) -> f64 {
        let x = self.x.all();
        let (a, b) = (&x[slot..slot + m], &x[x.len() - m..]);
        let centre = |x: &[f64]| x.iter().map(|v| v - x[0]).sum::<f64>() / m as f64;
        let (mean_a, mean_b) = (centre(a), centre(b));
        a.iter().zip(b).map(|(u, v)| ((u - a[0]) - mean_a) * ((v - b[0]) - mean_b)).sum()
    }

    /// The exact distance of a slot's window to the newest one, +inf if one has a hole.
    fn distance(&self, m: usize, slot: usize) -> f64 {
        let (x, w, flat) = (self.x.all(), self.w.all(), self.flat.all());
        let last = w.len() - 1;
        if w[slot].is_nan() || w[last].is_nan() {
            return f64::INFINITY;
        }
        match (flat[slot] > 0.0, flat[last] > 0.0) {
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
    let (low, high) =
        x.iter().fold((x[0], x[0]), |(l, h), &v| (if v < l { v } else { l }, if v > h { v } else { h }));
    high - low
}

/// Moves all covariances on by one sample.
struct Advance<'a> {
    covariance: &'a mut [f64],
    p: &'a [f64],
    q: &'a [f64],
    now: (f64, f64),
}

impl Kernel for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (p, q) = self.now;
        for ((c, pj), qj) in self.covariance.iter_mut().zip(self.p).zip(self.q) {
            *c += p * qj + q * pj;
        }
    }
}

/// Finds the slot of the highest correlation (the lowest of several) in one dimension.
struct Search<'a> {
    dimension: &'a Dimension,
}

impl Kernel for Search<'_> {
    type Output = (f64, Option<usize>);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let Dimension { covariance, w, flat, .. } = self.dimension;
        let (w, flat) = (w.all(), flat.all());
        let (wi, fi) = (w[w.len() - 1], flat[flat.len() - 1]);
        let mut best = (f64::NEG_INFINITY, None);
        let blocks = covariance.chunks(LANES).zip(w.chunks(LANES)).zip(flat.chunks(LANES));
        for (block, ((c, w), flat)) in blocks.enumerate() {
            let mut score = [f64::NEG_INFINITY; LANES];
            let mut better = 0u64;
            if let (Some(c), Some(w), Some(flat)) =
                (c.first_chunk::<LANES>(), w.first_chunk::<LANES>(), flat.first_chunk::<LANES>())
            {
                for l in 0..LANES {
                    score[l] = c[l] * wi * w[l] + (fi + flat[l]);
                    better |= u64::from(score[l] > best.0);
                }
            } else {
                for (l, ((c, w), flat)) in c.iter().zip(w).zip(flat).enumerate() {
                    score[l] = c * wi * w + (fi + flat);
                    better |= u64::from(score[l] > best.0);
                }
            }
            if better != 0 {
                for (l, &score) in score.iter().enumerate() {
                    if score > best.0 {
                        best = (score, Some(block * LANES + l));
                    }
                }
            }
        }
        best
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
                let (w, flat) = (dimension.w.all(), dimension.flat.all());
                let (wi, fi) = (w[w.len() - 1], flat[flat.len() - 1]);
                let c = &dimension.covariance[start..start + count];
                let (w, flat) = (&w[start..start + count], &flat[start..start + count]);
                *sum = [f64::INFINITY; LANES];
                for (((sum, c), w), flat) in sum.iter_mut().zip(c).zip(w).zip(flat) {
                    let short = 1.0 - (c * wi * w + (fi + flat));
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
