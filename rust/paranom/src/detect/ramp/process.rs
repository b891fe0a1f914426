//! One process: its reference, weights, scored windows and clock.

use super::config::{Config, Mode, NanPolicy, Refresh, Shared, TrainOn};
use super::distance::Distance;
use super::feedback::{ScoredWindow, ScoredWindows};
use super::types::{Nearest, Outcome, is_missing};
use super::uncertainty::{Guess, guess, sure_from};
use super::weights::{NO_WINDOW, Verdict, Weights};
use crate::simd::prefetch;
use crate::{Error, Result};

#[derive(Debug, Clone)]
pub(super) struct Process {
    /// Samples seen.
    pub(super) samples: u64,
    /// Windows scored.
    pub(super) scored: u64,
    /// The first M samples, until the reference is made of them.
    pub(super) filling: Vec<f64>,
    pub(super) distance: Option<Distance>,
    pub(super) weights: Weights,
    pub(super) scored_windows: ScoredWindows,
    /// Windows since the last flagged one.
    pub(super) clean: u64,
    /// Whether the sample that leaves the live window next enters the reference.
    pub(super) slide: bool,
    /// The alarm, and for how many windows the score has been low since.
    pub(super) alarm: bool,
    pub(super) quiet: u64,
    pub(super) compared: Compared,
    /// A value of K, and the time from which the guess is certain with it: saves the powers.
    sure: (f64, f64),
}

/// The live window, compared with the reference. Kept for its buffers.
#[derive(Debug, Clone, Default)]
pub(super) struct Compared {
    nearest: Vec<Option<Nearest>>,
    key: Vec<u64>,
    /// Each channel's part of the unweighted score.
    parts: Vec<f64>,
    beta: f64,
    /// Some channel could be compared.
    seen: bool,
    /// A live sample is missing and the policy passes that on.
    unknown: bool,
}

impl Process {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            samples: 0,
            scored: 0,
            filling: Vec::new(),
            distance: None,
            weights: Weights::default(),
            scored_windows: ScoredWindows::new(config.reference, config.n_features),
            clean: 0,
            slide: false,
            alarm: false,
            quiet: 0,
            compared: Compared::default(),
            sure: (0.0, f64::INFINITY),
        }
    }

    /// The process's own time: windows scored, counted from the end of the reference.
    pub(super) fn step(&self, config: &Config) -> u64 {
        config.reference as u64 + self.scored
    }

    /// Asks for the memory that the next step reads. Each `turn` leads to the next one.
    pub(super) fn prefetch(&self, turn: usize) {
        match (turn, &self.distance) {
            (0, _) => prefetch(self),
            (1, Some(distance)) => {
                distance.prefetch_channels();
                self.scored_windows.prefetch();
                let Compared { nearest, key, parts, .. } = &self.compared;
                prefetch(&**nearest);
                prefetch(&**key);
                prefetch(&**parts);
            }
            (2, Some(distance)) => distance.prefetch_rows(),
            _ => {}
        }
    }

    /// Takes a sample; whether there is a live window to score.
    pub(super) fn push(&mut self, x: &[f64], config: &Config) -> bool {
        self.samples += 1;
        let Some(distance) = &mut self.distance else {
            self.filling.extend(x.iter().map(|&x| if is_missing(x) { f64::NAN } else { x }));
            if self.samples == config.reference as u64 {
                self.distance = Some(Distance::new(&self.filling, config));
                self.filling = Vec::new();
                self.compared = Compared::new(config.n_features);
            }
            return false;
        };
        if !distance.push(x, std::mem::take(&mut self.slide), &mut self.compared.nearest) {
            return false;
        }
        let unknown = config.nan_policy == NanPolicy::Propagate && distance.has_missing();
        self.compared.sum(unknown);
        true
    }

    /// Takes a sample, and decides on the window that it completes. `contributions` is written with an outcome.
    pub(super) fn update(
        &mut self,
        x: &[f64],
        shared: &Shared,
        contributions: &mut [f64],
    ) -> Option<Outcome> {
        let config = &shared.config;
        if !self.push(x, config) {
            return None;
        }
        let score = self.score(config);
        self.contributions(config, contributions);
        let now = self.step(config) as f64;
        Some(self.decide(score, self.samples - 1, now, shared))
    }

    /// The score of the live window, weighted.
    #[inline]
    pub(super) fn score(&mut self, config: &Config) -> f64 {
        let Compared { key, beta, unknown, seen, .. } = &self.compared;
        if *unknown {
            f64::NAN
        } else if *seen {
            self.weights.score(key, *beta, config.threshold)
        } else {
            0.0
        }
    }

    /// The score as it would be after `x`; nothing changes. NaN while the window fills.
    pub(super) fn peek(&self, x: &[f64], config: &Config) -> f64 {
        let nearest = self.distance.as_ref().and_then(|distance| distance.peek(x, self.slide));
        let Some(nearest) = nearest else { return f64::NAN };
        let mut compared = Compared::new(x.len());
        compared.nearest = nearest;
        compared.sum(false);
        let mut weights = self.weights.clone();
        if compared.seen { weights.score(&compared.key, compared.beta, config.threshold) } else { 0.0 }
    }

    /// Each channel's share of the live window's score: they sum to 1 (all equal when nothing differs).
    #[inline]
    pub(super) fn contributions(&self, config: &Config, out: &mut [f64]) {
        let parts = &self.compared.parts;
        let total: f64 = parts.iter().sum();
        if total > 0.0 && !self.compared.unknown {
            for (share, part) in out.iter_mut().zip(parts) {
                *share = part / total;
            }
        } else {
            out.fill(if config.mode == Mode::Author { 0.0 } else { 1.0 / parts.len() as f64 });
        }
    }

    /// Decides on the live window, whose score is `score`, at `time`: flags it, trains, remembers it.
    #[inline]
    pub(super) fn decide(&mut self, score: f64, time: u64, now: f64, shared: &Shared) -> Outcome {
        let config = &shared.config;
        let is_anomaly = score > config.threshold;
        let guess = self.guess(now, config);
        let step = self.step(config);
        self.scored += 1;
        self.scored_windows.forget(time);
        if self.compared.seen && !self.compared.unknown {
            let beta = self.compared.beta;
            let ratio = self.train(is_anomaly, guess, shared);
            let window = ScoredWindow { time, step, beta, ratio, verdict: None };
            self.scored_windows.add(window, &self.compared.key);
        }
        if !score.is_nan() {
            self.keep_alarm(score, config);
        }
        self.clean = if is_anomaly { 0 } else { self.clean + 1 };
        self.slide = match config.refresh {
            Refresh::Never => false,
            Refresh::Sliding => true,
            // The sample that leaves next was in each of the last m windows.
            Refresh::Clean => self.clean >= config.window as u64,
        };
        Outcome { score, is_anomaly, alarm: self.alarm, uncertainty: guess.p, time }
    }

    #[inline]
    fn guess(&mut self, now: f64, config: &Config) -> Guess {
        let k = self.scored_windows.k();
        if self.sure.0 != k {
            self.sure = (k, sure_from(k, config.reference, config.bias));
        }
        if now >= self.sure.1 { Guess::SURE } else { guess(k, now, config.reference, config.bias) }
    }

    fn keep_alarm(&mut self, score: f64, config: &Config) {
        if score > config.threshold {
            self.alarm = true;
            self.quiet = 0;
        } else if self.alarm {
            self.quiet = if score > config.release * config.threshold { 0 } else { self.quiet + 1 };
            self.alarm = self.quiet < config.min_gap.max(1) as u64;
        }
    }

    /// One training cycle, if one is due. Returns the program's H.
    #[inline]
    fn train(&mut self, is_anomaly: bool, guess: Guess, shared: &Shared) -> f64 {
        let config = &shared.config;
        let theta = config.threshold;
        let Compared { key, beta, .. } = &self.compared;
        let ratio = if *beta > 0.0 { beta / theta } else { 1e-10 };
        if guess.p >= config.p_limit || (config.train_on == TrainOn::Flagged && !is_anomaly) {
            return ratio;
        }
        let Some(distance) = &self.distance else { return ratio };
        let ratio = match config.mode {
            Mode::Author => {
                let base = config.windows() as u64;
                self.weights.multiply(key, ratio, 1.0 - guess.p, &shared.decay, base, theta)
            }
            Mode::Default => {
                let windows = distance.numbers();
                // A false alarm ends at half the threshold.
                self.weights.lower(key, 1.0 / (2.0 * ratio), guess.rest, &shared.decay, &windows);
                ratio
            }
        };
        self.weights.trim(config.max_weights);
        ratio
    }

    /// The window of a time, or why there is none.
    pub(super) fn find(&self, path: &str, time: u64, now: u64) -> Result<usize> {
        let oldest = self.scored_windows.oldest(now);
        match self.scored_windows.find(time) {
            Some(at) if time >= oldest => Ok(at),
            _ => {
                let rule = if time < oldest {
                    format!(
                        "is forgotten: feedback is possible for the last `reference` samples, from {oldest} to {now}"
                    )
                } else {
                    format!("is not the time of a detection (from {oldest} to {now})")
                };
                Err(Error::Missing { path: path.into(), key: time.to_string(), rule })
            }
        }
    }

    /// Applies verdicts to windows found before (`None` takes one back).
    pub(super) fn apply_feedback(
        &mut self,
        verdicts: &[(usize, Option<Verdict>)],
        now: u64,
        config: &Config,
    ) {
        match config.mode {
            Mode::Default => {
                let oldest = self.scored_windows.oldest(now);
                for &(at, verdict) in verdicts {
                    let (window, key) = self.scored_windows.window(at);
                    self.weights.set_verdict(&key, window.time, verdict, window.beta, oldest);
                    self.scored_windows.set_verdict(at, verdict);
                }
            }
            Mode::Author => {
                let dismissed = verdicts.iter().filter(|(_, v)| *v == Some(Verdict::FalsePositive)).count();
                let last = (self.step(config) - 1) as f64;
                self.scored_windows.move_k(last, dismissed);
                for &(at, verdict) in verdicts {
                    if verdict == Some(Verdict::TruePositive) {
                        let (window, key) = self.scored_windows.window(at);
                        self.weights.confirm(&key, window.ratio, config.windows() as u64);
                    }
                }
            }
        }
        self.weights.trim(config.max_weights);
    }

    /// The published program's feedback: at every step, on the window just scored at `now`.
    pub(super) fn author_feedback(
        &mut self,
        false_positive: bool,
        true_positive: bool,
        now: f64,
        time: u64,
        config: &Config,
    ) {
        self.scored_windows.move_k(now, usize::from(false_positive));
        if let Some(at) = self.scored_windows.find(time).filter(|_| true_positive) {
            let (window, key) = self.scored_windows.window(at);
            self.weights.confirm(&key, window.ratio, config.windows() as u64);
        }
    }

    /// Bytes of state.
    pub(super) fn bytes(&self, config: &Config) -> usize {
        size_of::<Self>()
            + self.filling.capacity() * size_of::<f64>()
            + self.distance.as_ref().map_or(0, Distance::bytes)
            + self.weights.bytes(config.n_features)
            + self.scored_windows.bytes()
            + config.n_features * (size_of::<Option<Nearest>>() + size_of::<u64>() + size_of::<f64>())
    }
}

impl Compared {
    pub(super) fn new(d: usize) -> Self {
        Self { nearest: vec![None; d], key: vec![0; d], parts: vec![0.0; d], ..Self::default() }
    }

    /// Adds up the channels' parts.
    #[inline]
    fn sum(&mut self, unknown: bool) {
        let mut used = 0;
        self.beta = 0.0;
        for (j, nearest) in self.nearest.iter().enumerate() {
            let (window, value) = nearest.map_or((NO_WINDOW, 0.0), |n| (n.window, n.value));
            used += usize::from(nearest.is_some());
            self.key[j] = window;
            self.parts[j] = value;
            self.beta += value;
        }
        let d = self.nearest.len();
        if used < d && used > 0 {
            // As if the channels that are missing were like the others.
            self.beta *= d as f64 / used as f64;
        }
        self.seen = used > 0;
        self.unknown = unknown;
    }
}
