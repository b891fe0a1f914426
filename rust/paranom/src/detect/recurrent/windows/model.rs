//! What a trainer needs of a network.

use super::lanes::WINDOWS;
use crate::Result;

/// Windows (n, rows, columns), one behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Windows<'a> {
    /// Their numbers.
    pub values: &'a [f32],
    /// Rows of a window.
    pub rows: usize,
    /// Numbers of a row.
    pub columns: usize,
}

impl<'a> Windows<'a> {
    /// A window.
    pub(super) fn at(&self, number: usize) -> &'a [f32] {
        let size = self.rows * self.columns;
        &self.values[number * size..(number + 1) * size]
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.values.len() / (self.rows * self.columns).max(1)
    }
}

/// Some windows of a batch, as many as fit side by side.
pub struct Group<'a> {
    /// The windows.
    pub(super) windows: Windows<'a>,
    /// Which of them.
    pub(super) which: &'a [usize],
    /// Numbers drawn from N(0, 1) for each of `which`; none: means are taken.
    pub(super) noise: &'a [f32],
    /// The weight of the part of the loss that is not the error.
    pub(super) weight: f32,
    /// Windows of the batch.
    pub(super) batch: usize,
}

/// A network that is trained.
pub trait Model: Send + Sync {
    /// Memory for some windows.
    type Room: Send;

    /// How many weights there are.
    fn weights(&self) -> usize;

    /// Takes weights, in torch's order.
    fn take(&mut self, weights: &[f32]);

    /// Memory for windows of so many rows.
    fn room(&self, rows: usize) -> Result<Self::Room>;

    /// Refuses windows that do not fit.
    fn check(&self, windows: Windows<'_>) -> Result<()>;

    /// Numbers that are drawn for a window.
    fn noise(&self) -> usize {
        0
    }

    /// The loss of each window, and into `gradient`, where there is one, the gradient of the batch's mean loss.
    fn losses(
        &self,
        group: &Group<'_>,
        room: &mut Self::Room,
        gradient: Option<&mut [f32]>,
    ) -> Result<[f64; WINDOWS]>;
}
