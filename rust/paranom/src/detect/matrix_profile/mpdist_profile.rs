//! The MPdist of a query to every interval of a series that is as long: how many of their windows are alike?
//!
//! Gharghabi, Imani, Bagnall, Darvishzadeh & Keogh, "Matrix Profile XII: MPdist" (ICDM 2018). The nearest neighbours of the
//! query's windows in the interval, and those of the interval's windows in the query, are put in one list. The distance is
//! the item of a low rank in that list.

use rayon::prelude::*;

use super::distance_profile::{Query, WindowMoments, check_values};
use super::metric::Distance;
use super::series::sliding;
use super::settings::check_size;
use crate::error::try_vec;
use crate::job::Job;
use crate::{Error, Result, pool};

/// Intervals that one task computes, at least.
const PART: usize = 2048;

/// The MPdist of `query` to each interval of `x` of its length, by windows of `window` values: the item number `rank`
/// (from 0) of the sorted list of distances, or the last finite one. +inf where there is none.
///
/// The job counts intervals.
pub fn mpdist_profile(
    query: &[f64],
    x: &[f64],
    window: usize,
    rank: usize,
    distance: Distance,
    threads: usize,
    job: &Job,
) -> Result<Vec<f64>> {
    let (length, n) = (query.len(), x.len());
    if window < 3 || window > length {
        let rule = format!("must be from 3 to the length of query, {length}");
        return Err(Error::invalid("window", window, rule));
    }
    if n < length {
        let rule = format!("must have at least as many values as query, {length}");
        return Err(Error::invalid("x", format!("{n} values"), rule));
    }
    check_size("x", n)?;
    check_values("query", query, distance)?;
    check_values("x", x, distance)?;
    let queries: Vec<Query<'_>> = query.windows(window).map(|values| Query::new(values, distance)).collect();
    let intervals = n - length + 1;
    let mut out = try_vec(intervals)?;
    out.resize(intervals, f64::INFINITY);
    let part = PART.max(2 * queries.len());
    let of_part = |(at, out): (usize, &mut [f64])| {
        let x = &x[at * part..at * part + out.len() + length - 1];
        let moments = (distance == Distance::ZNormalized).then(|| WindowMoments::new(x, window));
        fill(&queries, (x, moments.as_ref()), window, rank, out, job)
    };
    pool::run(threads, || out.par_chunks_mut(part).enumerate().try_for_each(of_part))??;
    Ok(out)
}

/// Writes the distances of the first intervals of `x`.
fn fill(
    queries: &[Query<'_>],
    (x, moments): (&[f64], Option<&WindowMoments>),
    window: usize,
    rank: usize,
    out: &mut [f64],
    job: &Job,
) -> Result<()> {
    let count = queries.len();
    let windows = x.len() - window + 1;
    let mut distances = vec![f64::INFINITY; windows];
    // The nearest of the query's windows to each window of x.
    let mut to_query = distances.clone();
    // The nearest of an interval's windows to each window of the query, interval by interval.
    let mut to_interval = try_vec(out.len().saturating_mul(count))?;
    to_interval.resize(out.len() * count, f64::INFINITY);
    for (nth, query) in queries.iter().enumerate() {
        job.check()?;
        if !query.whole {
            continue;
        }
        match moments {
            Some(moments) => query.fill_with(x, moments, &mut distances),
            None => query.fill(x, &mut distances),
        }
        for (nearest, &d) in to_query.iter_mut().zip(&distances) {
            *nearest = if d < *nearest { d } else { *nearest };
        }
        let nearest = sliding(&distances, count, |a, b| if a < b { a } else { b })?;
        for (list, d) in to_interval.chunks_exact_mut(count).zip(nearest) {
            list[nth] = d;
        }
    }
    let mut list = vec![0.0; 2 * count];
    for (i, (out, own)) in out.iter_mut().zip(to_interval.chunks_exact(count)).enumerate() {
        list[..count].copy_from_slice(own);
        list[count..].copy_from_slice(&to_query[i..i + count]);
        let finite = list.iter().filter(|d| d.is_finite()).count();
        if finite > 0 {
            *out = *list.select_nth_unstable_by(rank.min(finite - 1), f64::total_cmp).1;
        }
    }
    job.step(out.len() as u64)
}
