//! The distances of one window, the query, to every window of a series: each computed directly from the values.

use rayon::prelude::*;

use super::exact;
use super::form::{Form, form};
use super::lanes::{LANES, lanes, load, stored};
use super::metric::{Distance, Lp};
use super::settings::check_size;
use crate::error::try_filled;
use crate::job::Job;
use crate::simd::vector::{Blocks, Vector, dispatch_blocks};
use crate::{Error, Result, pool};

/// Blocks of `LANES` windows that one task computes.
const BLOCKS: usize = 256;

/// The distance of `query` to each window of `x` of its length; +inf where one of both has a value that is not finite.
///
/// The job counts windows.
pub fn distance_profile(
    query: &[f64],
    x: &[f64],
    distance: Distance,
    threads: usize,
    job: &Job,
) -> Result<Vec<f64>> {
    let (m, n) = (query.len(), x.len());
    if m < 3 {
        return Err(Error::invalid("query", format!("{m} values"), "must have at least 3 values"));
    }
    if n < m {
        let rule = format!("must have at least as many values as query, {m}");
        return Err(Error::invalid("x", format!("{n} values"), rule));
    }
    check_size("x", n)?;
    check_values("query", query, distance)?;
    check_values("x", x, distance)?;
    let query = Query::new(query, distance);
    let windows = n - m + 1;
    let mut out = try_filled(f64::INFINITY, windows)?;
    if !query.whole {
        return Ok(out);
    }
    let piece = |(at, out): (usize, &mut [f64])| {
        job.step(out.len() as u64)?;
        query.fill(&x[at * BLOCKS * LANES..], out);
        Ok(())
    };
    if threads == 1 || windows <= BLOCKS * LANES {
        // Handing so little work to a pool costs more than doing it.
        out.chunks_mut(BLOCKS * LANES).enumerate().try_for_each(piece)?;
    } else {
        pool::run(threads, || out.par_chunks_mut(BLOCKS * LANES).enumerate().try_for_each(piece))??;
    }
    Ok(out)
}

/// Refuses values whose distances may overflow.
pub(super) fn check_values(path: &str, x: &[f64], distance: Distance) -> Result<()> {
    let most = distance.largest_value();
    match x.iter().position(|v| v.is_finite() && v.abs() > most) {
        Some(at) => {
            let rule = format!("must be at most {most:e} in size for this distance");
            Err(Error::invalid(format!("{path}[{at}]"), format!("{:e}", x[at]), rule))
        }
        None => Ok(()),
    }
}

/// The query, ready to be compared.
pub(super) struct Query<'a> {
    values: &'a [f64],
    /// What the values of a window are compared with, one after the other.
    target: Vec<f64>,
    distance: Distance,
    pub(super) whole: bool,
    /// Whether no square of its values overflows or vanishes, so that many windows can be computed side by side.
    plain: bool,
    form: Form,
    constant: bool,
}

impl<'a> Query<'a> {
    pub(super) fn new(values: &'a [f64], distance: Distance) -> Self {
        let whole = values.iter().all(|v| v.is_finite());
        let span = span(values);
        let constant = span == 0.0;
        let form = if constant || !whole { Form::default() } else { form(values, span) };
        let mut target = values.to_vec();
        let mut plain = whole;
        if whole && distance == Distance::ZNormalized {
            // In the order of the kernel: so equal windows have equal bits, and are exactly 0 apart.
            let moments = Moments::of(values);
            plain = !constant && moments.usual();
            for v in &mut target {
                *v = ((*v - moments.base) - moments.mean) * moments.weight;
            }
        }
        Self { values, target, distance, whole, plain, form, constant }
    }

    /// Writes the distances of the first windows of `x`.
    pub(super) fn fill(&self, x: &[f64], out: &mut [f64]) {
        let m = self.values.len();
        self.fill_blocks(x, out, |at| dispatch_blocks(Side { query: self, x: &x[at..at + LANES - 1 + m] }));
    }

    /// As [`Self::fill`], with the moments of the windows of `x`.
    pub(super) fn fill_with(&self, x: &[f64], moments: &WindowMoments, out: &mut [f64]) {
        let m = self.values.len();
        self.fill_blocks(x, out, |at| {
            let (means, weights) = (&moments.means[at..at + LANES], &moments.weights[at..at + LANES]);
            let x = &x[at..at + LANES - 1 + m];
            dispatch_blocks(DistancesSide { target: &self.target, x, means, weights })
        });
    }

    /// Writes the distances, those of a block of windows as `block` says.
    fn fill_blocks(&self, x: &[f64], out: &mut [f64], block: impl Fn(usize) -> [f64; LANES]) {
        let m = self.values.len();
        let mut done = 0;
        while self.plain && done + LANES <= out.len() {
            out[done..done + LANES].copy_from_slice(&block(done));
            done += LANES;
        }
        out[done..].fill(f64::NAN);
        for (at, out) in out.iter_mut().enumerate().filter(|(_, d)| !d.is_finite()) {
            *out = self.alone(&x[at..at + m]);
        }
    }

    /// The distance to one window of any kind.
    pub(super) fn alone(&self, window: &[f64]) -> f64 {
        if !self.whole {
            return f64::INFINITY;
        }
        if !window.iter().all(|v| v.is_finite()) {
            return f64::INFINITY;
        }
        let span = span(window);
        let of = |form| exact::distance(self.distance, (self.values, self.form), (window, form));
        match (self.distance, self.constant, span == 0.0) {
            (Distance::ZNormalized, true, true) => 0.0,
            (Distance::ZNormalized, false, false) => of(form(window, span)),
            (Distance::ZNormalized, _, _) => (window.len() as f64).sqrt(),
            _ => of(Form::default()),
        }
    }
}

fn span(x: &[f64]) -> f64 {
    let (low, high) =
        x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    (high - low).min(f64::MAX)
}

/// How a window becomes z-normalised: `((x - base) - mean) * weight`.
struct Moments {
    base: f64,
    mean: f64,
    squares: f64,
    weight: f64,
}

impl Moments {
    fn of(x: &[f64]) -> Self {
        let base = x[0];
        let mean = x.iter().fold(0.0, |sum, v| sum + (v - base)) / x.len() as f64;
        let squares = x.iter().fold(0.0, |sum, v| {
            let d = (v - base) - mean;
            sum + d * d
        });
        Self { base, mean, squares, weight: 1.0 / squares.sqrt() }
    }

    fn usual(&self) -> bool {
        self.squares > LEAST && self.squares < MOST
    }
}

/// Sums of squares outside this range go the slow way.
const LEAST: f64 = 1e-200;
const MOST: f64 = 1e200;

/// The moments of the windows of a series, computed once for many queries of the same length.
pub(super) struct WindowMoments {
    means: Vec<f64>,
    weights: Vec<f64>,
}

impl WindowMoments {
    /// Those of the windows of `m` values, as many as fill blocks of `LANES`.
    pub(super) fn new(x: &[f64], m: usize) -> Self {
        let windows = (x.len() + 1 - m) / LANES * LANES;
        let (mut means, mut weights) = (Vec::with_capacity(windows), Vec::with_capacity(windows));
        for at in (0..windows).step_by(LANES) {
            let (mean, weight) = dispatch_blocks(MomentsSide { m, x: &x[at..at + LANES - 1 + m] });
            means.extend(mean);
            weights.extend(weight);
        }
        Self { means, weights }
    }
}

struct MomentsSide<'a> {
    m: usize,
    x: &'a [f64],
}

impl Blocks for MomentsSide<'_> {
    type Output = ([f64; LANES], [f64; LANES]);

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) -> Self::Output {
        moments::<V, N>(self.m, self.x)
    }
}

struct DistancesSide<'a> {
    target: &'a [f64],
    x: &'a [f64],
    means: &'a [f64],
    weights: &'a [f64],
}

impl Blocks for DistancesSide<'_> {
    type Output = [f64; LANES];

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) -> [f64; LANES] {
        distances::<V, N>(self.target, self.x, self.means, self.weights)
    }
}

/// The distances of `LANES` windows side by side; NaN where a window needs the slow way.
struct Side<'a, 'q> {
    query: &'a Query<'q>,
    x: &'a [f64],
}

impl Blocks for Side<'_, '_> {
    type Output = [f64; LANES];

    #[inline(always)]
    fn run<V: Vector, const N: usize>(self) -> [f64; LANES] {
        let Self { query, x } = self;
        match query.distance {
            Distance::ZNormalized => normalized::<V, N>(&query.target, x),
            Distance::L1 => plain::<V, N, 1>(&query.target, x),
            Distance::L2 => plain::<V, N, 2>(&query.target, x).map(f64::sqrt),
            Distance::Relative => relative::<V, N>(&query.target, x),
        }
    }
}

#[inline(always)]
fn normalized<V: Vector, const N: usize>(target: &[f64], x: &[f64]) -> [f64; LANES] {
    let (means, weights) = moments::<V, N>(target.len(), x);
    distances::<V, N>(target, x, &means, &weights)
}

/// Means and weights of `LANES` windows; the weight is NaN where a window needs the slow way.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // zipped, the sums do not stay in registers
fn moments<V: Vector, const N: usize>(m: usize, x: &[f64]) -> ([f64; LANES], [f64; LANES]) {
    let base: [V; N] = load(x, 0);
    let mut mean = [V::splat(0.0); N];
    for k in 0..m {
        let x = lanes(x, k);
        for g in 0..N {
            mean[g] = mean[g].plus(V::load(x, g * V::WIDTH).minus(base[g]));
        }
    }
    let means = stored(&mean).map(|sum| sum / m as f64);
    mean = load(&means, 0);
    let mut total = [V::splat(0.0); N];
    for k in 0..m {
        let x = lanes(x, k);
        for g in 0..N {
            let d = V::load(x, g * V::WIDTH).minus(base[g]).minus(mean[g]);
            total[g] = total[g].plus(d.times(d));
        }
    }
    let weights = stored(&total).map(|squares| {
        let usual = squares > LEAST && squares < MOST;
        if usual { 1.0 / squares.sqrt() } else { f64::NAN }
    });
    (means, weights)
}

/// The distances of `LANES` windows with these moments.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn distances<V: Vector, const N: usize>(
    target: &[f64],
    x: &[f64],
    means: &[f64],
    weights: &[f64],
) -> [f64; LANES] {
    let (base, mean, weight): ([V; N], [V; N], [V; N]) = (load(x, 0), load(means, 0), load(weights, 0));
    let mut total = [V::splat(0.0); N];
    for (k, &wanted) in target.iter().enumerate() {
        let (x, wanted) = (lanes(x, k), V::splat(wanted));
        for g in 0..N {
            let v = V::load(x, g * V::WIDTH).minus(base[g]).minus(mean[g]).times(weight[g]);
            total[g] = total[g].plus(Lp::<2>::pair(wanted, v));
        }
    }
    stored(&total).map(|total| (total * target.len() as f64).sqrt())
}

#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn plain<V: Vector, const N: usize, const P: u8>(target: &[f64], x: &[f64]) -> [f64; LANES] {
    let mut total = [V::splat(0.0); N];
    for (k, &wanted) in target.iter().enumerate() {
        let (x, wanted) = (lanes(x, k), V::splat(wanted));
        for g in 0..N {
            total[g] = total[g].plus(Lp::<P>::pair(wanted, V::load(x, g * V::WIDTH)));
        }
    }
    stored(&total)
}

#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn relative<V: Vector, const N: usize>(target: &[f64], x: &[f64]) -> [f64; LANES] {
    let (mut total, mut size) = ([V::splat(0.0); N], [V::splat(0.0); N]);
    for (k, &wanted) in target.iter().enumerate() {
        let (x, wanted) = (lanes(x, k), V::splat(wanted));
        for g in 0..N {
            let v = V::load(x, g * V::WIDTH);
            total[g] = total[g].plus(Lp::<1>::pair(wanted, v));
            size[g] = size[g].plus(v.size());
        }
    }
    let (total, size) = (stored(&total), stored(&size));
    std::array::from_fn(|l| if total[l] == 0.0 { 0.0 } else { total[l] / size[l] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_0_from_itself_and_missing_values_are_far() {
        let mut x: Vec<f64> = (0..200).map(|i| f64::from(i * 7919 % 101)).collect();
        x[150] = f64::NAN;
        for distance in [Distance::ZNormalized, Distance::L1, Distance::L2, Distance::Relative] {
            let found = distance_profile(&x[40..55], &x, distance, 2, &Job::new()).unwrap();
            assert_eq!(found[40], 0.0);
            assert!(found[136..=150].iter().all(|d| *d == f64::INFINITY) && found[135].is_finite());
        }
    }
}
