//! Call wrappers: [`detached`] for calls that may take long, which releases the GIL; [`abandonable`] for those among them
//! that call functions of the user; [`guarded`] for short ones; [`here_if`] for those that may be short.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use paranom::job::Job;
use pyo3::prelude::*;

use crate::{errors, memory, python_function};

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
    memory::take_reserve();
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
            let worker = worker.map_err(|why| refused_thread(&why))?;
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

/// How long a cancelled call waits for functions of the user to return.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a call ended that need not wait for its work.
pub(crate) enum Ended<T> {
    Done(PyResult<T>),
    /// It was interrupted, and its work goes on until a function of the user returns: whatever the work uses must be kept.
    Abandoned(PyErr),
}

/// As [`detached`], for work that calls functions of the user, which may not return: then Ctrl-C ends the call without
/// them. Their threads end when they return; what they give is dropped.
pub(crate) fn abandonable<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Job) -> paranom::Result<T> + Send + 'static,
) -> Ended<T> {
    memory::take_reserve();
    let job = Arc::new(Job::new());
    let progress = progress.map(|call| call.clone().unbind());
    let (finished, wait) = channel();
    let theirs = job.clone();
    let spawned = thread::Builder::new().spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| work(&theirs)));
        let _ = finished.send(result);
    });
    if let Err(why) = spawned {
        return Ended::Done(Err(refused_thread(&why)));
    }
    let (running, call) = (&job, progress.as_ref());
    let (interrupt, outcome) = py.detach(move || {
        let mut interrupt: Option<(PyErr, Instant)> = None;
        loop {
            match wait.recv_timeout(POLL) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(outcome) => return (interrupt, Some(outcome)),
                Err(RecvTimeoutError::Disconnected) => return (interrupt, None),
            }
            match &interrupt {
                None => {
                    let polled = Python::attach(|py| {
                        poll(py, call, running).inspect_err(|_| {
                            running.cancel();
                            python_function::interrupt(py, running);
                        })
                    });
                    if let Err(error) = polled {
                        interrupt = Some((error, Instant::now()));
                    }
                }
                Some((_, since)) if since.elapsed() > PATIENCE => return (interrupt, None),
                Some(_) => {}
            }
        }
    });
    Ended::Done(match (interrupt, outcome) {
        (Some((error, _)), None) => return Ended::Abandoned(error),
        (None, None) => Err(errors::from_panic(&"a thread ended without a result")),
        (_, Some(Err(panic))) => Err(errors::from_panic(&*panic)),
        (Some((error, _)), _) => Err(error),
        (None, Some(Ok(Err(error)))) => Err(errors::to_python(&error)),
        (None, Some(Ok(Ok(value)))) => match &progress {
            Some(call) => call.call1(py, (job.done(),)).map(|_| value),
            None => Ok(value),
        },
    })
}

fn refused_thread(why: &std::io::Error) -> PyErr {
    let rule = format!("must be fewer: the system refused a thread ({why})");
    errors::to_python(&paranom::Error::invalid("threads", "", rule))
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

/// Runs `work` as [`guarded`] where it is short, else as [`detached`]: a thread takes longer than a short call.
pub(crate) fn here_if<T: Send>(
    is_short: bool,
    py: Python<'_>,
    work: impl FnOnce(&Job) -> paranom::Result<T> + Send,
) -> PyResult<T> {
    if is_short { guarded(|| work(&Job::new())) } else { detached(py, None, work) }
}

/// Runs short `work` here; an error or a panic becomes the Python exception for it.
pub(crate) fn guarded<T>(work: impl FnOnce() -> paranom::Result<T>) -> PyResult<T> {
    memory::take_reserve();
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| errors::to_python(&error)),
        Err(panic) => Err(errors::from_panic(&*panic)),
    }
}
