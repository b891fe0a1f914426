//! The matrix profile: for each window of a series, the distance to its nearest neighbour, and which that is.
//!
//! Yeh et al., "Matrix Profile I" (ICDM 2016); the order of work is that of SCRIMP (Zhu et al., ICDM 2018) with the
//! recurrence of mpx (Kaplan). One call goes through these files:
//!
//! * `series`: which windows have holes or are constant, and how far each one spans.
//! * `segment`: the series cut into runs of windows of similar size, each centred and scaled by itself.
//! * `tasks`: pairs of segments, cut into pieces of work that do not depend on the number of threads.
//! * `kernel`, with the distances in `metric`: the sweep along neighbouring diagonals.
//! * `nearest`: the best found so far, under a total order.
//! * `join`, with `exact` and `twins`: the neighbour found for each window gets its exact distance.
//! * `multidimensional`, with `order`, `bars` and `sieve`: the same for several series at once (mSTAMP).
//! * `stream`: one sample at a time, in a sliding window; `stream_state`: that as bytes.

mod bars;
mod double;
mod exact;
mod join;
mod kernel;
mod metric;
mod multidimensional;
mod nearest;
mod order;
mod scale;
mod segment;
mod series;
mod sieve;
mod stream;
mod stream_state;
mod tasks;
mod twins;

pub use metric::Distance;
pub use stream::Stream;

use crate::error::try_vec;
use crate::job::Job;
use crate::{Error, Result};

use order::Order;
use series::Series;

/// How windows are compared, and how much work is spent.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The length of a window.
    pub m: usize,
    /// The distance.
    pub distance: Distance,
    /// How many neighbours of each window are wanted.
    pub k: usize,
    /// The share of the diagonals to look at: 1 for the exact profile, less for an upper bound of it.
    pub fraction: f64,
    /// The number of threads.
    pub threads: usize,
}

impl Settings {
    /// Windows of one series that start at most this far apart are no neighbours.
    pub fn exclusion(&self) -> usize {
        exclusion(self.m)
    }

    fn check(&self) -> Result<()> {
        if self.k == 0 {
            return Err(Error::invalid("k", self.k, "must be at least 1"));
        }
        if !(self.fraction > 0.0 && self.fraction <= 1.0) {
            return Err(Error::invalid("fraction", self.fraction, "must be above 0, and 1 at most"));
        }
        Ok(())
    }
}

/// Windows of `m` values of one series that start at most this far apart are no neighbours: a quarter, rounded up.
pub fn exclusion(m: usize) -> usize {
    m.div_ceil(4)
}

/// The `k` nearest neighbours of each window, one row of `k` per window, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Neighbours per window.
    pub k: usize,
    /// Distances; +inf where there is no such neighbour.
    pub distance: Vec<f64>,
    /// The windows they are; -1 where there is none.
    pub index: Vec<i64>,
}

/// A matrix profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The nearest neighbours anywhere.
    pub best: Neighbours,
    /// Within one series: the nearest among earlier windows, and among later ones.
    pub sides: Option<(Neighbours, Neighbours)>,
}

impl Neighbours {
    fn none(windows: usize, k: usize) -> Result<Self> {
        let size = windows.saturating_mul(k);
        let (mut distance, mut index) = (try_vec(size)?, try_vec(size)?);
        distance.resize(size, f64::INFINITY);
        index.resize(size, -1);
        Ok(Self { k, distance, index })
    }

    /// `k` neighbours for each window, `NONE` where there is no such one.
    fn from_list(list: &[(f64, u32)], k: usize) -> Result<Self> {
        let (mut distance, mut index) = (try_vec(list.len())?, try_vec(list.len())?);
        for &(d, j) in list {
            distance.push(d);
            index.push(if j == nearest::NONE { -1 } else { i64::from(j) });
        }
        Ok(Self { k, distance, index })
    }

    /// The nearest of both; the left ones first among equals.
    fn nearer(left: &Self, right: &Self) -> Result<Self> {
        let k = left.k;
        let mut out = Self::none(left.distance.len() / k, k)?;
        for start in (0..left.distance.len()).step_by(k) {
            let (mut l, mut r) = (start, start);
            for at in start..start + k {
                let (from, slot) =
                    if left.distance[l] <= right.distance[r] { (left, &mut l) } else { (right, &mut r) };
                (out.distance[at], out.index[at]) = (from.distance[*slot], from.index[*slot]);
                *slot += 1;
            }
        }
        Ok(out)
    }
}

fn check_size(path: &str, values: usize) -> Result<()> {
    // Windows are numbered by u32; such a profile would take centuries.
    if values >= u32::MAX as usize {
        return Err(Error::invalid(path, format!("{values} values"), "must have fewer than 4294967295"));
    }
    Ok(())
}

fn check_within(values: usize, settings: &Settings) -> Result<()> {
    check_size("x", values)?;
    if settings.m > values / 2 && settings.m >= 3 {
        return Err(Error::invalid(
            "m",
            settings.m,
            format!("must be at most half the length of x, {values}"),
        ));
    }
    Ok(())
}

/// The profile of a series joined with itself: windows more than [`exclusion`] apart.
///
/// The work is counted in cells: pairs of windows.
pub fn self_join(x: &[f64], settings: &Settings, job: &Job) -> Result<Profile> {
    settings.check()?;
    check_within(x.len(), settings)?;
    let series = Series::new("x", x, settings.m, settings.distance, job)?;
    join::within(&series, settings, job)
}

/// For each window of `x`, its nearest neighbours among all windows of `other`.
pub fn join(x: &[f64], other: &[f64], settings: &Settings, job: &Job) -> Result<Profile> {
    settings.check()?;
    check_size("x", x.len())?;
    check_size("other", other.len())?;
    let series = Series::new("x", x, settings.m, settings.distance, job)?;
    let other = Series::new("other", other, settings.m, settings.distance, job)?;
    join::between(&series, &other, settings, job)
}

/// The profile of several series of equal length, joined with themselves (mSTAMP): per window one neighbour for each
/// level, level k being the mean distance over the best k + 1 series. Those in `include` always take part.
pub fn multidimensional(
    x: &[Vec<f64>],
    include: &[usize],
    settings: &Settings,
    job: &Job,
) -> Result<Profile> {
    let (series, order) = dimensions(x, include, settings, job)?;
    multidimensional::within(&series, &order, settings, job)
}

/// The series that level `level` of a multidimensional profile takes between each window and its neighbour `index`:
/// rows of `level + 1` series, the included ones first and the others from near to far; -1 where there is no neighbour.
pub fn subspaces(
    x: &[Vec<f64>],
    include: &[usize],
    settings: &Settings,
    index: &[i64],
    level: usize,
    job: &Job,
) -> Result<Vec<i64>> {
    let (series, order) = dimensions(x, include, settings, job)?;
    if level >= series.len() {
        return Err(Error::invalid(
            "level",
            level,
            format!("must be below the number of series, {}", x.len()),
        ));
    }
    if index.len() != series[0].windows() {
        return Err(Error::invalid(
            "index",
            format!("{} items", index.len()),
            "must have one item per window",
        ));
    }
    multidimensional::subspaces(&series, &order, settings, index, level, job)
}

fn dimensions(
    x: &[Vec<f64>],
    include: &[usize],
    settings: &Settings,
    job: &Job,
) -> Result<(Vec<Series>, Order)> {
    settings.check()?;
    let d = x.len();
    if d == 0 {
        return Err(Error::invalid("x", "", "must have at least one dimension"));
    }
    let n = x[0].len();
    if settings.k != 1 {
        return Err(Error::invalid("k", settings.k, "must be 1 for a multidimensional profile"));
    }
    for (at, &t) in include.iter().enumerate() {
        if t >= d || include[..at].contains(&t) {
            let rule = format!("must name different dimensions below {d}");
            return Err(Error::invalid(format!("include[{at}]"), t, rule));
        }
    }
    let series = |t: usize| {
        if x[t].len() != n {
            let rule = format!("must have as many values as x[0], {n}");
            return Err(Error::invalid(format!("x[{t}]"), format!("{} values", x[t].len()), rule));
        }
        check_within(n, settings)?;
        Series::new("x", &x[t], settings.m, settings.distance, job)
    };
    Ok(((0..d).map(series).collect::<Result<_>>()?, Order::new(d, include)))
}
