//! What a detector is made with, checked once: a [`Config`] cannot be wrong.

use crate::{Error, Result};

/// Whether to follow the published program to the letter or to give sane answers where it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every answer of the published program.
    Author,
    /// What we ship.
    Default,
}

/// What one unit of distance is, per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The sum of absolute values of the reference window that is compared with (the published program).
    Relative,
    /// The standard deviation of the reference.
    Std,
    /// 1.4826 times the median absolute deviation of the reference.
    Mad,
    /// 1.
    None,
}

/// How the reference follows the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// Not at all.
    Never,
    /// It is always the samples just before the live window.
    Sliding,
    /// As sliding, but only samples of windows without an alarm enter.
    Clean,
}

/// What to do with samples that are not finite (or beyond 1e300).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NanPolicy {
    /// Score what is there.
    Skip,
    /// Score NaN, no alarm, no training.
    Propagate,
    /// Refuse the sample.
    Raise,
}

/// How training spreads to the windows around the nearest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// exp(-s²): the program's, which misses a pair of parentheses.
    Author,
    /// exp(-s² / 2m²): a Gaussian as wide as the window.
    Gaussian,
}

/// When the detector trains itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainOn {
    /// After a flagged window.
    Flagged,
    /// After every window.
    EveryStep,
}

/// How samples find their process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processes {
    /// The caller names it; a new name is a new process.
    Named,
    /// The caller names it; these are all there are.
    Fixed(Vec<Key>),
    /// The process with the smallest score owns the sample.
    Infer,
}

/// The name of a process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The one process of a detector that has no others.
    Only,
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Only => f.write_str("None"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// The settings of a detector.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Channels (d).
    pub n_features: usize,
    /// Samples in a compared window (m).
    pub subsequence_length: usize,
    /// Samples in the reference, and how long feedback is possible (M).
    pub window: usize,
    /// A score above it is an anomaly (θ).
    pub threshold: f64,
    /// How fast the detector grows sure of its alarms (b).
    pub bias: f64,
    /// As published, or as shipped.
    pub mode: Mode,
    /// The unit of distance.
    pub scale: Scale,
    /// How the reference follows the stream.
    pub refresh: Refresh,
    /// What to do with missing samples.
    pub nan_policy: NanPolicy,
    /// How training spreads.
    pub kernel: Spread,
    /// When to train.
    pub train_on: TrainOn,
    /// Train only while the uncertainty p is below it; 0 switches training off.
    pub p_limit: f64,
    /// An alarm ends when the score is at most this share of the threshold …
    pub release: f64,
    /// … for so many windows in a row.
    pub min_gap: usize,
    /// The most weights a process keeps.
    pub max_weights: usize,
    /// How samples find their process.
    pub processes: Processes,
}

impl Config {
    /// The published program's settings, fed back to by labels or not at all.
    pub fn author(
        n_features: usize,
        subsequence_length: usize,
        window: usize,
        threshold: f64,
        bias: f64,
    ) -> Self {
        Self {
            n_features,
            subsequence_length,
            window,
            threshold,
            bias,
            mode: Mode::Author,
            scale: Scale::Relative,
            refresh: Refresh::Never,
            nan_policy: NanPolicy::Skip,
            kernel: Spread::Author,
            train_on: TrainOn::EveryStep,
            p_limit: 1.0,
            release: 1.0,
            min_gap: 0,
            max_weights: 100_000,
            processes: Processes::Named,
        }
    }

    /// The settings that we ship.
    pub fn shipped(
        n_features: usize,
        subsequence_length: usize,
        window: usize,
        threshold: f64,
        bias: f64,
    ) -> Self {
        Self {
            mode: Mode::Default,
            scale: Scale::Std,
            kernel: Spread::Gaussian,
            train_on: TrainOn::Flagged,
            ..Self::author(n_features, subsequence_length, window, threshold, bias)
        }
    }

    /// Refuses settings that break a rule.
    pub fn check(&self) -> Result<()> {
        const MOST: usize = 1 << 28;
        let size = |path: &str, value: usize, low: usize, most: usize| {
            if (low..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::invalid(path, value, format!("must be from {low} to {most}")))
            }
        };
        size("n_features", self.n_features, 1, 1 << 20)?;
        size("subsequence_length", self.subsequence_length, 2, 1 << 20)?;
        size("window", self.window, 3, MOST)?;
        size("max_weights", self.max_weights, 1, MOST)?;
        size("min_gap", self.min_gap, 0, MOST)?;
        if self.subsequence_length >= self.window {
            let rule = format!("must be less than window ({})", self.window);
            return Err(Error::invalid("subsequence_length", self.subsequence_length, rule));
        }
        if self.n_features.checked_mul(self.window).is_none_or(|cells| cells > MOST) {
            return Err(Error::invalid(
                "window",
                self.window,
                format!("times n_features must be at most {MOST}"),
            ));
        }
        check_threshold("threshold", self.threshold)?;
        if !(self.bias.is_finite() && self.bias > 0.0) {
            return Err(Error::invalid("bias", shown(self.bias), "must be finite and > 0"));
        }
        if !(0.0..=1.0).contains(&self.p_limit) {
            return Err(Error::invalid("p_limit", shown(self.p_limit), "must be from 0 to 1"));
        }
        if !(self.release > 0.0 && self.release <= 1.0) {
            return Err(Error::invalid("release", shown(self.release), "must be > 0 and at most 1"));
        }
        if self.mode == Mode::Author && self.refresh != Refresh::Never {
            return Err(Error::invalid("refresh", "", "must be \"never\" with mode=\"author\""));
        }
        if let Processes::Fixed(keys) = &self.processes {
            if keys.is_empty() {
                return Err(Error::invalid("processes", "[]", "must name a process at least"));
            }
            if let Some((_, twice)) = keys.iter().zip(&keys[1..]).find(|(a, b)| a >= b) {
                return Err(Error::invalid("processes", twice, "must be named once"));
            }
        }
        Ok(())
    }

    /// Reference windows that are compared: all of them, or one less as in the program.
    pub(super) fn windows(&self) -> usize {
        self.window - self.subsequence_length + usize::from(self.mode == Mode::Default)
    }
}

/// Refuses a threshold that is not a positive number.
pub(super) fn check_threshold(path: &str, value: f64) -> Result<()> {
    if (1e-100..=1e100).contains(&value) {
        Ok(())
    } else {
        Err(Error::invalid(path, shown(value), "must be > 0 (and from 1e-100 to 1e100)"))
    }
}

/// A number as messages show it: `1e300`, not three hundred digits.
pub(super) fn shown(value: f64) -> String {
    format!("{value:?}")
}
