//! Several lengths of windows in one stream, and the scores of the windows that are remembered.

use super::history::History;
use super::streaming_profile::StreamingProfile;
use crate::error::try_vec;
use crate::{Error, Result};

/// A score and the neighbour that it belongs to: -1 for none.
pub(super) type Scored = (f64, i64);

/// A stream whose windows of several lengths are compared, each with those of its length.
#[derive(Debug, Clone)]
pub struct StreamingProfiles {
    pub(super) streams: Vec<StreamingProfile>,
    /// For each length and level the scores of the windows that lie in the history.
    pub(super) recent: Vec<Vec<History<Scored>>>,
}

impl StreamingProfiles {
    /// A stream of `d` values per sample, for windows of these lengths; it remembers `history` samples.
    pub fn new(windows: &[usize], history: usize, d: usize) -> Result<Self> {
        let (mut streams, mut recent) = (try_vec(windows.len())?, try_vec(windows.len())?);
        for &window in windows {
            let stream = StreamingProfile::new(window, history, d)?;
            recent.push(Self::nothing_recent(&stream)?);
            streams.push(stream);
        }
        Self::of(streams, recent)
    }

    /// Checks that the lengths differ.
    pub(super) fn of(streams: Vec<StreamingProfile>, recent: Vec<Vec<History<Scored>>>) -> Result<Self> {
        if streams.is_empty() {
            return Err(Error::invalid("window", "none", "must be one length or more"));
        }
        for (at, stream) in streams.iter().enumerate() {
            if streams[..at].iter().any(|other| other.m == stream.m) {
                return Err(Error::invalid(format!("window[{at}]"), stream.m, "must differ from the others"));
            }
        }
        Ok(Self { streams, recent })
    }

    pub(super) fn nothing_recent(stream: &StreamingProfile) -> Result<Vec<History<Scored>>> {
        let windows = stream.history - stream.m + 1;
        stream.dimensions.iter().map(|_| History::new(windows, (f64::NAN, -1))).collect()
    }

    /// The lengths of the windows.
    pub fn windows(&self) -> Vec<usize> {
        self.streams.iter().map(|stream| stream.m).collect()
    }

    /// The number of samples remembered.
    pub fn history(&self) -> usize {
        self.streams[0].history
    }

    /// Values per sample.
    pub fn n_features(&self) -> usize {
        self.streams[0].dimensions.len()
    }

    /// The samples seen so far.
    pub fn seen(&self) -> u64 {
        self.streams[0].seen
    }

    /// The scores of a sample: one for each length and level.
    pub fn scores(&self) -> usize {
        self.streams.len() * self.n_features()
    }

    /// The neighbour of the newest window of each length at each level: the number of its first sample, -1 if there is none.
    pub fn index(&self) -> Vec<i64> {
        self.streams.iter().flat_map(|stream| stream.index.iter().copied()).collect()
    }

    /// As `StreamingProfile::correlations`, of the first length.
    pub fn correlations(&self) -> Vec<f64> {
        self.streams[0].correlations()
    }

    /// The scores of the remembered windows of the `at`-th length at a level, the oldest first, and their neighbours: NaN
    /// where there has been no window yet, +inf and -1 where it had no neighbour.
    pub fn recent(&self, at: usize, level: usize) -> Option<&[(f64, i64)]> {
        Some(self.recent.get(at)?.get(level)?.all())
    }

    /// Takes a sample; writes the scores of the windows that it ends, length by length, as `StreamingProfile::update`.
    /// A sample that is refused changes nothing.
    pub fn update(&mut self, x: &[f64], scores: &mut [f64]) -> Result<()> {
        let d = self.n_features();
        let parts = scores.chunks_mut(d);
        for ((stream, recent), scores) in self.streams.iter_mut().zip(&mut self.recent).zip(parts) {
            stream.update(x, scores)?;
            for ((recent, &score), &index) in recent.iter_mut().zip(&*scores).zip(&stream.index) {
                recent.push((score, index));
            }
        }
        Ok(())
    }
}
