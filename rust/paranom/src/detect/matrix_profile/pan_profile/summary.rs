//! What is kept of a length: its discord, its motif, and the largest distance in each bin.

use rayon::prelude::*;

use super::carried::Carried;
use super::moments::Moments;
use super::values::Values;
use crate::detect::matrix_profile::nearest::NONE;
use crate::detect::matrix_profile::settings::exclusion;

/// The score of two constant windows: their distance is 0.
const EQUAL: f64 = 1.0;
/// The score of a constant window and another: their distance is the root of the window's length.
const UNLIKE: f64 = 0.5;
/// Windows that the typical distance is the median of.
const SAMPLE: usize = 4096;

/// Two windows and their distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The first row of the window.
    pub window: usize,
    /// The first row of its nearest neighbour.
    pub neighbour: usize,
    /// Their distance.
    pub distance: f64,
}

/// What is known of a length. Distances are z-normalised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    /// The length of a window.
    pub window: usize,
    /// The window that is farthest from its nearest neighbour.
    pub discord: Option<Pair>,
    /// The window that is nearest to its nearest neighbour.
    pub motif: Option<Pair>,
    /// The median distance of a window to its nearest neighbour; NaN if no window has one.
    pub typical: f64,
}

/// A window, its correlation with its neighbour, and that neighbour.
pub(super) type Found = (usize, f64, u32);

/// The least and the greatest correlation, the first of several, and the median of some.
#[derive(Clone, Copy, Default)]
pub(super) struct Summary {
    pub(super) least: Option<Found>,
    pub(super) greatest: Option<Found>,
    pub(super) median: f64,
}

impl Summary {
    fn offer(&mut self, found: Found) {
        if self.least.is_none_or(|least| found.1 < least.1) {
            self.least = Some(found);
        }
        if self.greatest.is_none_or(|greatest| found.1 > greatest.1) {
            self.greatest = Some(found);
        }
    }

    fn joined(mut self, later: &Self) -> Self {
        later.least.into_iter().chain(later.greatest).for_each(|found| self.offer(found));
        self
    }
}

/// Summarises a length. Writes to `bins`, which stand for `width` windows each, the largest distance over 2 √m, from 0
/// to 1; NaN where no window has a neighbour.
pub(super) fn summary(
    values: &Values,
    carried: &Carried,
    moments: &Moments,
    width: usize,
    bins: &mut [f32],
) -> Summary {
    let (m, windows) = (moments.m, moments.windows());
    let known = Constants::new(values, m, windows);
    let scores = |range: std::ops::Range<usize>| {
        range.filter_map(|i| {
            let (score, neighbour) = known.better(values, i, (carried.score[i], carried.neighbour[i]));
            (score > f64::NEG_INFINITY).then_some((i, score, neighbour))
        })
    };
    bins.fill(f32::NAN);
    let parts: Vec<Summary> = bins
        .par_iter_mut()
        .enumerate()
        .map(|(bin, out)| {
            let mut part = Summary::default();
            scores(bin * width..((bin + 1) * width).min(windows)).for_each(|found| part.offer(found));
            if let Some((_, score, _)) = part.least {
                *out = normalised(score) as f32;
            }
            part
        })
        .collect();
    let mut all = parts.iter().fold(Summary::default(), Summary::joined);
    let step = windows.div_ceil(SAMPLE);
    let mut some: Vec<f64> =
        (0..windows).step_by(step).flat_map(|i| scores(i..i + 1)).map(|(_, score, _)| score).collect();
    let middle = some.len() / 2;
    all.median =
        if some.is_empty() { f64::NAN } else { *some.select_nth_unstable_by(middle, f64::total_cmp).1 };
    all
}

/// A distance over 2 √m, from a correlation.
pub(super) fn normalised(score: f64) -> f64 {
    ((1.0 - score).max(0.0) * 0.5).sqrt()
}

/// The constant windows of a length, and the others: the first and the last of each.
struct Constants {
    m: usize,
    constant: Option<(usize, usize)>,
    varied: Option<(usize, usize)>,
}

impl Constants {
    fn new(values: &Values, m: usize, windows: usize) -> Self {
        let ends = |constant: bool| {
            if !values.has_constant(m) {
                return None; // the usual case: nothing to look for
            }
            let mut of = (0..windows).filter(|&i| values.whole(i, m) && values.constant(i, m) == constant);
            let first = of.next()?;
            Some((first, of.next_back().unwrap_or(first)))
        };
        Self { m, constant: ends(true), varied: ends(false) }
    }

    /// The better of what was found for a window and of what the conventions for constant windows say.
    fn better(&self, values: &Values, i: usize, found: (f64, u32)) -> (f64, u32) {
        if self.constant.is_none() || !values.whole(i, self.m) {
            return found;
        }
        let zone = exclusion(self.m);
        let apart = |of: Option<(usize, usize)>| {
            let (first, last) = of?;
            [first, last].into_iter().find(|&j| i.abs_diff(j) > zone)
        };
        let other = match (values.constant(i, self.m), apart(self.constant), apart(self.varied)) {
            (true, Some(j), _) => (EQUAL, j as u32),
            (true, None, Some(j)) | (false, Some(j), _) => (UNLIKE, j as u32),
            _ => (f64::NEG_INFINITY, NONE),
        };
        if other.0 > found.0 { other } else { found }
    }
}
