//! Some windows of a long series, prepared for the sweep.

use std::ops::Range;

use super::values::Values;
use crate::detect::matrix_profile::cuts::cuts;
use crate::detect::matrix_profile::metric::Distance;
use crate::detect::matrix_profile::segment::Segment;
use crate::detect::matrix_profile::series::Series;
use crate::error::try_filled;
use crate::{Error, Result};

/// Windows of a piece, at most.
pub(super) const FAR: usize = 1 << 16;

/// Windows of a long series. All numbers of windows are those of the whole series.
pub(super) struct Piece {
    pub(super) windows: Range<usize>,
    pub(super) segments: Vec<Segment>,
    pub(super) cuts: Vec<Range<usize>>,
    series: Series,
}

impl Piece {
    /// Reads these windows of `m` values.
    pub(super) fn read<S: Values + ?Sized>(
        values: &S,
        windows: Range<usize>,
        m: usize,
        distance: Distance,
    ) -> Result<Self> {
        let x = read_values(values, windows.start..windows.end + m - 1, distance)?;
        let series = Series::unformed("x", &x, m, distance)?;
        let local = cuts(std::slice::from_ref(&series));
        let mut segments = Vec::with_capacity(local.len());
        for range in &local {
            let mut segment = Segment::new(&series, range.clone(), distance, false);
            segment.start += windows.start;
            segments.push(segment);
        }
        let cuts = local.iter().map(|r| r.start + windows.start..r.end + windows.start).collect();
        Ok(Self { windows, segments, cuts, series })
    }

    /// Whether a window has finite values only.
    pub(super) fn whole(&self, window: usize) -> bool {
        self.series.whole[window - self.windows.start]
    }

    /// Whether a window is whole and all its values are equal.
    pub(super) fn constant(&self, window: usize) -> bool {
        self.series.constant(window - self.windows.start)
    }
}

/// Reads some values; an error names the place in the whole series.
pub(super) fn read_values<S: Values + ?Sized>(
    values: &S,
    range: Range<usize>,
    distance: Distance,
) -> Result<Vec<f64>> {
    let mut x = try_filled(0.0, range.len())?;
    values.read(range.start, &mut x)?;
    check_values(&x, distance, |at| format!("x[{}]", range.start + at))?;
    Ok(x)
}

/// Checks that no value is too large for a distance; `path` names the place of the `at`-th.
pub(super) fn check_values(x: &[f64], distance: Distance, path: impl Fn(usize) -> String) -> Result<()> {
    let most = distance.largest_value();
    if let Some(at) = x.iter().position(|v| v.is_finite() && v.abs() > most) {
        let rule = format!("must be at most {most:e} in size for this distance");
        return Err(Error::invalid(path(at), format!("{:e}", x[at]), rule));
    }
    Ok(())
}
