//! One of the series, prepared for the sweep.

use std::ops::Range;

use crate::Result;
use crate::detect::matrix_profile::cuts::cuts;
use crate::detect::matrix_profile::join::Joined;
use crate::detect::matrix_profile::metric::{Distance, EQUAL, UNLIKE};
use crate::detect::matrix_profile::nearest::SharedNearest;
use crate::detect::matrix_profile::segment::Segment;
use crate::detect::matrix_profile::series::Series;
use crate::detect::matrix_profile::settings::{Settings, check_size};
use crate::error::try_vec;

/// A series, and what the sweep needs of it.
pub(super) struct Prepared {
    pub(super) series: Series,
    pub(super) cuts: Vec<Range<usize>>,
    segments: Vec<Segment>,
    /// Whether the sweep leaves out constant windows, whose distances are set by conventions.
    leaves_out: bool,
    /// Whether there is a constant window, and whether there is a whole one that is not.
    has_constant: bool,
    has_varied: bool,
}

impl Prepared {
    pub(super) fn new(path: &str, x: &[f64], settings: &Settings) -> Result<Self> {
        check_size(path, x.len())?;
        let series = Series::unformed(path, x, settings.window, settings.distance)?;
        let cuts = cuts(std::slice::from_ref(&series));
        let segments =
            cuts.iter().map(|range| Segment::new(&series, range.clone(), settings.distance, false)).collect();
        let leaves_out = settings.distance == Distance::ZNormalized;
        let any =
            |constant: bool| (0..series.windows()).any(|i| series.whole[i] && series.constant(i) == constant);
        let (has_constant, has_varied) = (any(true), any(false));
        Ok(Self { series, cuts, segments, leaves_out, has_constant, has_varied })
    }

    /// Its side of a join.
    pub(super) fn side<'a>(&'a self, nearest: Option<&'a [SharedNearest]>) -> Joined<'a> {
        Joined { cuts: &self.cuts, segments: &self.segments, nearest }
    }

    /// Room for the nearest neighbours of its windows.
    pub(super) fn nothing_found(&self) -> Result<Vec<SharedNearest>> {
        self.cuts.iter().map(|range| SharedNearest::new(range.len(), 1)).collect()
    }

    /// The scores of some of its windows for their nearest neighbours in `other`: those that a sweep `found`, or what the
    /// conventions for constant windows say; -inf for none.
    pub(super) fn scores(
        &self,
        windows: Range<usize>,
        found: &SharedNearest,
        other: &Self,
    ) -> Result<Vec<f64>> {
        let mut scores = try_vec(windows.len())?;
        let found = found.lock();
        for (i, &score) in windows.zip(&found.score) {
            let constant = self.leaves_out && self.series.constant(i);
            let set = match (constant, other.has_constant, other.has_varied) {
                _ if !self.leaves_out || !self.series.whole[i] => f64::NEG_INFINITY,
                (true, true, _) => EQUAL,
                (true, false, true) | (false, true, _) => UNLIKE,
                _ => f64::NEG_INFINITY,
            };
            scores.push(score.max(set));
        }
        Ok(scores)
    }
}
