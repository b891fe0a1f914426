//! The live window of one channel: the last m samples of the stream.

use super::lattice::{Lattice, MISSING, ROW, SLACK};
use crate::simd::prefetch;

#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) m: usize,
    /// Places in the rows that hold m.
    pub(super) padded: usize,
    /// The last m samples, from `first` on; NaN is missing.
    samples: Vec<f64>,
    /// The same on the channel's lattice.
    pub(super) places: Vec<i32>,
    pub(super) first: usize,
    length: usize,
    /// Samples that are missing, and samples beyond the lattice.
    pub(super) missing: usize,
    pub(super) beyond: usize,
    /// The places that the last [`Self::push`] put in and took out.
    pub(super) entered: i32,
    pub(super) left: i32,
}

impl Live {
    pub(super) fn new(m: usize) -> Self {
        Self {
            m,
            padded: m.next_multiple_of(ROW),
            samples: vec![0.0; m + SLACK],
            places: vec![MISSING; m + SLACK + ROW],
            first: 0,
            length: 0,
            missing: 0,
            beyond: 0,
            entered: MISSING,
            left: MISSING,
        }
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.samples.capacity() * size_of::<f64>() + self.places.capacity() * size_of::<i32>()
    }

    /// Asks for what the next step reads of it.
    pub(super) fn prefetch(&self, most: usize) {
        prefetch(&self.samples[self.first..][..self.length.min(most)]);
        prefetch(&self.places[self.first..][..self.length.min(most)]);
    }

    #[inline(always)]
    pub(super) fn samples(&self) -> &[f64] {
        &self.samples[self.first..self.first + self.length]
    }

    /// Puts all samples on a lattice.
    pub(super) fn place_all(&mut self, lattice: &Lattice) {
        self.beyond = 0;
        for i in self.first..self.first + self.length {
            self.places[i] = lattice.place(self.samples[i]);
            self.beyond += usize::from(lattice.beyond(self.samples[i]) > 0.0);
        }
    }

    /// Puts a sample in, and returns the one that leaves a full window.
    #[inline(always)]
    pub(super) fn push(&mut self, new: f64, lattice: &Lattice) -> Option<f64> {
        if self.first + self.length == self.samples.len() {
            self.rewind();
        }
        let end = self.first + self.length;
        self.entered = lattice.place(new);
        self.samples[end] = new;
        self.places[end] = self.entered;
        if !lattice.holds(new) {
            self.count(new, 1);
        }
        if self.length < self.m {
            self.length += 1;
            return None;
        }
        let old = self.samples[self.first];
        self.left = self.places[self.first];
        if !lattice.holds(old) {
            self.count(old, -1);
        }
        self.first += 1;
        Some(old)
    }

    /// Moves everything back to the front of the buffers.
    #[cold]
    fn rewind(&mut self) {
        self.samples.copy_within(self.first.., 0);
        self.places.copy_within(self.first.., 0);
        self.places[self.length..].fill(MISSING);
        self.first = 0;
    }

    /// A sample that is missing or beyond the lattice has entered, or left.
    #[cold]
    fn count(&mut self, x: f64, by: isize) {
        let count = if x.is_nan() { &mut self.missing } else { &mut self.beyond };
        *count = count.wrapping_add_signed(by);
    }
}
