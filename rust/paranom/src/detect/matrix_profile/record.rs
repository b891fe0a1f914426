//! The few rows in which a window finds a nearer neighbour.

use super::lanes::{LANES, load, stored};
use super::metric::Metric;
use super::nearest::CandidatesMut;
use super::segment::Segment;
use crate::simd::vector::{Blocks, Vector};

/// Enters the cells of some rows that are better than what was found so far, and moves the cells past these rows.
pub(super) struct Record<'a, M> {
    pub(super) metric: M,
    pub(super) cells: &'a mut [f64; LANES],
    pub(super) rows: &'a Segment,
    pub(super) columns: &'a Segment,
    /// The first row, and the column where it meets the first diagonal.
    pub(super) i: usize,
    pub(super) j: usize,
    /// The number of rows.
    pub(super) count: usize,
    pub(super) row_candidates: CandidatesMut<'a>,
    pub(super) column_candidates: CandidatesMut<'a>,
}

impl<M: Metric> Blocks for Record<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) {
        let Self { metric, rows, columns, mut row_candidates, mut column_candidates, .. } = self;
        let mut cells: [V; N] = load(self.cells, 0);
        for (i, j) in (self.i..self.i + self.count).zip(self.j..) {
            // The test is here because few rows come here: every row passes through the sweep.
            if !rows.w[i].is_nan() {
                let wi = V::splat(rows.w[i]);
                let (mut row, mut column): ([V; N], [V; N]) = (cells, load(&columns.w, j));
                for (cell, wj) in row.iter_mut().zip(&mut column) {
                    (*cell, *wj) = (metric.row_score(*cell, wi, *wj), metric.column_score(*cell, wi, *wj));
                }
                row_candidates.offer_row(i, &row, columns.start + j);
                column_candidates.offer_column(j, &column, rows.start + i);
            }
            let (pi, qi) = (V::splat(rows.p[i]), V::splat(rows.q[i]));
            let (pj, qj): ([V; N], [V; N]) = (load(&columns.p, j), load(&columns.q, j));
            for (g, cell) in cells.iter_mut().enumerate() {
                *cell = metric.step(*cell, pi, qi, pj[g], qj[g]);
            }
        }
        *self.cells = stored(&cells);
    }
}
