//! Powers of two that bring a span near 1, so that no square overflows or vanishes.

/// Two factors, to be applied one after the other (the scale of a subnormal span is no float), whose product brings
/// `span` near 1; 1 for spans whose squares are harmless.
#[inline(always)]
pub(super) fn to_one(span: f64) -> (f64, f64) {
    if (span > 1e-60 && span < 1e60) || span == 0.0 {
        return (1.0, 1.0);
    }
    let exponent = (((span.to_bits() >> 52) & 0x7ff) as i64 - 1023).min(1023);
    let half = -exponent / 2;
    (power_of_two(half), power_of_two(-exponent - half))
}

#[inline(always)]
fn power_of_two(e: i64) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}
