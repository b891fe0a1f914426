//! A detector as bytes, and back: versioned, length-checked, checksummed, and safe to read from anyone.
//!
//! What can be computed anew from the rest (the distances) is not saved, so that it cannot be wrong either: scores
//! do not depend on how the distances were reached.

use std::collections::BTreeMap;

use super::config::{Config, Key, Mode, NanPolicy, Processes, Refresh, Scale, Spread, TrainOn};
use super::distance::{Distance, Snapshot, is_missing};
use super::feedback::{History, Record};
use super::process::{Assessed, Process};
use super::weights::{Said, Verdict, Weight, Weights};
use super::{Ramp, Shared};
use crate::detect::seal::Seal;
use crate::{Error, Result};

const SEAL: Seal = Seal { magic: b"parnRAMP", version: 1, what: "RAMP state" };
/// Clocks stay below this, so that sums of them cannot overflow.
const LATEST: u64 = 1 << 62;

impl Ramp {
    /// The whole detector.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        write_config(&mut out, self.config());
        out.u64(self.clock);
        out.u64(self.processes.len() as u64);
        for (key, process) in &self.processes {
            out.key(key);
            write_process(&mut out, process);
        }
        SEAL.close(&out.0)
    }

    /// The inverse of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader(SEAL.open(bytes)?);
        let config = read_config(&mut r)?;
        config.check().map_err(|error| corrupt(error.to_string()))?;
        let clock = r.u64_below(LATEST)?;
        let count = r.u64()?;
        let mut processes = BTreeMap::new();
        for _ in 0..count {
            let key = r.key()?;
            if processes.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(corrupt("processes out of order"));
            }
            processes.insert(key, read_process(&mut r, &config, clock)?);
        }
        if let Processes::Fixed(keys) = &config.processes
            && !keys.iter().eq(processes.keys())
        {
            return Err(corrupt("processes missing"));
        }
        if !r.0.is_empty() {
            return Err(corrupt("bytes left over"));
        }
        Ok(Self { shared: Shared::new(config), processes, clock })
    }
}

fn corrupt(why: impl Into<String>) -> Error {
    SEAL.corrupt(why)
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

    fn key(&mut self, key: &Key) {
        match key {
            Key::Only => self.u8(0),
            Key::Number(number) => {
                self.u8(1);
                self.u64(*number as u64);
            }
            Key::Text(text) => {
                self.u8(2);
                self.u64(text.len() as u64);
                self.0.extend_from_slice(text.as_bytes());
            }
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        let count = usize::try_from(count).ok().filter(|&count| count <= self.0.len());
        let (taken, rest) = self.0.split_at(count.ok_or_else(|| corrupt("they end too early"))?);
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn flag(&mut self) -> Result<bool> {
        self.choice(&[false, true])
    }

    fn choice<T: Copy>(&mut self, all: &[T]) -> Result<T> {
        all.get(usize::from(self.u8()?)).copied().ok_or_else(|| corrupt("a choice that is none"))
    }

    fn u64(&mut self) -> Result<u64> {
        let mut word = [0; 8];
        word.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(word))
    }

    fn u64_below(&mut self, limit: u64) -> Result<u64> {
        let value = self.u64()?;
        if value < limit { Ok(value) } else { Err(corrupt("a count too large")) }
    }

    fn size(&mut self) -> Result<usize> {
        Ok(self.u64_below(1 << 48)? as usize)
    }

    fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_bits(self.u64()?))
    }

    /// A number from `low` to `high`.
    fn f64_in(&mut self, low: f64, high: f64) -> Result<f64> {
        let value = self.f64()?;
        if (low..=high).contains(&value) { Ok(value) } else { Err(corrupt("a number out of range")) }
    }

    /// Samples: `count` of them; what counts as missing becomes NaN.
    fn samples(&mut self) -> Result<Vec<f64>> {
        let count = self.u64()?;
        let bytes = self.take(count.checked_mul(8).ok_or_else(|| corrupt("a count too large"))?)?;
        let samples = bytes.as_chunks::<8>().0.iter().map(|&word| {
            let x = f64::from_bits(u64::from_le_bytes(word));
            if is_missing(x) { f64::NAN } else { x }
        });
        Ok(samples.collect())
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<u64>> {
        let bytes = self.take((count as u64).saturating_mul(8))?;
        Ok(bytes.as_chunks::<8>().0.iter().map(|&word| u64::from_le_bytes(word)).collect())
    }

    fn key(&mut self) -> Result<Key> {
        match self.u8()? {
            0 => Ok(Key::Only),
            1 => Ok(Key::Number(self.u64()? as i64)),
            2 => {
                let length = self.u64()?;
                let text =
                    std::str::from_utf8(self.take(length)?).map_err(|_| corrupt("a name that is no text"))?;
                Ok(Key::Text(text.into()))
            }
            _ => Err(corrupt("a name of no kind")),
        }
    }
}

// The order of these is part of the format.
const MODES: [Mode; 2] = [Mode::Author, Mode::Default];
const SCALES: [Scale; 4] = [Scale::Relative, Scale::Std, Scale::Mad, Scale::None];
const REFRESHES: [Refresh; 3] = [Refresh::Never, Refresh::Sliding, Refresh::Clean];
const POLICIES: [NanPolicy; 3] = [NanPolicy::Skip, NanPolicy::Propagate, NanPolicy::Raise];
const SPREADS: [Spread; 2] = [Spread::Author, Spread::Gaussian];
const TRAINS: [TrainOn; 2] = [TrainOn::Flagged, TrainOn::EveryStep];
const VERDICTS: [Option<Verdict>; 3] = [None, Some(Verdict::TruePositive), Some(Verdict::FalsePositive)];

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|each| each == one).unwrap_or_default() as u8
}

fn write_config(out: &mut Writer, config: &Config) {
    for size in [config.n_features, config.subsequence_length, config.window] {
        out.u64(size as u64);
    }
    out.f64(config.threshold);
    out.f64(config.bias);
    out.u8(place(&MODES, &config.mode));
    out.u8(place(&SCALES, &config.scale));
    out.u8(place(&REFRESHES, &config.refresh));
    out.u8(place(&POLICIES, &config.nan_policy));
    out.u8(place(&SPREADS, &config.kernel));
    out.u8(place(&TRAINS, &config.train_on));
    out.f64(config.p_limit);
    out.f64(config.release);
    out.u64(config.min_gap as u64);
    out.u64(config.max_weights as u64);
    match &config.processes {
        Processes::Named => out.u8(0),
        Processes::Infer => out.u8(1),
        Processes::Fixed(keys) => {
            out.u8(2);
            out.u64(keys.len() as u64);
            for key in keys {
                out.key(key);
            }
        }
    }
}

fn read_config(r: &mut Reader<'_>) -> Result<Config> {
    Ok(Config {
        n_features: r.size()?,
        subsequence_length: r.size()?,
        window: r.size()?,
        threshold: r.f64()?,
        bias: r.f64()?,
        mode: r.choice(&MODES)?,
        scale: r.choice(&SCALES)?,
        refresh: r.choice(&REFRESHES)?,
        nan_policy: r.choice(&POLICIES)?,
        kernel: r.choice(&SPREADS)?,
        train_on: r.choice(&TRAINS)?,
        p_limit: r.f64()?,
        release: r.f64()?,
        min_gap: r.size()?,
        max_weights: r.size()?,
        processes: match r.u8()? {
            0 => Processes::Named,
            1 => Processes::Infer,
            2 => {
                let count = r.u64()?;
                // Each key takes a byte at least, so a false count ends with the bytes.
                Processes::Fixed((0..count).map(|_| r.key()).collect::<Result<_>>()?)
            }
            _ => return Err(corrupt("processes of no kind")),
        },
    })
}

fn write_process(out: &mut Writer, process: &Process) {
    for number in [process.samples, process.judged, process.clean, process.quiet] {
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
        out.u64(weight.said.len() as u64);
        for said in &weight.said {
            out.u64(said.time);
            out.u8(place(&VERDICTS, &Some(said.verdict)));
            out.f64(said.beta);
        }
    }
    let (records, settled, k) = process.history.snapshot();
    out.f64(settled);
    out.f64(k);
    out.u64(records.len() as u64);
    for (record, key) in records {
        out.u64(record.time);
        out.u64(record.step);
        out.f64(record.beta);
        out.f64(record.ratio);
        out.u8(place(&VERDICTS, &record.verdict));
        out.numbers(&key);
    }
}

fn read_process(r: &mut Reader<'_>, config: &Config, clock: u64) -> Result<Process> {
    let (d, m, window) = (config.n_features, config.subsequence_length, config.window as u64);
    let mut process = Process::new(config);
    process.samples = r.u64_below(LATEST)?;
    process.judged = r.u64_below(process.samples + 1)?;
    process.clean = r.u64_below(process.judged + 1)?;
    process.quiet = r.u64_below(process.judged + 1)?;
    process.slide = r.flag()?;
    process.alarm = r.flag()?;
    if process.samples < window {
        process.filling = r.samples()?;
        if process.filling.len() as u64 != process.samples * d as u64 {
            return Err(corrupt("a reference of another length"));
        }
    } else {
        let live = (process.samples - window).min(m as u64);
        let mut parts = Vec::new();
        for _ in 0..d {
            let part = Snapshot {
                reference: r.samples()?,
                live: r.samples()?,
                unit: r.f64()?,
                left: r.u64_below(process.samples)?,
                until_rescale: r.size()?,
            };
            if part.reference.len() != config.window || part.live.len() as u64 != live {
                return Err(corrupt("a reference or window of another length"));
            }
            parts.push(part);
        }
        let distance = Distance::restore(&parts, m, config.windows(), config.scale, config.refresh);
        process.distance = Some(distance.ok_or_else(|| corrupt("channels that do not fit each other"))?);
        process.assessed = Assessed::new(d);
        if process.slide && (live < m as u64 || config.refresh == Refresh::Never) {
            return Err(corrupt("a reference that moves too early"));
        }
    }
    process.weights = read_weights(r, d)?;
    // What comes next is later than all records: so they leave in time, and never fill more than the window.
    let end = if config.processes == Processes::Infer { clock } else { process.samples };
    process.history = read_history(r, config, end, process.step(config))?;
    Ok(process)
}

fn read_weights(r: &mut Reader<'_>, d: usize) -> Result<Weights> {
    let clock = r.u64_below(LATEST)?;
    let count = r.u64()?;
    let mut all: Vec<(Vec<u64>, Weight)> = Vec::new();
    for _ in 0..count {
        let key = r.numbers(d)?;
        if all.last().is_some_and(|(last, _)| *last >= key) {
            return Err(corrupt("weights out of order"));
        }
        let mut weight = Weight {
            trained: r.f64_in(0.0, 1e150)?,
            confirmed: r.f64_in(0.0, f64::INFINITY)?,
            dismissed: r.f64_in(0.0, f64::MAX)?,
            used: r.u64_below(clock + 1)?,
            said: Vec::new(),
        };
        for _ in 0..r.u64()? {
            let time = r.u64_below(LATEST)?;
            let verdict = r.choice(&VERDICTS)?.ok_or_else(|| corrupt("a verdict that is none"))?;
            weight.said.push(Said { time, verdict, beta: r.f64_in(0.0, f64::MAX)? });
        }
        all.push((key, weight));
    }
    Ok(Weights::restore(all, clock))
}

/// Records of times before `end` and steps before `now`, which K follows.
fn read_history(r: &mut Reader<'_>, config: &Config, end: u64, now: u64) -> Result<History> {
    let (d, window) = (config.n_features, config.window);
    let settled = r.f64_in(window as f64, now as f64)?;
    let k = r.f64_in(window as f64, now as f64)?;
    let count = r.u64_below(window as u64 + 1)?;
    let mut records: Vec<(Record, Vec<u64>)> = Vec::new();
    for _ in 0..count {
        let record = Record {
            time: r.u64_below(end)?,
            step: r.u64_below(now)?,
            beta: r.f64_in(0.0, f64::MAX)?,
            ratio: r.f64_in(0.0, f64::INFINITY)?,
            verdict: r.choice(&VERDICTS)?,
        };
        if record.step < window as u64 || records.last().is_some_and(|(last, _)| last.time >= record.time) {
            return Err(corrupt("records out of order"));
        }
        let key = r.numbers(d)?;
        records.push((record, key));
    }
    Ok(History::restore(window, d, records, settled, k))
}
