//! The last items of a sequence, side by side in memory.

use crate::Result;
use crate::error::try_vec;

/// The last `kept` items of a sequence.
///
/// New items are appended; when the buffer is full, the items that are kept move back to its front.
#[derive(Debug, Clone)]
pub(super) struct History<T> {
    buffer: Vec<T>,
    kept: usize,
}

impl<T: Copy> History<T> {
    pub(super) fn new(kept: usize, fill: T) -> Result<Self> {
        let mut buffer = try_vec(2 * kept)?;
        buffer.resize(kept, fill);
        Ok(Self { buffer, kept })
    }

    #[inline]
    pub(super) fn push(&mut self, item: T) {
        if self.buffer.len() == 2 * self.kept {
            self.buffer.copy_within(self.kept.., 0);
            self.buffer.truncate(self.kept);
        }
        self.buffer.push(item);
    }

    #[inline]
    pub(super) fn all(&self) -> &[T] {
        &self.buffer[self.buffer.len() - self.kept..]
    }

    /// The newest item.
    #[inline]
    pub(super) fn last(&self) -> T {
        self.all()[self.kept - 1]
    }
}
