//! The nearest reference window of each channel, for a live window that moves by one sample.
//!
//! D(t, k) = Σ |x[t + i] - r[k + i]| follows from its neighbour on the diagonal: one term enters, one leaves.
//! That is O(M) per channel and sample instead of O(M·m). It is done on whole numbers, samples on a lattice: they
//! never drift, whatever passes by, and bound each distance from below. Every window that could be the nearest by
//! these bounds is summed from left to right, so the answer is that of brute force to the last bit. Where too many
//! windows could be it, all of them are summed, side by side.

use std::ops::Range;

use super::channel::Channel;
use super::config::Config;
use super::lattice::BLOCK;
use super::types::{Nearest, Snapshot, is_missing};
use crate::simd::{Kernel, dispatch, prefetch};

/// The references, live windows and distances of all channels of a process.
#[derive(Debug, Clone)]
pub(super) struct Channels {
    m: usize,
    windows: usize,
    channels: Vec<Channel>,
    /// Whether the windows of some channel have weights, which only a reference that slides changes.
    weighed: bool,
    /// Minima of the weighted cells of each block, of the channel at hand.
    lows: Vec<f64>,
    /// Samples in the live windows, m at most.
    seen: usize,
}

impl Channels {
    /// From the reference's samples (row after row; NaN is missing).
    pub(super) fn new(rows: &[f64], config: &Config) -> Self {
        let d = config.n_features;
        let channels = (0..d).map(|j| {
            let samples: Vec<f64> = rows.iter().skip(j).step_by(d).copied().collect();
            Channel::new(&samples, config)
        });
        Self::of(channels.collect(), config.window, config.windows(), 0)
    }

    fn of(channels: Vec<Channel>, m: usize, windows: usize, seen: usize) -> Self {
        let weighed = channels.iter().any(Channel::is_weighed);
        Self { m, windows, channels, weighed, lows: vec![0.0; windows.div_ceil(BLOCK)], seen }
    }

    /// Takes the next sample of every channel; with `slide`, the sample that leaves the live window enters the
    /// reference. Writes each channel's nearest window (none: too much is missing) once the live window is
    /// full, and says whether it is.
    pub(super) fn push(&mut self, x: &[f64], slide: bool, out: &mut [Option<Nearest>]) -> bool {
        if self.seen < self.m {
            self.seen += 1;
        }
        let full = self.seen == self.m;
        // Each case by itself is lean enough for the registers. A reference that slides may take up a window that is
        // left out, so it counts as weighed.
        if slide {
            dispatch(Push::<true, true> { all: self, x, full, out });
            self.weighed = self.channels.iter().any(Channel::is_weighed);
        } else if self.weighed {
            dispatch(Push::<false, true> { all: self, x, full, out });
        } else {
            dispatch(Push::<false, false> { all: self, x, full, out });
        }
        full
    }

    /// Asks for what the next step looks at: the channels, then what they lead to.
    pub(super) fn prefetch_channels(&self) {
        prefetch(&*self.channels);
    }

    pub(super) fn prefetch_rows(&self) {
        self.channels.iter().for_each(Channel::prefetch);
    }

    /// Whether a live sample is missing.
    pub(super) fn has_missing(&self) -> bool {
        self.channels.iter().any(Channel::has_missing)
    }

    /// Reference windows by number: those that the reference holds now.
    pub(super) fn numbers(&self) -> Range<u64> {
        let left = self.channels[0].left();
        left..left + self.windows as u64
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.lows.capacity() * size_of::<f64>() + self.channels.iter().map(Channel::bytes).sum::<usize>()
    }

    /// What is needed to continue: per channel the reference, the live window (missing: NaN) and the scale's state.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = Snapshot> {
        self.channels.iter().map(Channel::snapshot)
    }

    /// The inverse of [`Self::snapshot`]; `None` if the parts do not fit.
    pub(super) fn restore(parts: &[Snapshot], config: &Config) -> Option<Self> {
        let (seen, left) = (parts[0].live.len(), parts[0].left);
        let channels = parts.iter().map(|part| {
            let fits = part.live.len() == seen && part.left == left;
            if fits { Channel::restore(part, config) } else { None }
        });
        let channels = channels.collect::<Option<Vec<_>>>()?;
        Some(Self::of(channels, config.window, config.windows(), seen))
    }
}

struct Push<'a, const SLIDE: bool, const WEIGHED: bool> {
    all: &'a mut Channels,
    x: &'a [f64],
    full: bool,
    out: &'a mut [Option<Nearest>],
}

impl<const SLIDE: bool, const WEIGHED: bool> Kernel for Push<'_, SLIDE, WEIGHED> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Channels { channels, lows, .. } = self.all;
        // In turns, so that the processor has another channel to go on with while one waits.
        for (channel, &x) in channels.iter_mut().zip(self.x) {
            channel.take(if is_missing(x) { f64::NAN } else { x }, SLIDE);
            if self.full && !SLIDE {
                channel.shift_origin();
            }
        }
        if !self.full {
            return;
        }
        for channel in &mut *channels {
            channel.advance(SLIDE);
        }
        for (channel, out) in channels.iter().zip(self.out) {
            *out = channel.search::<WEIGHED>(lows);
        }
    }
}
