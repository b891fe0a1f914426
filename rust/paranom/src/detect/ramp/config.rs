//! The settings of a detector, and the rules that they keep.

use crate::{Error, Result, fmath};

/// A setting with a few named values.
pub trait Choice: Copy + PartialEq + 'static {
    /// The names and what they stand for, the default first.
    const ALL: &'static [(&'static str, Self)];

    /// The number that stands for the value in a saved state.
    fn code(self) -> u8;

    /// The value's name.
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, each)| *each == self).map_or("", |(name, _)| name)
    }

    /// The value of that name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(each, _)| *each == name).map(|&(_, value)| value)
    }

    /// The value of that number.
    fn coded(code: u8) -> Option<Self> {
        Self::ALL.iter().map(|&(_, value)| value).find(|value| value.code() == code)
    }
}

macro_rules! choice {
    ($type:ident: $($name:literal => $variant:ident),+) => {
        impl Choice for $type {
            const ALL: &'static [(&'static str, Self)] = &[$(($name, Self::$variant)),+];

            fn code(self) -> u8 {
                self as u8
            }
        }
    };
}

choice!(Mode: "default" => Default, "author" => Author);
choice!(Scale: "std" => Std, "relative" => Relative, "mad" => Mad, "none" => None);
choice!(Metric: "per_channel" => PerChannel, "joint" => Joint);
choice!(Refresh: "never" => Never, "sliding" => Sliding, "clean" => Clean);
choice!(NanPolicy: "skip" => Skip, "propagate" => Propagate, "raise" => Raise);
choice!(Kernel: "gaussian" => Gaussian, "author" => Author);
choice!(TrainOn: "flagged" => Flagged, "every_step" => EveryStep);

// The numbers below are those of saved states.

/// Whether to give the published program's answers where they are not sensible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every answer of the published program.
    Author = 0,
    /// Sensible answers everywhere.
    Default = 1,
}

/// The unit of distance of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The sum of absolute values of the reference window (the published program).
    Relative = 0,
    /// The standard deviation of the reference.
    Std = 1,
    /// 1.4826 times the median absolute deviation of the reference.
    Mad = 2,
    /// 1.
    None = 3,
}

/// What is nearest: a window of each channel, or a window of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Each channel by itself, by mean absolute differences; the distances are summed.
    PerChannel = 0,
    /// All channels at once, by the root of the mean squared difference.
    Joint = 1,
}

/// How the reference follows the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// Not at all.
    Never = 0,
    /// It is always the samples just before the live window.
    Sliding = 1,
    /// As sliding, but a sample enters only if no window that held it was flagged.
    Clean = 2,
}

/// What to do with samples that are not finite (or beyond 1e300).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NanPolicy {
    /// Score the samples that are there.
    Skip = 0,
    /// Score NaN, no alarm, no training.
    Propagate = 1,
    /// Refuse the sample.
    Raise = 2,
}

/// How training spreads to the windows around the nearest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// exp(-s²): the program's, which misses a pair of parentheses.
    Author = 0,
    /// exp(-s² / 2m²): a Gaussian as wide as the window.
    Gaussian = 1,
}

/// When the detector trains itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainOn {
    /// After a flagged window.
    Flagged = 0,
    /// After every window.
    EveryStep = 1,
}

/// How samples find their process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processes {
    /// The caller names it; a new name is a new process.
    Named,
    /// The caller names it; these are all there are.
    Fixed(Vec<ProcessName>),
    /// The process with the smallest score owns the sample.
    Infer,
}

/// The name of a process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProcessName {
    /// The one process of a detector that has no others.
    Only,
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl std::fmt::Display for ProcessName {
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
    /// Samples that are compared at once (m).
    pub window: usize,
    /// Samples that are remembered, and for how many samples feedback is possible (M).
    pub reference: usize,
    /// A score above it is an anomaly (θ).
    pub threshold: f64,
    /// How fast the detector grows sure of its alarms (b).
    pub bias: f64,
    /// As published, or as shipped.
    pub mode: Mode,
    /// The unit of distance.
    pub scale: Scale,
    /// What is nearest.
    pub distance: Metric,
    /// How the reference follows the stream.
    pub refresh: Refresh,
    /// What to do with missing samples.
    pub nan_policy: NanPolicy,
    /// How training spreads.
    pub kernel: Kernel,
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

/// Reads or writes the settings one after the other.
pub trait Visitor {
    /// Why it stopped.
    type Error;
    /// A count.
    fn size(&mut self, name: &'static str, value: &mut usize) -> std::result::Result<(), Self::Error>;
    /// A number.
    fn real(&mut self, name: &'static str, value: &mut f64) -> std::result::Result<(), Self::Error>;
    /// One of a few named values.
    fn choice<T: Choice>(
        &mut self,
        name: &'static str,
        value: &mut T,
    ) -> std::result::Result<(), Self::Error>;
    /// How samples find their process.
    fn processes(
        &mut self,
        name: &'static str,
        value: &mut Processes,
    ) -> std::result::Result<(), Self::Error>;
}

impl Config {
    /// The defaults of a mode.
    pub fn new(mode: Mode, n_features: usize, window: usize, reference: usize, threshold: f64) -> Self {
        let author = mode == Mode::Author;
        Self {
            n_features,
            window,
            reference,
            threshold,
            bias: 0.85,
            mode,
            scale: if author { Scale::Relative } else { Scale::Std },
            distance: Metric::PerChannel,
            refresh: Refresh::Never,
            nan_policy: NanPolicy::Skip,
            kernel: if author { Kernel::Author } else { Kernel::Gaussian },
            train_on: if author { TrainOn::EveryStep } else { TrainOn::Flagged },
            p_limit: 1.0,
            release: 1.0,
            min_gap: 0,
            max_weights: 100_000,
            processes: Processes::Named,
        }
    }

    /// Hands every setting to `visitor`, in the order of the saved state.
    pub fn visit<V: Visitor>(&mut self, visitor: &mut V) -> std::result::Result<(), V::Error> {
        visitor.size("n_features", &mut self.n_features)?;
        visitor.size("window", &mut self.window)?;
        visitor.size("reference", &mut self.reference)?;
        visitor.real("threshold", &mut self.threshold)?;
        visitor.real("bias", &mut self.bias)?;
        visitor.choice("mode", &mut self.mode)?;
        visitor.choice("scale", &mut self.scale)?;
        visitor.choice("distance", &mut self.distance)?;
        visitor.choice("refresh", &mut self.refresh)?;
        visitor.choice("nan_policy", &mut self.nan_policy)?;
        visitor.choice("kernel", &mut self.kernel)?;
        visitor.choice("train_on", &mut self.train_on)?;
        visitor.real("p_limit", &mut self.p_limit)?;
        visitor.real("release", &mut self.release)?;
        visitor.size("min_gap", &mut self.min_gap)?;
        visitor.size("max_weights", &mut self.max_weights)?;
        visitor.processes("processes", &mut self.processes)
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
        size("window", self.window, 2, 1 << 20)?;
        size("reference", self.reference, 3, MOST)?;
        size("max_weights", self.max_weights, 1, MOST)?;
        size("min_gap", self.min_gap, 0, MOST)?;
        if self.window >= self.reference {
            let rule = format!("must be less than reference ({})", self.reference);
            return Err(Error::invalid("window", self.window, rule));
        }
        if self.n_features.checked_mul(self.reference).is_none_or(|cells| cells > MOST) {
            let rule = format!("must be at most {MOST} / n_features ({})", self.n_features);
            return Err(Error::invalid("reference", self.reference, rule));
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
            let rule = "must be \"never\" with mode=\"author\"";
            return Err(Error::invalid("refresh", format!("{:?}", self.refresh.name()), rule));
        }
        if self.distance == Metric::Joint {
            let refuse = |path: &str, value: &str, rule: &str| {
                Err(Error::invalid(
                    path,
                    format!("{value:?}"),
                    format!("must be {rule} with distance=\"joint\""),
                ))
            };
            if self.mode == Mode::Author {
                return refuse("mode", "author", "\"default\"");
            }
            if self.scale == Scale::Relative {
                return refuse("scale", "relative", "\"std\", \"mad\" or \"none\"");
            }
            if self.refresh != Refresh::Never {
                return refuse("refresh", self.refresh.name(), "\"never\"");
            }
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
        self.reference - self.window + usize::from(self.mode == Mode::Default)
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

/// Settings that were checked, and what follows from them. All processes share it.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) config: Config,
    /// How strongly training reaches the windows at -m..=m around the nearest.
    pub(super) decay: Vec<f64>,
}

impl Shared {
    pub(super) fn new(config: Config) -> Self {
        let m = config.window as f64;
        let width = if config.kernel == Kernel::Author { 1.0 } else { 2.0 * m * m };
        let far = config.window as i64;
        let decay = (-far..=far).map(|s| fmath::exp(-((s * s) as f64) / width)).collect();
        Self { config, decay }
    }
}
