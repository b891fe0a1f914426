//! `RampCore`, which `RAMP` extends, its `Detection`, and the published loop `ramp_replay`.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use paranom::detect::ramp::{Outcome, Ramp, Scores, replay};
use paranom::{Error, job::Job};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::arrays::copied;
use crate::errors::{self, SpecError, SpecTypeError};
use crate::fork_lock::ForkLock;
use crate::ramp_settings::{
    config_from_python, config_to_python, float, key_from_python, key_to_python, keys_from_python,
};
use crate::run::{detached, guarded};

/// Rows times the cells of a row below which a call is too short to watch for Ctrl-C.
const SHORT: usize = 1 << 22;
/// The same for many processes, which are copied to be watched: a fraction of a second.
const LONG: usize = 1 << 27;

/// The result for the window that a sample completes.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from paranom_rs import RAMP
/// >>> rng = np.random.default_rng(0)
/// >>> X = np.sin(np.arange(1_500) / 5)[:, None] + 0.1 * rng.normal(size=(1_500, 1))
/// >>> X[1_300:1_310] += 3.0
/// >>> ramp = RAMP(1, window=20, reference=500, threshold=1.0)
/// >>> found = [ramp.update(x) for x in X]
/// >>> found[0] is None, found[1_305].is_anomaly, found[1_305].time
/// (True, True, 1305)
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

    /// The score.
    fn __float__(&self) -> f64 {
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

    /// The index of the window's first sample: `time - window + 1`.
    #[getter]
    fn start(&self) -> u64 {
        (self.outcome.time + 1).saturating_sub(self.window)
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

/// The detector, as far as it needs no Python. The wrapper class `RAMP` adds the rest.
#[pyclass(frozen, subclass, module = "paranom_rs._core")]
pub(crate) struct RampCore {
    ramp: ForkLock<Ramp>,
    n_features: usize,
    window: usize,
    reference: usize,
}

impl RampCore {
    fn wrap(ramp: Ramp) -> Self {
        let config = ramp.config();
        Self {
            n_features: config.n_features,
            window: config.window,
            reference: config.reference,
            ramp: ForkLock::new("RAMP", ramp),
        }
    }

    /// Distances that so many rows bring up to date.
    fn cells(&self, rows: usize) -> usize {
        rows.saturating_mul(self.reference).saturating_mul(self.n_features)
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
        detached(py, None, |job| work(&mut *self.ramp.lock()?, job))
    }

    fn blocking<T>(&self, work: impl FnOnce(&mut Ramp) -> paranom::Result<T>) -> PyResult<T> {
        guarded(|| work(&mut *self.ramp.lock()?))
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
        let config = config_from_python(state.cast::<PyDict>()?)?;
        guarded(|| Ramp::new(config)).map(Self::wrap)
    }

    /// Return the whole state as bytes, with a version and a checksum. The loaded detector continues bit for bit.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.ramp.with(py, |ramp| Ok(ramp.to_bytes()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// All settings by name: `RAMP(**ramp.settings)` is a new detector with the same ones.
    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let config = self.ramp.with(py, |ramp| Ok(ramp.config().clone()))?;
        config_to_python(py, config)
    }

    /// The names of the channels, or None.
    #[getter(_feature_names)]
    fn feature_names(&self, py: Python<'_>) -> PyResult<Option<Vec<String>>> {
        self.ramp.with(py, |ramp| Ok(ramp.feature_names().map(<[String]>::to_vec)))
    }

    /// Refuses names of other channels; keeps them with `keep`, if there were none.
    #[pyo3(name = "_take_names")]
    fn take_names(&self, py: Python<'_>, path: &str, names: Vec<String>, keep: bool) -> PyResult<()> {
        self.ramp.with(py, |ramp| {
            ramp.check_names(path, Some(&names))?;
            if keep {
                ramp.keep_names(Some(names));
            }
            Ok(())
        })
    }

    /// The keys of the processes, in order; `None` is the one without a key.
    #[getter]
    fn processes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let keys = self.ramp.with(py, |ramp| Ok(ramp.keys().cloned().collect::<Vec<_>>()))?;
        PyList::new(py, keys.iter().map(|key| key_to_python(py, key)).collect::<PyResult<Vec<_>>>()?)
    }

    /// Weights that training or feedback made, over all processes.
    #[getter]
    fn n_weights(&self, py: Python<'_>) -> PyResult<usize> {
        self.ramp.with(py, |ramp| Ok(ramp.n_weights()))
    }

    /// Memory of a process in bytes, about: the mean over all.
    #[getter]
    fn bytes_per_process(&self, py: Python<'_>) -> PyResult<usize> {
        self.ramp.with(py, |ramp| Ok(ramp.bytes_per_process()))
    }

    /// Scores above it are anomalies; can be set at any time.
    #[getter]
    fn threshold(&self, py: Python<'_>) -> PyResult<f64> {
        self.ramp.with(py, |ramp| Ok(ramp.config().threshold))
    }

    #[setter]
    fn set_threshold(&self, threshold: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = float(threshold, "threshold")?;
        self.ramp.with(threshold.py(), |ramp| ramp.set_threshold(value))
    }

    /// Score the window that sample `x` (d,) completes.
    ///
    /// Parameters
    /// ----------
    /// x
    ///     One sample, (d,). A float64 array is the fastest.
    /// process
    ///     The process that the sample belongs to. Must not be given with `processes="infer"`.
    ///
    /// Returns
    /// -------
    /// Detection or None
    ///     `None` for the first `reference + window - 1` samples of a process, which complete no window.
    ///
    /// Raises
    /// ------
    /// SpecError
    ///     Another number of values, or a missing value with `nan_policy="raise"`.
    /// SpecTypeError
    ///     Values that are no numbers.
    /// UnknownKeyError
    ///     (KeyError) A process that is not among fixed ones.
    #[pyo3(signature = (x, process=None))]
    fn update(&self, x: &Bound<'_, PyAny>, process: Option<Bound<'_, PyAny>>) -> PyResult<Option<Detection>> {
        let py = x.py();
        let (sample, names) = (sample(x)?, names(x)?);
        let key = process.as_ref().map(|process| key_from_python("process", process)).transpose()?;
        let mut contributions = vec![0.0; self.n_features];
        let found = self.ramp.with(py, |ramp| {
            if names.is_none() {
                return ramp.update(key.as_ref(), &sample, &mut contributions);
            }
            ramp.check_names("x.index", names.as_deref())?;
            let found = ramp.update(key.as_ref(), &sample, &mut contributions)?;
            ramp.keep_names(names);
            Ok(found)
        })?;
        let Some((outcome, owner)) = found else { return Ok(None) };
        let process = match owner {
            Some(owner) => Some(key_to_python(py, &owner)?.unbind()),
            None => process.map(Bound::unbind),
        };
        Ok(Some(Detection { outcome, contributions, process, window: self.window as u64 }))
    }

    /// Return the score that sample `x` would get, and change nothing; NaN while the process fills.
    #[pyo3(signature = (x, process=None))]
    fn score_next(&self, x: &Bound<'_, PyAny>, process: Option<&Bound<'_, PyAny>>) -> PyResult<f64> {
        let (sample, names) = (sample(x)?, names(x)?);
        let key = process.map(|process| key_from_python("process", process)).transpose()?;
        self.ramp.with(x.py(), |ramp| {
            ramp.check_names("x.index", names.as_deref())?;
            ramp.peek(key.as_ref(), &sample)
        })
    }

    /// The rows of `x` (n, d) in turn; gives arrays by name.
    #[pyo3(name = "_score", signature = (x, process=None, names=None))]
    fn score<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        process: Option<&Bound<'py, PyAny>>,
        names: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let key = process.map(|process| key_from_python("process", process)).transpose()?;
        let rows = self.rows(&x)?;
        let n = x.shape()[0];
        let scores = self.with_job(py, n, |ramp, job| {
            ramp.check_names("X.columns", names.as_deref())?;
            let scores = ramp.score(key.as_ref(), &rows, job)?;
            ramp.keep_names(names);
            Ok(scores)
        })?;
        self.scores(py, scores)
    }

    /// The rows of `x` (n, d) of many processes; gives arrays by name.
    #[pyo3(name = "_update_many", signature = (x, processes, threads=None, names=None))]
    fn update_many<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        processes: &Bound<'py, PyAny>,
        threads: Option<usize>,
        names: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let keys = keys_from_python(processes)?;
        let rows = self.rows(&x)?;
        if keys.len() != x.shape()[0] {
            let rule = format!("must have one name per row of X ({})", x.shape()[0]);
            return Err(errors::to_python(&Error::invalid("processes", keys.len(), rule)));
        }
        let update = |ramp: &mut Ramp, job: Option<&Job>| {
            ramp.check_names("X.columns", names.as_deref())?;
            let scores = ramp.update_many(&keys, &rows, threads, job)?;
            ramp.keep_names(names);
            Ok(scores)
        };
        let scores = if self.cells(keys.len()) < LONG {
            py.detach(|| self.blocking(|ramp| update(ramp, None)))?
        } else {
            detached(py, None, |job| update(&mut *self.ramp.lock()?, Some(job)))?
        };
        self.scores(py, scores)
    }

    /// Begin a process with the next sample.
    ///
    /// With `processes="infer"` it takes the next `reference` samples of the stream as its reference while the
    /// others keep scoring. From its first complete window on it can own samples.
    ///
    /// Parameters
    /// ----------
    /// key
    ///     Its name. Default: the lowest number that is no name yet.
    ///
    /// Returns
    /// -------
    /// str or int
    ///     Its name.
    ///
    /// Raises
    /// ------
    /// SpecError
    ///     A name that is taken, or `processes` is a list of names.
    #[pyo3(signature = (key=None))]
    fn add_process<'py>(
        &self,
        py: Python<'py>,
        key: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let key = key.map(|key| key_from_python("key", key)).transpose()?;
        let key = self.ramp.with(py, |ramp| ramp.add_process(key))?;
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
        self.ramp.with(py, |ramp| ramp.feedback(key.as_ref(), &true_positives, &false_positives))
    }

    /// Takes verdicts back, by time.
    #[pyo3(name = "_undo")]
    fn undo(&self, py: Python<'_>, times: Vec<u64>, process: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let key = process.map(|process| key_from_python("process", process)).transpose()?;
        self.ramp.with(py, |ramp| ramp.undo(key.as_ref(), &times))
    }
}

impl RampCore {
    /// The rows of an array, checked for their width.
    fn rows(&self, x: &PyReadonlyArray2<'_, f64>) -> PyResult<Vec<f64>> {
        if x.shape()[1] != self.n_features {
            let rule = format!("must have n_features = {} columns", self.n_features);
            return Err(errors::to_python(&Error::invalid("X.shape[1]", x.shape()[1], rule)));
        }
        guarded(|| copied(x))
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
    let config = config_from_python(settings)?;
    let rows = guarded(|| copied(&x))?;
    let out = detached(py, None, |job| replay(&config, &rows, &start_index, labels.as_deref(), job))?;
    let n = out.scores.len();
    let contributions = PyArray1::from_vec(py, out.contributions).reshape([n, d])?;
    Ok((PyArray1::from_vec(py, out.flags), PyArray1::from_vec(py, out.scores), contributions))
}

/// The names of a sample's channels: of a row of a pandas table (a Series), else none.
fn names(x: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    if x.cast_exact::<PyArray1<f64>>().is_ok() || !x.hasattr("iloc")? {
        return Ok(None);
    }
    Ok(x.getattr("index")?.call_method0("tolist")?.extract().ok())
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
        SpecError::new_err(("x", format!("must be one sample, an array of numbers ({})", error.value(py))))
    })?;
    let dtype = array.getattr("dtype")?;
    let kind: String = dtype.getattr("kind")?.extract()?;
    if !"fiub".contains(&kind) {
        return Err(SpecTypeError::new_err(("x", "must hold real numbers", format!("dtype {dtype}"))));
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
