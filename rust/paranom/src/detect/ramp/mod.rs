//! RAMP: a matrix profile for streams of many channels that flags, guesses whether its alarms are real, learns from
//! the guess, and takes feedback from people (Herath et al., "RAMP: Real-Time Aggregated Matrix Profile").
//!
//! ```text
//! sample -> distance (nearest reference windows) -> weights (score) -> uncertainty (guess) -> training
//!                                                        ^-- feedback (verdicts within the window)
//! ```
//!
//! * [`config`]: the settings, checked once.
//! * `distance`: the nearest window of each channel, O(M) per sample, equal to brute force.
//! * `channel`: one channel of it, on a `lattice` of whole numbers.
//! * `weights`: what a pattern's score is multiplied by.
//! * `uncertainty`: the guess p.
//! * `feedback`: what was judged lately, and K.
//! * `process`: one process, which ties those together.
//! * `replay`: the published program's loop over a finished recording.
//! * `state`: bytes, and back.

mod channel;
pub mod config;
mod distance;
mod feedback;
mod lattice;
mod process;
mod replay;
mod state;
mod uncertainty;
mod weights;

use std::collections::BTreeMap;

pub use config::{Config, Key, Mode, NanPolicy, Processes, Refresh, Scale, Spread, TrainOn};
pub use replay::{Replay, replay};

use crate::job::Job;
use crate::{Error, Result, fmath, pool};
use distance::is_missing;
use process::Process;
use weights::Verdict;

/// What a sample's arrival says about the window that it completes.
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
    /// Per sample: the position of its process among [`Ramp::keys`].
    pub owner: Vec<i64>,
    /// Per sample and channel.
    pub contributions: Vec<f64>,
}

impl Scores {
    fn blank(n: usize, d: usize) -> Self {
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

    fn set(&mut self, i: usize, outcome: &Outcome, owner: usize, contributions: &[f64]) {
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

/// A row's position, its process's, and its outcome.
type Found = (usize, usize, Outcome);

/// Settings and what follows from them.
#[derive(Debug, Clone)]
struct Shared {
    config: Config,
    /// How strongly training reaches the windows at -m..=m around the nearest.
    decay: Vec<f64>,
}

impl Shared {
    fn new(config: Config) -> Self {
        let m = config.subsequence_length as f64;
        let width = if config.kernel == Spread::Author { 1.0 } else { 2.0 * m * m };
        let far = config.subsequence_length as i64;
        let decay = (-far..=far).map(|s| fmath::exp(-((s * s) as f64) / width)).collect();
        Self { config, decay }
    }
}

/// The detector: processes under their names.
#[derive(Debug, Clone)]
pub struct Ramp {
    shared: Shared,
    processes: BTreeMap<Key, Process>,
    /// Samples of the whole stream, when processes are inferred.
    clock: u64,
}

impl Ramp {
    /// A detector that has seen nothing.
    pub fn new(mut config: Config) -> Result<Self> {
        if let Processes::Fixed(keys) = &mut config.processes {
            keys.sort();
        }
        config.check()?;
        let mut processes = BTreeMap::new();
        if let Processes::Fixed(keys) = &config.processes {
            for key in keys {
                processes.insert(key.clone(), Process::new(&config));
            }
        }
        Ok(Self { shared: Shared::new(config), processes, clock: 0 })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The names of the processes, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.processes.keys()
    }

    /// Bytes of state per process, about: mean over the processes.
    pub fn bytes_per_process(&self) -> usize {
        let total: usize = self.processes.values().map(|process| process.bytes(self.config())).sum();
        total / self.processes.len().max(1)
    }

    /// Weights that are not 1, over all processes.
    pub fn n_weights(&self) -> usize {
        self.processes.values().map(|process| process.weights.len()).sum()
    }

    /// Sets the threshold from now on.
    pub fn set_threshold(&mut self, threshold: f64) -> Result<()> {
        config::check_threshold("threshold", threshold)?;
        self.shared.config.threshold = threshold;
        Ok(())
    }

    /// Scores the window that sample `x` of process `key` completes. `None` while the process fills: a reference of
    /// M samples, then a window of m. `contributions` (d) is written with an outcome, and the owner's name is told
    /// where the caller does not know it.
    pub fn update(
        &mut self,
        key: Option<&Key>,
        x: &[f64],
        contributions: &mut [f64],
    ) -> Result<Option<(Outcome, Option<Key>)>> {
        self.check_sample(x)?;
        self.check_key(key)?;
        if self.shared.config.processes == Processes::Infer {
            let found = self.update_inferred(x, contributions);
            return Ok(found.map(|(outcome, owner)| (outcome, self.processes.keys().nth(owner).cloned())));
        }
        let Self { shared, processes, .. } = self;
        let key = key.unwrap_or(&Key::Only);
        let process = match processes.get_mut(key) {
            Some(process) => process,
            None => processes.entry(key.clone()).or_insert_with(|| Process::new(&shared.config)),
        };
        Ok(update_process(process, shared, x, contributions).map(|outcome| (outcome, None)))
    }

    fn update_inferred(&mut self, x: &[f64], contributions: &mut [f64]) -> Option<(Outcome, usize)> {
        let Self { shared, processes, clock } = self;
        let config = &shared.config;
        if processes.is_empty() {
            processes.insert(Key::Number(0), Process::new(config));
        }
        let mut owner: Option<(usize, f64, &mut Process)> = None;
        for (i, process) in processes.values_mut().enumerate() {
            if process.push(x, config) {
                let score = process.score(config);
                // Ties go to the later process, as in the program.
                if owner.as_ref().is_none_or(|(_, least, _)| score <= *least || least.is_nan()) {
                    owner = Some((i, score, process));
                }
            }
        }
        let time = *clock;
        *clock += 1;
        let (i, score, process) = owner?;
        let now = process.step(config) as f64;
        process.contributions(config, contributions);
        Some((process.judge(score, time, now, shared), i))
    }

    /// A process that begins with the next sample; it fills while the others score. Without a name it gets the
    /// lowest free number, which is given back.
    pub fn add_process(&mut self, key: Option<Key>) -> Result<Key> {
        if let Processes::Fixed(_) = self.shared.config.processes {
            return Err(Error::invalid("processes", "", "are fixed: no process can be added"));
        }
        let key = key.unwrap_or_else(|| {
            // One of so many numbers is free.
            let numbers = (0..=self.processes.len() as i64).map(Key::Number);
            numbers.fold(Key::Only, |free, key| match free {
                Key::Only if !self.processes.contains_key(&key) => key,
                _ => free,
            })
        });
        if self.processes.contains_key(&key) {
            return Err(Error::invalid("key", key, "must be the name of no process yet"));
        }
        self.processes.insert(key.clone(), Process::new(&self.shared.config));
        Ok(key)
    }

    /// The score that `x` would get; nothing changes. NaN while the process fills.
    pub fn peek(&self, key: Option<&Key>, x: &[f64]) -> Result<f64> {
        self.check_sample(x)?;
        self.check_key(key)?;
        let config = self.config();
        if config.processes == Processes::Infer {
            let scores = self.processes.values().map(|process| process.peek(x, config));
            return Ok(scores.fold(f64::NAN, f64::min));
        }
        let process = self.processes.get(key.unwrap_or(&Key::Only));
        Ok(process.map_or(f64::NAN, |process| process.peek(x, config)))
    }

    /// As n updates; on an error or a cancelled `job` the detector is as it was.
    pub fn score(&mut self, key: Option<&Key>, rows: &[f64], job: &Job) -> Result<Scores> {
        let d = self.config().n_features;
        self.check_rows(rows)?;
        self.check_key(key)?;
        let rows_at_once = self.block();
        let inferred = self.config().processes == Processes::Infer;
        let mut scores = Scores::blank(rows.len() / d, d);
        let mut shares = vec![0.0; d];
        let mut after = self.clone_for(key);
        if !inferred && !rows.is_empty() {
            let key = key.unwrap_or(&Key::Only).clone();
            after.processes.entry(key).or_insert_with(|| Process::new(&self.shared.config));
        }
        for (b, block) in rows.chunks(rows_at_once * d).enumerate() {
            for (i, row) in block.chunks_exact(d).enumerate() {
                let found = if inferred {
                    after.update_inferred(row, &mut shares)
                } else {
                    // There is no other.
                    let process = after.processes.values_mut().next();
                    process
                        .and_then(|process| update_process(process, &self.shared, row, &mut shares))
                        .map(|outcome| (outcome, 0))
                };
                if let Some((outcome, owner)) = found {
                    scores.set(b * rows_at_once + i, &outcome, owner, &shares);
                }
            }
            job.step((block.len() / d) as u64)?;
        }
        self.clock = after.clock;
        self.processes.append(&mut after.processes);
        if !inferred {
            let key = key.unwrap_or(&Key::Only);
            let owner = self.processes.keys().position(|k| k == key).unwrap_or(0) as i64;
            scores.owner.iter_mut().filter(|o| **o >= 0).for_each(|o| *o = owner);
        }
        Ok(scores)
    }

    /// A copy that holds only what samples of `key` change.
    fn clone_for(&self, key: Option<&Key>) -> Self {
        let one = key.unwrap_or(&Key::Only);
        let processes = if self.config().processes == Processes::Infer {
            self.processes.clone()
        } else {
            self.processes.get_key_value(one).map(|(k, p)| (k.clone(), p.clone())).into_iter().collect()
        };
        Self { shared: self.shared.clone(), processes, clock: self.clock }
    }

    /// One sample for each of many processes (row i is of process `keys[i]`), in parallel over processes; rows of one
    /// process are taken in order. The same numbers as that many updates, whatever the number of threads. With a
    /// `job` it can be cancelled, and then leaves the detector as it was: that costs a copy of the processes.
    pub fn update_many(
        &mut self,
        keys: &[Key],
        rows: &[f64],
        threads: Option<usize>,
        job: Option<&Job>,
    ) -> Result<Scores> {
        use rayon::prelude::*;
        /// Processes that a task takes: their steps are too short to hand out one by one.
        const TASK: usize = 64;
        /// Processes between the turns in which one is asked for.
        const AHEAD: usize = 2;
        let d = self.config().n_features;
        self.check_rows(rows)?;
        let rows_at_once = self.block();
        let threads = pool::thread_count(threads)?;
        match &self.shared.config.processes {
            Processes::Infer => {
                return Err(Error::invalid("processes", "", "must not be given when processes are inferred"));
            }
            Processes::Fixed(_) => {
                if let Some(key) = keys.iter().find(|key| !self.processes.contains_key(key)) {
                    return Err(unknown(key, &self.processes));
                }
            }
            Processes::Named => {}
        }
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        if !keys.is_sorted() {
            order.sort_by(|&a, &b| keys[a as usize].cmp(&keys[b as usize]));
        }
        let same = |a: &u32, b: &u32| keys[*a as usize] == keys[*b as usize];
        let groups: Vec<&[u32]> = order.chunk_by(same).collect();
        let mut before = BTreeMap::new();
        for group in &groups {
            let key = &keys[group[0] as usize];
            match self.processes.get(key) {
                None => {
                    self.processes.insert(key.clone(), Process::new(&self.shared.config));
                }
                Some(process) if job.is_some() => {
                    before.insert(key.clone(), process.clone());
                }
                Some(_) => {}
            }
        }
        // Both are in the order of keys: each group meets its process in one walk.
        let mut next = groups.iter().peekable();
        let mut work: Vec<(&[u32], usize, &mut Process)> = Vec::with_capacity(groups.len());
        for (owner, (key, process)) in self.processes.iter_mut().enumerate() {
            if let Some(group) = next.next_if(|group| &keys[group[0] as usize] == key) {
                work.push((group, owner, process));
            }
        }
        let shared = &self.shared;
        let mut scores = Scores::blank(keys.len(), d);
        let results: Result<Vec<(Vec<Found>, Vec<f64>)>> = pool::run(threads, || {
            work.par_chunks_mut(TASK)
                .map(|task| {
                    let (mut found, mut contributions) = (Vec::new(), Vec::new());
                    let mut shares = vec![0.0; d];
                    for at in 0..task.len() {
                        // Processes are seldom in the cache: each is asked for in turns, well ahead.
                        for turn in 0..3 {
                            if let Some((_, _, process)) = task.get(at + AHEAD * (3 - turn)) {
                                process.prefetch(turn);
                            }
                        }
                        let (group, owner, process) = &mut task[at];
                        for block in group.chunks(rows_at_once) {
                            for &i in block {
                                let i = i as usize;
                                let row = &rows[i * d..(i + 1) * d];
                                if let Some(outcome) = update_process(process, shared, row, &mut shares) {
                                    found.push((i, *owner, outcome));
                                    contributions.extend_from_slice(&shares);
                                }
                            }
                            job.map_or(Ok(()), |job| job.step(block.len() as u64))?;
                        }
                    }
                    Ok((found, contributions))
                })
                .collect()
        })?;
        match results {
            Ok(results) => {
                for (found, contributions) in results {
                    for ((i, owner, outcome), shares) in found.iter().zip(contributions.chunks_exact(d)) {
                        scores.set(*i, outcome, *owner, shares);
                    }
                }
                Ok(scores)
            }
            Err(error) => {
                for group in &groups {
                    self.processes.remove(&keys[group[0] as usize]);
                }
                self.processes.append(&mut before);
                Err(error)
            }
        }
    }

    /// Takes people's word on detections, by their times within the last M samples. Said twice is said once; the same
    /// time can be said otherwise later. In author mode it is the program's: K moves at once, weights are multiplied.
    pub fn feedback(
        &mut self,
        key: Option<&Key>,
        true_positives: &[u64],
        false_positives: &[u64],
    ) -> Result<()> {
        if let Some(time) = true_positives.iter().find(|time| false_positives.contains(time)) {
            return Err(Error::invalid("false_positives", time, "must not be among true_positives too"));
        }
        let window = self.config().window;
        if false_positives.len() > window {
            let rule = format!("must be at most window ({window}) in number");
            return Err(Error::invalid("false_positives", false_positives.len(), rule));
        }
        let said = [
            ("true_positives", true_positives, Some(Verdict::TruePositive)),
            ("false_positives", false_positives, Some(Verdict::FalsePositive)),
        ];
        self.hear(key, &said)
    }

    /// Takes back what was said about detections; nothing happens to those that nothing was said about.
    pub fn undo(&mut self, key: Option<&Key>, times: &[u64]) -> Result<()> {
        if self.config().mode == Mode::Author {
            return Err(Error::invalid("mode", "author", "multiplies feedback in and cannot undo it"));
        }
        self.hear(key, &[("times", times, None)])
    }

    fn hear(&mut self, key: Option<&Key>, said: &[(&str, &[u64], Option<Verdict>)]) -> Result<()> {
        let inferred = self.config().processes == Processes::Infer;
        let Self { shared, processes, clock } = self;
        let candidates: Vec<&Key> = match key {
            None if inferred => processes.keys().collect(),
            _ => {
                let key = key.unwrap_or(&Key::Only);
                match processes.get_key_value(key) {
                    Some((key, _)) => vec![key],
                    None => return Err(unknown(key, processes)),
                }
            }
        };
        let mut found: BTreeMap<Key, Vec<(usize, Option<Verdict>)>> = BTreeMap::new();
        let now = |process: &Process| if inferred { *clock } else { process.samples }.saturating_sub(1);
        for &(path, times, verdict) in said {
            for &time in times {
                let mut result = None;
                for &key in &candidates {
                    let process = &processes[key];
                    let at = process.find(path, time, now(process));
                    if let Ok(at) = at {
                        found.entry(key.clone()).or_default().push((at, verdict));
                        result = Some(Ok(()));
                        break;
                    }
                    result = result.or_else(|| at.err().map(Err));
                }
                let none = || Error::Missing {
                    path: path.into(),
                    key: time.to_string(),
                    rule: "is not the time of a detection: there is no process yet".into(),
                };
                result.unwrap_or_else(|| Err(none()))?;
            }
        }
        for (key, verdicts) in found {
            if let Some(process) = processes.get_mut(&key) {
                let now = if inferred { *clock } else { process.samples }.saturating_sub(1);
                process.feedback(&verdicts, now, &shared.config);
            }
        }
        Ok(())
    }

    /// Rows after which long work asks whether to go on.
    fn block(&self) -> usize {
        /// Cells of one block: some hundredths of a second.
        const CELLS: usize = 1 << 24;
        let config = self.config();
        (CELLS / (config.n_features * config.window)).clamp(1, 1 << 10)
    }

    fn check_sample(&self, x: &[f64]) -> Result<()> {
        let config = self.config();
        if x.len() != config.n_features {
            let rule = format!("must have n_features = {} values", config.n_features);
            return Err(Error::invalid("x", x.len(), rule));
        }
        self.check_finite(x, |j| format!("x[{j}]"))
    }

    fn check_rows(&self, rows: &[f64]) -> Result<()> {
        let d = self.config().n_features;
        if !rows.len().is_multiple_of(d) {
            let rule = format!("must have n_features = {d} values in each row");
            return Err(Error::invalid("X", rows.len(), rule));
        }
        self.check_finite(rows, |at| format!("X[{}, {}]", at / d, at % d))
    }

    #[inline]
    fn check_finite(&self, values: &[f64], path: impl Fn(usize) -> String) -> Result<()> {
        if self.config().nan_policy == NanPolicy::Raise
            && let Some(at) = values.iter().position(|&x| is_missing(x))
        {
            let rule = "must be finite and within 1e300 with nan_policy=\"raise\"";
            return Err(Error::invalid(path(at), config::shown(values[at]), rule));
        }
        Ok(())
    }

    /// Whether samples may come for a process of that name.
    #[inline]
    fn check_key(&self, key: Option<&Key>) -> Result<()> {
        match (&self.config().processes, key) {
            (Processes::Infer, Some(key)) => {
                Err(Error::invalid("process", key, "must not be given when processes are inferred"))
            }
            (Processes::Fixed(_), _) if !self.processes.contains_key(key.unwrap_or(&Key::Only)) => {
                Err(unknown(key.unwrap_or(&Key::Only), &self.processes))
            }
            _ => Ok(()),
        }
    }
}

fn update_process(
    process: &mut Process,
    shared: &Shared,
    x: &[f64],
    contributions: &mut [f64],
) -> Option<Outcome> {
    let config = &shared.config;
    if !process.push(x, config) {
        return None;
    }
    let score = process.score(config);
    process.contributions(config, contributions);
    let now = process.step(config) as f64;
    Some(process.judge(score, process.samples - 1, now, shared))
}

fn unknown(key: &Key, processes: &BTreeMap<Key, Process>) -> Error {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = processes.keys().take(SHOWN).map(ToString::to_string).collect();
    if processes.len() > SHOWN {
        names.push("…".into());
    }
    let rule =
        format!("is unknown; there are {}", if names.is_empty() { "none".into() } else { names.join(", ") });
    Error::Missing { path: "process".into(), key: key.to_string(), rule }
}
