//! A run of windows of similar span, centred and scaled by itself.

use std::ops::Range;

use super::double::Double;
use super::lanes::LANES;
use super::metric::Distance;
use super::series::Series;

/// Windows `start .. start + len`, ready for the kernels. All arrays have `LANES` more entries, which never win.
#[derive(Debug)]
pub(super) struct Segment {
    /// The first window.
    pub(super) start: usize,
    /// The number of windows.
    pub(super) len: usize,
    /// The values, centred and scaled where the distance allows it.
    pub(super) r: Vec<f64>,
    /// The mean of each window (0 where the distance needs none).
    pub(super) mu: Vec<f64>,
    /// The numbers of the step from window i to i + 1, see [`super::metric`].
    pub(super) p: Vec<f64>,
    /// As `p`.
    pub(super) q: Vec<f64>,
    /// The weight of each window; NaN where the kernels must not match it.
    pub(super) w: Vec<f64>,
    /// ½ where the window is constant, else 0: what the joint distances of several dimensions add to a correlation.
    pub(super) flat: Vec<f64>,
}

impl Segment {
    /// Prepares windows of a series. `flats`: whether constant windows take part in the kernels.
    pub(super) fn new(series: &Series, windows: Range<usize>, distance: Distance, flats: bool) -> Self {
        let (start, len, m) = (windows.start, windows.len(), series.m);
        let x = &series.x[start..start + len + m - 1];
        let mut r = match distance {
            Distance::ZNormalized => centred(x, &series.span[windows]),
            _ => x.to_vec(),
        };
        r.resize(len + m - 1 + LANES, 0.0);
        let mut segment = Self {
            start,
            len,
            mu: vec![0.0; len + LANES],
            p: vec![0.0; len + LANES],
            q: vec![0.0; len + LANES],
            w: vec![f64::NAN; len + LANES],
            flat: vec![0.0; len + LANES],
            r,
        };
        match distance {
            Distance::ZNormalized => segment.prepare_moments(series, flats),
            Distance::L1 | Distance::L2 => segment.prepare_values(series, |_| 0.0),
            Distance::Relative => {
                let sums = sums(&segment.r, Double::plus, f64::abs);
                // A window of zeros has no finite distance but to itself.
                let weight = |i: usize| (1.0 / sums[i + m].minus(sums[i])).min(f64::MAX);
                segment.prepare_values(series, weight);
            }
        }
        segment
    }

    fn prepare_values(&mut self, series: &Series, weight: impl Fn(usize) -> f64) {
        let m = series.m;
        for i in 0..self.len {
            self.p[i] = self.r[i + m];
            self.q[i] = self.r[i];
            if series.whole[self.start + i] {
                self.w[i] = weight(i);
            }
        }
    }

    fn prepare_moments(&mut self, series: &Series, flats: bool) {
        let m = series.m;
        let size = m as f64;
        let first = sums(&self.r, Double::plus, |v| v);
        let second = sums(&self.r, Double::plus_square, |v| v);
        for i in 0..self.len {
            self.mu[i] = first[i + m].minus(first[i]) / size;
        }
        for i in 0..self.len {
            let at = self.start + i;
            if series.constant(at) {
                self.flat[i] = 0.5;
                self.w[i] = if flats { 0.0 } else { f64::NAN };
            } else if series.whole[at] {
                let mu = self.mu[i];
                let total = second[i + m].minus(second[i]);
                let mut squares = total - size * mu * mu;
                if squares < 1e-3 * total {
                    // Too much cancels: sum the squares directly.
                    squares = self.r[i..i + m].iter().map(|v| (v - mu) * (v - mu)).sum();
                }
                self.w[i] = 1.0 / squares.sqrt();
            }
            if i + 1 < self.len {
                self.p[i] = (self.r[i + m] - self.r[i]) * 0.5;
                self.q[i] = (self.r[i + m] - self.mu[i + 1]) + (self.r[i] - self.mu[i]);
            }
        }
    }
}

/// Running sums: `out[i]` is the sum of the first i values.
fn sums(r: &[f64], add: fn(Double, f64) -> Double, of: fn(f64) -> f64) -> Vec<Double> {
    let mut sum = Double::default();
    let mut out = vec![sum];
    out.extend(r.iter().map(|&v| {
        sum = add(sum, of(v));
        sum
    }));
    out
}

/// The values minus the middle of their range, scaled so that no square overflows or vanishes.
fn centred(x: &[f64], spans: &[f64]) -> Vec<f64> {
    let widest = spans.iter().copied().fold(0.0, f64::max);
    let scale = super::scale::to_one(widest);
    let scaled = |v: f64| v * scale.0 * scale.1;
    let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (v.min(l), v.max(h)));
    let middle = scaled(low) * 0.5 + scaled(high) * 0.5;
    x.iter().map(|&v| scaled(v) - middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(x: &[f64], m: usize) -> Series {
        Series::new("x", x, m, Distance::ZNormalized, &crate::job::Job::new()).unwrap()
    }

    #[test]
    fn extreme_scales_keep_their_digits() {
        for scale in [1e-310, 1e-150, 1.0, 1e150, 8e307] {
            let x: Vec<f64> = [0.0, 1.0, 0.5, -1.0, 0.25].iter().map(|v| v * scale).collect();
            let s = series(&x, 4);
            let segment = Segment::new(&s, 0..2, Distance::ZNormalized, false);
            let unit = if (1e-60..1e60).contains(&scale) { scale } else { 1.0 };
            assert!(
                segment.w[..2].iter().all(|w| (1e-3..1e3).contains(&(w * unit))),
                "{scale}: {:?}",
                segment.w
            );
        }
    }
}
