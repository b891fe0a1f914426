//! A lock that knows which process it was taken in.
//!
//! A child process has a copy of its parent's locks, but only the thread that forked. A lock that another thread of the
//! parent held is never released there: to wait for it would be to wait for ever.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use paranom::{Error, Result};
use pyo3::prelude::*;

use crate::run::guarded;

/// A mutex whose `lock` fails in a process that was forked while the parent held it.
pub(crate) struct ForkLock<T> {
    /// What is locked, for messages.
    what: &'static str,
    /// The process that took the lock last.
    owner: AtomicU32,
    value: Mutex<T>,
}

impl<T> ForkLock<T> {
    pub(crate) fn new(what: &'static str, value: T) -> Self {
        Self { what, owner: AtomicU32::new(process::id()), value: Mutex::new(value) }
    }

    /// The value, once no other thread of this process uses it. A thread that panicked leaves it usable.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, T>> {
        /// A thread that has just taken the lock has written its process's id by then.
        const LOOKS: u32 = 100;
        for _ in 0..LOOKS {
            if let Some(guard) = self.try_lock() {
                return Ok(guard);
            }
            if self.owner.load(Ordering::Acquire) == process::id() {
                return Ok(self.owned(self.value.lock().unwrap_or_else(PoisonError::into_inner)));
            }
            thread::sleep(Duration::from_millis(1));
        }
        let rule = "must be at rest when the process forks: another thread of the parent was using it then; load or make \
                    it anew in the child";
        Err(Error::invalid(self.what, "", rule))
    }

    /// The value, if no other thread uses it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.value.try_lock() {
            Ok(guard) => Some(self.owned(guard)),
            Err(TryLockError::Poisoned(poisoned)) => Some(self.owned(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Runs short `work` on the value; if another thread uses it, waits detached from the interpreter.
    pub(crate) fn with<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut T) -> Result<R> + Send,
    ) -> PyResult<R>
    where
        T: Send,
    {
        match self.try_lock() {
            Some(mut value) => guarded(|| work(&mut value)),
            None => py.detach(|| guarded(|| work(&mut *self.lock()?))),
        }
    }

    fn owned<'a>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.owner.store(process::id(), Ordering::Release);
        guard
    }
}
