//! `RampCore`, which `paranom_rs.detect.ramp.RAMP` extends, its `Detection`, and the published loop `ramp_replay`.

use std::sync::{Mutex, PoisonError, TryLockError};

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use paranom::detect::ramp::{
    Config, Key, Mode, NanPolicy, Outcome, Processes, Ramp, Refresh, Scale, Scores, Spread, TrainOn, replay,
};
use paranom::{Error, job::Job};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString};

use crate::errors::{self, SpecError, SpecTypeError};
use crate::run::{detached, guarded};

/// Rows times the cells of a row below which a call is too short to watch for Ctrl-C.
const SHORT: usize = 1 << 22;
/// The same for many processes, which are copied to be watched: a fraction of a second.
const LONG: usize = 1 << 27;

/// What a sample's arrival says about the window that it completes.
#[pyclass(frozen, module = "paranom_rs")]
pub(crate) struct Detection {
    outcome: Outcome,
    contributions: Vec<f64>,
    process: Option<Py<PyAny>>,
    window: u64,
}

#[pymethods]
impl Detection {
    /// Whether the score is above the threshold.
    #[getter]
    fn is_anomaly(&self) -> bool {
        self.outcome.is_anomaly
    }

    /// Whether an alarm is on: like `is_anomaly`, with hysteresis (`release`) and `min_gap`.
    #[getter]
    fn alarm(&self) -> bool {
        self.outcome.alarm
    }

    /// The score: distance to the nearest reference windows, summed over channels and weighted.
    #[getter]
    fn score(&self) -> f64 {
        self.outcome.score
    }

    /// The guess p in [0, 1]: near 1, the detector takes its alarms for true positives.
    #[getter]
    fn uncertainty(&self) -> f64 {
        self.outcome.uncertainty
    }

    /// Each channel's share of the score, (d,) float64; they sum to 1.
    #[getter]
    fn contributions<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, &self.contributions)
    }

    /// The index of the window's last sample. Feedback refers to it.
    #[getter]
    fn time(&self) -> u64 {
        self.outcome.time
    }

    /// The index of the window's first sample: `time - subsequence_length + 1`.
    #[getter]
    fn start(&self) -> u64 {
        self.outcome.time + 1 - self.window
    }

    /// The name of the process that the sample belongs to.
    #[getter]
    fn process<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.process.as_ref().map(|process| process.bind(py).clone())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let Outcome { score, is_anomaly, uncertainty, time, .. } = self.outcome;
        let process = match &self.process {
            Some(process) => process.bind(py).repr()?.to_string(),
            None => "None".into(),
        };
        let flag = if is_anomaly { "True" } else { "False" };
        Ok(format!(
            "Detection(is_anomaly={flag}, score={score:.6}, uncertainty={uncertainty:.6}, time={time}, process={process})"
        ))
    }
}

/// The detector, as far as it needs no Python. Its methods are those of `paranom_rs.detect.ramp.RAMP`.
#[pyclass(frozen, subclass, module = "paranom_rs._core")]
pub(crate) struct RampCore {
    ramp: Mutex<Ramp>,
    n_features: usize,
    window: usize,
    subsequence_length: usize,
}

impl RampCore {
    fn wrap(ramp: Ramp) -> Self {
        let config = ramp.config();
        Self {
            n_features: config.n_features,
            window: config.window,
            subsequence_length: config.subsequence_length,
            ramp: Mutex::new(ramp),
        }
    }

    /// Runs short `work` on the detector; if another thread is at it, waits with the GIL released.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Ramp) -> paranom::Result<T> + Send,
    ) -> PyResult<T> {
        match self.ramp.try_lock() {
            Ok(mut ramp) => guarded(|| work(&mut ramp)),
            Err(TryLockError::Poisoned(ramp)) => guarded(|| work(&mut ramp.into_inner())),
            Err(TryLockError::WouldBlock) => py.detach(|| self.blocking(work)),
        }
    }

    /// Distances that so many rows bring up to date.
    fn cells(&self, rows: usize) -> usize {
        rows.saturating_mul(self.window).saturating_mul(self.n_features)
    }

    /// Runs `work` on the detector with the GIL released; watches Ctrl-C if it is long.
    fn with_job<T: Send>(
        &self,
        py: Python<'_>,
        rows: usize,
        work: impl FnOnce(&mut Ramp, &Job) -> paranom::Result<T> + Send,
    ) -> PyResult<T> {
        if self.cells(rows) < SHORT {
            return py.detach(|| self.blocking(|ramp| work(ramp, &Job::new())));
        }
        detached(py, None, |job| {
            let mut ramp = self.ramp.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut ramp, job)
        })
    }

    fn blocking<T>(&self, work: impl FnOnce(&mut Ramp) -> paranom::Result<T>) -> PyResult<T> {
        guarded(|| work(&mut self.ramp.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl RampCore {
    /// From settings by name, or from bytes of `to_bytes`.
    #[new]
    fn new(state: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = state.cast::<PyBytes>() {
            return guarded(|| Ramp::from_bytes(bytes.as_bytes())).map(Self::wrap);
        }
        let config = config(state.cast::<PyDict>()?)?;
        guarded(|| Ramp::new(config)).map(Self::wrap)
    }

    /// Save the whole state: versioned and checksummed. Continued, it gives the same numbers bit for bit.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.with(py, |ramp| Ok(ramp.to_bytes()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// All settings: `RAMP(**ramp.settings)` is a detector like this one that has seen nothing.
    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let config = self.with(py, |ramp| Ok(ramp.config().clone()))?;
        settings(py, &config)
    }

    /// The keys of the processes, in order; `None` is the one without a key.
    #[getter]
    fn processes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let keys = self.with(py, |ramp| Ok(ramp.keys().cloned().collect::<Vec<_>>()))?;
        PyList::new(py, keys.iter().map(|key| key_to_python(py, key)).collect::<PyResult<Vec<_>>>()?)
    }

    /// Weights that training or feedback made, over all processes.
    #[getter]
    fn n_weights(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |ramp| Ok(ramp.n_weights()))
    }

    /// Memory of a process in bytes, about: the mean over all.
    #[getter]
    fn bytes_per_process(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |ramp| Ok(ramp.bytes_per_process()))
    }

    /// Scores above it are anomalies; can be set at any time.
    #[getter]
    fn threshold(&self, py: Python<'_>) -> PyResult<f64> {
        self.with(py, |ramp| Ok(ramp.config().threshold))
    }

    #[setter]
    fn set_threshold(&self, threshold: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = float(threshold, "threshold")?;
        self.with(threshold.py(), |ramp| ramp.set_threshold(value))
    }

    /// Score the window that sample `x` (d,) completes.
    ///
    /// `None` while the process fills: M samples of reference, then m of the first window. With
    /// `processes="infer"` the detection names the owner, and `process` must not be given. A float64 array is
    /// taken as it is; any other sequence of numbers goes through NumPy first, which takes longer.
    ///
    /// Raises:
    ///     SpecError: another number of values; a missing value with `nan_policy="raise"`.
    ///     SpecTypeError: no numbers.
    ///     UnknownKeyError: (KeyError) a process that is not among fixed ones.
    #[pyo3(signature = (x, process=None))]
    fn update(&self, x: &Bound<'_, PyAny>, process: Option<Bound<'_, PyAny>>) -> PyResult<Option<Detection>> {
        let py = x.py();
        let sample = sample(x)?;
        let key = process.as_ref().map(|process| key_from_python("process", process)).transpose()?;
        let mut contributions = vec![0.0; self.n_features];
        let found = self.with(py, |ramp| ramp.update(key.as_ref(), &sample, &mut contributions))?;
        let Some((outcome, owner)) = found else { return Ok(None) };
        let process = match owner {
            Some(owner) => Some(key_to_python(py, &owner)?.unbind()),
            None => process.map(Bound::unbind),
        };
        Ok(Some(Detection { outcome, contributions, process, window: self.subsequence_length as u64 }))
    }

    /// Return the score that sample `x` would get, and change nothing; NaN while the process fills.
    #[pyo3(signature = (x, process=None))]
    fn score_next(&self, x: &Bound<'_, PyAny>, process: Option<&Bound<'_, PyAny>>) -> PyResult<f64> {
        let sample = sample(x)?;
        let key = process.map(|process| key_from_python("process", process)).transpose()?;
        self.with(x.py(), |ramp| ramp.peek(key.as_ref(), &sample))
    }

    /// The rows of `x` (n, d) in turn; gives arrays by name.
    #[pyo3(name = "_score", signature = (x, process=None))]
    fn score<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        process: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let key = process.map(|process| key_from_python("process", process)).transpose()?;
        let rows = self.rows(&x)?;
        let n = x.shape()[0];
        let scores = self.with_job(py, n, |ramp, job| ramp.score(key.as_ref(), &rows, job))?;
        self.scores(py, scores)
    }

    /// The rows of `x` (n, d) of many processes; gives arrays by name.
    #[pyo3(name = "_update_many", signature = (x, processes, threads=None))]
    fn update_many<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        processes: &Bound<'py, PyAny>,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let keys = keys_from_python(processes)?;
        let rows = self.rows(&x)?;
        if keys.len() != x.shape()[0] {
            let rule = format!("must have one name per row of X ({})", x.shape()[0]);
            return Err(errors::to_python(&Error::invalid("processes", keys.len(), rule)));
        }
        let scores = if self.cells(keys.len()) < LONG {
            py.detach(|| self.blocking(|ramp| ramp.update_many(&keys, &rows, threads, None)))?
        } else {
            detached(py, None, |job| {
                let mut ramp = self.ramp.lock().unwrap_or_else(PoisonError::into_inner);
                ramp.update_many(&keys, &rows, threads, Some(job))
            })?
        };
        self.scores(py, scores)
    }

    /// Begin a process with the next sample; returns its key (the lowest free number by default).
    ///
    /// With `processes="infer"` it takes the next M samples of the stream as its reference while the others
    /// keep scoring, and competes for samples from its first complete window on.
    #[pyo3(signature = (key=None))]
    fn add_process<'py>(
        &self,
        py: Python<'py>,
        key: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let key = key.map(|key| key_from_python("key", key)).transpose()?;
        let key = self.with(py, |ramp| ramp.add_process(key))?;
        key_to_python(py, &key)
    }

    /// Takes verdicts on detections, by time.
    #[pyo3(name = "_feedback")]
    fn feedback(
        &self,
        py: Python<'_>,
        true_positives: Vec<u64>,
        false_positives: Vec<u64>,
        process: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let key = process.map(|process| key_from_python("process", process)).transpose()?;
        self.with(py, |ramp| ramp.feedback(key.as_ref(), &true_positives, &false_positives))
    }

    /// Takes verdicts back, by time.
    #[pyo3(name = "_undo")]
    fn undo(&self, py: Python<'_>, times: Vec<u64>, process: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let key = process.map(|process| key_from_python("process", process)).transpose()?;
        self.with(py, |ramp| ramp.undo(key.as_ref(), &times))
    }
}

impl RampCore {
    /// The rows of a C-contiguous array (the face sees to that), checked for their width. A copy: other Python threads
    /// may write to the array while this one does not hold the GIL.
    fn rows(&self, x: &PyReadonlyArray2<'_, f64>) -> PyResult<Vec<f64>> {
        if x.shape()[1] != self.n_features {
            let rule = format!("must have n_features = {} columns", self.n_features);
            return Err(errors::to_python(&Error::invalid("X.shape[1]", x.shape()[1], rule)));
        }
        Ok(x.as_slice()?.to_vec())
    }

    fn scores<'py>(&self, py: Python<'py>, scores: Scores) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let n = scores.score.len();
        dict.set_item("is_anomaly", PyArray1::from_vec(py, scores.is_anomaly))?;
        dict.set_item("score", PyArray1::from_vec(py, scores.score))?;
        let shares = PyArray1::from_vec(py, scores.contributions);
        dict.set_item("contributions", shares.reshape([n, self.n_features])?)?;
        dict.set_item("uncertainty", PyArray1::from_vec(py, scores.uncertainty))?;
        dict.set_item("time", PyArray1::from_vec(py, scores.time))?;
        dict.set_item("alarm", PyArray1::from_vec(py, scores.alarm))?;
        dict.set_item("owner", PyArray1::from_vec(py, scores.owner))?;
        Ok(dict)
    }
}

/// The published program's loop; `x` is (n, d).
#[pyfunction]
#[pyo3(signature = (x, settings, start_index, labels))]
#[allow(clippy::type_complexity)] // flags, scores, contributions
pub(crate) fn ramp_replay<'py>(
    py: Python<'py>,
    x: PyReadonlyArray2<'py, f64>,
    settings: &Bound<'py, PyDict>,
    start_index: Vec<usize>,
    labels: Option<Vec<bool>>,
) -> PyResult<(Bound<'py, PyArray1<i8>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>)> {
    let d = x.shape()[1];
    let mut config = Config::author(
        d,
        size(settings, "subsequence_length")?,
        size(settings, "window")?,
        float(&item(settings, "threshold")?, "threshold")?,
        float(&item(settings, "bias")?, "bias")?,
    );
    config.p_limit = float(&item(settings, "p_limit")?, "p_limit")?;
    let rows = x.as_slice()?.to_vec(); // as in `RampCore::rows`
    let out = detached(py, None, |job| replay(&config, &rows, &start_index, labels.as_deref(), job))?;
    let n = out.scores.len();
    let contributions = PyArray1::from_vec(py, out.contributions).reshape([n, d])?;
    Ok((PyArray1::from_vec(py, out.flags), PyArray1::from_vec(py, out.scores), contributions))
}

/// One sample as floats. A float64 array is copied at once; anything else of numbers goes through NumPy.
fn sample(x: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    if let Ok(array) = x.cast_exact::<PyArray1<f64>>()
        && let Ok(values) = array.to_vec()
    {
        return Ok(values);
    }
    let py = x.py();
    let array = py.import("numpy")?.call_method1("asanyarray", (x,)).map_err(|error| {
        if !error.is_instance_of::<PyValueError>(py) {
            return error;
        }
        SpecError::new_err(format!("x: must be one sample, an array of numbers ({})", error.value(py)))
    })?;
    let dtype = array.getattr("dtype")?;
    let kind: String = dtype.getattr("kind")?.extract()?;
    if !"fiub".contains(&kind) {
        return Err(SpecTypeError::new_err(format!("x: must hold real numbers, got dtype {dtype}")));
    }
    let mut array = array.call_method1("astype", ("float64",))?;
    // What is masked is missing.
    if array.hasattr("mask")? {
        array = array.call_method1("filled", (f64::NAN,))?;
    }
    match array.cast::<PyArray1<f64>>() {
        Ok(array) => Ok(array.to_vec()?),
        Err(_) => {
            let dimensions: usize = array.getattr("ndim")?.extract()?;
            Err(errors::to_python(&Error::invalid("x.ndim", dimensions, "must be 1: one sample")))
        }
    }
}

fn key_from_python(path: &str, key: &Bound<'_, PyAny>) -> PyResult<Key> {
    if let Ok(text) = key.cast::<PyString>() {
        let Ok(text) = text.to_str() else {
            return Err(errors::to_python(&Error::invalid(path, text.repr()?, "must be valid Unicode")));
        };
        return Ok(Key::Text(text.to_owned()));
    }
    if key.is_instance_of::<PyBool>() || !(key.is_instance_of::<PyInt>() || key.hasattr("__index__")?) {
        let kind = key.get_type().name()?;
        return Err(SpecTypeError::new_err(format!("{path}: must be a str or an int, got {kind}")));
    }
    key.extract()
        .map(Key::Number)
        .map_err(|_| errors::to_python(&Error::invalid(path, key, "must fit into 64 bits")))
}

fn key_to_python<'py>(py: Python<'py>, key: &Key) -> PyResult<Bound<'py, PyAny>> {
    Ok(match key {
        Key::Only => py.None().into_bound(py),
        Key::Number(number) => number.into_pyobject(py)?.into_any(),
        Key::Text(text) => text.into_pyobject(py)?.into_any(),
    })
}

fn keys_from_python(keys: &Bound<'_, PyAny>) -> PyResult<Vec<Key>> {
    if let Ok(array) = keys.cast::<PyArray1<i64>>()
        && let Ok(numbers) = array.to_vec()
    {
        return Ok(numbers.into_iter().map(Key::Number).collect());
    }
    let names = keys
        .try_iter()
        .ok()
        .filter(|_| !keys.is_instance_of::<PyString>() && !keys.is_instance_of::<PyBytes>());
    let Some(names) = names else {
        let kind = keys.get_type().name()?;
        return Err(SpecTypeError::new_err(format!("processes: must be a sequence of names, got {kind}")));
    };
    names.enumerate().map(|(i, key)| key_from_python(&format!("processes[{i}]"), &key?)).collect()
}

fn item<'py>(settings: &Bound<'py, PyDict>, path: &str) -> PyResult<Bound<'py, PyAny>> {
    settings.get_item(path)?.ok_or_else(|| SpecTypeError::new_err(format!("{path}: must be given")))
}

fn size(settings: &Bound<'_, PyDict>, path: &str) -> PyResult<usize> {
    let value = item(settings, path)?;
    if value.is_instance_of::<PyBool>() || !(value.is_instance_of::<PyInt>() || value.hasattr("__index__")?) {
        let kind = value.get_type().name()?;
        return Err(SpecTypeError::new_err(format!("{path}: must be an int, got {kind}")));
    }
    value.extract().map_err(|_| {
        errors::to_python(&Error::invalid(path, &value, "must be a count that a machine can hold"))
    })
}

fn float(value: &Bound<'_, PyAny>, path: &str) -> PyResult<f64> {
    if !value.is_instance_of::<PyBool>() {
        if let Ok(number) = value.extract() {
            return Ok(number);
        }
        if value.is_instance_of::<PyInt>() {
            return Err(errors::to_python(&Error::invalid(path, value, "must fit into a float")));
        }
    }
    let kind = value.get_type().name()?;
    Err(SpecTypeError::new_err(format!("{path}: must be a float, got {kind}")))
}

/// One of the named choices.
fn choice<T: Copy>(settings: &Bound<'_, PyDict>, path: &str, names: &[(&str, T)]) -> PyResult<T> {
    let value = item(settings, path)?;
    let text: Option<String> = value.extract().ok();
    let found = names.iter().find(|(name, _)| Some(*name) == text.as_deref());
    found.map(|&(_, choice)| choice).ok_or_else(|| {
        let all: Vec<String> = names.iter().map(|(name, _)| format!("{name:?}")).collect();
        let shown = value.repr().map_or("?".into(), |repr| repr.to_string());
        errors::to_python(&Error::invalid(path, shown, format!("must be one of {}", all.join(", "))))
    })
}

const MODES: [(&str, Mode); 2] = [("default", Mode::Default), ("author", Mode::Author)];
const SCALES: [(&str, Scale); 4] =
    [("std", Scale::Std), ("relative", Scale::Relative), ("mad", Scale::Mad), ("none", Scale::None)];
const REFRESHES: [(&str, Refresh); 3] =
    [("never", Refresh::Never), ("sliding", Refresh::Sliding), ("clean", Refresh::Clean)];
const POLICIES: [(&str, NanPolicy); 3] =
    [("skip", NanPolicy::Skip), ("propagate", NanPolicy::Propagate), ("raise", NanPolicy::Raise)];
const SPREADS: [(&str, Spread); 2] = [("gaussian", Spread::Gaussian), ("author", Spread::Author)];
const TRAINS: [(&str, TrainOn); 2] = [("flagged", TrainOn::Flagged), ("every_step", TrainOn::EveryStep)];

fn config(settings: &Bound<'_, PyDict>) -> PyResult<Config> {
    let processes = item(settings, "processes")?;
    Ok(Config {
        n_features: size(settings, "n_features")?,
        subsequence_length: size(settings, "subsequence_length")?,
        window: size(settings, "window")?,
        threshold: float(&item(settings, "threshold")?, "threshold")?,
        bias: float(&item(settings, "bias")?, "bias")?,
        mode: choice(settings, "mode", &MODES)?,
        scale: choice(settings, "scale", &SCALES)?,
        refresh: choice(settings, "refresh", &REFRESHES)?,
        nan_policy: choice(settings, "nan_policy", &POLICIES)?,
        kernel: choice(settings, "kernel", &SPREADS)?,
        train_on: choice(settings, "train_on", &TRAINS)?,
        p_limit: float(&item(settings, "p_limit")?, "p_limit")?,
        release: float(&item(settings, "release")?, "release")?,
        min_gap: size(settings, "min_gap")?,
        max_weights: size(settings, "max_weights")?,
        processes: if processes.is_none() {
            Processes::Named
        } else if processes.cast::<PyString>().is_ok() {
            choice(settings, "processes", &[("infer", ())])?;
            Processes::Infer
        } else {
            Processes::Fixed(keys_from_python(&processes)?)
        },
    })
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], choice: &T) -> &'static str {
    names.iter().find(|(_, each)| each == choice).map_or("", |(name, _)| name)
}

fn settings<'py>(py: Python<'py>, config: &Config) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("n_features", config.n_features)?;
    dict.set_item("subsequence_length", config.subsequence_length)?;
    dict.set_item("window", config.window)?;
    dict.set_item("threshold", config.threshold)?;
    dict.set_item("bias", config.bias)?;
    dict.set_item("mode", name_of(&MODES, &config.mode))?;
    dict.set_item("scale", name_of(&SCALES, &config.scale))?;
    dict.set_item("refresh", name_of(&REFRESHES, &config.refresh))?;
    dict.set_item("nan_policy", name_of(&POLICIES, &config.nan_policy))?;
    dict.set_item("kernel", name_of(&SPREADS, &config.kernel))?;
    dict.set_item("train_on", name_of(&TRAINS, &config.train_on))?;
    dict.set_item("p_limit", config.p_limit)?;
    dict.set_item("release", config.release)?;
    dict.set_item("min_gap", config.min_gap)?;
    dict.set_item("max_weights", config.max_weights)?;
    match &config.processes {
        Processes::Named => dict.set_item("processes", py.None())?,
        Processes::Infer => dict.set_item("processes", "infer")?,
        Processes::Fixed(keys) => {
            let keys = keys.iter().map(|key| key_to_python(py, key)).collect::<PyResult<Vec<_>>>()?;
            dict.set_item("processes", PyList::new(py, keys)?)?;
        }
    }
    Ok(dict)
}
