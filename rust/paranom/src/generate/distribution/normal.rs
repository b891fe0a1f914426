//! Normal, truncated to [low, high] where those are given.

use crate::Result;
use crate::error::refuse_unless;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{normals, uniforms};
use crate::spec::Table;

#[derive(Debug)]
struct Normal {
    mean: Param,
    std: Param,
    site: Site,
}

#[derive(Debug)]
struct Truncated {
    normal: Normal,
    low: f64,
    high: f64,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let mean = Param::or(table, "mean", 0.0, scope)?;
    let std = Param::or(table, "std", 1.0, scope)?.within(|x| x >= 0.0, "must be >= 0")?;
    let limit = |name, default| table.get(name).map_or(Ok(default), |field| field.number());
    let low = limit("low", f64::NEG_INFINITY)?;
    let high = limit("high", f64::INFINITY)?;
    let normal = Normal { mean, std, site: scope.site(table)? };
    if low == f64::NEG_INFINITY && high == f64::INFINITY {
        return Ok(Box::new(normal));
    }
    refuse_unless(low < high, &format!("{}.high", table.path), high, &format!("must be > low ({low})"))?;
    refuse_unless(
        normal.std.bounds().0 > 0.0,
        &format!("{}.std", table.path),
        normal.std.bounds().0,
        "must be > 0 when the distribution is truncated",
    )?;
    let ((mean, same_mean), (std, same_std)) = (normal.mean.bounds(), normal.std.bounds());
    if mean == same_mean && std == same_std {
        let ends = Ends::new((low - mean) / std, (high - mean) / std);
        // Farther out, the distribution function has no digits left.
        let rule = "must leave a probability of 1e-300 at least between them";
        refuse_unless(ends.to - ends.from >= 1e-300, &format!("{}.low", table.path), low, rule)?;
    }
    Ok(Box::new(Truncated { normal, low, high }))
}

impl Rule for Normal {
    fn fill(&self, at: At, out: &mut [f64]) {
        let source = at.source(self.site);
        if let (Some(mean), Some(std)) = (self.mean.one(at), self.std.one(at)) {
            normals(source, at.row, mean, std, out);
        } else {
            let mean = self.mean.column(at, out.len());
            let std = self.std.column(at, out.len());
            normals(source, at.row, 0.0, 1.0, out);
            for ((x, mean), std) in out.iter_mut().zip(mean).zip(std) {
                *x = mean + std * *x;
            }
        }
    }
}

impl Rule for Truncated {
    /// The inverse of the distribution function, between its values at the two limits.
    fn fill(&self, at: At, out: &mut [f64]) {
        let mean = self.normal.mean.column(at, out.len());
        let std = self.normal.std.column(at, out.len());
        uniforms(at.source(self.normal.site), at.row, 0.0, 1.0, out);
        let mut known = (f64::NAN, f64::NAN);
        let mut ends = Ends::default();
        for ((x, mean), std) in out.iter_mut().zip(mean).zip(std) {
            if known != (mean, std) {
                known = (mean, std);
                ends = Ends::new((self.low - mean) / std, (self.high - mean) / std);
            }
            // Rounding may step over a limit.
            *x = (mean + std * ends.at(*x)).clamp(self.low, self.high);
        }
    }

    fn bounds(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}

/// The distribution function at both limits, mirrored into the lower tail, where it keeps its digits.
#[derive(Debug, Default, Clone, Copy)]
struct Ends {
    from: f64,
    to: f64,
    mirrored: bool,
}

impl Ends {
    fn new(low: f64, high: f64) -> Self {
        let mirrored = low > 0.0;
        let (low, high) = if mirrored { (-high, -low) } else { (low, high) };
        Self { from: fmath::normal_cdf(low), to: fmath::normal_cdf(high), mirrored }
    }

    fn at(self, u: f64) -> f64 {
        let x = fmath::normal_quantile(self.from + u * (self.to - self.from));
        if self.mirrored { -x } else { x }
    }
}
