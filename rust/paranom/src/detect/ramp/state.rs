//! A detector as bytes, and back: versioned, length-checked, checksummed, and safe to read from anyone.
//!
//! What can be computed anew from the rest (the distances) is not saved, so that it cannot be wrong either: scores
//! do not depend on how the distances were reached.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::config::{Choice, Config, Mode, ProcessName, Processes, Refresh, Shared, Visitor};
use super::detector::Ramp;
use super::distance::Distance;
use super::feedback::{ScoredWindow, ScoredWindows};
use super::process::{Compared, Process};
use super::types::{Snapshot, is_missing};
use super::weights::{Feedback, NO_WINDOW, Verdict, Weight, Weights};
use crate::detect::state_envelope::{StateEnvelope, StateReader};
use crate::{Error, Result};

const ENVELOPE: StateEnvelope = StateEnvelope { magic: b"parnRAMP", version: 2, what: "RAMP state" };
/// Clocks of a saved state stay below this. No stream lasts so long (a sample per microsecond: nine years), and what
/// is loaded can go on for ever.
const LATEST: u64 = 1 << 48;
/// The same for the clock of the weights, which counts each use of one.
const LAST_USE: u64 = 1 << 60;
/// Sums of scores stay finite.
const MOST_BETA: f64 = 1e200;

impl Ramp {
    /// The whole detector.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        let Ok(()) = self.config().clone().visit(&mut out);
        let names = self.feature_names().unwrap_or_default();
        out.u64(names.len() as u64);
        for name in names {
            out.text(name);
        }
        out.u64(self.clock);
        out.u64(self.processes.len() as u64);
        for (key, process) in &self.processes {
            out.key(key);
            write_process(&mut out, process);
        }
        ENVELOPE.wrap(&out.0)
    }

    /// The inverse of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut r = ENVELOPE.open(bytes)?;
        let mut config = Config::new(Mode::Default, 0, 0, 0, 0.0);
        config.visit(&mut r)?;
        config.check().map_err(|error| r.corrupt(error.to_string()))?;
        let names = read_names(&mut r, config.n_features)?;
        let clock = r.u64_below(LATEST)?;
        let count = r.u64()?;
        let mut processes = BTreeMap::new();
        for _ in 0..count {
            let key = read_key(&mut r)?;
            if processes.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(r.corrupt("processes out of order"));
            }
            processes.insert(key, read_process(&mut r, &config, clock)?);
        }
        if let Processes::Fixed(keys) = &config.processes
            && !keys.iter().eq(processes.keys())
        {
            return Err(r.corrupt("processes missing"));
        }
        if config.processes != Processes::Infer {
            if clock > 0 {
                return Err(r.corrupt("a clock that nobody reads"));
            }
        } else if processes.values().fold(0_u64, |sum, process| sum.saturating_add(process.scored)) > clock {
            return Err(r.corrupt("more windows than samples"));
        }
        r.finish()?;
        Ok(Self { shared: Shared::new(config), names, processes, clock })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    fn floats(&mut self, values: &[f64]) {
        self.u64(values.len() as u64);
        for &value in values {
            self.f64(value);
        }
    }

    fn numbers(&mut self, values: &[u64]) {
        for &value in values {
            self.u64(value);
        }
    }

    fn key(&mut self, key: &ProcessName) {
        match key {
            ProcessName::Only => self.u8(0),
            ProcessName::Number(number) => {
                self.u8(1);
                self.u64(*number as u64);
            }
            ProcessName::Text(text) => {
                self.u8(2);
                self.text(text);
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// The names of the channels, if there are any.
fn read_names(r: &mut StateReader<'_>, d: usize) -> Result<Option<Vec<String>>> {
    let count = r.u64()?;
    if count == 0 {
        return Ok(None);
    }
    if count != d as u64 {
        return Err(r.corrupt("names of other channels"));
    }
    (0..count).map(|_| read_text(r)).collect::<Result<_>>().map(Some)
}

fn read_text(r: &mut StateReader<'_>) -> Result<String> {
    let length = r.u64()?;
    let text = std::str::from_utf8(r.take(length)?);
    Ok(text.map_err(|_| r.corrupt("a name that is no text"))?.into())
}

/// Reads samples, `count` of them first; what counts as missing becomes NaN.
fn read_samples(r: &mut StateReader<'_>) -> Result<Vec<f64>> {
    let count = r.u64()?;
    let samples = r.words(count)?.map(f64::from_bits);
    Ok(samples.map(|x| if is_missing(x) { f64::NAN } else { x }).collect())
}

fn read_key(r: &mut StateReader<'_>) -> Result<ProcessName> {
    match r.u8()? {
        0 => Ok(ProcessName::Only),
        1 => Ok(ProcessName::Number(r.u64()? as i64)),
        2 => read_text(r).map(ProcessName::Text),
        _ => Err(r.corrupt("a name of no kind")),
    }
}

fn verdict_code(verdict: Option<Verdict>) -> u8 {
    match verdict {
        None => 0,
        Some(Verdict::TruePositive) => 1,
        Some(Verdict::FalsePositive) => 2,
    }
}

fn read_verdict(r: &mut StateReader<'_>) -> Result<Option<Verdict>> {
    match r.u8()? {
        0 => Ok(None),
        1 => Ok(Some(Verdict::TruePositive)),
        2 => Ok(Some(Verdict::FalsePositive)),
        _ => Err(r.corrupt("a verdict that is none")),
    }
}

impl Visitor for Writer {
    type Error = Infallible;

    fn size(&mut self, _: &'static str, value: &mut usize) -> std::result::Result<(), Infallible> {
        self.u64(*value as u64);
        Ok(())
    }

    fn real(&mut self, _: &'static str, value: &mut f64) -> std::result::Result<(), Infallible> {
        self.f64(*value);
        Ok(())
    }

    fn choice<T: Choice>(&mut self, _: &'static str, value: &mut T) -> std::result::Result<(), Infallible> {
        self.u8(value.code());
        Ok(())
    }

    fn processes(&mut self, _: &'static str, value: &mut Processes) -> std::result::Result<(), Infallible> {
        match value {
            Processes::Named => self.u8(0),
            Processes::Infer => self.u8(1),
            Processes::Fixed(keys) => {
                self.u8(2);
                self.u64(keys.len() as u64);
                for key in keys.iter() {
                    self.key(key);
                }
            }
        }
        Ok(())
    }
}

impl Visitor for StateReader<'_> {
    type Error = Error;

    fn size(&mut self, _: &'static str, value: &mut usize) -> Result<()> {
        *value = StateReader::size(self)?;
        Ok(())
    }

    fn real(&mut self, _: &'static str, value: &mut f64) -> Result<()> {
        *value = self.f64()?;
        Ok(())
    }

    fn choice<T: Choice>(&mut self, name: &'static str, value: &mut T) -> Result<()> {
        *value = T::coded(self.u8()?).ok_or_else(|| self.corrupt(format!("a {name} that is none")))?;
        Ok(())
    }

    fn processes(&mut self, _: &'static str, value: &mut Processes) -> Result<()> {
        *value = match self.u8()? {
            0 => Processes::Named,
            1 => Processes::Infer,
            2 => {
                let count = self.u64()?;
                // Each key takes a byte at least, so a false count ends with the bytes.
                Processes::Fixed((0..count).map(|_| read_key(self)).collect::<Result<_>>()?)
            }
            _ => return Err(self.corrupt("processes of no kind")),
        };
        Ok(())
    }
}

fn write_process(out: &mut Writer, process: &Process) {
    for number in [process.samples, process.scored, process.clean, process.quiet] {
        out.u64(number);
    }
    out.u8(u8::from(process.slide));
    out.u8(u8::from(process.alarm));
    match &process.distance {
        None => out.floats(&process.filling),
        Some(distance) => {
            for channel in distance.snapshot() {
                out.floats(&channel.reference);
                out.floats(&channel.live);
                out.f64(channel.unit);
                out.u64(channel.left);
                out.u64(channel.until_rescale as u64);
            }
        }
    }
    let weights = process.weights.sorted();
    out.u64(process.weights.clock());
    out.u64(weights.len() as u64);
    for (key, weight) in weights {
        out.numbers(key);
        out.f64(weight.trained);
        out.f64(weight.confirmed);
        out.f64(weight.dismissed);
        out.u64(weight.used);
        out.u64(weight.feedback.len() as u64);
        for given in &weight.feedback {
            out.u64(given.time);
            out.u8(verdict_code(Some(given.verdict)));
            out.f64(given.beta);
        }
    }
    let (windows, settled, k) = process.scored_windows.snapshot();
    out.f64(settled);
    out.f64(k);
    out.u64(windows.len() as u64);
    for (window, key) in windows {
        out.u64(window.time);
        out.u64(window.step);
        out.f64(window.beta);
        out.f64(window.ratio);
        out.u8(verdict_code(window.verdict));
        out.numbers(&key);
    }
}

fn read_process(r: &mut StateReader<'_>, config: &Config, clock: u64) -> Result<Process> {
    let (d, m, reference) = (config.n_features, config.window, config.reference as u64);
    let infer = config.processes == Processes::Infer;
    let mut process = Process::new(config);
    process.samples = r.u64_below(LATEST)?;
    if infer && process.samples > clock {
        return Err(r.corrupt("a process older than the stream"));
    }
    // Each complete window is scored; where processes are inferred, by one of them.
    let windows = process.samples.saturating_sub(reference + m as u64 - 1);
    process.scored = r.u64_below(windows + 1)?;
    if !infer && process.scored != windows {
        return Err(r.corrupt("windows that were not scored"));
    }
    process.clean = r.u64_below(process.scored + 1)?;
    process.quiet = r.u64_below(process.scored + 1)?;
    process.slide = r.flag()?;
    process.alarm = r.flag()?;
    if process.samples < reference {
        process.filling = read_samples(r)?;
        if process.filling.len() as u64 != process.samples * d as u64 {
            return Err(r.corrupt("a reference of another length"));
        }
    } else {
        let live = (process.samples - reference).min(m as u64);
        let mut parts = Vec::new();
        for _ in 0..d {
            let part = Snapshot {
                reference: read_samples(r)?,
                live: read_samples(r)?,
                unit: r.f64()?,
                left: r.u64_below(process.scored + 1)?,
                until_rescale: r.size()?,
            };
            if part.reference.len() != config.reference || part.live.len() as u64 != live {
                return Err(r.corrupt("a reference or window of another length"));
            }
            parts.push(part);
        }
        let distance = Distance::restore(&parts, config);
        process.distance = Some(distance.ok_or_else(|| r.corrupt("channels that do not fit each other"))?);
        process.compared = Compared::new(d);
        if process.slide && (live < m as u64 || config.refresh == Refresh::Never) {
            return Err(r.corrupt("a reference that moves too early"));
        }
    }
    // Windows are numbered from the first that the stream had.
    let numbers = process.distance.as_ref().map_or(0, |distance| distance.numbers().end);
    process.weights = read_weights(r, d, numbers)?;
    // What comes next is later than all windows: so they leave in time, and never fill more than the reference.
    let end = if infer { clock } else { process.samples };
    process.scored_windows = read_scored_windows(r, config, end, process.step(config), numbers)?;
    Ok(process)
}

/// A key of d windows, each below `numbers` or none.
fn read_pattern(r: &mut StateReader<'_>, d: usize, numbers: u64) -> Result<Vec<u64>> {
    let key: Vec<u64> = r.words(d as u64)?.collect();
    if key.iter().all(|&window| window == NO_WINDOW || window < numbers) {
        Ok(key)
    } else {
        Err(r.corrupt("a window that never was"))
    }
}

fn read_weights(r: &mut StateReader<'_>, d: usize, numbers: u64) -> Result<Weights> {
    let clock = r.u64_below(LAST_USE)?;
    let count = r.u64()?;
    let mut all: Vec<(Vec<u64>, Weight)> = Vec::new();
    for _ in 0..count {
        let key = read_pattern(r, d, numbers)?;
        if all.last().is_some_and(|(last, _)| *last >= key) {
            return Err(r.corrupt("weights out of order"));
        }
        let mut weight = Weight {
            trained: r.f64_in(0.0, 1e150)?,
            confirmed: r.f64_in(0.0, f64::INFINITY)?,
            dismissed: r.f64_in(0.0, MOST_BETA)?,
            used: r.u64_below(clock + 1)?,
            feedback: Vec::new(),
        };
        for _ in 0..r.u64()? {
            let time = r.u64_below(LATEST)?;
            let verdict = read_verdict(r)?.ok_or_else(|| r.corrupt("a verdict that is none"))?;
            weight.feedback.push(Feedback { time, verdict, beta: r.f64_in(0.0, MOST_BETA)? });
        }
        all.push((key, weight));
    }
    Ok(Weights::restore(all, clock))
}

/// Records of times before `end` and steps before `now`, which K follows.
fn read_scored_windows(
    r: &mut StateReader<'_>,
    config: &Config,
    end: u64,
    now: u64,
    numbers: u64,
) -> Result<ScoredWindows> {
    let (d, m, reference) = (config.n_features, config.window as u64, config.reference);
    let infer = config.processes == Processes::Infer;
    let settled = r.f64_in(reference as f64, now as f64)?;
    let k = r.f64_in(reference as f64, now as f64)?;
    let count = r.u64_below(reference as u64 + 1)?;
    let mut windows: Vec<(ScoredWindow, Vec<u64>)> = Vec::new();
    for _ in 0..count {
        let window = ScoredWindow {
            time: r.u64_below(end)?,
            step: r.u64_below(now)?,
            beta: r.f64_in(0.0, MOST_BETA)?,
            ratio: r.f64_in(0.0, f64::INFINITY)?,
            verdict: read_verdict(r)?,
        };
        // A window begins m - 1 samples before it ends. Other processes' samples may lie between an inferred one's.
        let ends = window.step + m - 1;
        let fits = if infer { window.time >= ends } else { window.time == ends };
        let after = |last: &ScoredWindow| last.time < window.time && last.step < window.step;
        if !fits || window.step < reference as u64 || !windows.last().is_none_or(|(last, _)| after(last)) {
            return Err(r.corrupt("windows out of order"));
        }
        let key = read_pattern(r, d, numbers)?;
        windows.push((window, key));
    }
    Ok(ScoredWindows::restore(reference, d, windows, settled, k))
}
