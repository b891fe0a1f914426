//! Where the values of a long series come from.

use crate::Result;

/// A series that is read piece by piece.
pub trait Values: Sync {
    /// The number of values.
    fn count(&self) -> usize;
    /// Reads the values from `start` on into `out`.
    fn read(&self, start: usize, out: &mut [f64]) -> Result<()>;
}

impl Values for [f64] {
    fn count(&self) -> usize {
        self.len()
    }

    fn read(&self, start: usize, out: &mut [f64]) -> Result<()> {
        out.copy_from_slice(&self[start..start + out.len()]);
        Ok(())
    }
}
