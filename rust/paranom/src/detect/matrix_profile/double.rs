//! Double-double sums: twice the digits, from + and * alone.

/// An unevaluated sum of two floats, `high + low`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Double {
    high: f64,
    low: f64,
}

impl Double {
    /// Adds a float (Knuth's two-sum).
    #[inline(always)]
    #[must_use]
    pub(super) fn plus(self, v: f64) -> Self {
        let sum = self.high + v;
        let part = sum - self.high;
        let error = (self.high - (sum - part)) + (v - part);
        Self { high: sum, low: self.low + error }
    }

    /// Adds the exact square of a float (Dekker's product).
    #[inline(always)]
    #[must_use]
    pub(super) fn plus_square(self, v: f64) -> Self {
        let big = v * 134_217_729.0; // 2^27 + 1 splits the significand
        let high = big - (big - v);
        let low = v - high;
        let square = v * v;
        let error = ((high * high - square) + 2.0 * high * low) + low * low;
        self.plus(square).plus(error)
    }

    /// The difference of two such sums.
    #[inline(always)]
    pub(super) fn minus(self, other: Self) -> f64 {
        let sum = self.high - other.high;
        let part = sum - self.high;
        let error = (self.high - (sum - part)) - (other.high + part);
        sum + (error + (self.low - other.low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_below_the_last_bit_survive() {
        let zero = Double::default();
        assert_eq!(zero.plus(1e16).plus(1.0).plus(-1e16).minus(zero), 1.0);
        let x = 1.0 + f64::EPSILON;
        assert_eq!(
            zero.plus_square(x).plus(-1.0).plus(-2.0 * f64::EPSILON).minus(zero),
            f64::EPSILON * f64::EPSILON
        );
    }
}
