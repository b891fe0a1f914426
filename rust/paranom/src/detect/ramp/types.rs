//! What the parts of the detector hand to each other, and what it returns.

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

/// One channel's state as it is saved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub(super) reference: Vec<f64>,
    pub(super) live: Vec<f64>,
    pub(super) unit: f64,
    pub(super) left: u64,
    pub(super) until_rescale: usize,
}

/// The result for the window that a sample completes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The weighted score.
    pub score: f64,
    /// The score is above the threshold.
    pub is_anomaly: bool,
    /// An alarm is on: like `is_anomaly`, with hysteresis and the minimum gap.
    pub alarm: bool,
    /// The guess p: near 1, the detector takes its alarms for true positives.
    pub uncertainty: f64,
    /// The index of the window's last sample: in its process, or in the whole stream if processes are inferred.
    pub time: u64,
}

/// Outcomes of many samples; those without one have a NaN score and owner -1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    /// Per sample.
    pub score: Vec<f64>,
    /// Per sample.
    pub is_anomaly: Vec<bool>,
    /// Per sample.
    pub alarm: Vec<bool>,
    /// Per sample.
    pub uncertainty: Vec<f64>,
    /// Per sample.
    pub time: Vec<i64>,
    /// Per sample: the position of its process among [`super::Ramp::keys`].
    pub owner: Vec<i64>,
    /// Per sample and channel.
    pub contributions: Vec<f64>,
}

impl Scores {
    pub(super) fn blank(n: usize, d: usize) -> Self {
        Self {
            score: vec![f64::NAN; n],
            is_anomaly: vec![false; n],
            alarm: vec![false; n],
            uncertainty: vec![f64::NAN; n],
            time: vec![-1; n],
            owner: vec![-1; n],
            contributions: vec![f64::NAN; n * d],
        }
    }

    pub(super) fn set(&mut self, i: usize, outcome: &Outcome, owner: usize, contributions: &[f64]) {
        self.score[i] = outcome.score;
        self.is_anomaly[i] = outcome.is_anomaly;
        self.alarm[i] = outcome.alarm;
        self.uncertainty[i] = outcome.uncertainty;
        self.time[i] = outcome.time as i64;
        self.owner[i] = owner as i64;
        let d = contributions.len();
        self.contributions[i * d..(i + 1) * d].copy_from_slice(contributions);
    }
}
