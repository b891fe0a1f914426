//! Call wrappers: [`detached`] for calls that may take long, which releases the GIL; [`guarded`] for short ones.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use paranom::job::Job;
use pyo3::prelude::*;

use crate::errors;

/// Prints no panic that only means a damaged file: that is reported as an error.
pub(crate) fn keep_damaged_files_quiet() {
    let before = take_hook();
    set_hook(Box::new(move |panic| {
        if !paranom_io::is_reading() {
            before(panic);
        }
    }));
}

/// How often a long call checks for Ctrl-C and reports progress.
const POLL: Duration = Duration::from_millis(50);

/// Runs `work` on another thread with the GIL released. Meanwhile this thread wakes to let Python handle its
/// signals (Ctrl-C cancels the work, and its exception is raised once the work has stopped) and to call
/// `progress(done)` with the units done so far.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Job) -> paranom::Result<T> + Send,
) -> PyResult<T> {
    let job = &Job::new();
    // Dropped by this thread, which holds the GIL then: without it, a lock would be taken that a fork may leave locked.
    let progress = progress.map(|call| call.clone().unbind());
    let progress = progress.as_ref();
    py.detach(|| {
        thread::scope(|scope| {
            let (finished, wait) = channel();
            let worker = thread::Builder::new().spawn_scoped(scope, move || {
                let result = catch_unwind(AssertUnwindSafe(|| work(job)));
                // The receiver lives until the join below.
                let _ = finished.send(());
                result
            });
            let worker = worker.map_err(|why| {
                let rule = format!("must be fewer: the system refused a thread ({why})");
                errors::to_python(&paranom::Error::invalid("threads", "", rule))
            })?;
            let mut interrupt = None;
            while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(POLL) {
                if interrupt.is_none()
                    && let Err(error) = Python::attach(|py| poll(py, progress, job))
                {
                    job.cancel();
                    interrupt = Some(error);
                }
            }
            let outcome = worker.join().unwrap_or_else(Err);
            match (interrupt, outcome) {
                (_, Err(panic)) => Err(errors::from_panic(&*panic)),
                (Some(error), _) => Err(error),
                (None, Ok(result)) => {
                    let value = result.map_err(|error| errors::to_python(&error))?;
                    if let Some(call) = progress {
                        Python::attach(|py| call.call1(py, (job.done(),)))?;
                    }
                    Ok(value)
                }
            }
        })
    })
}

fn poll(py: Python<'_>, progress: Option<&Py<PyAny>>, job: &Job) -> PyResult<()> {
    // Signal handlers run between Python instructions; a no-op gives CPython that chance before we ask.
    py.run(c"pass", None, None)?;
    py.check_signals()?;
    if let Some(call) = progress {
        call.call1(py, (job.done(),))?;
    }
    Ok(())
}

/// Runs short `work` here; an error or a panic becomes the Python exception for it.
pub(crate) fn guarded<T>(work: impl FnOnce() -> paranom::Result<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| errors::to_python(&error)),
        Err(panic) => Err(errors::from_panic(&*panic)),
    }
}
