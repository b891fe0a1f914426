//! The whole way, from the shortest length to the longest.

use super::carried::Carried;
use super::moments::Moments;
use super::summary::{Found, Length, Pair, normalised, summary};
use super::sweep::sweep_share;
use super::values::Values;
use crate::detect::matrix_profile::exact;
use crate::detect::matrix_profile::metric::Distance;
use crate::detect::matrix_profile::series::Series;
use crate::detect::matrix_profile::settings::Settings;
use crate::error::try_vec;
use crate::job::Job;
use crate::{Error, Result, pool};

/// A length is swept if it is so many times the one swept before it.
const RATIO: f64 = 1.1;

/// The lengths, and how the profiles differ along the series.
#[derive(Debug, Clone, PartialEq)]
pub struct PanProfile {
    /// What is known of each length.
    pub lengths: Vec<Length>,
    /// The largest distance over 2 √window in each bin, length by length; NaN where no window has a neighbour.
    pub bins: Vec<f32>,
    /// Windows in a bin.
    pub width: usize,
}

/// The discord and the motif of each of these window lengths, which must rise, and the profile in `bins` bins at most.
///
/// `settings.fraction` is the share of the pairs of windows that is swept. At 1 every length is swept whole. Below 1,
/// lengths some 10 % apart are swept, and distances are upper bounds. The window of the settings is not used.
///
/// The job counts cells.
pub fn pan_profile(
    x: &[f64],
    windows: &[usize],
    bins: usize,
    settings: &Settings,
    job: &Job,
) -> Result<PanProfile> {
    settings.check()?;
    check(x, windows, bins)?;
    let values = Values::new(x)?;
    let width = x.len().div_ceil(bins);
    let bins = x.len().div_ceil(width);
    let mut rows: Vec<f32> = try_vec(windows.len().saturating_mul(bins))?;
    rows.resize(windows.len() * bins, f32::NAN);
    let mut moments = Moments::new(x.len())?;
    let mut carried = Carried::new(x.len())?;
    let mut lengths = try_vec(windows.len())?;
    let (mut swept, mut turn) = (0, 0);
    for (&window, bins) in windows.iter().zip(rows.chunks_mut(bins)) {
        job.check()?;
        let settings = Settings { window, distance: Distance::ZNormalized, k: 1, ..*settings };
        pool::run(settings.threads, || {
            moments.fill(&values, window);
            carried.lengthen(&values, &moments);
        })?;
        if settings.fraction == 1.0 || window as f64 >= swept as f64 * RATIO {
            sweep_share(x, &settings, turn, &moments, &mut carried, job)?;
            (swept, turn) = (window, turn + 1);
        }
        let found = pool::run(settings.threads, || summary(&values, &carried, &moments, width, bins))?;
        let pair = |found: Option<Found>| found.map(|found| pair(x, window, found, job)).transpose();
        lengths.push(Length {
            window,
            discord: pair(found.least)?,
            motif: pair(found.greatest)?,
            typical: normalised(found.median) * 2.0 * (window as f64).sqrt(),
        });
    }
    Ok(PanProfile { lengths, bins: rows, width })
}

fn check(x: &[f64], windows: &[usize], bins: usize) -> Result<()> {
    if bins == 0 {
        return Err(Error::invalid("bins", bins, "must be at least 1"));
    }
    if windows.is_empty() {
        return Err(Error::invalid("windows", "", "must have at least one length"));
    }
    for (at, &window) in windows.iter().enumerate() {
        let path = || format!("windows[{at}]");
        if window < 3 {
            return Err(Error::invalid(path(), window, "must be at least 3"));
        }
        if at > 0 && window <= windows[at - 1] {
            return Err(Error::invalid(path(), window, "must be more than the length before it"));
        }
    }
    let longest = windows[windows.len() - 1];
    Settings { window: longest, distance: Distance::ZNormalized, k: 1, fraction: 1.0, threads: 1 }
        .check_self_join(x.len())
}

/// The exact distance of a window to the neighbour found.
fn pair(x: &[f64], m: usize, (window, _, neighbour): Found, job: &Job) -> Result<Pair> {
    let series = |at: usize| Series::new("x", &x[at..at + m], m, Distance::ZNormalized, job);
    let neighbour = neighbour as usize;
    let distance = exact::between(Distance::ZNormalized, &series(window)?, 0, &series(neighbour)?, 0);
    Ok(Pair { window, neighbour, distance })
}
