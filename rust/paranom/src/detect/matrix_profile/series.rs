//! A series as the join sees it: which windows are whole, which are constant, and the span of each.

use super::form::{Form, form};
use super::metric::Distance;
use crate::job::Job;
use crate::{Error, Result};

/// Values ready for a join. Missing values (those that are not finite) are filled in; a window that holds one is not
/// `whole`.
#[derive(Debug)]
pub(super) struct Series {
    /// The values: finite, and -0.0 made 0.0, so that equal windows have equal bits.
    pub(super) x: Vec<f64>,
    /// The length of a window.
    pub(super) m: usize,
    /// Whether a window holds finite values only.
    pub(super) whole: Vec<bool>,
    /// Largest minus smallest value of each window: exactly 0 where it is constant.
    pub(super) span: Vec<f64>,
    /// The z-normalised form of each window; empty if the distance is another.
    forms: Vec<Form>,
}

impl Series {
    /// Prepares a series; `path` names it in errors.
    pub(super) fn new(path: &str, x: &[f64], m: usize, distance: Distance, job: &Job) -> Result<Self> {
        let mut series = Self::unformed(path, x, m, distance)?;
        if distance == Distance::ZNormalized {
            series.forms = crate::error::try_vec(series.windows())?;
            for (i, &span) in series.span.iter().enumerate() {
                if i % 1024 == 0 {
                    job.check()?;
                }
                series.forms.push(form(&series.x[i..i + m], span));
            }
        }
        Ok(series)
    }

    /// As [`Self::new`], without the forms: enough for sweeps, but not for exact distances.
    pub(super) fn unformed(path: &str, x: &[f64], m: usize, distance: Distance) -> Result<Self> {
        let n = x.len();
        if m < 3 {
            return Err(Error::invalid("window", m, "must be at least 3"));
        }
        if n < m {
            let rule = format!("must have at least window = {m} values");
            return Err(Error::invalid(path, format!("{n} values"), rule));
        }
        // What a join keeps for each window, here and in its segments: whether there is room is seen before.
        drop(crate::error::try_vec::<[f64; 24]>(n)?);
        let most = distance.largest_value();
        let mut filled = crate::error::try_vec(n)?;
        let mut last = x.iter().copied().find(|v| v.is_finite()).unwrap_or(0.0);
        let mut missing = crate::error::try_vec(n)?;
        for (i, &v) in x.iter().enumerate() {
            if v.is_finite() {
                if v.abs() > most {
                    let rule = format!("must be at most {most:e} in size for this distance");
                    return Err(Error::invalid(format!("{path}[{i}]"), format!("{v:e}"), rule));
                }
                last = v + 0.0;
            }
            missing.push(!v.is_finite());
            // A missing value becomes the one before it: a jump would enter the recurrences.
            filled.push(last);
        }
        let windows = n - m + 1;
        let mut whole = crate::error::try_vec(windows)?;
        let mut count = missing[..m - 1].iter().filter(|&&missing| missing).count();
        for i in 0..windows {
            count += usize::from(missing[i + m - 1]);
            whole.push(count == 0);
            count -= usize::from(missing[i]);
        }
        let high = sliding(&filled, m, |a, b| if a > b { a } else { b })?;
        let low = sliding(&filled, m, |a, b| if a < b { a } else { b })?;
        let span: Vec<f64> = high.iter().zip(&low).map(|(h, l)| (h - l).min(f64::MAX)).collect();
        Ok(Self { x: filled, m, whole, span, forms: Vec::new() })
    }

    /// The number of windows.
    pub(super) fn windows(&self) -> usize {
        self.whole.len()
    }

    /// The values of window `i`.
    pub(super) fn window(&self, i: usize) -> &[f64] {
        &self.x[i..i + self.m]
    }

    /// The z-normalised form of window `i`; meaningless if the window is constant or the distance another.
    pub(super) fn form(&self, i: usize) -> Form {
        self.forms.get(i).copied().unwrap_or_default()
    }

    /// Whether window `i` is whole and all its values are equal.
    pub(super) fn constant(&self, i: usize) -> bool {
        self.whole[i] && self.span[i] == 0.0
    }
}

/// `pick` over every window of `m` values in O(n) (van Herk 1992, Gil & Werman 1993).
pub(super) fn sliding(x: &[f64], m: usize, pick: impl Fn(f64, f64) -> f64) -> Result<Vec<f64>> {
    let n = x.len();
    let mut to_right = crate::error::try_vec(n)?;
    let mut to_left = x.to_vec();
    for (values, to_left) in x.chunks(m).zip(to_left.chunks_mut(m)) {
        let mut best = values[0];
        for &v in values {
            best = pick(best, v);
            to_right.push(best);
        }
        best = values[values.len() - 1];
        for v in to_left.iter_mut().rev() {
            best = pick(best, *v);
            *v = best;
        }
    }
    Ok(to_left[..=n - m].iter().zip(&to_right[m - 1..]).map(|(&left, &right)| pick(left, right)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_missing_values_are_those_of_the_windows() {
        let x = [1.0, 4.0, -2.0, -2.0, -2.0, f64::NAN, 3.0, 5.0, f64::INFINITY];
        let s = Series::new("x", &x, 3, Distance::ZNormalized, &Job::new()).unwrap();
        assert_eq!(s.whole, [true, true, true, false, false, false, false]);
        assert_eq!(s.span[..3], [6.0, 6.0, 0.0]);
        assert!(s.constant(2) && !s.constant(3));
    }
}
