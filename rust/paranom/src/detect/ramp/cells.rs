//! The distances between the live window and every reference window of a channel, as whole numbers.

use super::lattice::{self, BLOCK, LANES, Least, MISSING, NO_CELL, ROW, SLACK};
use super::live::Live;
use super::reference::Reference;
use crate::simd::prefetch;

#[derive(Debug, Clone)]
pub(super) struct Cells {
    windows: usize,
    /// D(t, k) at `first + k`, and no distance beyond. The diagonal moves the origin instead of the cells.
    cells: Vec<i32>,
    first: usize,
    /// The smallest of each lane of each block of cells, and of all.
    pub(super) least: Vec<Least>,
    pub(super) low: i32,
    /// The cells have nothing to do with the live window yet.
    pub(super) stale: bool,
}

impl Cells {
    pub(super) fn new(windows: usize) -> Self {
        Self {
            windows,
            cells: vec![NO_CELL; SLACK + windows.next_multiple_of(BLOCK)],
            first: SLACK,
            least: vec![[NO_CELL; LANES]; windows.div_ceil(BLOCK)],
            low: NO_CELL,
            stale: true,
        }
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<i32>() + self.least.capacity() * size_of::<Least>()
    }

    /// Asks for what the next step reads of it.
    pub(super) fn prefetch(&self, most: usize) {
        prefetch(&self.cells[self.first..][..self.windows.min(most)]);
        prefetch(&self.least[..1]);
    }

    /// D(t, k) from k = 0 on, padded to whole blocks.
    #[inline(always)]
    pub(super) fn all(&self) -> &[i32] {
        &self.cells[self.first..]
    }

    /// Moves the origin one cell ahead of the first, and drops the last one, so that D(t - 1, k - 1) is at k.
    #[inline(always)]
    pub(super) fn shift_origin(&mut self) {
        if self.first == 0 {
            self.rewind();
        }
        self.cells[self.first + self.windows - 1] = NO_CELL;
        self.first -= 1;
    }

    #[cold]
    fn rewind(&mut self) {
        self.cells.copy_within(..self.windows, SLACK);
        self.cells[SLACK + self.windows..].fill(NO_CELL);
        self.cells[..SLACK].fill(NO_CELL);
        self.first = SLACK;
    }

    /// Brings all cells to the new live window, which one sample has entered and one left: D(t, k) from
    /// D(t - 1, k - 1), or, if the reference moved too, from D(t - 1, k).
    #[inline(always)]
    pub(super) fn advance(&mut self, live: &Live, reference: &Reference, slide: bool) {
        if self.stale {
            self.measure(live, reference);
            return;
        }
        let padded = self.least.len() * BLOCK;
        // Nothing is ahead of the first window: it is summed.
        let sum = if slide { NO_CELL } else { distance(live, reference, 0) };
        let cells = &mut self.cells[self.first..][..padded];
        if slide {
            cells[self.windows..].fill(NO_CELL);
        }
        // What leaves a window sat one place ahead of it.
        let base = reference.first - 1;
        let newer = &reference.places[base + live.m..][..padded];
        let older = &reference.places[base..][..padded];
        self.low = lattice::advance(cells, newer, older, (live.entered, live.left), sum, &mut self.least);
        if !slide {
            cells[0] = sum;
        }
    }

    /// Sums every cell, and leaves minima as [`Self::advance`] does.
    #[inline(never)]
    fn measure(&mut self, live: &Live, reference: &Reference) {
        self.stale = false;
        let live = &live.places[live.first..][..live.m];
        let reference = &reference.places[reference.first..];
        self.cells[..SLACK].fill(NO_CELL);
        self.first = SLACK;
        let cells = &mut self.cells[SLACK..];
        for (b, cells) in cells.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            *cells = [0; BLOCK];
            for (i, &x) in live.iter().enumerate().filter(|&(_, &x)| x != MISSING) {
                for (cell, &r) in cells.iter_mut().zip(&reference[b * BLOCK + i..][..BLOCK]) {
                    *cell = cell.wrapping_add(lattice::apart(x, r));
                }
            }
        }
        cells[self.windows..].fill(NO_CELL);
        self.low = NO_CELL;
        for (cells, least) in cells.as_chunks::<BLOCK>().0.iter().zip(&mut self.least) {
            *least = lattice::least_of(cells);
            self.low = self.low.min(lattice::least_lane(least));
        }
    }
}

/// D(t, k), summed.
#[inline(always)]
pub(super) fn distance(live: &Live, reference: &Reference, k: usize) -> i32 {
    // Rows of lanes: beyond the live window places are missing, and beyond the reference there is room.
    let rows = live.places[live.first..][..live.padded].as_chunks::<ROW>().0;
    let reference = reference.places[reference.first + k..][..live.padded].as_chunks::<ROW>().0;
    let mut sums = [0_i32; ROW];
    for (live, reference) in rows.iter().zip(reference) {
        for l in 0..ROW {
            let term = lattice::apart(live[l], reference[l]);
            sums[l] = sums[l].wrapping_add(if live[l] == MISSING { 0 } else { term });
        }
    }
    sums.into_iter().fold(0, i32::wrapping_add)
}
