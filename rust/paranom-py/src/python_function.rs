//! Python functions as callbacks of the generator. Workers attach to the interpreter once per block.

use std::ffi::c_long;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;

use numpy::{IntoPyArray, PyArrayMethods, PyReadonlyArray1};
use paranom::Result;
use paranom::error::Cause;
use paranom::generate::{Call, Callback, Granularity, ThreadBody};
use paranom::job::Job;
use paranom::random::word;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::type_object::PyTypeInfo;
use pyo3::types::PyTuple;

use crate::call_arrays::{CallArrays, Times};
use crate::context::Context;
use crate::foreign;

pyo3::import_exception!(paranom_rs.generate.callback, BadBlock);

/// The Python function that calls a vectorized one.
fn run_block(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static RUN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RUN.import(py, "paranom_rs.generate.callback", "run_block")
}

/// Looks up what calls need, which is done once.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    BadBlock::type_object(py);
    run_block(py)?;
    Ok(())
}

#[derive(Debug)]
pub(crate) struct PythonFunction {
    pub call: Py<PyAny>,
    pub name: String,
    pub vectorized: bool,
    pub allow_nan: bool,
}

impl Callback for PythonFunction {
    fn granularity(&self) -> Granularity {
        if self.vectorized { Granularity::Block } else { Granularity::Row }
    }

    fn call(&self, call: &Call, out: &mut [f64]) -> Result<()> {
        if self.vectorized {
            call.job.check()?;
            // Made before others have to wait for this thread.
            let arrays = CallArrays::new(call, out.len());
            Python::attach(|py| calling(py, call, || self.block(py, call, arrays, out)))
        } else {
            Python::attach(|py| calling(py, call, || self.rows(py, call, out)))
        }
    }

    fn host_thread(&self, thread: &mut ThreadBody) {
        // Attached once, a thread keeps its state in the interpreter: to make one for each block takes longer.
        Python::attach(|py| py.detach(thread));
    }
}

/// The threads that are in functions of the user: for which job, and their numbers in Python. Locked only by threads that
/// are attached to the interpreter, for moments in which they call nothing of it: so it is not locked when a process forks,
/// for which a free-threaded Python, too, halts all attached threads between their calls.
static CALLING: Mutex<Vec<(usize, c_long)>> = Mutex::new(Vec::new());

fn threads_calling(py: Python<'_>) -> MutexGuard<'static, Vec<(usize, c_long)>> {
    loop {
        match CALLING.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            // Detached, so that nobody has to wait until this thread halts.
            Err(TryLockError::WouldBlock) => py.detach(thread::yield_now),
        }
    }
}

fn address(job: &Job) -> usize {
    std::ptr::from_ref(job) as usize
}

/// Notes, while `work` calls functions, that this thread does.
fn calling<T>(py: Python<'_>, call: &Call, work: impl FnOnce() -> T) -> T {
    let number = py.import("_thread").and_then(|threads| threads.call_method0("get_ident")?.extract());
    let Ok(number) = number else { return work() };
    let me = (address(call.job), number);
    threads_calling(py).push(me);
    let result = work();
    let mut threads = threads_calling(py);
    if let Some(at) = threads.iter().position(|thread| *thread == me) {
        threads.swap_remove(at);
    }
    result
}

/// Raises KeyboardInterrupt in all threads that are in a function for a job. Python code notices it; what waits in the
/// system does not.
pub(crate) fn interrupt(py: Python<'_>, job: &Job) {
    let threads = threads_calling(py).clone();
    for (_, number) in threads.into_iter().filter(|(of, _)| *of == address(job)) {
        foreign::raise_in_thread(number, &py.get_type::<PyKeyboardInterrupt>());
    }
}

impl PythonFunction {
    /// Calls the function for each row.
    fn rows(&self, py: Python<'_>, call: &Call, out: &mut [f64]) -> Result<()> {
        let function = self.call.bind(py);
        let first = call.runs.first().map_or(0, |run| run.row);
        let wrong = |error| self.failed(py, call, first, error);
        let context = Context::new(py, call).map_err(wrong)?;
        let args = PyTuple::new(py, [context.clone()]).map_err(wrong)?;
        let context = context.get();
        let mut out = out.iter_mut();
        for run in call.runs {
            context.enter(run);
            for (row, x) in (run.row..=run.row + (run.len as u64 - 1)).zip(&mut out) {
                call.job.check()?;
                context.go_to(row);
                let value = function.call1(&args).map_err(|error| self.failed(py, call, row, error))?;
                // The call may have been given up while the function ran.
                call.job.check()?;
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
    fn block(&self, py: Python<'_>, call: &Call, arrays: CallArrays, out: &mut [f64]) -> Result<()> {
        let first = call.runs.first().map_or(0, |run| run.row);
        let CallArrays { row, t, events } = arrays;
        let values = (|| {
            let run = run_block(py)?;
            let key = call.source(1 << 30);
            let t = match t {
                Times::Rows => py.None().into_bound(py),
                Times::Numbers(t) => t.into_pyarray(py).into_any(),
                Times::Wholes(t) => t.into_pyarray(py).into_any(),
                Times::Datetimes(t) => {
                    t.into_pyarray(py).call_method1("view", ("datetime64[ns]",))?.into_any()
                }
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
        // The call may have been given up while the function ran.
        call.job.check()?;
        let nan = match values.as_slice() {
            Ok(slice) => py.detach(|| copy(slice, out)),
            Err(_) => copy(&values.to_vec().unwrap_or_default(), out),
        };
        if nan {
            let rows = call.runs.iter().flat_map(|run| run.row..=run.row + (run.len as u64 - 1));
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

/// Copies values, and says whether NaN is among them.
fn copy(values: &[f64], out: &mut [f64]) -> bool {
    /// Values that stay in the first cache between the copy and the check.
    const TOGETHER: usize = 1024;
    let mut nan = false;
    for (values, out) in values.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
        out.copy_from_slice(values);
        // All of them, without a jump in between: that is quicker.
        nan |= values.iter().fold(false, |nan, x| nan | x.is_nan());
    }
    nan
}
