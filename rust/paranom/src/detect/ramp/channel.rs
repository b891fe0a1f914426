//! One channel: its reference, its live window, and the distances between them.

use super::config::{Refresh, Scale};
use super::distance::{MOST, Nearest, Snapshot, is_missing};
use super::lattice::{self, BLOCK, LANES, Lattice, Least, MISSING, NO_CELL};
use crate::simd::prefetch;

/// Spare room of the buffers that wander: they are moved back once in so many steps.
const SLACK: usize = 64;
/// Live samples that are compared side by side.
const ROW: usize = 8;
/// A reference window's mean magnitude counts as no smaller than this share of its channel's.
const FLOOR: f64 = 1e-6;
/// A channel's deviation counts as no smaller than this share of its mean magnitude: far below what an offset
/// of 1e8 leaves, above what rounding does to a constant.
const STEADY: f64 = 1e-9;

#[derive(Debug, Clone)]
pub(super) struct Channel {
    m: usize,
    /// Places in the rows that hold m.
    padded: usize,
    /// K, the windows of the reference that are compared.
    windows: usize,
    scale: Scale,
    /// M samples from `first` on, 1 at least; holes are filled with the value before, and marked in `missing`.
    reference: Vec<f64>,
    missing: Vec<bool>,
    first: usize,
    /// M.
    length: usize,
    /// Samples that have left the reference.
    pub(super) left: u64,
    /// Per window, at the position of its first sample: 1 / `norm`, or 1; infinite for a window that is not
    /// compared (it has a hole, or equals the window before). Empty: 1 everywhere, and no window is left out.
    weigh: Vec<f64>,
    /// Relative scale: what a window's distance is divided by.
    norm: Vec<f64>,
    /// Windows that are not compared.
    excluded: usize,
    /// What one sample's distance is divided by (its floor, for the relative scale).
    pub(super) unit: f64,
    pub(super) until_rescale: usize,
    /// Equal samples, and samples without a hole, at the end of the reference.
    flat: usize,
    sound: usize,
    /// The last m samples, from `live_first` on; NaN is missing.
    live: Vec<f64>,
    live_first: usize,
    live_length: usize,
    /// How many of them are missing, and how many lie beyond the lattice.
    pub(super) holes: usize,
    beyond: usize,
    /// The same samples on a lattice.
    lattice: Lattice,
    reference_places: Vec<i32>,
    live_places: Vec<i32>,
    /// Samples of the reference beyond the lattice.
    clamped: usize,
    /// D(t, k) at `cell_first + k`, and no distance beyond. The diagonal moves the origin instead of the cells.
    cells: Vec<i32>,
    cell_first: usize,
    /// The places that [`Self::take`] put in and out, for [`Self::advance`].
    new: i32,
    old: i32,
    /// Minima that [`Self::advance`] leaves for [`Self::search`]: of each lane of each block of cells, and of all.
    least: Vec<Least>,
    low: i32,
    /// The cells have nothing to do with the live window yet.
    pub(super) stale: bool,
}

impl Channel {
    pub(super) fn new(samples: &[f64], m: usize, windows: usize, scale: Scale, refresh: Refresh) -> Self {
        let length = samples.len();
        let room = if refresh == Refresh::Never { 0 } else { SLACK };
        let mut reference = vec![0.0; 1 + length + room + BLOCK];
        let mut missing = vec![false; reference.len()];
        let mut before = samples.iter().copied().find(|&x| !is_missing(x)).unwrap_or(0.0);
        for (i, &x) in (1..).zip(samples) {
            missing[i] = is_missing(x);
            if !is_missing(x) {
                before = x;
            }
            reference[i] = before;
        }
        let mut channel = Self {
            m,
            padded: m.next_multiple_of(ROW),
            windows,
            scale,
            reference_places: vec![0; reference.len()],
            lattice: Lattice::around(reference[1..=length].to_vec(), m),
            reference,
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
            sound: 0,
            live: vec![0.0; m + SLACK],
            live_first: 0,
            live_length: 0,
            holes: 0,
            beyond: 0,
            live_places: vec![MISSING; m + SLACK + ROW],
            clamped: 0,
            cells: vec![NO_CELL; SLACK + windows.next_multiple_of(BLOCK)],
            cell_first: SLACK,
            new: MISSING,
            old: MISSING,
            least: vec![[NO_CELL; LANES]; windows.div_ceil(BLOCK)],
            low: NO_CELL,
            stale: true,
        };
        let plain = refresh == Refresh::Never && scale != Scale::Relative;
        if !plain || channel.count_excluded() > 0 {
            channel.weigh = vec![f64::INFINITY; channel.reference.len()];
        }
        if scale == Scale::Relative {
            channel.norm = vec![1.0; channel.reference.len()];
        }
        channel.rescale();
        channel
    }

    /// Bytes on the heap and here.
    pub(super) fn bytes(&self) -> usize {
        let floats = [&self.reference, &self.weigh, &self.norm, &self.live];
        let places = [&self.reference_places, &self.live_places, &self.cells];
        size_of::<Self>()
            + floats.map(|v| v.capacity() * size_of::<f64>()).iter().sum::<usize>()
            + places.map(|v| v.capacity() * size_of::<i32>()).iter().sum::<usize>()
            + self.least.capacity() * size_of::<Least>()
            + self.missing.capacity()
    }

    /// Asks for what the next step looks at.
    pub(super) fn prefetch(&self) {
        /// Where more follows, the processor sees what is wanted.
        const MOST: usize = 8 * BLOCK;
        let few = self.windows.min(MOST);
        prefetch(&self.live[self.live_first..][..self.live_length.min(MOST)]);
        prefetch(&self.live_places[self.live_first..][..self.live_length.min(MOST)]);
        prefetch(&self.reference_places[self.first..][..few]);
        prefetch(&self.cells[self.cell_first..][..few]);
        prefetch(&self.least[..1]);
    }

    /// What is needed to continue.
    pub(super) fn snapshot(&self) -> Snapshot {
        let held = self.first..self.first + self.length;
        Snapshot {
            reference: held.map(|i| if self.missing[i] { f64::NAN } else { self.reference[i] }).collect(),
            live: self.live().to_vec(),
            unit: self.unit,
            left: self.left,
            until_rescale: self.until_rescale,
        }
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
        self.place_all();
    }

    /// Chooses the lattice anew, and puts all samples there.
    fn place_all(&mut self) {
        let held = self.first..self.first + self.length;
        self.lattice = Lattice::around(self.reference[held.clone()].to_vec(), self.m);
        self.clamped = 0;
        for i in held {
            self.reference_places[i] = self.lattice.place(self.reference[i]);
            self.clamped += usize::from(self.lattice.beyond(self.reference[i]) > 0.0);
        }
        self.beyond = 0;
        for i in self.live_first..self.live_first + self.live_length {
            self.live_places[i] = self.lattice.place(self.live[i]);
            self.beyond += usize::from(self.lattice.beyond(self.live[i]) > 0.0);
        }
        self.stale = true;
    }

    /// Measures every window of the reference anew.
    pub(super) fn measure_windows(&mut self) {
        self.excluded = 0;
        self.flat = 0;
        self.sound = 0;
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

    /// Brings the runs up to the sample at `i`.
    fn note_sample(&mut self, i: usize) {
        let same = i > self.first && self.reference[i].to_bits() == self.reference[i - 1].to_bits();
        self.flat = if same { self.flat + 1 } else { 1 };
        self.sound = if self.missing[i] { 0 } else { self.sound + 1 };
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
        self.weigh[i] = if left_out { f64::INFINITY } else { weigh };
    }

    /// A sample enters the reference at its end, one leaves at its front.
    #[inline(never)]
    fn append(&mut self, x: f64) {
        if self.first + self.length + BLOCK == self.reference.len() {
            let held = self.first..self.first + self.length;
            self.reference.copy_within(held.clone(), 1);
            self.reference_places.copy_within(held.clone(), 1);
            self.missing.copy_within(held.clone(), 1);
            self.weigh.copy_within(held.clone(), 1);
            self.weigh[1 + self.length..].fill(f64::INFINITY);
            if !self.norm.is_empty() {
                self.norm.copy_within(held, 1);
            }
            self.first = 1;
        }
        let end = self.first + self.length;
        self.missing[end] = x.is_nan();
        self.reference[end] = if x.is_nan() { self.reference[end - 1] } else { x };
        self.reference_places[end] = self.lattice.place(self.reference[end]);
        self.excluded -= usize::from(self.weigh[self.first] == f64::INFINITY);
        self.clamped -= usize::from(self.lattice.beyond(self.reference[self.first]) > 0.0);
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
        } else if self.lattice.beyond(self.reference[end]) > 0.0 {
            self.clamped += 1;
            // Seldom enough: after the first, the second, the fourth …
            if self.clamped.is_power_of_two() {
                self.place_all();
            }
        }
    }

    #[inline(always)]
    fn live(&self) -> &[f64] {
        &self.live[self.live_first..self.live_first + self.live_length]
    }

    /// Puts `new` into the live window; a sample leaves it once it is full.
    #[inline(always)]
    pub(super) fn take(&mut self, new: f64, slide: bool) {
        if self.live_first + self.live_length == self.live.len() {
            self.rewind_live();
        }
        let end = self.live_first + self.live_length;
        self.new = self.lattice.place(new);
        self.live[end] = new;
        self.live_places[end] = self.new;
        if !self.lattice.holds(new) {
            self.count(new, 1);
        }
        if self.live_length < self.m {
            self.live_length += 1;
            return;
        }
        let old = self.live[self.live_first];
        self.old = self.live_places[self.live_first];
        if !self.lattice.holds(old) {
            self.count(old, -1);
        }
        self.live_first += 1;
        if slide {
            self.append(old);
        }
    }

    #[cold]
    fn rewind_live(&mut self) {
        self.live.copy_within(self.live_first.., 0);
        self.live_places.copy_within(self.live_first.., 0);
        self.live_places[self.live_length..].fill(MISSING);
        self.live_first = 0;
    }

    /// A sample that is missing or beyond the lattice has entered the live window, or left it.
    #[cold]
    fn count(&mut self, x: f64, by: isize) {
        let count = if x.is_nan() { &mut self.holes } else { &mut self.beyond };
        *count = count.wrapping_add_signed(by);
    }

    /// Moves the origin one cell ahead of the first, and drops the last one, so that D(t - 1, k - 1) is at k.
    #[inline(always)]
    pub(super) fn make_way(&mut self) {
        if self.cell_first == 0 {
            self.rewind_cells();
        }
        self.cells[self.cell_first + self.windows - 1] = NO_CELL;
        self.cell_first -= 1;
    }

    #[cold]
    fn rewind_cells(&mut self) {
        self.cells.copy_within(..self.windows, SLACK);
        self.cells[SLACK + self.windows..].fill(NO_CELL);
        self.cells[..SLACK].fill(NO_CELL);
        self.cell_first = SLACK;
    }

    /// Brings all cells to the new live window, which one sample has entered and one left: D(t, k) from
    /// D(t - 1, k - 1), or, if the reference moved too, from D(t - 1, k). Leaves the minima of the blocks, and
    /// the smallest of these.
    #[inline(always)]
    pub(super) fn advance(&mut self, slide: bool) {
        if self.stale {
            self.measure();
            return;
        }
        let padded = self.least.len() * BLOCK;
        // Nothing is ahead of the first window: it is summed.
        let sum = if slide { NO_CELL } else { self.sum(0) };
        let cells = &mut self.cells[self.cell_first..][..padded];
        if slide {
            cells[self.windows..].fill(NO_CELL);
        }
        // What leaves a window sat one place ahead of it.
        let base = self.first - 1;
        let newer = &self.reference_places[base + self.m..][..padded];
        let older = &self.reference_places[base..][..padded];
        self.low = lattice::advance(cells, newer, older, (self.new, self.old), sum, &mut self.least);
        if !slide {
            cells[0] = sum;
        }
    }

    /// D(t, k).
    #[inline(always)]
    fn sum(&self, k: usize) -> i32 {
        // Rows of lanes: beyond the live window places are missing, and beyond the reference there is room.
        let live = self.live_places[self.live_first..][..self.padded].as_chunks::<ROW>().0;
        let reference = self.reference_places[self.first + k..][..self.padded].as_chunks::<ROW>().0;
        let mut sums = [0_i32; ROW];
        for (live, reference) in live.iter().zip(reference) {
            for l in 0..ROW {
                let term = lattice::apart(live[l], reference[l]);
                sums[l] = sums[l].wrapping_add(if live[l] == MISSING { 0 } else { term });
            }
        }
        sums.into_iter().fold(0, i32::wrapping_add)
    }

    /// Sums every cell, and leaves minima as [`Self::advance`] does.
    #[inline(never)]
    fn measure(&mut self) {
        self.stale = false;
        let live = &self.live_places[self.live_first..][..self.m];
        let reference = &self.reference_places[self.first..];
        self.cells[..SLACK].fill(NO_CELL);
        self.cell_first = SLACK;
        let cells = &mut self.cells[SLACK..];
        for (b, cells) in cells.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            *cells = [0; BLOCK];
            for (i, &x) in live.iter().enumerate().filter(|&(_, &x)| x != MISSING) {
                for (cell, &r) in cells.iter_mut().zip(&reference[b * BLOCK + i..][..BLOCK]) {
                    *cell = cell.wrapping_add(lattice::apart(x, r));
                }
            }
        }
        cells[self.windows..].fill(NO_CELL);
        self.low = NO_CELL;
        for (cells, least) in cells.as_chunks::<BLOCK>().0.iter().zip(&mut self.least) {
            *least = lattice::least_of(cells);
            self.low = self.low.min(lattice::least_lane(least));
        }
    }

    /// The nearest window, after [`Self::advance`].
    #[inline(always)]
    pub(super) fn search<const WEIGHED: bool>(&self, lows: &mut [f64]) -> Option<Nearest> {
        // Too little is there to compare.
        if 2 * self.holes > self.m || (WEIGHED && self.excluded == self.windows) {
            return None;
        }
        let found = if WEIGHED && self.is_weighed() { self.best_weighed(lows) } else { self.best() };
        Some(self.nearest(found.unwrap_or_else(|| self.best_of_all())))
    }

    /// The smallest distance and its window, or `None` if too many windows could be it.
    #[inline(always)]
    fn best(&self) -> Option<(f64, usize)> {
        let least = &*self.least;
        let cells = &self.cells[self.cell_first..].as_chunks::<BLOCK>().0[..least.len()];
        let (live, reference) = (self.live(), &self.reference[self.first..]);
        // With all samples on the lattice, one pass is enough.
        let inside = self.beyond == 0 && self.clamped == 0;
        let mut reach = self.lattice.about(self.low);
        loop {
            let mut best = NOTHING;
            let mut summed = 0;
            for b in 0..least.len() {
                let mut lanes = lattice::within(&least[b], reach);
                while lanes != 0 {
                    let lane = lanes.trailing_zeros() as usize;
                    lanes &= lanes - 1;
                    let mut rows = lattice::within_lane(&cells[b], lane, reach);
                    while rows != 0 {
                        let row = rows.trailing_zeros() as usize;
                        rows &= rows - 1;
                        let k = (b * BLOCK) | (row * LANES) | lane;
                        best = better(best, (self.distance(live, &reference[k..][..live.len()]), k));
                        summed += 1;
                    }
                    if summed > self.few() {
                        return None;
                    }
                }
            }
            if inside {
                return Some(best);
            }
            let needed = self.lattice.reach(best.0, self.excess());
            if needed <= reach {
                return Some(best);
            }
            reach = needed;
        }
    }

    /// The same where windows have weights: the smallest weighted distance.
    #[inline(always)]
    fn best_weighed(&self, lows: &mut [f64]) -> Option<(f64, usize)> {
        let cells = self.cells[self.cell_first..].as_chunks::<BLOCK>().0;
        let weigh = self.weigh[self.first..].as_chunks::<BLOCK>().0;
        let Lattice { density, error, rounding, .. } = self.lattice;
        // What a cell leaves out, less what it may be wrong by.
        let shift = self.excess() * density - error;
        let mut reach = f64::INFINITY;
        for ((cells, weigh), low) in cells.iter().zip(weigh).zip(lows.iter_mut()) {
            *low = f64::INFINITY;
            let mut lanes = [f64::INFINITY; 8];
            for row in 0..BLOCK / 8 {
                for l in 0..8 {
                    let value = weighed(cells[row * 8 + l], weigh[row * 8 + l], shift);
                    lanes[l] = if value < lanes[l] { value } else { lanes[l] };
                }
            }
            *low = lanes.into_iter().fold(f64::INFINITY, |low, lane| if lane < low { lane } else { low });
            reach = if *low < reach { *low } else { reach };
        }
        loop {
            let mut best = NOTHING;
            let mut summed = 0;
            for (b, ((cells, weigh), low)) in cells.iter().zip(weigh).zip(&*lows).enumerate() {
                if *low > reach {
                    continue;
                }
                for row in 0..BLOCK / LANES {
                    let beyond = std::array::from_fn(|l| {
                        let near = weighed(cells[row * LANES + l], weigh[row * LANES + l], shift) <= reach;
                        i32::from(!near)
                    });
                    let mut lanes = lattice::within(&beyond, 0);
                    while lanes != 0 {
                        let k = b * BLOCK + row * LANES + lanes.trailing_zeros() as usize;
                        lanes &= lanes - 1;
                        if k < self.windows && !self.is_excluded(k) {
                            best = better(best, (self.worth(k), k));
                            summed += 1;
                        }
                    }
                }
                if summed > self.few() {
                    return None;
                }
            }
            let needed = best.0 * density * (1.0 + 2.0 * rounding);
            if needed > reach {
                reach = needed;
            } else {
                // Undefined, too: an infinite distance where all cells are 0, and so were summed.
                return Some(best);
            }
        }
    }

    /// Windows that are summed one by one before all of them are, side by side.
    #[inline(always)]
    fn few(&self) -> usize {
        8 + self.windows / 16
    }

    /// The same by force.
    #[inline(never)]
    fn best_of_all(&self) -> (f64, usize) {
        const WIDE: usize = 32;
        let reference = &self.reference[self.first..];
        let mut best = NOTHING;
        for block in (0..self.windows).step_by(WIDE) {
            let mut sums = [0.0; WIDE];
            for (i, &x) in self.live().iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                for (sum, r) in sums.iter_mut().zip(&reference[block + i..][..WIDE]) {
                    *sum += (x - r).abs();
                }
            }
            for k in (block..self.windows).take(WIDE).filter(|&k| !self.is_excluded(k)) {
                best = better(best, (self.value(sums[k - block], k), k));
            }
        }
        best
    }

    /// By how much all windows are farther than their cells say: live samples lie beyond the lattice. Where samples
    /// of the reference do too, nothing is certain, and 0 is right.
    #[inline(always)]
    fn excess(&self) -> f64 {
        if self.beyond == 0 || self.clamped > 0 { 0.0 } else { self.sum_beyond() }
    }

    #[inline(never)]
    fn sum_beyond(&self) -> f64 {
        self.live().iter().map(|&x| self.lattice.beyond(x)).sum()
    }

    /// A distance, summed from left to right.
    #[inline(always)]
    fn distance(&self, live: &[f64], window: &[f64]) -> f64 {
        let terms = live.iter().zip(window).map(|(x, r)| (x - r).abs());
        if self.holes == 0 {
            return terms.fold(0.0, |sum, term| sum + term);
        }
        terms.fold(0.0, |sum, term| if term.is_nan() { sum } else { sum + term })
    }

    /// A window's distance as it is compared.
    fn worth(&self, k: usize) -> f64 {
        self.value(self.distance(self.live(), &self.reference[self.first + k..][..self.m]), k)
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

    /// Whether windows have weights: their own norms, or infinity for those left out.
    #[inline(always)]
    pub(super) fn is_weighed(&self) -> bool {
        self.excluded > 0 || self.scale == Scale::Relative
    }

    #[inline(always)]
    fn nearest(&self, (value, k): (f64, usize)) -> Nearest {
        let valid = f64::from((self.m - self.holes) as u32);
        let value = match self.scale {
            Scale::Relative if self.holes > 0 => value * (self.m as f64 / valid),
            Scale::Relative => value,
            _ => value / (self.unit * valid),
        };
        Nearest { window: self.left + k as u64, value: value.min(MOST) }
    }
}

/// No window yet.
const NOTHING: (f64, usize) = (f64::INFINITY, usize::MAX);

/// The smaller value; of equal ones, the first window's.
#[inline(always)]
fn better(a: (f64, usize), b: (f64, usize)) -> (f64, usize) {
    if b.0 < a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a }
}

/// What a cell's window is worth at least. Where it is left out: infinity, or NaN, which is below nothing.
#[inline(always)]
fn weighed(cell: i32, weigh: f64, shift: f64) -> f64 {
    (f64::from(cell) + shift).max(0.0) * weigh
}

fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams that are hard on a lattice, by number: sample `i` from uniform noise in -1..1.
    const STREAMS: [fn(usize, f64) -> f64; 9] = [
        |_, e| e,
        |_, e| 1e8 + e,
        |_, e| (2.0 * e).round(),
        |i, e| if i % 90 == 20 { 1e12 * e } else { e },
        |i, e| if i % 300 == 250 { -1e30 } else { e },
        |_, e| (0..21).fold(1e6, |product, _| product * e),
        |i, e| i as f64 + e,
        |i, e| if i / 25 % 3 == 0 { 0.5 } else { e },
        |i, e| if i / 7 % 5 == 0 { f64::NAN } else { e * (1 + i / 100) as f64 },
    ];

    fn noise(count: usize) -> impl Iterator<Item = f64> {
        let mut state = 1_u64;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .take(count)
    }

    #[test]
    fn the_nearest_window_is_that_of_brute_force() {
        for (s, stream) in STREAMS.iter().enumerate() {
            for (m, length) in [(2, 4), (5, 60), (8, 200)] {
                for scale in [Scale::Std, Scale::Relative] {
                    for refresh in [Refresh::Never, Refresh::Sliding] {
                        let samples: Vec<f64> =
                            noise(5 * length).enumerate().map(|(i, e)| stream(i, e)).collect();
                        let windows = length - m + 1;
                        let mut channel = Channel::new(&samples[..length], m, windows, scale, refresh);
                        let mut lows = vec![0.0; windows.div_ceil(BLOCK)];
                        for (i, &x) in samples[length..].iter().enumerate() {
                            let slide = refresh == Refresh::Sliding && i >= m;
                            channel.take(x, slide);
                            if i + 1 < m {
                                continue;
                            }
                            if !slide {
                                channel.make_way();
                            }
                            channel.advance(slide);
                            if let Some(found) = channel.search::<true>(&mut lows) {
                                let forced = channel.nearest(channel.best_of_all());
                                assert_eq!(
                                    found, forced,
                                    "stream {s}, m {m}, {scale:?}, {refresh:?}, sample {i}"
                                );
                            }
                            let cells: Vec<i32> = channel.cells[channel.cell_first..][..windows].to_vec();
                            let sums: Vec<i32> = (0..windows).map(|k| channel.sum(k)).collect();
                            assert_eq!(cells, sums, "stream {s}, m {m}, {scale:?}, {refresh:?}, sample {i}");
                        }
                    }
                }
            }
        }
    }
}
