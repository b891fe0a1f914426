//! The reference of one channel: M samples, and what their windows' distances are divided by.

use std::ops::Range;

use super::config::{Config, Mode, Refresh, Scale};
use super::lattice::{BLOCK, Lattice, SLACK};
use super::types::{MOST, is_missing};
use crate::simd::prefetch;

/// A reference window's mean magnitude counts as no smaller than this share of its channel's.
const FLOOR: f64 = 1e-6;
/// A channel whose values lie so near each other, or whose deviation is so small, is constant but for rounding.
/// The second is the bound of scikit-learn's scalers.
const ROUNDING: f64 = 16.0 * f64::EPSILON;
const CONSTANT: f64 = 10.0 * f64::EPSILON;
/// Author mode divides by a window's magnitude whatever it is, unless its mean is below this: then it is zero.
const ZERO: f64 = 1.0 / MOST;

#[derive(Debug, Clone)]
pub(super) struct Reference {
    m: usize,
    /// K, the windows that are compared.
    pub(super) windows: usize,
    pub(super) scale: Scale,
    /// Sums and divides as the published program does.
    pub(super) published: bool,
    /// M samples from `first` on, 1 at least; a missing one has the value before it, and is marked in `missing`.
    pub(super) samples: Vec<f64>,
    missing: Vec<bool>,
    /// The samples on the channel's lattice.
    pub(super) places: Vec<i32>,
    pub(super) first: usize,
    /// M.
    length: usize,
    /// Samples that have left the reference.
    pub(super) left: u64,
    /// Per window, at the position of its first sample: 1 / `norm`, or 1; infinite for a window that is not
    /// compared (it has a missing sample, or equals the window before). Empty: 1 everywhere, and no window is excluded.
    pub(super) weigh: Vec<f64>,
    /// Relative scale: what a window's distance is divided by.
    pub(super) norm: Vec<f64>,
    /// Windows that are not compared.
    pub(super) excluded: usize,
    /// What one sample's distance is divided by (its floor, for the relative scale).
    pub(super) unit: f64,
    pub(super) until_rescale: usize,
    /// Equal samples, and samples that are there, at the end of the reference.
    flat: usize,
    complete: usize,
    /// Samples beyond the lattice.
    pub(super) clamped: usize,
}

impl Reference {
    /// Places on the lattice are chosen by [`Self::place_all`].
    pub(super) fn new(samples: &[f64], config: &Config) -> Self {
        let (m, windows, scale, refresh) = (config.window, config.windows(), config.scale, config.refresh);
        let length = samples.len();
        let room = if refresh == Refresh::Never { 0 } else { SLACK };
        let mut filled = vec![0.0; 1 + length + room + BLOCK];
        let mut missing = vec![false; filled.len()];
        let mut before = samples.iter().copied().find(|&x| !is_missing(x)).unwrap_or(0.0);
        for (i, &x) in (1..).zip(samples) {
            missing[i] = is_missing(x);
            if !is_missing(x) {
                before = x;
            }
            filled[i] = before;
        }
        let mut reference = Self {
            m,
            windows,
            scale,
            published: config.mode == Mode::Author,
            places: vec![0; filled.len()],
            samples: filled,
            missing,
            first: 1,
            length,
            left: 0,
            weigh: Vec::new(),
            norm: Vec::new(),
            excluded: 0,
            unit: 1.0,
            until_rescale: length,
            flat: 0,
            complete: 0,
            clamped: 0,
        };
        reference.measure_windows();
        let plain = refresh == Refresh::Never && scale != Scale::Relative;
        if !plain || reference.excluded > 0 {
            reference.weigh = vec![f64::INFINITY; reference.samples.len()];
        }
        if scale == Scale::Relative {
            reference.norm = vec![1.0; reference.samples.len()];
        }
        reference.rescale();
        reference
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        let floats = [&self.samples, &self.weigh, &self.norm];
        floats.map(|v| v.capacity() * size_of::<f64>()).iter().sum::<usize>()
            + self.places.capacity() * size_of::<i32>()
            + self.missing.capacity()
    }

    /// Asks for what the next step reads of it, `most` windows.
    pub(super) fn prefetch(&self, most: usize) {
        prefetch(&self.places[self.first..][..self.windows.min(most)]);
    }

    /// The samples that are held, missing ones filled.
    pub(super) fn held(&self) -> &[f64] {
        &self.samples[self.first..self.first + self.length]
    }

    /// The samples that are held, missing ones NaN.
    pub(super) fn snapshot(&self) -> Vec<f64> {
        let missing = &self.missing[self.first..];
        self.held().iter().zip(missing).map(|(&x, &missing)| if missing { f64::NAN } else { x }).collect()
    }

    /// Measures the scale anew.
    fn rescale(&mut self) {
        self.until_rescale = self.length;
        let missing = &self.missing[self.first..];
        let held = self.held().iter().zip(missing).filter(|(_, missing)| !**missing);
        let samples: Vec<f64> = held.map(|(&x, _)| x).collect();
        self.unit = if self.divides_by_any() { ZERO } else { unit(&samples, self.scale) };
        self.measure_windows();
        if self.divides_by_any() && self.excluded == self.windows {
            // The program divides by zero everywhere. As for a constant: a unit of 1.
            self.unit = 1.0;
            self.measure_windows();
        }
    }

    /// Whether windows are divided by their magnitudes without a floor: as published.
    fn divides_by_any(&self) -> bool {
        self.published && self.scale == Scale::Relative
    }

    /// The sum of magnitudes of the window that begins at `i`.
    fn magnitude(&self, i: usize) -> f64 {
        let window = &self.samples[i..i + self.m];
        if self.published {
            pairwise(0..self.m, |i| window[i].abs())
        } else {
            window.iter().map(|x| x.abs()).sum()
        }
    }

    /// Puts all samples on a lattice.
    pub(super) fn place_all(&mut self, lattice: &Lattice) {
        self.clamped = 0;
        for i in self.first..self.first + self.length {
            self.places[i] = lattice.place(self.samples[i]);
            self.clamped += usize::from(lattice.beyond(self.samples[i]) > 0.0);
        }
    }

    /// Measures every window anew.
    pub(super) fn measure_windows(&mut self) {
        self.excluded = 0;
        self.flat = 0;
        self.complete = 0;
        for i in self.first..self.first + self.length {
            self.count_runs(i);
            if i + 1 >= self.first + self.m && i + 1 - self.m < self.first + self.windows {
                self.measure_window(i + 1 - self.m);
            }
        }
    }

    /// Brings the runs at the end up to the sample at `i`.
    fn count_runs(&mut self, i: usize) {
        let same = i > self.first && self.samples[i].to_bits() == self.samples[i - 1].to_bits();
        self.flat = if same { self.flat + 1 } else { 1 };
        self.complete = if self.missing[i] { 0 } else { self.complete + 1 };
    }

    /// Measures the window that begins at `i` and ends where `count_runs` was last.
    fn measure_window(&mut self, i: usize) {
        // Equal to the window before, which is the first of its kind and wins the tie.
        let repeats = i > self.first && self.flat > self.m;
        // Zero divided by zero: the program never takes such a window for the nearest.
        let undefined =
            || self.divides_by_any() && self.unit == ZERO && self.magnitude(i) < ZERO * self.m as f64;
        let excluded = self.complete < self.m || repeats || undefined();
        self.excluded += usize::from(excluded);
        self.weigh_window(i, excluded);
    }

    fn weigh_window(&mut self, i: usize, excluded: bool) {
        if self.weigh.is_empty() {
            return;
        }
        let mut weigh = 1.0;
        if self.scale == Scale::Relative {
            self.norm[i] = self.magnitude(i).max(self.unit * self.m as f64);
            weigh = 1.0 / self.norm[i];
        }
        self.weigh[i] = if excluded { f64::INFINITY } else { weigh };
    }

    /// A sample enters at the end, one leaves at the front. Whether the lattice should be chosen anew: the scale was
    /// measured again, or too many samples lie beyond it.
    pub(super) fn append(&mut self, x: f64, lattice: &Lattice) -> bool {
        if self.first + self.length + BLOCK == self.samples.len() {
            self.rewind();
        }
        let end = self.first + self.length;
        self.missing[end] = x.is_nan();
        self.samples[end] = if x.is_nan() { self.samples[end - 1] } else { x };
        self.places[end] = lattice.place(self.samples[end]);
        self.excluded -= usize::from(self.weigh[self.first] == f64::INFINITY);
        self.clamped -= usize::from(lattice.beyond(self.samples[self.first]) > 0.0);
        self.first += 1;
        self.left += 1;
        self.count_runs(end);
        self.measure_window(end + 1 - self.m);
        // The first window no longer equals one before it.
        let first = self.first;
        if self.weigh[first] == f64::INFINITY && !self.missing[first..first + self.m].contains(&true) {
            self.excluded -= 1;
            self.weigh_window(first, false);
        }
        self.until_rescale -= 1;
        if self.until_rescale == 0 {
            self.rescale();
            return true;
        }
        if lattice.beyond(self.samples[end]) > 0.0 {
            self.clamped += 1;
            // Seldom enough: after the first, the second, the fourth …
            return self.clamped.is_power_of_two();
        }
        false
    }

    /// Moves everything back to the front of the buffers.
    fn rewind(&mut self) {
        let held = self.first..self.first + self.length;
        self.samples.copy_within(held.clone(), 1);
        self.places.copy_within(held.clone(), 1);
        self.missing.copy_within(held.clone(), 1);
        self.weigh.copy_within(held.clone(), 1);
        self.weigh[1 + self.length..].fill(f64::INFINITY);
        if !self.norm.is_empty() {
            self.norm.copy_within(held, 1);
        }
        self.first = 1;
    }

    /// Whether window `k` is not compared.
    #[inline(always)]
    pub(super) fn is_excluded(&self, k: usize) -> bool {
        self.excluded > 0 && self.weigh[self.first + k] == f64::INFINITY
    }

    /// Whether windows have weights: their own norms, or infinity for those that are excluded.
    #[inline(always)]
    pub(super) fn is_weighed(&self) -> bool {
        self.excluded > 0 || self.scale == Scale::Relative
    }

    /// The scaled distance of window `k`: divided by its norm where windows have one.
    #[inline(always)]
    pub(super) fn scaled(&self, distance: f64, k: usize) -> f64 {
        if self.scale == Scale::Relative { distance / self.norm[self.first + k] } else { distance }
    }
}

/// The unit of one sample's distance: 1 for a channel that is constant but for rounding.
///
/// A deviation is one of differences, so that a shift of all values changes no bit of it.
pub(super) fn unit(samples: &[f64], scale: Scale) -> f64 {
    let Some(&start) = samples.first() else { return 1.0 };
    let count = samples.len() as f64;
    let magnitude = samples.iter().map(|x| x.abs()).sum::<f64>() / count;
    let unit = match scale {
        Scale::None => 1.0,
        Scale::Relative if magnitude < CONSTANT => 1.0,
        Scale::Relative => FLOOR * magnitude,
        Scale::Std | Scale::Mad => {
            let largest = samples.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            let shifted: Vec<f64> = samples.iter().map(|x| x - start).collect();
            deviation(&shifted, scale, ROUNDING * largest)
        }
    };
    unit.clamp(1.0 / MOST, MOST)
}

/// The deviation of values: the standard one where more than half of them are equal but for `rounding`, and 1 where
/// all are.
fn deviation(values: &[f64], scale: Scale, rounding: f64) -> f64 {
    let (low, high) = values.iter().fold((0.0_f64, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
    if high - low <= rounding {
        return 1.0;
    }
    if scale == Scale::Mad {
        let centre = median(values.to_vec());
        let mad = 1.4826 * median(values.iter().map(|x| (x - centre).abs()).collect());
        if mad > rounding.max(CONSTANT) {
            return mad;
        }
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let deviation = (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt();
    if deviation < CONSTANT { 1.0 } else { deviation }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// The sum of `term` over a range, in the order in which NumPy adds: eight sums side by side, and halves of long
/// ranges by themselves.
#[inline(always)]
pub(super) fn pairwise(range: Range<usize>, term: impl Fn(usize) -> f64 + Copy) -> f64 {
    /// The longest that NumPy does not halve.
    const WHOLE: usize = 128;
    if range.len() <= WHOLE { eight_sums(range, term) } else { halves(range, &term, WHOLE) }
}

fn halves(range: Range<usize>, term: &dyn Fn(usize) -> f64, whole: usize) -> f64 {
    if range.len() <= whole {
        return eight_sums(range, term);
    }
    let middle = range.start + range.len() / 2 / 8 * 8;
    halves(range.start..middle, term, whole) + halves(middle..range.end, term, whole)
}

#[inline(always)]
fn eight_sums(range: Range<usize>, term: impl Fn(usize) -> f64) -> f64 {
    let (mut at, end) = (range.start, range.end);
    let mut sum = 0.0;
    if range.len() >= 8 {
        let mut r: [f64; 8] = std::array::from_fn(|l| term(at + l));
        at += 8;
        while at + 8 <= end {
            for (l, r) in r.iter_mut().enumerate() {
                *r += term(at + l);
            }
            at += 8;
        }
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    (at..end).fold(sum, |sum, i| sum + term(i))
}
