//! Memory of texts that are written: the first use of new memory costs more than filling it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Memory that those who make texts take, and those who write them give back.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<Vec<u8>>>>);

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty text.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.kept().pop().unwrap_or_default()
    }

    /// A text that nobody needs any more.
    pub(crate) fn give(&self, mut text: Vec<u8>) {
        text.clear();
        self.kept().push(text);
    }
}
