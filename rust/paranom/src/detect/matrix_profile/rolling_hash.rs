//! A hash of a window that follows from that of the window before it: a polynomial over the bits of the values.

const PRIME: u64 = (1 << 61) - 1;
const BASE: u64 = 0x0b4f_3c1d_9e37_79b9;

/// Moves a hash from one window to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct RollingHash {
    /// The factor of the oldest value.
    top: u64,
}

impl RollingHash {
    /// For windows of `m` values.
    pub(super) fn new(m: usize) -> Self {
        Self { top: (1..m).fold(1, |power, _| times(power, BASE)) }
    }

    /// The hash of a whole window.
    pub(super) fn of(self, window: &[f64]) -> u64 {
        window.iter().fold(0, |hash, &v| self.enter(hash, v))
    }

    /// The hash without the oldest value, `v`.
    pub(super) fn leave(self, hash: u64, v: f64) -> u64 {
        plus(hash, PRIME - times(digit(v), self.top))
    }

    /// The hash with one more value.
    #[allow(clippy::unused_self)] // the pair of `leave`
    pub(super) fn enter(self, hash: u64, v: f64) -> u64 {
        plus(times(hash, BASE), digit(v))
    }
}

fn digit(v: f64) -> u64 {
    let bits = v.to_bits();
    // Two digits below the prime, mixed into one.
    plus(times(bits >> 32, 0x1234_5678_9abc_def1), bits & 0xffff_ffff)
}

fn plus(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    plus((product as u64) & PRIME, (product >> 61) as u64)
}
