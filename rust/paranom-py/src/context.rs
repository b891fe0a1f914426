//! What a function that is called row by row sees of its row.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use paranom::generate::{Call, Run, Time};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::draws::Draws;

/// What a callback sees of the row it is called for. One object serves all rows of a block: do not keep it.
///
/// Examples
/// --------
/// >>> from paranom_rs import Anomaly, Callback, Generator
/// >>> def level(ctx):
/// ...     return float(ctx.row if ctx.event is None else -1)
/// >>> variables = {"x": Callback(normal=level, anomalous=level)}
/// >>> Generator(variables, anomalies=Anomaly(events=[(2, 4)])).generate(5)["x"].tolist()
/// [0.0, 1.0, -1.0, -1.0, 4.0]
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Context {
    row: AtomicU64,
    /// The event's id, first row and duration; a duration of 0 for none.
    event: AtomicI64,
    start: AtomicU64,
    duration: AtomicU64,
    attempt: u32,
    time: Time,
    /// The last values, oldest first; none where the function is not sequential.
    past: Option<Mutex<VecDeque<f64>>>,
    rng: Py<Draws>,
}

impl Context {
    pub(crate) fn new<'py>(py: Python<'py>, call: &Call) -> PyResult<Bound<'py, Self>> {
        Bound::new(
            py,
            Self {
                row: AtomicU64::new(0),
                event: AtomicI64::new(0),
                start: AtomicU64::new(0),
                duration: AtomicU64::new(0),
                attempt: call.attempt,
                time: call.time.clone(),
                past: call.past.map(|past| Mutex::new(past.values.iter().copied().collect())),
                rng: Py::new(py, Draws::new(call.source(0)))?,
            },
        )
    }

    /// Moves on to a row.
    pub(crate) fn go_to(&self, row: u64) {
        self.row.store(row, Relaxed);
        self.rng.get().go_to(row);
    }

    fn past(&self) -> Option<MutexGuard<'_, VecDeque<f64>>> {
        Some(self.past.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn remember(&self, x: f64, most: usize) {
        let Some(mut past) = self.past() else { return };
        if past.len() >= most {
            past.pop_front();
        }
        past.push_back(x);
    }

    pub(crate) fn enter(&self, run: &Run) {
        let (id, start, duration) =
            run.event.map_or((0, 0, 0), |event| (event.id as i64, event.start, event.stop - event.start));
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
        match &self.time {
            Time::Row => Ok(row.into_pyobject(py)?.into_any()),
            Time::Number(clock) => Ok(clock.of(row).into_pyobject(py)?.into_any()),
            Time::Whole(clock) => Ok(clock.of(row).into_pyobject(py)?.into_any()),
            Time::Datetime(clock) => py.import("numpy")?.getattr("datetime64")?.call1((clock.of(row), "ns")),
        }
    }

    /// The last values of the variable, oldest first, at most as many as `Callback(previous=…)` asks for: `previous[-1]`
    /// is that of the row before. Empty at the first row.
    #[getter]
    fn previous<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // No Python object is made under the lock: that may wait for all threads, also for one that waits for the lock.
        let past: Option<Vec<f64>> = self.past().map(|past| past.iter().copied().collect());
        match past {
            Some(past) => PyTuple::new(py, past),
            None => Err(PyAttributeError::new_err("previous: must go with Callback(sequential=True)")),
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
        // Another thread, to which the function has handed this object, may see a row of one run and the start of another.
        let since = self.row.load(Relaxed).saturating_sub(self.start.load(Relaxed));
        if self.duration.load(Relaxed) > 0 { since } else { 0 }
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
