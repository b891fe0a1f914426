//! One channel: its reference, its live window, and the distances between them.

use super::config::{Refresh, Scale};
use super::distance::{MOST, Nearest, Snapshot, is_missing};
use super::lattice::{self, BLOCK, LANES, Lattice, Least, MISSING, NO_CELL};

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
    /// Rows that hold m places.
    rows: usize,
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
    /// How many of them are not missing, and how many lie beyond the lattice.
    pub(super) valid: usize,
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
    /// The cells have nothing to do with the live window yet.
    pub(super) stale: bool,
}

impl Channel {
    pub(super) fn new(samples: &[f64], m: usize, windows: usize, scale: Scale, refresh: Refresh) -> Self {
        let length = samples.len();
        let room = if refresh == Refresh::Never { 0 } else { SLACK };
        let mut reference = vec![0.0; length + room + BLOCK];
        let mut missing = vec![false; length + room + BLOCK];
        let mut before = samples.iter().copied().find(|&x| !is_missing(x)).unwrap_or(0.0);
        for (i, &x) in samples.iter().enumerate() {
            missing[i] = is_missing(x);
            if !is_missing(x) {
                before = x;
            }
            reference[i] = before;
        }
        let mut channel = Self {
            m,
            rows: m.div_ceil(ROW),
            windows,
            scale,
            reference_places: vec![0; reference.len()],
            lattice: Lattice::around(reference[..length].to_vec(), m),
            reference,
            missing,
            first: 0,
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
            valid: 0,
            beyond: 0,
            live_places: vec![MISSING; m + SLACK + ROW],
            clamped: 0,
            cells: vec![NO_CELL; SLACK + windows.next_multiple_of(BLOCK)],
            cell_first: SLACK,
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
            + self.missing.capacity()
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
            self.reference.copy_within(held.clone(), 0);
            self.reference_places.copy_within(held.clone(), 0);
            self.missing.copy_within(held.clone(), 0);
            self.weigh.copy_within(held.clone(), 0);
            self.weigh[self.length..].fill(f64::INFINITY);
            if !self.norm.is_empty() {
                self.norm.copy_within(held, 0);
            }
            self.first = 0;
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

    /// Puts `new` into the live window; gives its place, and the place that left (nothing leaves while it fills).
    #[inline(always)]
    pub(super) fn take(&mut self, new: f64, slide: bool) -> (i32, i32) {
        if self.live_first + self.live_length == self.live.len() {
            self.live.copy_within(self.live_first.., 0);
            self.live_places.copy_within(self.live_first.., 0);
            self.live_places[self.live_length..].fill(MISSING);
            self.live_first = 0;
        }
        let end = self.live_first + self.live_length;
        let place = self.lattice.place(new);
        self.live[end] = new;
        self.live_places[end] = place;
        self.valid += usize::from(!new.is_nan());
        self.beyond += usize::from(self.lattice.beyond(new) > 0.0);
        if self.live_length < self.m {
            self.live_length += 1;
            return (place, MISSING);
        }
        let (old, old_place) = (self.live[self.live_first], self.live_places[self.live_first]);
        self.valid -= usize::from(!old.is_nan());
        self.beyond -= usize::from(self.lattice.beyond(old) > 0.0);
        self.live_first += 1;
        if slide {
            self.append(old);
        }
        (place, old_place)
    }

    /// Brings all cells to the new live window, which one sample has entered and one left, and leaves the minima of
    /// the blocks.
    #[inline(always)]
    pub(super) fn advance(&mut self, (new, old): (i32, i32), slide: bool, least: &mut [Least]) {
        if std::mem::take(&mut self.stale) {
            return self.measure(slide, least);
        }
        // Either D(t, k) from D(t - 1, k - 1), or (the reference moved too) from D(t - 1, k).
        let (base, count) = if slide {
            // Before it moved, the reference's old first sample sat one place ahead.
            (self.first - 1, self.windows)
        } else {
            if self.cell_first == 0 {
                self.cells.copy_within(..self.windows, SLACK);
                self.cells[SLACK + self.windows..].fill(NO_CELL);
                self.cell_first = SLACK;
            }
            // The last cell falls off its end.
            self.cells[self.cell_first + self.windows - 1] = NO_CELL;
            (self.first, self.windows - 1)
        };
        let padded = count.next_multiple_of(BLOCK);
        let cells = &mut self.cells[self.cell_first..][..padded];
        if slide {
            cells[count..].fill(NO_CELL);
        }
        let newer = &self.reference_places[base + self.m..][..padded];
        let older = &self.reference_places[base..][..padded];
        lattice::advance(cells, newer, older, new, old, least);
        if !slide {
            self.cell_first -= 1;
            self.cells[self.cell_first] = self.sum(0);
        }
    }

    /// D(t, k).
    #[inline(always)]
    fn sum(&self, k: usize) -> i32 {
        // Rows of lanes: beyond the live window places are missing, and beyond the reference there is room.
        let length = self.rows * ROW;
        let live = self.live_places[self.live_first..][..length].as_chunks::<ROW>().0;
        let reference = self.reference_places[self.first + k..][..length].as_chunks::<ROW>().0;
        let mut sums = [0_i32; ROW];
        for (live, reference) in live.iter().zip(reference) {
            for l in 0..ROW {
                let term = lattice::apart(live[l], reference[l]);
                sums[l] = sums[l].wrapping_add(if live[l] == MISSING { 0 } else { term });
            }
        }
        sums.into_iter().fold(0, i32::wrapping_add)
    }

    /// Sums every cell, and leaves the minima of the blocks as [`Self::advance`] does.
    #[inline(never)]
    fn measure(&mut self, slide: bool, least: &mut [Least]) {
        let live = &self.live_places[self.live_first..][..self.m];
        let reference = &self.reference_places[self.first..];
        self.cell_first = SLACK - 1;
        let cells = &mut self.cells[self.cell_first..];
        for (b, cells) in cells.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            *cells = [0; BLOCK];
            for (i, &x) in live.iter().enumerate().filter(|&(_, &x)| x != MISSING) {
                for (cell, &r) in cells.iter_mut().zip(&reference[b * BLOCK + i..][..BLOCK]) {
                    *cell = cell.wrapping_add(lattice::apart(x, r));
                }
            }
        }
        cells[self.windows..].fill(NO_CELL);
        for (cells, least) in cells[usize::from(!slide)..].as_chunks::<BLOCK>().0.iter().zip(least) {
            *least = lattice::least_of(cells);
        }
    }

    /// The nearest window, after [`Self::advance`].
    #[inline(always)]
    pub(super) fn search<const WEIGHED: bool>(
        &self,
        slide: bool,
        least: &[Least],
        lows: &mut [f64],
    ) -> Option<Nearest> {
        // Too little is there to compare.
        if 2 * self.valid < self.m || self.excluded == self.windows {
            return None;
        }
        // Cells with a minimum: all of them, or all but the first, which was summed alone.
        let origin = usize::from(!slide);
        let blocks = (self.windows - origin).div_ceil(BLOCK);
        let found = if WEIGHED && self.is_weighed() {
            self.best_weighed(origin, &mut lows[..blocks])
        } else {
            self.best(origin, &least[..blocks])
        };
        Some(self.nearest(found.unwrap_or_else(|| self.best_of_all())))
    }

    /// The smallest distance and its window, or `None` if too many windows could be it.
    #[inline(always)]
    fn best(&self, origin: usize, least: &[Least]) -> Option<(f64, usize)> {
        let cells = self.cells[self.cell_first + origin..].as_chunks::<BLOCK>().0;
        let excess = self.excess();
        let first = if origin > 0 { self.cells[self.cell_first] } else { NO_CELL };
        let mut lows = [NO_CELL; LANES];
        for least in least {
            for l in 0..LANES {
                lows[l] = lows[l].min(least[l]);
            }
        }
        let low = lows.into_iter().fold(first, i32::min);
        let mut reach = self.lattice.about(low);
        loop {
            let mut best = NOTHING;
            let mut summed = 0;
            if first <= reach {
                best = (self.exact(0), 0);
            }
            for b in 0..least.len() {
                if !lattice::any(&least[b], |lane| lane <= reach) {
                    continue;
                }
                let mut bits = lattice::within(&cells[b], reach);
                while bits != 0 {
                    let k = origin + b * BLOCK + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    // What pads the rows may be within an endless reach.
                    if k < self.windows {
                        best = better(best, (self.exact(k), k));
                        summed += 1;
                    }
                }
                if summed > self.few() {
                    return None;
                }
            }
            let needed = self.lattice.reach(best.0, excess);
            if needed <= reach {
                return Some(best);
            }
            reach = needed;
        }
    }

    /// The same where windows have weights: the smallest weighted distance.
    #[inline(always)]
    fn best_weighed(&self, origin: usize, lows: &mut [f64]) -> Option<(f64, usize)> {
        let cells = self.cells[self.cell_first + origin..].as_chunks::<BLOCK>().0;
        let weigh = self.weigh[self.first + origin..].as_chunks::<BLOCK>().0;
        let Lattice { density, error, rounding, .. } = self.lattice;
        // What a cell leaves out, less what it may be wrong by.
        let shift = self.excess() * density - error;
        let first = if origin > 0 {
            weighed(self.cells[self.cell_first], self.weigh[self.first], shift)
        } else {
            f64::NAN
        };
        let mut reach = if first < f64::INFINITY { first } else { f64::INFINITY };
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
            if first <= reach && !self.is_excluded(0) {
                best = (self.worth(0), 0);
            }
            for (b, ((cells, weigh), low)) in cells.iter().zip(weigh).zip(&*lows).enumerate() {
                if *low > reach {
                    continue;
                }
                let beyond = std::array::from_fn(|i| {
                    let near = weighed(cells[i], weigh[i], shift) <= reach;
                    i32::from(!near)
                });
                let mut bits = lattice::within(&beyond, 0);
                while bits != 0 {
                    let k = origin + b * BLOCK + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    if k < self.windows && !self.is_excluded(k) {
                        best = better(best, (self.worth(k), k));
                        summed += 1;
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

    /// D(t, k), summed from left to right.
    #[inline(always)]
    fn exact(&self, k: usize) -> f64 {
        let window = &self.reference[self.first + k..][..self.m];
        let terms = self.live().iter().zip(window).map(|(x, r)| (x - r).abs());
        if self.valid == self.m {
            return terms.fold(0.0, |sum, term| sum + term);
        }
        terms.fold(0.0, |sum, term| if term.is_nan() { sum } else { sum + term })
    }

    /// A window's distance as it is compared.
    fn worth(&self, k: usize) -> f64 {
        self.value(self.exact(k), k)
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
        let valid = self.valid as f64;
        let value = match self.scale {
            Scale::Relative if self.valid < self.m => value * (self.m as f64 / valid),
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
                        let mut least = vec![[0; LANES]; windows.div_ceil(BLOCK)];
                        let mut lows = vec![0.0; windows.div_ceil(BLOCK)];
                        for (i, &x) in samples[length..].iter().enumerate() {
                            let slide = refresh == Refresh::Sliding && i >= m;
                            let places = channel.take(x, slide);
                            if i + 1 < m {
                                continue;
                            }
                            channel.advance(places, slide, &mut least);
                            if let Some(found) = channel.search::<true>(slide, &least, &mut lows) {
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
