//! The detector: processes under their names.

use std::collections::BTreeMap;

use super::config::{self, Config, Mode, NanPolicy, ProcessName, Processes, Shared};
use super::process::Process;
use super::types::{Outcome, Scores, is_missing};
use super::weights::Verdict;
use crate::job::Job;
use crate::{Error, Result};

/// The detector: processes under their names.
#[derive(Debug, Clone)]
pub struct Ramp {
    pub(super) shared: Shared,
    /// The names of the channels, once samples came with names.
    pub(super) names: Option<Vec<String>>,
    pub(super) processes: BTreeMap<ProcessName, Process>,
    /// Samples of the whole stream, when processes are inferred.
    pub(super) clock: u64,
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
        Ok(Self { shared: Shared::new(config), names: None, processes, clock: 0 })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The names of the channels, once they are known.
    pub fn feature_names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Refuses samples whose channels have other names, or another order, than those before. Samples without names
    /// pass.
    pub fn check_names(&self, path: &str, names: Option<&[String]>) -> Result<()> {
        let shown = |names: &[String]| names.join(", ");
        match (names, self.feature_names()) {
            (Some(given), _) if given.len() != self.config().n_features => {
                let rule = format!("must be n_features = {} in number", self.config().n_features);
                Err(Error::invalid(path, shown(given), rule))
            }
            (Some(given), Some(known)) if given != known => {
                Err(Error::invalid(path, shown(given), format!("must be {}, in this order", shown(known))))
            }
            _ => Ok(()),
        }
    }

    /// Keeps the names of the channels, unless they are known.
    pub fn keep_names(&mut self, names: Option<Vec<String>>) {
        if self.names.is_none() {
            self.names = names;
        }
    }

    /// The names of the processes, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &ProcessName> {
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
    /// M samples, then a window of m. With an outcome `contributions` (d) is written, and where the caller does not
    /// know the owner, its name is returned.
    pub fn update(
        &mut self,
        key: Option<&ProcessName>,
        x: &[f64],
        contributions: &mut [f64],
    ) -> Result<Option<(Outcome, Option<ProcessName>)>> {
        self.check_sample(x)?;
        self.check_key(key)?;
        if self.shared.config.processes == Processes::Infer {
            let found = self.update_inferred(x, contributions);
            return Ok(found.map(|(outcome, owner)| (outcome, self.processes.keys().nth(owner).cloned())));
        }
        let Self { shared, processes, .. } = self;
        let key = key.unwrap_or(&ProcessName::Only);
        let process = match processes.get_mut(key) {
            Some(process) => process,
            None => processes.entry(key.clone()).or_insert_with(|| Process::new(&shared.config)),
        };
        Ok(process.update(x, shared, contributions).map(|outcome| (outcome, None)))
    }

    fn update_inferred(&mut self, x: &[f64], contributions: &mut [f64]) -> Option<(Outcome, usize)> {
        let Self { shared, processes, clock, .. } = self;
        let config = &shared.config;
        if processes.is_empty() {
            processes.insert(ProcessName::Number(0), Process::new(config));
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
        Some((process.decide(score, time, now, shared), i))
    }

    /// A process that begins with the next sample; it fills while the others score. Without a name it gets the
    /// lowest free number, which is given back.
    pub fn add_process(&mut self, key: Option<ProcessName>) -> Result<ProcessName> {
        if let Processes::Fixed(_) = self.shared.config.processes {
            return Err(Error::invalid("processes", "", "must not be fixed when one is added"));
        }
        let key = key.unwrap_or_else(|| self.free_number());
        if self.processes.contains_key(&key) {
            return Err(Error::invalid("key", key, "must be the name of no process yet"));
        }
        self.processes.insert(key.clone(), Process::new(&self.shared.config));
        Ok(key)
    }

    /// The lowest number that names no process.
    fn free_number(&self) -> ProcessName {
        let mut numbers = (0..).map(ProcessName::Number);
        numbers.find(|key| !self.processes.contains_key(key)).expect("some number is free")
    }

    /// The score that `x` would get; nothing changes. NaN while the process fills.
    pub fn peek(&self, key: Option<&ProcessName>, x: &[f64]) -> Result<f64> {
        self.check_sample(x)?;
        self.check_key(key)?;
        let config = self.config();
        if config.processes == Processes::Infer {
            let scores = self.processes.values().map(|process| process.peek(x, config));
            return Ok(scores.fold(f64::NAN, f64::min));
        }
        let process = self.processes.get(key.unwrap_or(&ProcessName::Only));
        Ok(process.map_or(f64::NAN, |process| process.peek(x, config)))
    }

    /// As n updates; on an error or a cancelled `job` the detector is as it was.
    pub fn score(&mut self, key: Option<&ProcessName>, rows: &[f64], job: &Job) -> Result<Scores> {
        let d = self.config().n_features;
        self.check_rows(rows)?;
        self.check_key(key)?;
        let rows_at_once = self.block();
        let inferred = self.config().processes == Processes::Infer;
        let mut scores = Scores::blank(rows.len() / d, d);
        let mut shares = vec![0.0; d];
        let mut after = self.clone_for(key);
        if !inferred && !rows.is_empty() {
            let key = key.unwrap_or(&ProcessName::Only).clone();
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
                        .and_then(|process| process.update(row, &self.shared, &mut shares))
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
            let key = key.unwrap_or(&ProcessName::Only);
            let owner = self.processes.keys().position(|k| k == key).unwrap_or(0) as i64;
            scores.owner.iter_mut().filter(|o| **o >= 0).for_each(|o| *o = owner);
        }
        Ok(scores)
    }

    /// A copy that holds only what samples of `key` change.
    fn clone_for(&self, key: Option<&ProcessName>) -> Self {
        let one = key.unwrap_or(&ProcessName::Only);
        let processes = if self.config().processes == Processes::Infer {
            self.processes.clone()
        } else {
            self.processes.get_key_value(one).map(|(k, p)| (k.clone(), p.clone())).into_iter().collect()
        };
        Self { shared: self.shared.clone(), names: None, processes, clock: self.clock }
    }

    /// Takes feedback on detections, by their times within the last M samples. Repeating it changes nothing; the
    /// same time can get another verdict later. In author mode it is the program's: K moves at once, weights are
    /// multiplied.
    pub fn feedback(
        &mut self,
        key: Option<&ProcessName>,
        true_positives: &[u64],
        false_positives: &[u64],
    ) -> Result<()> {
        if let Some(time) = true_positives.iter().find(|time| false_positives.contains(time)) {
            return Err(Error::invalid("false_positives", time, "must not be among true_positives too"));
        }
        let reference = self.config().reference;
        if false_positives.len() > reference {
            let rule = format!("must be at most reference ({reference}) in number");
            return Err(Error::invalid("false_positives", false_positives.len(), rule));
        }
        let verdicts = [
            ("true_positives", true_positives, Some(Verdict::TruePositive)),
            ("false_positives", false_positives, Some(Verdict::FalsePositive)),
        ];
        self.apply_feedback(key, &verdicts)
    }

    /// Takes back feedback on detections; nothing happens to those without.
    pub fn undo(&mut self, key: Option<&ProcessName>, times: &[u64]) -> Result<()> {
        if self.config().mode == Mode::Author {
            let rule = "must be \"default\": author mode multiplies feedback in and cannot undo it";
            return Err(Error::invalid("mode", "\"author\"", rule));
        }
        self.apply_feedback(key, &[("times", times, None)])
    }

    /// Finds every detection first, so that an error changes nothing.
    fn apply_feedback(
        &mut self,
        key: Option<&ProcessName>,
        verdicts: &[(&str, &[u64], Option<Verdict>)],
    ) -> Result<()> {
        let candidates = self.candidates(key)?;
        let mut found: BTreeMap<ProcessName, Vec<(usize, Option<Verdict>)>> = BTreeMap::new();
        for &(path, times, verdict) in verdicts {
            for &time in times {
                let (key, at) = self.find(&candidates, path, time)?;
                found.entry(key.clone()).or_default().push((at, verdict));
            }
        }
        for (key, verdicts) in found {
            let now = self.now(&self.processes[&key]);
            if let Some(process) = self.processes.get_mut(&key) {
                process.apply_feedback(&verdicts, now, &self.shared.config);
            }
        }
        Ok(())
    }

    /// The processes that feedback can be for.
    fn candidates(&self, key: Option<&ProcessName>) -> Result<Vec<&ProcessName>> {
        if key.is_none() && self.config().processes == Processes::Infer {
            return Ok(self.processes.keys().collect());
        }
        let key = key.unwrap_or(&ProcessName::Only);
        match self.processes.get_key_value(key) {
            Some((key, _)) => Ok(vec![key]),
            None => Err(unknown(key, &self.processes)),
        }
    }

    /// The process with a detection at `time`, and the detection's position there; else the first process's error.
    fn find<'a>(
        &self,
        candidates: &[&'a ProcessName],
        path: &str,
        time: u64,
    ) -> Result<(&'a ProcessName, usize)> {
        let mut failure = None;
        for &key in candidates {
            let process = &self.processes[key];
            match process.find(path, time, self.now(process)) {
                Ok(at) => return Ok((key, at)),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| Error::Missing {
            path: path.into(),
            key: time.to_string(),
            rule: "is not the time of a detection: there is no process yet".into(),
        }))
    }

    /// The time of the last sample, on the clock of the process's detections.
    fn now(&self, process: &Process) -> u64 {
        let inferred = self.config().processes == Processes::Infer;
        if inferred { self.clock } else { process.samples }.saturating_sub(1)
    }

    /// Rows after which long work asks whether to go on.
    pub(super) fn block(&self) -> usize {
        /// Cells of one block: some hundredths of a second.
        const CELLS: usize = 1 << 24;
        let config = self.config();
        (CELLS / (config.n_features * config.reference)).clamp(1, 1 << 10)
    }

    fn check_sample(&self, x: &[f64]) -> Result<()> {
        let config = self.config();
        if x.len() != config.n_features {
            let rule = format!("must have n_features = {} values", config.n_features);
            return Err(Error::invalid("x", x.len(), rule));
        }
        self.check_finite(x, |j| format!("x[{j}]"))
    }

    pub(super) fn check_rows(&self, rows: &[f64]) -> Result<()> {
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
    fn check_key(&self, key: Option<&ProcessName>) -> Result<()> {
        match (&self.config().processes, key) {
            (Processes::Infer, Some(key)) => {
                Err(Error::invalid("process", key, "must not be given when processes are inferred"))
            }
            (Processes::Fixed(_), _) if !self.processes.contains_key(key.unwrap_or(&ProcessName::Only)) => {
                Err(unknown(key.unwrap_or(&ProcessName::Only), &self.processes))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn unknown(key: &ProcessName, processes: &BTreeMap<ProcessName, Process>) -> Error {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = processes.keys().take(SHOWN).map(ToString::to_string).collect();
    if processes.len() > SHOWN {
        names.push("…".into());
    }
    let rule =
        format!("is unknown; there are {}", if names.is_empty() { "none".into() } else { names.join(", ") });
    Error::Missing { path: "process".into(), key: key.to_string(), rule }
}
