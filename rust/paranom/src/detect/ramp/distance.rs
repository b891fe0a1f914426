//! The distance of the live window from the reference, channel by channel or of all channels at once.

use std::ops::Range;

use super::channels::Channels;
use super::config::{Config, Metric};
use super::joint::Joint;
use super::types::{Nearest, Snapshot};

/// The reference and the live window of a process.
#[derive(Debug, Clone)]
pub(super) enum Distance {
    PerChannel(Channels),
    Joint(Joint),
}

impl Distance {
    /// From the reference's samples (row after row; NaN is missing).
    pub(super) fn new(rows: &[f64], config: &Config) -> Self {
        match config.distance {
            Metric::PerChannel => Self::PerChannel(Channels::new(rows, config)),
            Metric::Joint => Self::Joint(Joint::new(rows.to_vec(), config)),
        }
    }

    /// Takes the next sample of every channel; with `slide`, the sample that leaves the live window enters the
    /// reference. Writes each channel's nearest window (none: too much is missing) once the live window is
    /// full, and says whether it is.
    pub(super) fn push(&mut self, x: &[f64], slide: bool, out: &mut [Option<Nearest>]) -> bool {
        match self {
            Self::PerChannel(channels) => channels.push(x, slide, out),
            Self::Joint(joint) => joint.push(x, out),
        }
    }

    /// The nearest windows as they would be after `x`; nothing changes.
    pub(super) fn peek(&self, x: &[f64], slide: bool) -> Option<Vec<Option<Nearest>>> {
        let mut copy = self.clone();
        let mut out = vec![None; x.len()];
        copy.push(x, slide, &mut out).then_some(out)
    }

    /// Asks for what the next step looks at.
    pub(super) fn prefetch_channels(&self) {
        if let Self::PerChannel(channels) = self {
            channels.prefetch_channels();
        }
    }

    pub(super) fn prefetch_rows(&self) {
        if let Self::PerChannel(channels) = self {
            channels.prefetch_rows();
        }
    }

    /// Whether a live sample is missing.
    pub(super) fn has_missing(&self) -> bool {
        match self {
            Self::PerChannel(channels) => channels.has_missing(),
            Self::Joint(joint) => joint.has_missing(),
        }
    }

    /// Reference windows by number: those that the reference holds now.
    pub(super) fn numbers(&self) -> Range<u64> {
        match self {
            Self::PerChannel(channels) => channels.numbers(),
            Self::Joint(joint) => joint.numbers(),
        }
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::PerChannel(channels) => channels.bytes(),
            Self::Joint(joint) => joint.bytes(),
        }
    }

    /// What is needed to continue: per channel the reference, the live window (missing: NaN) and the scale's state.
    pub(super) fn snapshot(&self) -> Vec<Snapshot> {
        match self {
            Self::PerChannel(channels) => channels.snapshot().collect(),
            Self::Joint(joint) => joint.snapshot(),
        }
    }

    /// The inverse of [`Self::snapshot`]; `None` if the parts do not fit.
    pub(super) fn restore(parts: &[Snapshot], config: &Config) -> Option<Self> {
        match config.distance {
            Metric::PerChannel => Channels::restore(parts, config).map(Self::PerChannel),
            Metric::Joint => Joint::restore(parts, config).map(Self::Joint),
        }
    }
}
