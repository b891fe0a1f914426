//! One channel: its reference, its live window, and the distances between them.

use super::cells::Cells;
use super::config::{Config, Refresh};
use super::lattice::{BLOCK, Lattice};
use super::live::Live;
use super::reference::Reference;
use super::types::{MOST, Snapshot};

#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) reference: Reference,
    pub(super) live: Live,
    pub(super) cells: Cells,
    pub(super) lattice: Lattice,
}

impl Channel {
    pub(super) fn new(samples: &[f64], config: &Config) -> Self {
        let m = config.window;
        let mut reference = Reference::new(samples, config);
        let lattice = Lattice::around(reference.held().to_vec(), m);
        reference.place_all(&lattice);
        Self { reference, live: Live::new(m), cells: Cells::new(config.windows()), lattice }
    }

    /// What is needed to continue.
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            reference: self.reference.snapshot(),
            live: self.live.samples().to_vec(),
            unit: self.reference.unit,
            left: self.reference.left,
            until_rescale: self.reference.until_rescale,
        }
    }

    /// The inverse of [`Self::snapshot`]; `None` if a number cannot be.
    pub(super) fn restore(part: &Snapshot, config: &Config) -> Option<Self> {
        let length = part.reference.len() as u64;
        let possible = part.live.len() <= config.window
            && (1.0 / MOST..=MOST).contains(&part.unit)
            // The scale is measured whenever all samples of the reference have left it.
            && part.until_rescale as u64 == length - part.left % length
            && (config.refresh != Refresh::Never || part.left == 0);
        if !possible {
            return None;
        }
        let mut channel = Self::new(&part.reference, config);
        if part.left == 0 && part.unit.to_bits() != channel.reference.unit.to_bits() {
            return None;
        }
        channel.reference.unit = part.unit;
        channel.reference.left = part.left;
        channel.reference.until_rescale = part.until_rescale;
        channel.reference.measure_windows();
        for &x in &part.live {
            channel.take(x, false);
        }
        Some(channel)
    }

    /// Bytes on the heap and here.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.reference.bytes() + self.live.bytes() + self.cells.bytes()
    }

    /// Asks for what the next step reads.
    pub(super) fn prefetch(&self) {
        /// Where more follows, the processor sees what is wanted.
        const MOST: usize = 8 * BLOCK;
        self.live.prefetch(MOST);
        self.reference.prefetch(MOST);
        self.cells.prefetch(MOST);
    }

    /// Whether a live sample is missing.
    pub(super) fn has_missing(&self) -> bool {
        self.live.missing > 0
    }

    /// Samples that have left the reference.
    pub(super) fn left(&self) -> u64 {
        self.reference.left
    }

    /// Whether reference windows have weights.
    pub(super) fn is_weighed(&self) -> bool {
        self.reference.is_weighed()
    }

    /// Puts `new` into the live window. With `slide`, the sample that leaves it enters the reference.
    #[inline(always)]
    pub(super) fn take(&mut self, new: f64, slide: bool) {
        if let Some(old) = self.live.push(new, &self.lattice)
            && slide
        {
            self.append(old);
        }
    }

    /// A sample enters the reference.
    #[inline(never)]
    fn append(&mut self, x: f64) {
        if self.reference.append(x, &self.lattice) {
            self.lattice = Lattice::around(self.reference.held().to_vec(), self.live.m);
            self.reference.place_all(&self.lattice);
            self.live.place_all(&self.lattice);
            self.cells.stale = true;
        }
    }

    /// See [`Cells::shift_origin`].
    #[inline(always)]
    pub(super) fn shift_origin(&mut self) {
        self.cells.shift_origin();
    }

    /// Brings the distances to the new live window.
    #[inline(always)]
    pub(super) fn advance(&mut self, slide: bool) {
        self.cells.advance(&self.live, &self.reference, slide);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::ramp::cells;
    use crate::detect::ramp::config::{Mode, Scale};
    use crate::detect::ramp::lattice::BLOCK;

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
                        let mut config = Config::new(Mode::Default, 1, m, length, 1.0);
                        (config.scale, config.refresh) = (scale, refresh);
                        let mut channel = Channel::new(&samples[..length], &config);
                        let mut lows = vec![0.0; windows.div_ceil(BLOCK)];
                        for (i, &x) in samples[length..].iter().enumerate() {
                            let slide = refresh == Refresh::Sliding && i >= m;
                            channel.take(x, slide);
                            if i + 1 < m {
                                continue;
                            }
                            if !slide {
                                channel.shift_origin();
                            }
                            channel.advance(slide);
                            if let Some(found) = channel.search::<true>(&mut lows) {
                                let exact = channel.nearest(channel.best_by_brute_force());
                                assert_eq!(
                                    found, exact,
                                    "stream {s}, m {m}, {scale:?}, {refresh:?}, sample {i}"
                                );
                            }
                            let kept: Vec<i32> = channel.cells.all()[..windows].to_vec();
                            let sums: Vec<i32> = (0..windows)
                                .map(|k| cells::distance(&channel.live, &channel.reference, k))
                                .collect();
                            assert_eq!(kept, sums, "stream {s}, m {m}, {scale:?}, {refresh:?}, sample {i}");
                        }
                    }
                }
            }
        }
    }
}
