//! The nearest reference window of each channel, for a live window that moves by one sample.
//!
//! D(t, k) = Σ |x[t + i] - r[k + i]| follows from its neighbour on the diagonal: one term enters, one leaves.
//! That is O(M) per channel and sample instead of O(M·m), but each step rounds. So a bound on the
//! rounding error runs along, every window that could be the nearest within it is summed anew from left
//! to right, and the answer is that of brute force to the last bit. Where too many windows qualify, the
//! whole row is summed anew, which also resets the bound: a spike of 1e12 costs time once, never accuracy.

use std::ops::Range;

use super::config::{Refresh, Scale};
use crate::simd::{Kernel, dispatch};

/// Cells that one vector step handles, whatever the machine's vectors are.
const LANES: usize = 8;
/// Cells that share a minimum per lane, so that the search looks at few cells. Rows are padded to whole blocks.
const BLOCK: usize = 32;
/// Rows of lanes in a block.
const ROWS: usize = BLOCK / LANES;
/// Spare room of the buffers that wander: they are moved back once in so many steps.
const SLACK: usize = 64;
/// Windows summed at once when a row is computed anew.
const WIDE: usize = BLOCK;
/// Half the spacing of the floats at 1.
const UNIT: f64 = f64::EPSILON / 2.0;
/// No channel adds more than this to a score, so that sums and weights stay finite.
const MOST: f64 = 1e150;
/// A reference window's mean magnitude counts as no smaller than this share of its channel's.
const FLOOR: f64 = 1e-6;
/// A channel's deviation counts as no smaller than this share of its mean magnitude: far below what an offset
/// of 1e8 leaves, above what rounding does to a constant.
const STEADY: f64 = 1e-9;

/// A sample that counts as missing: NaN, infinite, or so large that sums could overflow.
#[inline(always)]
pub(super) fn is_missing(x: f64) -> bool {
    // NaN is not in the range either.
    !(-1e300..=1e300).contains(&x)
}

/// The nearest window of a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Nearest {
    /// Which one: its position in the reference, plus the samples that have left the reference since it was filled.
    pub(super) window: u64,
    /// How far, in units of the channel's scale.
    pub(super) value: f64,
}

/// The references, live windows and distances of all channels of a process.
#[derive(Debug, Clone)]
pub(super) struct Distance {
    m: usize,
    windows: usize,
    channels: Vec<Channel>,
    /// Minima of the blocks of the channel at hand, per lane.
    minima: Vec<[f64; LANES]>,
    /// Samples in the live windows, m at most.
    seen: usize,
    /// Whether the cells hold the distances of the live window.
    primed: bool,
}

impl Distance {
    /// From the reference's samples (row after row; NaN is missing).
    pub(super) fn new(
        rows: &[f64],
        d: usize,
        m: usize,
        windows: usize,
        scale: Scale,
        refresh: Refresh,
    ) -> Self {
        let channels = (0..d).map(|j| {
            let samples: Vec<f64> = rows.iter().skip(j).step_by(d).copied().collect();
            Channel::new(&samples, m, windows, scale, refresh)
        });
        Self {
            m,
            windows,
            channels: channels.collect(),
            minima: vec![[0.0; LANES]; windows.div_ceil(BLOCK)],
            seen: 0,
            primed: false,
        }
    }

    /// Takes the next sample of every channel; with `slide`, the sample that leaves the live window enters the
    /// reference. Writes each channel's nearest window (none: too much is missing) once the live window is
    /// full, and says whether it is.
    pub(super) fn push(&mut self, x: &[f64], slide: bool, out: &mut [Option<Nearest>]) -> bool {
        if self.seen < self.m {
            self.seen += 1;
        }
        let full = self.seen == self.m;
        dispatch(Push { distance: self, x, slide, full, out });
        self.primed |= full;
        full
    }

    /// The nearest windows as they would be after `x`; nothing changes.
    pub(super) fn peek(&self, x: &[f64], slide: bool) -> Option<Vec<Option<Nearest>>> {
        let mut copy = self.clone();
        copy.primed = false;
        let mut out = vec![None; x.len()];
        copy.push(x, slide, &mut out).then_some(out)
    }

    /// Whether a live sample is missing.
    pub(super) fn has_missing(&self) -> bool {
        self.channels.iter().any(|channel| channel.valid < self.seen)
    }

    /// Reference windows by number: those that the reference holds now.
    pub(super) fn numbers(&self) -> Range<u64> {
        let left = self.channels[0].left;
        left..left + self.windows as u64
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        let floats = |v: &Vec<f64>| v.capacity() * size_of::<f64>();
        self.minima.capacity() * size_of::<[f64; LANES]>()
            + self
                .channels
                .iter()
                .map(|c| {
                    size_of::<Channel>()
                        + floats(&c.reference)
                        + floats(&c.weigh)
                        + floats(&c.norm)
                        + floats(&c.cells)
                        + floats(&c.live)
                        + c.missing.capacity()
                })
                .sum::<usize>()
    }

    /// What is needed to continue: per channel the reference, the live window (missing: NaN) and the scale's state.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = Snapshot> {
        self.channels.iter().map(|c| Snapshot {
            reference: (c.first..c.first + c.length)
                .map(|i| if c.missing[i] { f64::NAN } else { c.reference[i] })
                .collect(),
            live: c.live().to_vec(),
            unit: c.unit,
            left: c.left,
            until_rescale: c.until_rescale,
        })
    }

    /// The inverse of [`Self::snapshot`]; `None` if the parts do not fit.
    pub(super) fn restore(
        parts: &[Snapshot],
        m: usize,
        windows: usize,
        scale: Scale,
        refresh: Refresh,
    ) -> Option<Self> {
        let seen = parts[0].live.len();
        let channels = parts.iter().map(|part| {
            let fits = part.live.len() == seen
                && seen <= m
                && part.left == parts[0].left
                && part.unit.is_finite()
                && part.unit >= 1.0 / MOST
                && (1..=part.reference.len()).contains(&part.until_rescale);
            fits.then(|| {
                let mut channel = Channel::new(&part.reference, m, windows, scale, refresh);
                channel.unit = part.unit;
                channel.left = part.left;
                channel.until_rescale = part.until_rescale;
                channel.measure_windows();
                for &x in &part.live {
                    channel.take(x, false);
                }
                channel
            })
        });
        Some(Self {
            m,
            windows,
            channels: channels.collect::<Option<Vec<_>>>()?,
            minima: vec![[0.0; LANES]; windows.div_ceil(BLOCK)],
            seen,
            primed: false,
        })
    }
}

/// One channel's state as it is saved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub(super) reference: Vec<f64>,
    pub(super) live: Vec<f64>,
    pub(super) unit: f64,
    pub(super) left: u64,
    pub(super) until_rescale: usize,
}

struct Push<'a> {
    distance: &'a mut Distance,
    x: &'a [f64],
    slide: bool,
    full: bool,
    out: &'a mut [Option<Nearest>],
}

impl Kernel for Push<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Distance { channels, minima, primed, .. } = self.distance;
        for ((channel, &x), out) in channels.iter_mut().zip(self.x).zip(self.out) {
            let new = if is_missing(x) { f64::NAN } else { x };
            let old = channel.take(new, self.slide);
            if !self.full {
                continue;
            }
            *out = if *primed {
                channel.advance(new, old, self.slide, minima);
                channel.search(self.slide, minima)
            } else {
                channel.sum_all();
                channel.search_all()
            };
        }
    }
}

/// Values seen, as a range.
#[derive(Debug, Clone, Copy)]
struct Extent {
    low: f64,
    high: f64,
}

impl Extent {
    const NOTHING: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    /// NaN changes nothing.
    #[inline(always)]
    fn add(&mut self, x: f64) {
        self.low = if x < self.low { x } else { self.low };
        self.high = if x > self.high { x } else { self.high };
    }
}

#[derive(Debug, Clone)]
struct Channel {
    m: usize,
    /// K, the windows of the reference that are compared.
    windows: usize,
    scale: Scale,
    /// M samples from `first` on; holes are filled with the value before, and marked in `missing`.
    reference: Vec<f64>,
    missing: Vec<bool>,
    first: usize,
    /// M.
    length: usize,
    /// Samples that have left the reference.
    left: u64,
    /// Per window, at the position of its first sample: 1 / `norm`, or 1; infinite for a window that is not
    /// compared (it has a hole, or equals the window before). Empty: 1 everywhere, and no window is left out.
    weigh: Vec<f64>,
    /// Relative scale: what a window's distance is divided by.
    norm: Vec<f64>,
    /// The largest finite `weigh`.
    weigh_most: f64,
    /// Windows that are not compared.
    excluded: usize,
    /// What one sample's distance is divided by (its floor, for the relative scale).
    unit: f64,
    until_rescale: usize,
    /// Equal samples, and samples without a hole, at the end of the reference.
    flat: usize,
    sound: usize,
    /// The last m samples, from `live_first` on; NaN is missing.
    live: Vec<f64>,
    live_first: usize,
    live_length: usize,
    /// How many of them are not missing.
    valid: usize,
    /// D(t, k) at `cell_first + k`, infinite beyond. The diagonal moves the origin instead of the cells.
    cells: Vec<f64>,
    cell_first: usize,
    /// Ranges of the reference, and of the live samples of the last m steps or more: how large a term can be.
    range: Extent,
    recent: [Extent; 2],
    recent_age: usize,
    /// The error that the updates of this period and of the one before can have added. A cell lives shorter
    /// than a period: its diagonal begins anew, or (sliding) it is next in the round of `refreshed`.
    error: [f64; 2],
    error_age: usize,
    refreshed: usize,
}

impl Channel {
    fn new(samples: &[f64], m: usize, windows: usize, scale: Scale, refresh: Refresh) -> Self {
        let length = samples.len();
        let room = if refresh == Refresh::Never { 0 } else { SLACK };
        let mut channel = Self {
            m,
            windows,
            scale,
            reference: vec![0.0; length + room + WIDE],
            missing: vec![false; length + room + WIDE],
            first: 0,
            length,
            left: 0,
            weigh: Vec::new(),
            norm: Vec::new(),
            weigh_most: 1.0,
            excluded: 0,
            unit: 1.0,
            until_rescale: length,
            flat: 0,
            sound: 0,
            live: vec![0.0; m + SLACK],
            live_first: 0,
            live_length: 0,
            valid: 0,
            cells: vec![f64::INFINITY; SLACK + windows.next_multiple_of(WIDE)],
            cell_first: SLACK,
            range: Extent::NOTHING,
            recent: [Extent::NOTHING; 2],
            recent_age: 0,
            error: [0.0; 2],
            error_age: 0,
            refreshed: windows - 1,
        };
        let filler = samples.iter().copied().find(|&x| !is_missing(x)).unwrap_or(0.0);
        let mut before = filler;
        for (i, &x) in samples.iter().enumerate() {
            channel.missing[i] = is_missing(x);
            if !is_missing(x) {
                before = x;
            }
            channel.reference[i] = before;
        }
        let plain = refresh == Refresh::Never && scale != Scale::Relative;
        if !plain || channel.count_excluded() > 0 {
            channel.weigh = vec![1.0; channel.reference.len()];
        }
        if scale == Scale::Relative {
            channel.norm = vec![1.0; channel.reference.len()];
        }
        channel.rescale();
        channel
    }

    /// Measures the reference anew.
    fn rescale(&mut self) {
        self.until_rescale = self.length;
        let held = self.first..self.first + self.length;
        let samples: Vec<f64> = held.filter(|&i| !self.missing[i]).map(|i| self.reference[i]).collect();
        let count = samples.len().max(1) as f64;
        let magnitude = samples.iter().map(|x| x.abs()).sum::<f64>() / count;
        let unit = match self.scale {
            Scale::Relative => 0.0,
            Scale::Std => {
                let mean = samples.iter().sum::<f64>() / count;
                (samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt()
            }
            Scale::Mad => {
                let centre = median(samples.clone());
                1.4826 * median(samples.iter().map(|x| (x - centre).abs()).collect())
            }
            Scale::None => 1.0,
        };
        let floor = match self.scale {
            Scale::Relative => FLOOR * magnitude,
            Scale::Std | Scale::Mad => STEADY * magnitude,
            Scale::None => 0.0,
        };
        self.unit = unit.max(floor).clamp(1.0 / MOST, MOST);
        self.measure_windows();
    }

    /// Measures every window of the reference anew.
    fn measure_windows(&mut self) {
        self.excluded = 0;
        self.flat = 0;
        self.sound = 0;
        self.range = Extent::NOTHING;
        self.weigh_most = 1.0;
        if self.scale == Scale::Relative {
            self.weigh_most = 0.0;
        }
        for i in self.first..self.first + self.length {
            self.note_sample(i);
            if i + 1 >= self.first + self.m && i + 1 - self.m < self.first + self.windows {
                self.note_window(i + 1 - self.m);
            }
        }
    }

    /// Windows that will not be compared.
    fn count_excluded(&mut self) -> usize {
        self.measure_windows();
        self.excluded
    }

    /// Brings the runs and the range up to the sample at `i`.
    fn note_sample(&mut self, i: usize) {
        let same = i > self.first && self.reference[i].to_bits() == self.reference[i - 1].to_bits();
        self.flat = if same { self.flat + 1 } else { 1 };
        self.sound = if self.missing[i] { 0 } else { self.sound + 1 };
        self.range.add(self.reference[i]);
    }

    /// Measures the window that begins at `i` and ends where `note_sample` was last.
    fn note_window(&mut self, i: usize) {
        // Equal to the window before, which is the first of its kind and wins the tie.
        let left_out = self.sound < self.m || (i > self.first && self.flat > self.m);
        self.excluded += usize::from(left_out);
        self.weigh_window(i, left_out);
    }

    fn weigh_window(&mut self, i: usize, left_out: bool) {
        if self.weigh.is_empty() {
            return;
        }
        let mut weigh = 1.0;
        if self.scale == Scale::Relative {
            let sum: f64 = self.reference[i..i + self.m].iter().map(|x| x.abs()).sum();
            self.norm[i] = sum.max(self.unit * self.m as f64);
            weigh = 1.0 / self.norm[i];
        }
        if left_out {
            self.weigh[i] = f64::INFINITY;
        } else {
            self.weigh[i] = weigh;
            self.weigh_most = self.weigh_most.max(weigh);
        }
    }

    /// A sample enters the reference at its end, one leaves at its front.
    fn append(&mut self, x: f64) {
        if self.first + self.length + WIDE == self.reference.len() {
            let held = self.first..self.first + self.length;
            self.reference.copy_within(held.clone(), 0);
            self.missing.copy_within(held.clone(), 0);
            self.weigh.copy_within(held.clone(), 0);
            if !self.norm.is_empty() {
                self.norm.copy_within(held, 0);
            }
            self.first = 0;
        }
        let end = self.first + self.length;
        self.missing[end] = x.is_nan();
        self.reference[end] = if x.is_nan() { self.reference[end - 1] } else { x };
        self.weigh[end] = 1.0;
        self.excluded -= usize::from(self.weigh[self.first] == f64::INFINITY);
        self.first += 1;
        self.left += 1;
        self.note_sample(end);
        self.note_window(end + 1 - self.m);
        // The first window is no longer the double of one before it.
        let first = self.first;
        if self.weigh[first] == f64::INFINITY && !self.missing[first..first + self.m].contains(&true) {
            self.excluded -= 1;
            self.weigh_window(first, false);
        }
        self.until_rescale -= 1;
        if self.until_rescale == 0 {
            self.rescale();
        }
    }

    #[inline(always)]
    fn live(&self) -> &[f64] {
        &self.live[self.live_first..self.live_first + self.live_length]
    }

    /// Puts `new` into the live window; gives back what left it (0 and nothing leaves while it fills).
    #[inline(always)]
    fn take(&mut self, new: f64, slide: bool) -> f64 {
        if self.live_first + self.live_length == self.live.len() {
            self.live.copy_within(self.live_first.., 0);
            self.live_first = 0;
        }
        self.live[self.live_first + self.live_length] = new;
        self.valid += usize::from(!new.is_nan());
        let mut old = 0.0;
        if self.live_length < self.m {
            self.live_length += 1;
        } else {
            old = self.live[self.live_first];
            self.valid -= usize::from(!old.is_nan());
            self.live_first += 1;
            if slide {
                self.append(old);
            }
        }
        if self.recent_age == self.m {
            self.recent = [Extent::NOTHING, self.recent[0]];
            self.recent_age = 0;
        }
        self.recent[0].add(new);
        self.recent_age += 1;
        old
    }

    /// Brings all cells to the new live window, and leaves the minima of the blocks.
    #[inline(always)]
    fn advance(&mut self, new: f64, old: f64, slide: bool, minima: &mut [[f64; LANES]]) {
        // Either D(t, k) from D(t - 1, k - 1), or (the reference moved too) from D(t - 1, k).
        let (count, weigh) = if slide {
            (self.windows, self.first)
        } else {
            if self.cell_first == 0 {
                self.cells.copy_within(..self.windows, SLACK);
                self.cells[..SLACK].fill(f64::INFINITY);
                self.cells[SLACK + self.windows..].fill(f64::INFINITY);
                self.cell_first = SLACK;
            }
            // The last cell falls off its end.
            self.cells[self.cell_first + self.windows - 1] = f64::INFINITY;
            (self.windows - 1, self.first + 1)
        };
        // Before it moved, the reference's old first sample sat one place ahead.
        let base = if slide { self.first - 1 } else { self.first };
        let count = count.next_multiple_of(BLOCK);
        let weighed = self.is_weighed();
        let cells = &mut self.cells[self.cell_first..][..count];
        let newer = &self.reference[base + self.m..][..count];
        let older = &self.reference[base..][..count];
        let weigh = if weighed { &self.weigh[weigh..][..count] } else { newer };
        match (weighed, new.is_nan(), old.is_nan()) {
            (false, false, false) => {
                update::<false, false, false>(cells, newer, older, weigh, new, old, minima);
            }
            (false, false, true) => {
                update::<false, false, true>(cells, newer, older, weigh, new, old, minima);
            }
            (false, true, false) => {
                update::<false, true, false>(cells, newer, older, weigh, new, old, minima);
            }
            (false, true, true) => update::<false, true, true>(cells, newer, older, weigh, new, old, minima),
            (true, false, false) => {
                update::<true, false, false>(cells, newer, older, weigh, new, old, minima);
            }
            (true, false, true) => update::<true, false, true>(cells, newer, older, weigh, new, old, minima),
            (true, true, false) => update::<true, true, false>(cells, newer, older, weigh, new, old, minima),
            (true, true, true) => update::<true, true, true>(cells, newer, older, weigh, new, old, minima),
        }
        if slide {
            self.cells[self.cell_first + self.refreshed] = self.sum(self.refreshed);
            self.refreshed = self.refreshed.checked_sub(1).unwrap_or(self.windows - 1);
        } else {
            self.cell_first -= 1;
            self.cells[self.cell_first] = self.sum(0);
            self.refreshed = (self.refreshed + 1).min(self.windows - 1);
        }
        // |c + a| and |c + a - b| round by half a unit in the last place each.
        self.error[0] += 2.1 * UNIT * (self.m + 2) as f64 * self.span();
        self.error_age += 1;
        if self.error_age >= 2 * self.windows {
            self.error = [0.0, self.error[0]];
            self.error_age = 0;
        }
    }

    /// The largest a term can be.
    #[inline(always)]
    fn span(&self) -> f64 {
        let [a, b] = self.recent;
        let high = self.range.high.max(a.high).max(b.high);
        let low = self.range.low.min(a.low).min(b.low);
        // Nothing seen at all: there are no terms.
        if high >= low { high - low } else { 0.0 }
    }

    /// How far a cell can be from the sum from left to right, which rounds too.
    #[inline(always)]
    fn tolerance(&self) -> f64 {
        let m = self.m as f64;
        self.error[0] + self.error[1] + 2.1 * UNIT * m * m * self.span()
    }

    /// D(t, k), summed in lanes: as good as from left to right, and quicker.
    #[inline(always)]
    fn sum(&self, k: usize) -> f64 {
        let reference = &self.reference[self.first + k..][..self.m];
        let (live, last) = self.live().as_chunks::<LANES>();
        let (reference, last_reference) = reference.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for (live, reference) in live.iter().zip(reference) {
            for l in 0..LANES {
                let term = (live[l] - reference[l]).abs();
                sums[l] += if term.is_nan() { 0.0 } else { term };
            }
        }
        for ((sum, x), r) in sums.iter_mut().zip(last).zip(last_reference) {
            let term = (x - r).abs();
            *sum += if term.is_nan() { 0.0 } else { term };
        }
        let [a, b, c, d, e, f, g, h] = sums;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }

    /// D(t, k), summed from left to right.
    #[inline(always)]
    fn exact(&self, k: usize) -> f64 {
        let reference = &self.reference[self.first + k..][..self.m];
        let mut sum = 0.0;
        for (x, r) in self.live().iter().zip(reference) {
            let term = (x - r).abs();
            sum += if term.is_nan() { 0.0 } else { term };
        }
        sum
    }

    /// A distance as it is compared: divided by the window's norm where windows have one.
    #[inline(always)]
    fn value(&self, distance: f64, k: usize) -> f64 {
        if self.scale == Scale::Relative { distance / self.norm[self.first + k] } else { distance }
    }

    #[inline(always)]
    fn is_excluded(&self, k: usize) -> bool {
        self.excluded > 0 && self.weigh[self.first + k] == f64::INFINITY
    }

    /// The nearest window, after [`Self::advance`].
    #[inline(always)]
    fn search(&mut self, slide: bool, minima: &[[f64; LANES]]) -> Option<Nearest> {
        if self.is_blind() {
            return None;
        }
        let found = if self.is_weighed() {
            self.best::<true>(slide, minima)
        } else {
            self.best::<false>(slide, minima)
        };
        if let Some(best) = found {
            return Some(self.nearest(best));
        }
        self.sum_all();
        self.search_all()
    }

    /// The smallest value and its window, or `None` if too many windows could be it.
    #[inline(always)]
    fn best<const WEIGHED: bool>(&self, slide: bool, minima: &[[f64; LANES]]) -> Option<(f64, usize)> {
        // The updated cells: all of them, or all but the first, which was summed alone.
        let origin = usize::from(!slide);
        let count = (self.windows - origin).next_multiple_of(BLOCK);
        let cells = &self.cells[self.cell_first + origin..][..count];
        let weigh = if WEIGHED { &self.weigh[self.first + origin..][..count] } else { cells };
        let (cells, weigh) = (cells.as_chunks::<LANES>().0, weigh.as_chunks::<LANES>().0);
        let minima = &minima[..count / BLOCK];
        let tolerance = self.tolerance();
        let slack = 1.0 + 8.0 * UNIT;
        // Sum the apparent minimum first: then few others stay below it.
        let mut lows = [f64::INFINITY; LANES];
        for lanes in minima {
            for l in 0..LANES {
                lows[l] = if lanes[l] < lows[l] { lanes[l] } else { lows[l] };
            }
        }
        let low = lows.into_iter().fold(f64::INFINITY, |low, lane| if lane < low { lane } else { low });
        let mut best = (f64::INFINITY, usize::MAX);
        let mut first = usize::MAX;
        'found: for (b, lanes) in minima.iter().enumerate() {
            // Equal: both come from the same comparison of the same numbers.
            if low == f64::INFINITY || !any(lanes, |lane| lane == low) {
                continue;
            }
            for row in b * ROWS..(b + 1) * ROWS {
                for l in 0..LANES {
                    let weight = if WEIGHED { weigh[row][l] } else { 1.0 };
                    let value = if WEIGHED { cells[row][l].max(0.0) * weight } else { cells[row][l] };
                    if value == low && weight < f64::INFINITY {
                        first = origin + row * LANES + l;
                        best = (self.value(self.exact(first), first), first);
                        break 'found;
                    }
                }
            }
        }
        let mut summed = 0;
        if !(slide || WEIGHED && self.is_excluded(0)) {
            let weight = if WEIGHED { self.weigh[self.first] } else { 1.0 };
            if (self.cells[self.cell_first] - tolerance) * weight <= best.0 * slack {
                best = better(best, (self.value(self.exact(0), 0), 0));
            }
        }
        let reach = best.0 * slack + tolerance * self.weigh_most * slack;
        for (b, lanes) in minima.iter().enumerate() {
            if !any(lanes, |lane| lane <= reach) {
                continue;
            }
            for row in b * ROWS..(b + 1) * ROWS {
                if !WEIGHED && !any(&cells[row], |cell| cell <= reach) {
                    continue;
                }
                for l in 0..LANES {
                    let weight = if WEIGHED { weigh[row][l] } else { 1.0 };
                    let least = (cells[row][l] - tolerance) * weight;
                    let k = origin + row * LANES + l;
                    // What pads the rows is infinite, but need not be beyond an infinite best.
                    if least > best.0 * slack || k == first || weight == f64::INFINITY || k >= self.windows {
                        continue;
                    }
                    best = better(best, (self.value(self.exact(k), k), k));
                    summed += 1;
                    if summed > LANES + self.windows / 16 {
                        return None;
                    }
                }
            }
        }
        Some(best)
    }

    /// Whether windows have weights: their own norms, or infinity for those left out.
    #[inline(always)]
    fn is_weighed(&self) -> bool {
        self.excluded > 0 || self.scale == Scale::Relative
    }

    /// Whether too little is there to compare.
    #[inline(always)]
    fn is_blind(&self) -> bool {
        2 * self.valid < self.m || self.excluded == self.windows
    }

    /// The nearest window when every cell is exact.
    fn search_all(&self) -> Option<Nearest> {
        if self.is_blind() {
            return None;
        }
        let mut best = (f64::INFINITY, usize::MAX);
        for k in (0..self.windows).filter(|&k| !self.is_excluded(k)) {
            let value = self.value(self.cells[self.cell_first + k], k);
            if value < best.0 {
                best = (value, k);
            }
        }
        Some(self.nearest(best))
    }

    #[inline(always)]
    fn nearest(&self, (value, k): (f64, usize)) -> Nearest {
        let valid = self.valid as f64;
        let value = match self.scale {
            Scale::Relative if self.valid < self.m => value * (self.m as f64 / valid),
            Scale::Relative => value,
            _ => value / (self.unit * valid),
        };
        Nearest { window: self.left + k as u64, value: value.min(MOST) }
    }

    /// Sums every cell from left to right.
    #[inline(always)]
    fn sum_all(&mut self) {
        let live = &self.live[self.live_first..self.live_first + self.m];
        let cells = &mut self.cells[self.cell_first..][..self.windows];
        let reference = &self.reference[self.first..];
        for (b, cells) in cells.chunks_mut(WIDE).enumerate() {
            let mut sums = [0.0; WIDE];
            for (i, &x) in live.iter().enumerate() {
                if x.is_nan() {
                    continue;
                }
                let reference = &reference[b * WIDE + i..][..WIDE];
                for (sum, r) in sums.iter_mut().zip(reference) {
                    *sum += (x - r).abs();
                }
            }
            cells.copy_from_slice(&sums[..cells.len()]);
        }
        self.error = [0.0; 2];
    }
}

/// Whether a lane holds it, without a branch for each.
#[inline(always)]
fn any(lanes: &[f64; LANES], holds: impl Fn(f64) -> bool) -> bool {
    lanes.iter().fold(false, |any, &lane| any | holds(lane))
}

/// The smaller value; of equal ones, the first window's.
#[inline(always)]
fn better(a: (f64, usize), b: (f64, usize)) -> (f64, usize) {
    if b.0 < a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a }
}

/// One term enters every cell and one leaves; the smallest of each lane of each block (times its weight) is kept.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // lanes of several arrays at once
fn update<const WEIGHED: bool, const NEW_MISSING: bool, const OLD_MISSING: bool>(
    cells: &mut [f64],
    newer: &[f64],
    older: &[f64],
    weigh: &[f64],
    new: f64,
    old: f64,
    minima: &mut [[f64; LANES]],
) {
    let cells = cells.as_chunks_mut::<BLOCK>().0.iter_mut();
    let terms = newer.as_chunks::<BLOCK>().0.iter().zip(older.as_chunks::<BLOCK>().0);
    let weigh = weigh.as_chunks::<BLOCK>().0.iter();
    for (((cells, (newer, older)), weigh), lows) in cells.zip(terms).zip(weigh).zip(minima) {
        // Two plain loops, which the compiler vectorises whole; as one, it does not.
        for i in 0..BLOCK {
            let enters = if NEW_MISSING { 0.0 } else { (new - newer[i]).abs() };
            let leaves = if OLD_MISSING { 0.0 } else { (old - older[i]).abs() };
            cells[i] = (cells[i] + enters) - leaves;
        }
        let mut least = [f64::INFINITY; LANES];
        for row in 0..ROWS {
            for l in 0..LANES {
                let i = row * LANES + l;
                // No distance is negative; a weight must not make a rounding error a large one.
                let value = if WEIGHED { cells[i].max(0.0) * weigh[i] } else { cells[i] };
                least[l] = if value < least[l] { value } else { least[l] };
            }
        }
        *lows = least;
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
