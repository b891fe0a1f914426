//! The sweep along neighbouring diagonals in several dimensions, and the exact evaluation of the cells that are not pruned.

use super::bounds::{Bound, distance};
use super::part::Part;
use super::prune::{ThresholdPair, prune};
use super::rows::{Place, ROWS, Rows};
use super::thresholds::{Number, Thresholds};
use crate::Result;
use crate::detect::matrix_profile::first_cells::first_cells;
use crate::detect::matrix_profile::lanes::LANES;
use crate::detect::matrix_profile::metric::Metric;
use crate::detect::matrix_profile::nearest::{Candidates, CandidatesMut, SharedNearest};
use crate::detect::matrix_profile::order::Order;
use crate::detect::matrix_profile::tasks::Task;
use crate::job::Job;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks, exchange, sort};

/// A run of windows, and where its neighbours are collected; None if nobody asks for them.
pub(crate) type Side<'a> = (&'a Part, Option<&'a SharedNearest>);

/// Runs one task: sweeps its diagonals, and adds what it found to the neighbours of all tasks.
#[allow(clippy::too_many_arguments)]
pub(super) fn sweep<M: Metric, B: Bound>(
    metric: M,
    bound: B,
    order: &Order,
    task: &Task,
    m: usize,
    (rows, row_nearest): Side<'_>,
    (columns, column_nearest): Side<'_>,
    job: &Job,
) -> Result<()> {
    let d = rows.segments.len();
    let lengths = (rows.segments[0].len, columns.segments[0].len);
    let candidates = |len: usize, nearest: Option<&SharedNearest>| {
        Candidates::new(len * d, 1, nearest.map(SharedNearest::lock).as_deref())
    };
    let mut row_candidates = candidates(lengths.0, row_nearest)?;
    let mut column_candidates = candidates(lengths.1, column_nearest)?;
    let scale = bound.scale(d, m);
    let thresholds = |candidates: &Candidates, len: usize, by_level| {
        Thresholds::new(&candidates.threshold[..len * d], d, scale, by_level)
    };
    let mut row_thresholds = thresholds(&row_candidates, lengths.0, false);
    let mut column_thresholds = thresholds(&column_candidates, lengths.1, true);
    for block in task.blocks() {
        let cells: usize = block.clone().map(|d| lengths.0.min(lengths.1 - d)).sum();
        dispatch_blocks(Sweep {
            metric,
            bound,
            m,
            order,
            rows,
            columns,
            first: block.start,
            last: block.end,
            row_thresholds: &mut row_thresholds,
            column_thresholds: &mut column_thresholds,
            row_candidates: row_candidates.parts(),
            column_candidates: column_candidates.parts(),
        });
        job.step(cells as u64)?;
    }
    for (candidates, nearest) in [(row_candidates, row_nearest), (column_candidates, column_nearest)] {
        if let Some(nearest) = nearest {
            candidates.merge_into(&mut nearest.lock());
        }
    }
    Ok(())
}

/// As [`crate::detect::matrix_profile::sweep::Sweep`], in several dimensions.
struct Sweep<'a, M, B: Bound> {
    metric: M,
    bound: B,
    m: usize,
    order: &'a Order,
    rows: &'a Part,
    columns: &'a Part,
    first: usize,
    last: usize,
    row_thresholds: &'a mut Thresholds<B::Number>,
    column_thresholds: &'a mut Thresholds<B::Number>,
    row_candidates: CandidatesMut<'a>,
    column_candidates: CandidatesMut<'a>,
}

impl<M: Metric, B: Bound> Blocks for Sweep<'_, M, B> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const N: usize>(mut self) {
        let (rows, columns) = (&self.rows.segments[..], &self.columns.segments[..]);
        let d = rows.len();
        let mut states: Vec<[f64; LANES]> = Vec::with_capacity(d);
        for (a, b) in rows.iter().zip(columns) {
            states.push(first_cells::<V, N, M>(self.metric, self.m, a, b, self.first, self.last));
        }
        let mut kept: Vec<Rows<f64>> = vec![[[0.0; LANES]; ROWS]; d];
        let mut numbers: Vec<Rows<B::Number>> = vec![[[B::Number::ZERO; LANES]; ROWS]; d];
        let count = rows[0].len.min(columns[0].len - self.first);
        for i in (0..count).step_by(ROWS) {
            let (j, size) = (i + self.first, ROWS.min(count - i));
            for t in 0..d {
                let place = Place { rows: &rows[t], columns: &columns[t], i, j, size, m: self.m };
                let (kept, numbers) = (&mut kept[t], &mut numbers[t]);
                self.bound.advance::<V, N, M>(self.metric, t, place, &mut states[t], kept, numbers);
            }
            let network = (self.order.included, &self.order.network[..]);
            let thresholds = ThresholdPair {
                rows: self.row_thresholds,
                columns: self.column_thresholds,
                lower: M::SYMMETRIC,
            };
            let lanes = prune::<B::Number, B::Lanes<V>>(&mut numbers, network, thresholds, (i, j), size);
            for (r, mut lanes) in lanes.into_iter().enumerate().take(size) {
                while lanes != 0 {
                    self.evaluate(&kept, r, i + r, lanes.trailing_zeros() as usize);
                    lanes &= lanes - 1;
                }
            }
        }
    }
}

impl<M: Metric, B: Bound> Sweep<'_, M, B> {
    /// Evaluates lane `l` of row `r` of the kept cells, which is row `i` of the segment, exactly, and enters it where it is
    /// better than what was found so far.
    #[inline(always)]
    fn evaluate(&mut self, kept: &[Rows<f64>], r: usize, i: usize, l: usize) {
        match (kept.len(), self.order.included) {
            (2, 0) => self.evaluate_sorted::<2>(kept, r, i, l),
            (3, 0) => self.evaluate_sorted::<3>(kept, r, i, l),
            (4, 0) => self.evaluate_sorted::<4>(kept, r, i, l),
            (5, 0) => self.evaluate_sorted::<5>(kept, r, i, l),
            (6, 0) => self.evaluate_sorted::<6>(kept, r, i, l),
            (7, 0) => self.evaluate_sorted::<7>(kept, r, i, l),
            (8, 0) => self.evaluate_sorted::<8>(kept, r, i, l),
            _ => self.evaluate_any(kept, r, i, l),
        }
    }

    #[inline(always)]
    fn evaluate_sorted<const D: usize>(&mut self, kept: &[Rows<f64>], r: usize, i: usize, l: usize) {
        let mut distances = [0.0; D];
        for side in Self::SIDES {
            self.distances(kept, (r, i, l), side, &mut distances);
            sort(&mut distances);
            self.enter(&distances, i, l, side);
        }
    }

    #[inline(always)]
    fn evaluate_any(&mut self, kept: &[Rows<f64>], r: usize, i: usize, l: usize) {
        let mut distances = vec![0.0; kept.len()];
        for side in Self::SIDES {
            self.distances(kept, (r, i, l), side, &mut distances);
            exchange(&mut distances, &self.order.network);
            self.enter(&distances, i, l, side);
        }
    }

    const SIDES: &'static [End] = if M::SYMMETRIC { &[End::Both] } else { &[End::Row, End::Column] };

    /// The distances of a cell in each dimension.
    #[inline(always)]
    fn distances(&self, kept: &[Rows<f64>], (r, i, l): (usize, usize, usize), side: &End, out: &mut [f64]) {
        let (d, j) = (out.len(), i + self.first + l);
        let (row, column) = (i * d, j * d);
        let (mut wi, fi) = (&self.rows.w[row..][..d], &self.rows.flat[row..][..d]);
        let (mut wj, fj) = (&self.columns.w[column..][..d], &self.columns.flat[column..][..d]);
        if matches!(side, End::Column) {
            (wi, wj) = (wj, wi);
        }
        for t in 0..d {
            out[t] = distance(self.metric, kept[t][r][l], wi[t], wj[t], fi[t] + fj[t], self.m);
        }
    }

    /// Enters a cell with these distances, level by level.
    #[inline(always)]
    fn enter(&mut self, distances: &[f64], i: usize, l: usize, side: &End) {
        let (d, j) = (distances.len(), i + self.first + l);
        let neighbour = (self.columns.segments[0].start + j, self.rows.segments[0].start + i);
        let (row, column) = (i * d, j * d);
        let mut total = 0.0;
        for (level, distance) in distances.iter().enumerate() {
            total += distance;
            if !matches!(side, End::Column)
                && self.row_candidates.offer_nearest(row + level, -total, neighbour.0)
            {
                self.row_thresholds.set(level, i, -total);
            }
            if !matches!(side, End::Row)
                && self.column_candidates.offer_nearest(column + level, -total, neighbour.1)
            {
                self.column_thresholds.set(level, j, -total);
            }
        }
    }
}

/// Which window of a cell gets the other as its neighbour.
enum End {
    Row,
    Column,
    Both,
}
