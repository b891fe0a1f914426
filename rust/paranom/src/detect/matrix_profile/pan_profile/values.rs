//! The series of a pan profile: filled, centred and scaled, with what tells at any length which windows are whole or
//! constant.

use crate::Result;
use crate::detect::matrix_profile::double::Double;
use crate::detect::matrix_profile::scale;
use crate::error::{try_filled, try_vec};

/// A series, centred at its median.
pub(super) struct Values {
    /// The values; a missing one is the one before it.
    pub(super) x: Vec<f64>,
    /// Sums of the first values and of their squares.
    pub(super) sums: Vec<Double>,
    pub(super) squares: Vec<Double>,
    /// How many of the first values are missing.
    missing: Vec<u32>,
    /// How many values from here on are equal.
    equal: Vec<u32>,
    /// The longest run of equal values.
    longest: u32,
}

impl Values {
    pub(super) fn new(x: &[f64]) -> Result<Self> {
        let n = x.len();
        let (middle, widest) = middle(x)?;
        let scale = scale::to_one(widest);
        let of = |v: f64| v * scale.0 * scale.1 - middle * scale.0 * scale.1;
        let mut filled: Vec<f64> = try_vec(n)?;
        let (mut sums, mut squares) = (try_vec(n + 1)?, try_vec(n + 1)?);
        let mut missing: Vec<u32> = try_vec(n + 1)?;
        let (mut sum, mut square, mut count) = (Double::default(), Double::default(), 0);
        sums.push(sum);
        squares.push(square);
        missing.push(0);
        let mut last = x.iter().copied().find(|v| v.is_finite()).map_or(0.0, of);
        for &v in x {
            if v.is_finite() {
                last = of(v);
            } else {
                count += 1;
            }
            filled.push(last);
            (sum, square) = (sum.plus(last), square.plus_square(last));
            sums.push(sum);
            squares.push(square);
            missing.push(count);
        }
        let mut equal: Vec<u32> = try_filled(1, n)?;
        for i in (0..n.saturating_sub(1)).rev() {
            if filled[i] == filled[i + 1] {
                equal[i] = equal[i + 1] + 1;
            }
        }
        let longest = equal.iter().copied().max().unwrap_or(0);
        Ok(Self { x: filled, sums, squares, missing, equal, longest })
    }

    /// Whether the window of `m` values from `i` on has finite values only.
    pub(super) fn whole(&self, i: usize, m: usize) -> bool {
        self.missing[i] == self.missing[i + m]
    }

    /// Whether any window of `m` values may be constant.
    pub(super) fn has_constant(&self, m: usize) -> bool {
        self.longest as usize >= m
    }

    /// Whether its values are all equal.
    pub(super) fn constant(&self, i: usize, m: usize) -> bool {
        self.equal[i] as usize >= m
    }
}

/// The median of the finite values, and how far the others are from it at most.
fn middle(x: &[f64]) -> Result<(f64, f64)> {
    let mut finite = try_vec(x.len())?;
    finite.extend(x.iter().copied().filter(|v| v.is_finite()));
    if finite.is_empty() {
        return Ok((0.0, 0.0));
    }
    let at = finite.len() / 2;
    let middle = *finite.select_nth_unstable_by(at, f64::total_cmp).1;
    let widest = finite.iter().fold(0.0, |widest: f64, v| widest.max((v - middle).abs().min(f64::MAX)));
    Ok((middle, widest))
}
