//! The nearest reference window of each channel, for a live window that moves by one sample.
//!
//! D(t, k) = Σ |x[t + i] - r[k + i]| follows from its neighbour on the diagonal: one term enters, one leaves.
//! That is O(M) per channel and sample instead of O(M·m). It is done on whole numbers, samples on a lattice: they
//! never drift, whatever passes by, and say what each distance is at least. Every window that could be the
//! nearest by that is summed anew from left to right, and the answer is that of brute force to the last bit. Where
//! too many windows qualify, all of them are summed, side by side.

use std::ops::Range;

use super::channel::Channel;
use super::config::{Refresh, Scale};
use super::lattice::BLOCK;
use crate::simd::{Kernel, dispatch, prefetch};

/// No channel adds more than this to a score, so that sums and weights stay finite.
pub(super) const MOST: f64 = 1e150;

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
    /// Whether the windows of some channel have weights, which only a reference that slides changes.
    weighed: bool,
    /// Minima of the weighted cells of each block, of the channel at hand.
    lows: Vec<f64>,
    /// Samples in the live windows, m at most.
    seen: usize,
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
        Self::of(channels.collect(), m, windows, 0)
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
            dispatch(Push::<true, true> { distance: self, x, full, out });
            self.weighed = self.channels.iter().any(Channel::is_weighed);
        } else if self.weighed {
            dispatch(Push::<false, true> { distance: self, x, full, out });
        } else {
            dispatch(Push::<false, false> { distance: self, x, full, out });
        }
        full
    }

    /// The nearest windows as they would be after `x`; nothing changes.
    pub(super) fn peek(&self, x: &[f64], slide: bool) -> Option<Vec<Option<Nearest>>> {
        let mut copy = self.clone();
        let mut out = vec![None; x.len()];
        copy.push(x, slide, &mut out).then_some(out)
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
        self.channels.iter().any(|channel| channel.holes > 0)
    }

    /// Reference windows by number: those that the reference holds now.
    pub(super) fn numbers(&self) -> Range<u64> {
        let left = self.channels[0].left;
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
        Some(Self::of(channels.collect::<Option<Vec<_>>>()?, m, windows, seen))
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

struct Push<'a, const SLIDE: bool, const WEIGHED: bool> {
    distance: &'a mut Distance,
    x: &'a [f64],
    full: bool,
    out: &'a mut [Option<Nearest>],
}

impl<const SLIDE: bool, const WEIGHED: bool> Kernel for Push<'_, SLIDE, WEIGHED> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Distance { channels, lows, .. } = self.distance;
        // In turns, so that the processor has another channel to go on with while one waits.
        for (channel, &x) in channels.iter_mut().zip(self.x) {
            channel.take(if is_missing(x) { f64::NAN } else { x }, SLIDE);
            if self.full && !SLIDE {
                channel.make_way();
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
