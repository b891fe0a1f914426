//! Elementary functions made of `+ - * /`, `sqrt` and integer operations, in a fixed order.
//!
//! The host's `ln`, `exp` and `sin` change bits between processors. These do not, and `tests/reference/fmath.py`
//! mirrors them operation by operation. All are branch-free, so that a loop over them vectorises. Errors
//! (measured against 90 digits): `ln` and `exp` under 1 unit in the last place, `sincos2pi` under 3e-16 absolute.

#![allow(clippy::excessive_precision)] // coefficients are kept as they are published

/// 1.5 * 2^52: adding it rounds a small number to an integer, which is then in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const ROUND_BITS: u64 = 0x4338_0000_0000_0000;
const LN2_HI: f64 = 0.693_146_705_627_441_4; // ends in 32 zero bits: a product with an exponent is exact
const LN2_LO: f64 = 4.749_325_039_031_672_6e-7;
const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;
const MANTISSA: u64 = 0x000f_ffff_ffff_ffff;
/// 2^52 as an exponent pattern: or-ing a small integer in makes the float 2^52 + integer.
const TWO52_BITS: u64 = 0x4330_0000_0000_0000;

/// The nearest whole number, ties to the even one, of |x| < 2^51.
#[inline(always)]
pub fn nearest(x: f64) -> f64 {
    (x + ROUND) - ROUND
}

/// Natural logarithm of a positive normal number.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    // x = 2^k * m, m in [sqrt(1/2), sqrt(2))
    let shifted = x.to_bits().wrapping_add(ONE_BITS - SQRT_HALF_BITS);
    let k = f64::from_bits((shifted >> 52) | TWO52_BITS) - (4_503_599_627_370_496.0 + 1023.0);
    let m = f64::from_bits((shifted & MANTISSA).wrapping_add(SQRT_HALF_BITS));
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    // 2 atanh(s) = s * (2 + r)
    let mut r = 0.146_164_496_850_434_06;
    r = r * z + 0.153_317_216_005_560_42;
    r = r * z + 0.181_828_891_252_617_23;
    r = r * z + 0.222_222_111_347_950_8;
    r = r * z + 0.285_714_286_259_754_87;
    r = r * z + 0.399_999_999_998_995_05;
    r = r * z + 0.666_666_666_666_667;
    r *= z;
    let half = 0.5 * f * f;
    k * LN2_HI - ((half - (s * (half + r) + k * LN2_LO)) - f)
}

/// e to the power r, less 1, for |r| <= ln(2) / 2.
#[inline(always)]
fn beyond_one(r: f64) -> f64 {
    let mut p = 2.510_037_583_256_123_4e-8;
    p = p * r + 2.762_007_587_998_336_7e-7;
    p = p * r + 2.755_726_848_031_002_4e-6;
    p = p * r + 2.480_152_132_236_869_2e-5;
    p = p * r + 1.984_126_986_304_054_5e-4;
    p = p * r + 1.388_888_891_719_671_9e-3;
    p = p * r + 8.333_333_333_330_065e-3;
    p = p * r + 4.166_666_666_662_416_4e-2;
    p = p * r + 0.166_666_666_666_666_69;
    p = p * r + 0.500_000_000_000_000_1;
    r + r * r * p
}

/// e to the power x, less 1: keeps its digits where x is small.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    if x.abs() < 0.34 { beyond_one(x) } else { exp(x) - 1.0 }
}

/// e to the power x; overflows to infinity and underflows to zero, NaN stays NaN.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Beyond these the result is infinite or zero; NaN fails both comparisons and passes through.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HI) - n * LN2_LO;
    let y = 1.0 + beyond_one(r);
    // 2^n in two factors, since n runs from -1077 to 1025. The low bits of `shifted` hold n.
    let n = shifted.to_bits().wrapping_sub(ROUND_BITS - 2048);
    let first = n >> 1;
    let second = n.wrapping_sub(first);
    y * f64::from_bits(first.wrapping_sub(1) << 52) * f64::from_bits(second.wrapping_sub(1) << 52)
}

/// (sin 2πv, cos 2πv) for |v| <= 1/2: the phase is reduced before it is multiplied by 2π.
#[inline(always)]
pub fn sincos2pi(v: f64) -> (f64, f64) {
    // v = q/4 + r, |r| <= 1/8
    let shifted = v * 4.0 + ROUND;
    let q = shifted.to_bits();
    let r = v - (shifted - ROUND) * 0.25;
    let z = r * r;
    let mut s = 3.780_868_959_302_295_7;
    s = s * z - 15.093_804_209_987_114;
    s = s * z + 42.058_685_020_160_894;
    s = s * z - 76.705_859_704_274_54;
    s = s * z + 81.605_249_275_948_04;
    s = s * z - 41.341_702_240_399_634;
    s = s * z + std::f64::consts::TAU;
    let s = s * r;
    let mut c = -1.699_034_394_066_063_7;
    c = c * z + 7.903_206_911_569_678;
    c = c * z - 26.426_253_275_854_723;
    c = c * z + 60.244_641_352_702_01;
    c = c * z - 85.456_817_206_643_8;
    c = c * z + 64.939_394_022_668_24;
    c = c * z - 19.739_208_802_178_716;
    let c = c * z + 1.0;
    // Odd quarters swap sine and cosine; quarters 2, 3 turn the sine, 1, 2 the cosine.
    let odd = q & 1 != 0;
    let (a, b) = if odd { (c, s) } else { (s, c) };
    let sin = f64::from_bits(a.to_bits() ^ ((q & 2) << 62));
    let cos = f64::from_bits(b.to_bits() ^ ((q.wrapping_add(1) & 2) << 62));
    (sin, cos)
}

/// 1 / sqrt(2π)
const INV_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

/// The standard normal distribution function, for plan time: slow, and exact to a few units in the last place,
/// relative, also far down the lower tail.
pub fn normal_cdf(x: f64) -> f64 {
    if x > 1.0 {
        return 1.0 - normal_cdf(-x);
    }
    let density = INV_SQRT_TAU * exp(-0.5 * x * x);
    if x < -1.0 {
        if density == 0.0 {
            return 0.0;
        }
        // Laplace's continued fraction: density / (t + 1/(t + 2/(t + 3/...)))
        let t = -x;
        let mut tail = t;
        for k in (1..=400).rev() {
            tail = t + f64::from(k) / tail;
        }
        return density / tail;
    }
    // 1/2 + density * (x + x^3/3 + x^5/(3*5) + ...)
    let mut term = x;
    let mut sum = x;
    for k in 1..=60 {
        term = term * (x * x) / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 + density * sum
}

fn horner(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

/// The inverse of the standard normal distribution function: algorithm AS 241 (Wichura 1988).
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * horner(&CENTRE.0, r) / horner(&CENTRE.1, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let tail = if tail > f64::MIN_POSITIVE { tail } else { f64::MIN_POSITIVE };
    let r = (-ln(tail)).sqrt();
    let (r, ratio) = if r <= 5.0 { (r - 1.6, &NEAR_TAIL) } else { (r - 5.0, &FAR_TAIL) };
    let x = horner(&ratio.0, r) / horner(&ratio.1, r);
    if q < 0.0 { -x } else { x }
}

type Ratio = ([f64; 8], [f64; 8]);

/// Numerator and denominator, highest power first.
#[rustfmt::skip]
const CENTRE: Ratio = (
    [2.509_080_928_730_122_672_7e3, 3.343_057_558_358_812_810_5e4, 6.726_577_092_700_870_085_3e4,
     4.592_195_393_154_987_145_7e4, 1.373_169_376_550_946_112_5e4, 1.971_590_950_306_551_442_7e3,
     1.331_416_678_917_843_774_5e2, 3.387_132_872_796_366_608],
    [5.226_495_278_852_854_561e3, 2.872_908_573_572_194_267_4e4, 3.930_789_580_009_271_061e4,
     2.121_379_430_158_659_586_7e4, 5.394_196_021_424_751_107_7e3, 6.871_870_074_920_579_083e2,
     4.231_333_070_160_091_125_2e1, 1.0],
);
#[rustfmt::skip]
const NEAR_TAIL: Ratio = (
    [7.745_450_142_783_414_076_4e-4, 2.272_384_498_926_918_458_33e-2, 2.417_807_251_774_506_117_7e-1,
     1.270_458_252_452_368_382_58, 3.647_848_324_763_204_605_04, 5.769_497_221_460_691_405_5,
     4.630_337_846_156_545_295_9, 1.423_437_110_749_683_577_34],
    [1.050_750_071_644_416_843_24e-9, 5.475_938_084_995_344_946e-4, 1.519_866_656_361_645_719_66e-2,
     1.481_039_764_274_800_745_9e-1, 6.897_673_349_851_000_045_5e-1, 1.676_384_830_183_803_849_4,
     2.053_191_626_637_758_821_87, 1.0],
);
#[rustfmt::skip]
const FAR_TAIL: Ratio = (
    [2.010_334_399_292_288_132_65e-7, 2.711_555_568_743_487_578_15e-5, 1.242_660_947_388_078_438_6e-3,
     2.653_218_952_657_612_309_3e-2, 2.965_605_718_285_048_912_3e-1, 1.784_826_539_917_291_335_8,
     5.463_784_911_164_114_369_9, 6.657_904_643_501_103_777_2],
    [2.044_263_103_389_939_785_64e-15, 1.421_511_758_316_445_888_7e-7, 1.846_318_317_510_054_681_8e-5,
     7.868_691_311_456_132_591e-4, 1.487_536_129_085_061_485_25e-2, 1.369_298_809_227_358_053_1e-1,
     5.998_322_065_558_879_376_9e-1, 1.0],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference values: 90-digit arithmetic, rounded.
    #[test]
    fn value_stability() {
        // A change of any bit here is a new stream.
        let bits = |x: f64| x.to_bits();
        assert_eq!(bits(ln(1.0)), 0);
        assert_eq!(bits(exp(0.0)), bits(1.0));
        assert_eq!(sincos2pi(0.25), (1.0, 0.0));
        assert_eq!(sincos2pi(-0.5), (0.0, -1.0));
        assert!((ln(10.0) - std::f64::consts::LN_10).abs() < 4.5e-16);
        assert!((exp(1.0) - std::f64::consts::E).abs() < 4.5e-16);
    }

    #[test]
    fn quantile_undoes_the_distribution_function() {
        for i in -3700..=0 {
            let x = f64::from(i) * 0.01;
            let back = normal_quantile(normal_cdf(x));
            assert!((back - x).abs() <= 2e-15 * x.abs().max(1.0), "{x} -> {back}");
        }
        assert!((normal_cdf(-10.0) / 7.619_853_024_160_527e-24 - 1.0).abs() < 1e-14);
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // the host's function is the second opinion here
    fn expm1_keeps_its_digits() {
        assert_eq!(expm1(0.0), 0.0);
        for x in [1e-300, -1e-18, 1e-9, -0.01, 0.339, 0.341, -0.3405, 2.0, -700.0, 700.0_f64] {
            assert!((expm1(x) / x.exp_m1() - 1.0).abs() <= 8e-16, "expm1({x})");
        }
    }

    #[test]
    fn exp_has_defined_ends() {
        assert_eq!(exp(1e300), f64::INFINITY);
        assert_eq!(exp(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp(-1e300), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert!(exp(f64::NAN).is_nan());
        assert!(exp(-740.0) > 0.0, "subnormal results are kept");
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // the host's functions are the second opinion here
    fn close_to_the_host() {
        for i in 1..200_000_u32 {
            let x = f64::from(i) * 0.003_7;
            assert!((ln(x) - x.ln()).abs() <= 4e-16 * x.ln().abs().max(0.1), "ln({x})");
            let y = x - 370.0;
            assert!((exp(y) / y.exp() - 1.0).abs() <= 6e-16, "exp({y})");
            let v = f64::from(i) / 200_000.0 - 0.5;
            let (s, c) = sincos2pi(v);
            let (hs, hc) = (std::f64::consts::TAU * v).sin_cos();
            assert!((s - hs).abs() < 8e-16 && (c - hc).abs() < 8e-16, "sincos2pi({v})");
        }
    }
}
