//! The matrix of window pairs, cut into tasks that do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use super::lanes::LANES;
use crate::job::Job;
use crate::{Result, pool};

/// Diagonals `diagonals` of the pair of segments (`rows`, `columns`).
#[derive(Debug)]
pub(super) struct Task {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether the rows' windows are the later ones of a self-join, or those of the reference.
    pub(super) swapped: bool,
    pub(super) diagonals: Range<usize>,
    /// The number of blocks in the tasks before this one: where it is in the sequence that draws blocks.
    seed: u64,
    /// The share of the blocks to sweep, times 2^64.
    share: Option<u64>,
    /// Where in the sequence that share begins.
    shift: u64,
}

impl Task {
    /// The blocks of neighbouring diagonals that this task sweeps.
    ///
    /// They come in strides of about the golden ratio. Neighbouring diagonals tend to be about equally good; when they
    /// come late, most of their cells can be passed over.
    ///
    /// Below a share of 1 the blocks are drawn by a golden-ratio sequence: they are evenly spread, and a larger share
    /// contains the smaller.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let count = self.diagonals.len().div_ceil(LANES);
        let mut stride = (count as f64 * 0.618) as usize + 1;
        while common_divisor(stride, count) > 1 {
            stride += 1;
        }
        (0..count).map(move |turn| turn * stride % count).filter_map(move |nth| {
            let place = (self.seed + nth as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let first = self.diagonals.start + nth * LANES;
            let taken = self.share.is_none_or(|share| place.wrapping_sub(self.shift) < share);
            taken.then(|| first..(first + LANES).min(self.diagonals.end))
        })
    }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// What is joined with what.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pairs<'a> {
    /// Windows of one series, more than `exclusion` apart.
    Within { cuts: &'a [Range<usize>], exclusion: usize },
    /// Each window of one series with each of a reference.
    Between { cuts: &'a [Range<usize>], reference: &'a [Range<usize>] },
}

/// All tasks of a join, of about so many cells at most; `fraction` of the diagonals if it is less than 1.
pub(super) fn tasks(pairs: Pairs<'_>, cells: usize, fraction: f64) -> Vec<Task> {
    tasks_in_turn(pairs, cells, fraction, 0)
}

/// As [`tasks`], but the `turn`-th share: the first shares of a fraction have no diagonals in common, until all have had
/// their turn.
pub(super) fn tasks_in_turn(pairs: Pairs<'_>, cells: usize, fraction: f64, turn: u64) -> Vec<Task> {
    let share = (fraction < 1.0).then_some((fraction * 18_446_744_073_709_551_616.0) as u64);
    let shift = share.unwrap_or(0).wrapping_mul(turn);
    let mut tasks = Vec::new();
    let mut seed = 0;
    let mut add =
        |rows: usize, columns: usize, swapped: bool, lengths: (usize, usize), diagonals: Range<usize>| {
            let per_diagonal = lengths.0.min(lengths.1).max(1);
            let chunk = (cells / per_diagonal).max(1).next_multiple_of(LANES);
            for start in diagonals.clone().step_by(chunk) {
                let diagonals = start..(start + chunk).min(diagonals.end);
                let blocks = diagonals.len().div_ceil(LANES) as u64;
                tasks.push(Task { rows, columns, swapped, diagonals, seed, share, shift });
                seed += blocks;
            }
        };
    match pairs {
        Pairs::Within { cuts, exclusion } => {
            for (a, rows) in cuts.iter().enumerate() {
                for (b, columns) in cuts.iter().enumerate().skip(a) {
                    let apart = columns.start - rows.start;
                    let lengths = (rows.len(), columns.len());
                    add(a, b, false, lengths, (exclusion + 1).saturating_sub(apart)..columns.len());
                    if a != b {
                        add(
                            b,
                            a,
                            true,
                            (lengths.1, lengths.0),
                            1..rows.len().min(apart.saturating_sub(exclusion)),
                        );
                    }
                }
            }
        }
        Pairs::Between { cuts, reference } => {
            for (a, rows) in cuts.iter().enumerate() {
                for (b, columns) in reference.iter().enumerate() {
                    let lengths = (rows.len(), columns.len());
                    add(a, b, false, lengths, 0..columns.len());
                    add(b, a, true, (lengths.1, lengths.0), 1..rows.len());
                }
            }
        }
    }
    tasks
}

/// The tasks of the windows in `rows` and the windows in `columns` that start so many `lags` before them, of about so
/// many cells at most. The rows' windows are the later ones where a task is not `swapped`.
pub(super) fn lag_tasks(
    rows: &[Range<usize>],
    columns: &[Range<usize>],
    lags: &Range<usize>,
    cells: usize,
) -> Vec<Task> {
    let mut tasks = Vec::new();
    let mut add = |rows: usize, columns: usize, swapped: bool, length: usize, diagonals: Range<usize>| {
        let chunk = (cells / length.max(1)).max(1).next_multiple_of(LANES);
        for start in diagonals.clone().step_by(chunk) {
            let diagonals = start..(start + chunk).min(diagonals.end);
            tasks.push(Task { rows, columns, swapped, diagonals, seed: 0, share: None, shift: 0 });
        }
    };
    for (a, row) in rows.iter().enumerate() {
        for (b, column) in columns.iter().enumerate() {
            let length = row.len().min(column.len());
            // Diagonal d holds the cells whose lag is row.start - column.start - d.
            let most = (row.start + 1).saturating_sub(column.start + lags.start).min(column.len());
            let least = row.start.saturating_sub(column.start).saturating_sub(lags.end - 1);
            add(a, b, false, length, least..most);
            // And diagonal -d those whose lag is row.start - column.start + d.
            let least = (column.start + lags.start).saturating_sub(row.start).max(1);
            let most = lags.end.saturating_add(column.start).saturating_sub(row.start).min(row.len());
            add(b, a, true, length, least..most);
        }
    }
    tasks
}

/// Runs the tasks on `threads` threads until they are done or the job is cancelled.
pub(super) fn run(threads: usize, tasks: &[Task], work: impl Fn(&Task) -> Result<()> + Sync) -> Result<()> {
    pool::run(threads, || tasks.par_iter().with_max_len(1).try_for_each(&work))?
}

/// Calls `each` for every window, in parallel: it appends its items to the list of results. Its second argument is kept
/// from window to window, so that memory can be used again.
pub(super) fn for_windows<T: Send, S: Default>(
    threads: usize,
    windows: usize,
    job: &Job,
    each: impl Fn(usize, &mut S, &mut Vec<T>) + Sync,
) -> Result<Vec<T>> {
    const BATCH: usize = 256;
    let batch = |b: usize| -> Result<Vec<T>> {
        job.check()?;
        let (mut kept, mut out) = (S::default(), Vec::new());
        (b * BATCH..((b + 1) * BATCH).min(windows)).for_each(|i| each(i, &mut kept, &mut out));
        Ok(out)
    };
    let batches = windows.div_ceil(BATCH);
    let parts: Vec<Vec<T>> =
        pool::run(threads, || (0..batches).into_par_iter().map(batch).collect::<Result<_>>())??;
    Ok(parts.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each pair of windows is visited.
    fn visits(
        pairs: Pairs<'_>,
        rows: &[Range<usize>],
        columns: &[Range<usize>],
        n: (usize, usize),
    ) -> Vec<u32> {
        let mut count = vec![0; n.0 * n.1];
        for task in tasks(pairs, 1 << 24, 1.0) {
            for block in task.blocks() {
                for diagonal in block {
                    let (a, b) = if task.swapped {
                        (&columns[task.rows], &rows[task.columns])
                    } else {
                        (&rows[task.rows], &columns[task.columns])
                    };
                    for i in 0..a.len().min(b.len() - diagonal) {
                        let (row, column) = (a.start + i, b.start + diagonal + i);
                        let (row, column) = if task.swapped { (column, row) } else { (row, column) };
                        count[row * n.1 + column] += 1;
                    }
                }
            }
        }
        count
    }

    #[test]
    fn every_pair_is_visited_once() {
        let cuts = [0..40, 40..41, 41..141, 141..150];
        let reference = [0..3, 3..70];
        let within = visits(Pairs::Within { cuts: &cuts, exclusion: 5 }, &cuts, &cuts, (150, 150));
        for (at, &count) in within.iter().enumerate() {
            let (i, j) = (at / 150, at % 150);
            assert_eq!(count, u32::from(j > i + 5), "{i} {j}");
        }
        let between =
            visits(Pairs::Between { cuts: &cuts, reference: &reference }, &cuts, &reference, (150, 70));
        assert!(between.iter().all(|&count| count == 1));
    }

    #[test]
    fn every_lag_is_visited_once() {
        let rows = [40..75, 75..80, 80..140];
        let columns = [0..3, 3..70, 70..130];
        for lags in [1..2, 6..40, 6..1000, 3..90] {
            let mut count = vec![0; 140 * 140];
            for task in lag_tasks(&rows, &columns, &lags, 1 << 10) {
                let (a, b) = if task.swapped { (&columns, &rows) } else { (&rows, &columns) };
                let (a, b) = (&a[task.rows], &b[task.columns]);
                for diagonal in task.blocks().flatten() {
                    for i in 0..a.len().min(b.len() - diagonal) {
                        let (row, column) = (a.start + i, b.start + diagonal + i);
                        let (later, earlier) = if task.swapped { (column, row) } else { (row, column) };
                        count[later * 140 + earlier] += 1;
                    }
                }
            }
            for (at, &count) in count.iter().enumerate() {
                let (i, j) = (at / 140, at % 140);
                let wanted = i >= 40 && j < 130 && i > j && lags.contains(&(i - j));
                assert_eq!(count, u32::from(wanted), "{i} {j} {lags:?}");
            }
        }
    }

    #[test]
    fn a_larger_fraction_contains_the_smaller() {
        let blocks = |fraction| -> Vec<usize> {
            let pairs = Pairs::Within { cuts: std::slice::from_ref(&(0..5000)), exclusion: 5 };
            tasks(pairs, 1 << 24, fraction)
                .iter()
                .flat_map(|t| t.blocks().map(|b| b.start).collect::<Vec<_>>())
                .collect()
        };
        let (few, many, all) = (blocks(0.1), blocks(0.3), blocks(1.0));
        assert!(few.iter().all(|b| many.contains(b)));
        assert!(few.len() * 9 < all.len() && all.len() < few.len() * 11);
    }
}
