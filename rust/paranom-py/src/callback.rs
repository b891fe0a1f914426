//! Python functions as callbacks of the generator. Workers attach to the interpreter once per block.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use numpy::{IntoPyArray, PyArrayMethods, PyReadonlyArray1};
use paranom::Result;
use paranom::error::Cause;
use paranom::generate::native::Native;
use paranom::generate::{Call, Callback, Life, Manner, Part, SharedCallback, Time};
use paranom::random::{Source, normal, scale, unit, word};
use paranom::spec::Handle;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::errors::SpecError;
use crate::foreign;

pyo3::import_exception!(paranom_rs.generate.callback, BadBlock);

/// A function that gives values of a variable: what a `Callback` puts into a spec.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Function {
    call: Py<PyAny>,
    name: String,
    vectorized: bool,
    allow_nan: bool,
    /// Where the code of a native function is; `call` owns it.
    address: Option<usize>,
}

#[pymethods]
impl Function {
    /// `call` under the name that messages and the record of the spec show.
    #[new]
    #[pyo3(signature = (call, name, /, *, vectorized, allow_nan))]
    fn new(call: Py<PyAny>, name: String, vectorized: bool, allow_nan: bool) -> Self {
        Self { call, name, vectorized, allow_nan, address: None }
    }

    /// A native function whose code `owner` keeps at `address`: what is there must be a function of the signature that
    /// `paranom_rs.generate.native.Native` documents.
    #[staticmethod]
    #[pyo3(signature = (owner, address, name, /, *, allow_nan))]
    fn native(owner: Py<PyAny>, address: usize, name: String, allow_nan: bool) -> Self {
        Self { call: owner, name, vectorized: false, allow_nan, address: Some(address) }
    }

    /// The name.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }
}

impl Function {
    /// The function as a spec of the library carries it.
    pub(crate) fn handle(&self, py: Python<'_>) -> Handle {
        let (name, call) = (self.name.clone(), self.call.clone_ref(py));
        let shared: SharedCallback = match self.address {
            Some(address) => Arc::new(Owned {
                native: foreign::native(address, name.clone(), self.allow_nan),
                _owner: call,
            }),
            None => Arc::new(PythonFunction {
                call,
                name: name.clone(),
                vectorized: self.vectorized,
                allow_nan: self.allow_nan,
            }),
        };
        Handle { name, item: Arc::new(shared) }
    }
}

/// A native function, and the Python object that keeps its code where it is.
#[derive(Debug)]
struct Owned {
    native: Native,
    _owner: Py<PyAny>,
}

impl Callback for Owned {
    fn manner(&self) -> Manner {
        self.native.manner()
    }

    fn call(&self, call: &Call, out: &mut [f64]) -> Result<()> {
        self.native.call(call, out)
    }
}

#[derive(Debug)]
struct PythonFunction {
    call: Py<PyAny>,
    name: String,
    vectorized: bool,
    allow_nan: bool,
}

impl Callback for PythonFunction {
    fn manner(&self) -> Manner {
        if self.vectorized { Manner::Blocks } else { Manner::Rows }
    }

    fn call(&self, call: &Call, out: &mut [f64]) -> Result<()> {
        if self.vectorized {
            call.job.check()?;
            // Made before others have to wait for this thread.
            let arrays = Arrays::new(call, out.len());
            Python::attach(|py| self.block(py, call, arrays, out))
        } else {
            Python::attach(|py| self.rows(py, call, out))
        }
    }

    fn host(&self, thread: &mut Life) {
        // Attached once, a thread keeps its state in the interpreter: to make one for each block takes longer.
        Python::attach(|py| py.detach(thread));
    }
}

/// What a vectorized function is told of its rows.
struct Arrays {
    row: Vec<i64>,
    t: Times,
    /// Ids, offsets and durations; none in a normal function.
    events: Option<(Vec<i64>, Vec<i64>, Vec<i64>)>,
}

enum Times {
    Rows,
    Numbers(Vec<f64>),
    Datetimes(Vec<i64>),
}

impl Arrays {
    fn new(call: &Call, rows: usize) -> Self {
        let mut row = Vec::with_capacity(rows);
        for part in call.parts {
            let first = part.row as i64;
            row.extend(first..first + part.len as i64);
        }
        let events = call.anomalous.then(|| {
            let (mut id, mut offset, mut duration) =
                (Vec::with_capacity(rows), Vec::with_capacity(rows), Vec::with_capacity(rows));
            for (part, event) in call.parts.iter().filter_map(|part| Some((part, part.event?))) {
                let since = (part.row - event.start) as i64;
                offset.extend(since..since + part.len as i64);
                id.resize(offset.len(), event.id as i64);
                duration.resize(offset.len(), (event.stop - event.start) as i64);
            }
            (id, offset, duration)
        });
        let t = match call.time {
            Time::Row => Times::Rows,
            Time::Number(clock) => {
                let mut t = vec![0.0; rows];
                each_part(call.parts, &mut t, |row, out| clock.fill(row, out));
                Times::Numbers(t)
            }
            Time::Datetime(clock) => {
                let mut t = vec![0; rows];
                each_part(call.parts, &mut t, |row, out| clock.fill(row, out));
                Times::Datetimes(t)
            }
        };
        Self { row, t, events }
    }
}

/// Copies values, and says whether NaN is among them.
fn copy(values: &[f64], out: &mut [f64]) -> bool {
    /// Values that stay in the first cache between the copy and the look.
    const TOGETHER: usize = 1024;
    let mut nan = false;
    for (values, out) in values.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
        out.copy_from_slice(values);
        // All of them, without looking up in between: that is quicker.
        nan |= values.iter().fold(false, |nan, x| nan | x.is_nan());
    }
    nan
}

/// Fills `out`, which holds something for each row of the parts, part by part.
fn each_part<T>(parts: &[Part], out: &mut [T], mut fill: impl FnMut(u64, &mut [T])) {
    let mut out = out;
    for part in parts {
        let (now, later) = out.split_at_mut(part.len);
        fill(part.row, now);
        out = later;
    }
}

impl PythonFunction {
    /// Calls the function for each row.
    fn rows(&self, py: Python<'_>, call: &Call, out: &mut [f64]) -> Result<()> {
        let function = self.call.bind(py);
        let first = call.parts.first().map_or(0, |part| part.row);
        let wrong = |error| self.failed(py, call, first, error);
        let context = Context::new(py, call).map_err(wrong)?;
        let args = PyTuple::new(py, [context.clone()]).map_err(wrong)?;
        let context = context.get();
        let draws = context.rng.get();
        let mut out = out.iter_mut();
        for part in call.parts {
            context.enter(part);
            for (row, x) in (part.row..=part.row + (part.len as u64 - 1)).zip(&mut out) {
                call.job.check()?;
                context.row.store(row, Relaxed);
                draws.row.store(row, Relaxed);
                draws.draw.store(0, Relaxed);
                let value = function.call1(&args).map_err(|error| self.failed(py, call, row, error))?;
                *x = value.extract::<f64>().map_err(|_| {
                    let found = value.get_type();
                    call.error(row, format!("{} must give a number, got {found}", self.name), None)
                })?;
                self.check(call, row, *x)?;
                if let Some(past) = &call.past {
                    context.remember(*x, past.most);
                }
            }
        }
        Ok(())
    }

    /// Calls the function once for all rows.
    fn block(&self, py: Python<'_>, call: &Call, arrays: Arrays, out: &mut [f64]) -> Result<()> {
        static RUN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let first = call.parts.first().map_or(0, |part| part.row);
        let Arrays { row, t, events } = arrays;
        let values = (|| {
            let run = RUN.import(py, "paranom_rs.generate.callback", "run_block")?;
            let key = call.source(1 << 30);
            let t = match t {
                Times::Rows => py.None().into_bound(py),
                Times::Numbers(t) => t.into_pyarray(py).into_any(),
                Times::Datetimes(t) => t.into_pyarray(py).into_any(),
            };
            let values = run.call1((
                &self.call,
                row.into_pyarray(py),
                t,
                events.map(|(id, offset, duration)| {
                    (id.into_pyarray(py), offset.into_pyarray(py), duration.into_pyarray(py))
                }),
                call.attempt,
                (word(key, 2 * call.block()), word(key, 2 * call.block() + 1)),
            ))?;
            values.extract::<PyReadonlyArray1<'_, f64>>()
        })();
        let values = values.map_err(|error: PyErr| {
            if error.is_instance_of::<BadBlock>(py) {
                let why = format!("{} {}, for block {}", self.name, error.value(py), call.block());
                call.error(first, why, None)
            } else {
                self.failed(py, call, first, error)
            }
        })?;
        let nan = match values.as_slice() {
            Ok(slice) => py.detach(|| copy(slice, out)),
            Err(_) => copy(&values.to_vec().unwrap_or_default(), out),
        };
        if nan {
            let rows = call.parts.iter().flat_map(|part| part.row..=part.row + (part.len as u64 - 1));
            for (row, x) in rows.zip(out.iter()) {
                self.check(call, row, *x)?;
            }
        }
        Ok(())
    }

    fn check(&self, call: &Call, row: u64, x: f64) -> Result<()> {
        if x.is_nan() && !self.allow_nan {
            return Err(call.nan(row, &self.name));
        }
        Ok(())
    }

    fn failed(&self, py: Python<'_>, call: &Call, row: u64, error: PyErr) -> paranom::Error {
        let why = format!("{} raised {}", self.name, error.get_type(py));
        call.error(row, why, Some(Cause(Arc::new(error))))
    }
}

/// What a callback is told about the row it is called for. One object serves all rows of a block: keep none.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Context {
    row: AtomicU64,
    /// The event's id, first row and duration; a duration of 0 for none.
    event: AtomicI64,
    start: AtomicU64,
    duration: AtomicU64,
    attempt: u32,
    time: Time,
    /// The last values, oldest first; none where the function is not asked row after row.
    past: Option<Mutex<VecDeque<f64>>>,
    rng: Py<Draws>,
}

impl Context {
    fn new<'py>(py: Python<'py>, call: &Call) -> PyResult<Bound<'py, Self>> {
        let draws = Draws { source: call.source(0), row: AtomicU64::new(0), draw: AtomicU32::new(0) };
        Bound::new(
            py,
            Self {
                row: AtomicU64::new(0),
                event: AtomicI64::new(0),
                start: AtomicU64::new(0),
                duration: AtomicU64::new(0),
                attempt: call.attempt,
                time: call.time,
                past: call.past.map(|past| Mutex::new(past.values.iter().copied().collect())),
                rng: Py::new(py, draws)?,
            },
        )
    }

    fn past(&self) -> Option<MutexGuard<'_, VecDeque<f64>>> {
        Some(self.past.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn remember(&self, x: f64, most: usize) {
        let Some(mut past) = self.past() else { return };
        if past.len() >= most {
            past.pop_front();
        }
        past.push_back(x);
    }

    fn enter(&self, part: &Part) {
        let (id, start, duration) =
            part.event.map_or((0, 0, 0), |event| (event.id as i64, event.start, event.stop - event.start));
        self.event.store(id, Relaxed);
        self.start.store(start, Relaxed);
        self.duration.store(duration, Relaxed);
    }
}

#[pymethods]
impl Context {
    /// The row's number.
    #[getter]
    fn row(&self) -> u64 {
        self.row.load(Relaxed)
    }

    /// The row's timestamp: its number, a float, or a datetime64[ns], as the generator's `time` has it.
    #[getter]
    fn t<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let row = self.row.load(Relaxed);
        match self.time {
            Time::Row => Ok(row.into_pyobject(py)?.into_any()),
            Time::Number(clock) => Ok(clock.of(row).into_pyobject(py)?.into_any()),
            Time::Datetime(clock) => py.import("numpy")?.getattr("datetime64")?.call1((clock.of(row), "ns")),
        }
    }

    /// The last values of the variable, oldest first, at most as many as `Callback(previous=…)` asks for: `previous[-1]`
    /// is that of the row before. Empty at the first row.
    #[getter]
    fn previous<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match self.past() {
            Some(past) => PyTuple::new(py, past.iter()),
            None => Err(PyAttributeError::new_err("previous: goes with Callback(sequential=True)")),
        }
    }

    /// Which try this is, from 0; above 0 only where uniqueness draws the row anew.
    #[getter]
    fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The id of the event that the row belongs to, as in `Dataset.event`; None in a normal function.
    #[getter]
    fn event(&self) -> Option<i64> {
        (self.duration.load(Relaxed) > 0).then(|| self.event.load(Relaxed))
    }

    /// The rows since the event began; 0 in a normal function.
    #[getter]
    fn offset(&self) -> u64 {
        if self.duration.load(Relaxed) > 0 { self.row.load(Relaxed) - self.start.load(Relaxed) } else { 0 }
    }

    /// The rows that the event lasts; 0 in a normal function.
    #[getter]
    fn duration(&self) -> u64 {
        self.duration.load(Relaxed)
    }

    /// Random numbers for this row, try and variable: the same in every slice.
    #[getter]
    fn rng(&self, py: Python<'_>) -> Py<Draws> {
        self.rng.clone_ref(py)
    }
}

/// Random numbers addressed by (seed, variable, row, try, how many were drawn before).
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Draws {
    source: Source,
    row: AtomicU64,
    draw: AtomicU32,
}

impl Draws {
    fn next(&self) -> (Source, u64) {
        let draw = self.draw.load(Relaxed);
        self.draw.store(draw.wrapping_add(1), Relaxed);
        let site = self.source.site | (draw % paranom::generate::MOST_DRAWS);
        (Source { site, ..self.source }, self.row.load(Relaxed))
    }

    fn unit(&self) -> f64 {
        let (source, row) = self.next();
        unit(word(source, row))
    }

    fn below(&self, n: u64) -> u64 {
        let (source, row) = self.next();
        scale(word(source, row), n)
    }
}

#[pymethods]
impl Draws {
    /// A number in [0, 1), 53 random bits.
    fn random(&self) -> f64 {
        self.unit()
    }

    /// A number in [low, high).
    #[pyo3(signature = (low = 0.0, high = 1.0))]
    fn uniform(&self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// A normal number.
    #[pyo3(signature = (mean = 0.0, std = 1.0))]
    fn normal(&self, mean: f64, std: f64) -> f64 {
        let (source, row) = self.next();
        mean + std * normal(source, row)
    }

    /// A whole number in [low, high), or in [0, low) without high.
    #[pyo3(signature = (low, high = None))]
    fn integers(&self, low: i64, high: Option<i64>) -> PyResult<i64> {
        let (low, high) = high.map_or((0, low), |high| (low, high));
        let width = i128::from(high) - i128::from(low);
        if width < 1 {
            return Err(SpecError::new_err(format!("high: must be > low ({low}), got {high}")));
        }
        Ok((i128::from(low) + i128::from(self.below(width as u64))) as i64)
    }

    /// One of the items of a sequence, all equally likely.
    fn choice<'py>(&self, items: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let n = items.len()?;
        if n == 0 {
            return Err(SpecError::new_err("items: must hold at least one"));
        }
        items.get_item(self.below(n as u64))
    }
}
