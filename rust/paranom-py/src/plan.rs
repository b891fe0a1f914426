//! The generator's plan: check a spec, fill arrays.

use std::sync::Arc;

use numpy::{Element, IntoPyArray, PyArray1, PyArrayMethods, PyReadwriteArray1};
use paranom::error::try_vec;
use paranom::generate::{Column, Real, RowRange, Time};
use paranom::job::Job;
use paranom::pool;
use pyo3::prelude::*;

use crate::errors::{spec_error, type_error};
use crate::foreign;
use crate::fork_lock::ForkLock;
use crate::run::{Ended, abandonable, detached, guarded};
use crate::value::spec_value;

/// Fewer values than this are filled on this thread: they are not worth another.
const SMALL: usize = 1 << 18;

/// A checked spec, ready to give the values of any rows.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Plan(pub(crate) Arc<paranom::generate::Plan>);

/// What is known of the rows before those that are filled next: batches in order share one.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct FillState(Arc<ForkLock<paranom::generate::FillState>>);

#[pymethods]
impl FillState {
    /// Before row 0.
    #[new]
    fn new() -> Self {
        Self(Arc::new(ForkLock::new("FillState", paranom::generate::FillState::new())))
    }

    /// The data registered, and the bytes they take.
    #[getter]
    fn size(&self, py: Python<'_>) -> PyResult<(usize, usize)> {
        self.0.with(py, |state| Ok((state.data(), state.bytes())))
    }
}

/// Runs of rows as arrays: starts, stops; and how many labels they are joined from.
type Runs<'py> = (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<u64>>, usize);

/// Events as arrays: starts, stops, kinds, ids.
type Events<'py> = (
    Bound<'py, PyArray1<u64>>,
    Bound<'py, PyArray1<u64>>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u64>>,
);

#[pymethods]
impl Plan {
    /// Checks a spec: a dict as `Generator.to_spec` gives it.
    #[new]
    fn new(spec: &Bound<'_, PyAny>) -> PyResult<Self> {
        let value = spec_value(spec)?;
        Ok(Self(Arc::new(guarded(|| paranom::generate::Plan::new(&value))?)))
    }

    /// The names of the variables that are delivered, in column order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.0.names().map(Into::into).collect()
    }

    /// The names of all variables, by position: hidden ones, too.
    #[getter]
    fn all_names(&self) -> Vec<String> {
        self.0.all_names().map(Into::into).collect()
    }

    /// What the variables' values are, in column order: (float, int64, bool or states; the states).
    #[getter]
    fn columns(&self) -> Vec<(&'static str, Vec<String>)> {
        let column = |column: &Column| match column {
            Column::Float => ("float", Vec::new()),
            Column::Int64 => ("int64", Vec::new()),
            Column::Bool => ("bool", Vec::new()),
            Column::States(states) => ("states", states.clone()),
        };
        self.0.columns().map(column).collect()
    }

    /// The anomalies: (name, positions of the variables they affect).
    #[getter]
    fn kinds(&self) -> Vec<(String, Vec<usize>)> {
        self.0.anomalies().iter().map(|anomaly| (anomaly.name.clone(), anomaly.variables.clone())).collect()
    }

    /// How normal rules depend on other variables: (source, target, lag) by position.
    #[getter]
    fn graph(&self) -> Vec<(usize, usize, u64)> {
        self.0.edges().map(|edge| (edge.source, edge.target, edge.lag)).collect()
    }

    /// For each anomaly, the values that its events change: (variable, rows later).
    #[getter]
    fn reach(&self) -> Vec<Vec<(usize, u64)>> {
        (0..self.0.anomalies().len()).map(|anomaly| self.0.reach(anomaly).to_vec()).collect()
    }

    /// For each anomaly, the dependences that its events cut: (source, target).
    #[getter]
    fn broken(&self) -> Vec<Vec<(usize, usize)>> {
        (0..self.0.anomalies().len()).map(|anomaly| self.0.broken(anomaly)).collect()
    }

    /// The canonical spec: what the spec says, defaults filled in, one line for each value.
    #[getter]
    fn canonical(&self) -> &str {
        self.0.canonical()
    }

    /// The recorded series, in the order of their lines in the canonical spec.
    #[getter]
    fn series<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyArray1<f64>>> {
        self.0.series().iter().map(|series| PyArray1::from_slice(py, series)).collect()
    }

    /// The stream that the spec's values belong to.
    #[getter]
    fn stream(&self) -> u64 {
        self.0.stream().number()
    }

    /// Refuses rows that are not there: beyond a recording's end, or without a time.
    #[pyo3(signature = (start, rows, /))]
    fn check_rows(&self, start: u64, rows: u64) -> PyResult<()> {
        guarded(|| self.0.check_rows(start, rows))
    }

    /// The rows there are, when a recording must not begin anew; else None.
    #[getter]
    fn most_rows(&self) -> Option<u64> {
        self.0.most_rows()
    }

    /// Which anomalies are decoys.
    #[getter]
    fn decoys(&self) -> Vec<usize> {
        self.0.anomalies().iter().enumerate().filter(|(_, anomaly)| anomaly.decoy).map(|(i, _)| i).collect()
    }

    /// The events that touch `rows` rows from `start` on, whole: starts, stops, kinds, ids. `of` is anomalies, decoys, or
    /// left_out: the anomalies and decoys that no draw made hard enough to find.
    #[pyo3(signature = (start, rows, /, *, of="anomalies"))]
    fn events<'py>(&self, py: Python<'py>, start: u64, rows: u64, of: &str) -> PyResult<Events<'py>> {
        let (starts, stops, kinds, ids) = detached(py, None, |job| {
            self.0.check_rows(start, rows)?;
            let mut events = if of == "left_out" {
                self.0.left_out(start, rows, job)?
            } else {
                self.0.events(start, rows, job)?
            };
            if of != "left_out" {
                events.retain(|event| self.0.anomalies()[event.anomaly].decoy == (of == "decoys"));
            }
            Ok((
                of_each(&events, |event| event.start)?,
                of_each(&events, |event| event.stop)?,
                of_each(&events, |event| event.anomaly as i64)?,
                of_each(&events, |event| event.id)?,
            ))
        })?;
        Ok((starts.into_pyarray(py), stops.into_pyarray(py), kinds.into_pyarray(py), ids.into_pyarray(py)))
    }

    /// The parameters that the events of `events` (anomalies alone) have drawn for themselves: for each
    /// event, (position of the variable, place in its rule, value).
    #[pyo3(signature = (start, rows, /))]
    fn drawn(&self, py: Python<'_>, start: u64, rows: u64) -> PyResult<Vec<Vec<(usize, String, f64)>>> {
        detached(py, None, |job| {
            self.0.check_rows(start, rows)?;
            let events = self.0.events(start, rows, job)?;
            let events = events.iter().filter(|event| !self.0.anomalies()[event.anomaly].decoy);
            let own = |event| self.0.drawn(event).map(|(at, place, x)| (at, place.to_owned(), x)).collect();
            Ok(events.map(own).collect())
        })
    }

    /// The times of `rows` rows from `start` on: float64, or int64 in nanoseconds since 1970. None where they are the row
    /// numbers.
    #[pyo3(signature = (start, rows, /))]
    fn times<'py>(&self, py: Python<'py>, start: u64, rows: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        let time = self.0.time();
        let last = start.saturating_add((rows as u64).saturating_sub(1));
        if rows > 0 {
            guarded(|| time.check(start, last))?;
        }
        Ok(match time {
            Time::Row => None,
            Time::Number(clock) => {
                let times = PyArray1::zeros(py, rows, false);
                in_pieces(py, start, times.readwrite().as_slice_mut()?, |start, out| clock.fill(start, out))?;
                Some(times.into_any())
            }
            Time::Whole(clock) => {
                let times = PyArray1::zeros(py, rows, false);
                in_pieces(py, start, times.readwrite().as_slice_mut()?, |start, out| clock.fill(start, out))?;
                Some(times.into_any())
            }
            Time::Datetime(dates) => {
                let times = PyArray1::zeros(py, rows, false);
                in_pieces(py, start, times.readwrite().as_slice_mut()?, |start, out| dates.fill(start, out))?;
                Some(times.into_any())
            }
        })
    }

    /// The rows among `rows` rows from `start` on at which a variable's normal rules change: starts, stops.
    #[pyo3(signature = (variable, start, rows, /))]
    fn changes<'py>(
        &self,
        py: Python<'py>,
        variable: usize,
        start: u64,
        rows: u64,
    ) -> (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<u64>>) {
        let found = self.0.changes(variable, start, rows);
        let (starts, stops): (Vec<u64>, Vec<u64>) = found.into_iter().unzip();
        (starts.into_pyarray(py), stops.into_pyarray(py))
    }

    /// Which of `rows` rows from `start` on have lost their value of a variable.
    #[pyo3(signature = (variable, start, rows, /))]
    fn missing<'py>(
        &self,
        py: Python<'py>,
        variable: usize,
        start: u64,
        rows: usize,
    ) -> PyResult<Bound<'py, PyArray1<bool>>> {
        let mask = PyArray1::zeros(py, rows, false);
        in_pieces(py, start, mask.readwrite().as_slice_mut()?, |start, out| {
            self.0.missing(variable, start, out);
        })?;
        Ok(mask)
    }

    /// The labelled rows among `rows` rows from `start` on, as whole runs: starts, stops; and of how many labels.
    #[pyo3(signature = (start, rows, /))]
    fn anomalous<'py>(&self, py: Python<'py>, start: u64, rows: u64) -> PyResult<Runs<'py>> {
        let (starts, stops, labels) = detached(py, None, |job| {
            self.0.check_rows(start, rows)?;
            let (runs, labels) = self.0.anomalous(start, rows, job)?;
            Ok((of_each(&runs, |run| run.0)?, of_each(&runs, |run| run.1)?, labels))
        })?;
        Ok((starts.into_pyarray(py), stops.into_pyarray(py), labels))
    }

    /// Fills columns (float64 or float32, one for each variable) and labels (int8) with ranges of rows.
    ///
    /// `rows` holds (start, length) pairs; `clean` leaves the anomalies out; `threads` is 1 to 1024 or None;
    /// `progress` is called with the rows done so far. `state` is what earlier fills know of lower rows. Gives the
    /// rows that Soft let through with a datum of a lower row: normal and anomalous ones.
    #[pyo3(signature = (rows, columns, labels, /, *, clean, threads, progress, state=None))]
    #[allow(clippy::too_many_arguments)] // the arguments of one call from Python
    fn fill(
        &self,
        py: Python<'_>,
        rows: Vec<(u64, usize)>,
        columns: Vec<Bound<'_, PyAny>>,
        labels: PyReadwriteArray1<'_, i8>,
        clean: bool,
        threads: Option<usize>,
        progress: Option<&Bound<'_, PyAny>>,
        state: Option<&Bound<'_, FillState>>,
    ) -> PyResult<(u64, u64)> {
        let rows: Vec<RowRange> = rows.into_iter().map(|(start, len)| RowRange { start, len }).collect();
        let state = state.map(|state| state.get().0.clone());
        let call = Call { plan: self.0.clone(), rows, clean, state };
        if columns.first().is_some_and(|column| column.cast::<PyArray1<f32>>().is_ok()) {
            call.run::<f32>(py, &columns, labels, threads, progress)
        } else {
            call.run::<f64>(py, &columns, labels, threads, progress)
        }
    }
}

/// What a fill is asked for.
struct Call {
    plan: Arc<paranom::generate::Plan>,
    rows: Vec<RowRange>,
    clean: bool,
    state: Option<Arc<ForkLock<paranom::generate::FillState>>>,
}

impl Call {
    fn run<T: Real + Element + 'static>(
        self,
        py: Python<'_>,
        columns: &[Bound<'_, PyAny>],
        labels: PyReadwriteArray1<'_, i8>,
        threads: Option<usize>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(u64, u64)> {
        let mut labels = labels;
        // Borrowing them all at once refuses columns that overlap.
        let mut columns = columns
            .iter()
            .map(|column| column.cast::<PyArray1<T>>()?.try_readwrite().map_err(|_| in_use()))
            .collect::<PyResult<Vec<PyReadwriteArray1<'_, T>>>>()?;
        let slices = columns.iter_mut().map(contiguous).collect::<PyResult<Vec<_>>>()?;
        let out = contiguous(&mut labels)?;
        let size = out.len().saturating_mul(slices.len());
        if size < SMALL && self.plan.is_plain() {
            return py.detach(|| {
                guarded(|| {
                    pool::thread_count(threads)?;
                    self.fill(1, slices, out, &Job::new())
                })
            });
        }
        let threads = guarded(|| pool::thread_count(threads))?;
        if !self.plan.calls() {
            return detached(py, progress, |job| self.fill(threads, slices, out, job));
        }
        let slices: Vec<&'static mut [T]> = slices.into_iter().map(foreign::lasting).collect();
        let out = foreign::lasting(out);
        match abandonable(py, progress, move |job| self.fill(threads, slices, out, job)) {
            Ended::Done(result) => result,
            Ended::Abandoned(error) => {
                // The work may still write to them.
                std::mem::forget((columns, labels));
                Err(error)
            }
        }
    }

    fn fill<T: Real>(
        &self,
        threads: usize,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> paranom::Result<(u64, u64)> {
        let Self { plan, rows, clean, state } = self;
        for range in rows {
            plan.check_rows(range.start, range.len as u64)?;
        }
        let mut fresh = paranom::generate::FillState::new();
        let mut kept = state.as_ref().map(|state| state.lock()).transpose()?;
        let state = kept.as_deref_mut().unwrap_or(&mut fresh);
        let fill = || plan.fill_after(state, rows, *clean, columns, labels, job);
        let duplicates = if threads == 1 && plan.is_plain() { fill()? } else { plan.run(threads, fill)?? };
        Ok((duplicates.normal, duplicates.anomalous))
    }
}

/// Fills an array that says something of each row from `start` on: a long one with the GIL released, until Ctrl-C.
fn in_pieces<T: Send>(
    py: Python<'_>,
    start: u64,
    out: &mut [T],
    fill: impl Fn(u64, &mut [T]) + Sync,
) -> PyResult<()> {
    let short = out.len() <= SMALL;
    let mut work = |job: &Job| {
        for (n, piece) in out.chunks_mut(SMALL).enumerate() {
            job.check()?;
            fill(start + (n * SMALL) as u64, piece);
        }
        Ok(())
    };
    if short { guarded(|| work(&Job::new())) } else { detached(py, None, work) }
}

/// A number of each item.
fn of_each<T, N>(items: &[T], number: impl Fn(&T) -> N) -> paranom::Result<Vec<N>> {
    let mut numbers = try_vec(items.len())?;
    numbers.extend(items.iter().map(number));
    Ok(numbers)
}

fn in_use() -> PyErr {
    spec_error("out", "must not be filled or read by another thread meanwhile", None)
}

fn contiguous<'a, T: Element>(array: &'a mut PyReadwriteArray1<'_, T>) -> PyResult<&'a mut [T]> {
    array.as_slice_mut().map_err(|_| type_error("out", "must be contiguous", None))
}
