//! Elementary functions of float32, of `+ - * /` and integer operations in a fixed order, without branches.

/// 1.5 * 2^23: adding it rounds a small number to an integer, which is then in the low bits.
const ROUND: f32 = 12_582_912.0;
const ROUND_BITS: u32 = 0x4b40_0000;
/// ln(2) in two parts; a product of the first with an exponent is exact.
#[allow(clippy::excessive_precision)] // this is the number, and no rounded one
const LN2_HI: f32 = 0.693_359_375;
const LN2_LO: f32 = -2.121_944_4e-4;

/// e to the power x, as (2^n, e^r - 1), which are factors of it if 1 is added to the second; |x| <= 87, or NaN.
#[inline(always)]
fn parts(x: f32) -> (f32, f32) {
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HI) - n * LN2_LO;
    let mut p = 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    let power = f32::from_bits(shifted.to_bits().wrapping_sub(ROUND_BITS).wrapping_add(127) << 23);
    (power, r + r * r * p)
}

/// A number, but none beyond a limit; NaN stays NaN.
#[inline(always)]
fn limited(x: f32, limit: f32) -> f32 {
    let x = if x > limit { limit } else { x };
    if x < -limit { -limit } else { x }
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(super) fn logistic(x: f32) -> f32 {
    let (power, beyond) = parts(limited(-x, 80.0));
    1.0 / (1.0 + (power + power * beyond))
}

/// The hyperbolic tangent; it keeps its digits where x is small.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let (power, beyond) = parts(limited(2.0 * x, 40.0));
    let less_one = (power - 1.0) + power * beyond;
    less_one / (less_one + 2.0)
}

/// e to the power x, from e^-80 to e^80.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let (power, beyond) = parts(limited(x, 80.0));
    power + power * beyond
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // the host's functions are the second opinion here
mod tests {
    use super::*;

    #[test]
    fn close_to_the_host() {
        for i in -40_000..40_000 {
            let x = i as f32 * 0.0011;
            let (wide, near) =
                (f64::from(x), |a: f32, b: f64, most: f64| (f64::from(a) / b - 1.0).abs() < most);
            assert!(near(exp(x), wide.exp(), 1.5e-7), "exp({x})");
            assert!(near(logistic(x), 1.0 / (1.0 + (-wide).exp()), 2.5e-7), "logistic({x})");
            assert!(i == 0 || near(tanh(x), wide.tanh(), 4e-7), "tanh({x})");
        }
        assert_eq!(tanh(0.0), 0.0);
        assert!((f64::from(tanh(1e-6)) / 1e-6 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn ends_are_defined() {
        for x in [1e30, f32::INFINITY] {
            assert_eq!((logistic(x), tanh(x), tanh(-x)), (1.0, 1.0, -1.0));
            assert!(logistic(-x) < 1e-30 && logistic(-x) > 0.0);
        }
        assert!(logistic(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && exp(f32::NAN).is_nan());
    }
}
