//! The guess: how sure the detector is that an alarm of its own is a true positive.

use crate::fmath;

/// The uncertainty p in [0, 1] and what is left of it, 1 - p = exp(K^b - t^b), which keeps its digits as p nears 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guess {
    pub(super) p: f64,
    pub(super) rest: f64,
}

impl Guess {
    /// Certain.
    pub(super) const SURE: Self = Self { p: 1.0, rest: 0.0 };
}

/// A time from which the guess is exactly [`Guess::SURE`] as long as K stays below `k`, far beyond the last digit.
pub(super) fn sure_from(k: f64, reference: usize, bias: f64) -> f64 {
    let start = power(k, bias);
    let t = fmath::exp(fmath::ln(start + 800.0) / bias);
    // Beyond 1e12 the powers round too coarsely to tell when 800 have been gained.
    if start < 1e12 && t > reference as f64 { t } else { f64::INFINITY }
}

/// The guess at time `t` of a process whose false alarms have pulled K up to `k`; 0 until `t` passes the reference.
pub(super) fn guess(k: f64, t: f64, reference: usize, bias: f64) -> Guess {
    if t <= reference as f64 {
        return Guess { p: 0.0, rest: 1.0 };
    }
    let gap = power(k, bias) - power(t, bias);
    // Infinite powers of a large bias: certain.
    let rest = if gap.is_nan() { 0.0 } else { fmath::exp(gap.min(0.0)) };
    Guess { p: 1.0 - rest, rest }
}

/// x^b for x >= 1.
fn power(x: f64, b: f64) -> f64 {
    fmath::exp(b * fmath::ln(x))
}

/// K after one more false positive at `t`: a step of 1/M of the way to `t`.
pub(super) fn doubt(k: f64, t: f64, reference: usize) -> f64 {
    k + (t - k) / reference as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guess_stays_a_probability() {
        for bias in [1e-9, 0.1, 0.85, 1.0, 3.0, 1e6] {
            for (k, t) in [(60.0, 61.0), (60.0, 1e15), (1e15, 1e15 + 2.0), (60.0, 60.0)] {
                let Guess { p, rest } = guess(k, t, 60, bias);
                assert!((0.0..=1.0).contains(&p) && (0.0..=1.0).contains(&rest), "{bias} {k} {t}");
            }
        }
    }

    #[test]
    fn sure_means_sure() {
        for bias in [0.05, 0.3, 0.85, 1.0, 3.0] {
            for k in [60.0, 61.5, 1e4, 1e9] {
                let t = sure_from(k, 60, bias);
                assert!(t > k, "{bias} {k}");
                if t == f64::INFINITY {
                    continue; // the powers are taken each time
                }
                for later in [t, t + 1.0, t * 2.0] {
                    assert_eq!(guess(k, later, 60, bias), Guess::SURE, "{bias} {k}");
                }
            }
        }
    }

    #[test]
    fn k_stays_between_the_reference_and_the_clock() {
        let mut k = 60.0;
        for t in 61..10_000_i32 {
            k = doubt(k, f64::from(t), 60);
            assert!((60.0..=f64::from(t)).contains(&k));
        }
    }
}
