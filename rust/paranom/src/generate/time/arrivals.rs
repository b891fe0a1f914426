//! Rows at the times of a Poisson process, any of which is known without those before it.
//!
//! All 2^64 rows lie on 2^64 steps of time, and are cut in half again and again. Of 2n rows that take a time
//! together, the first n take the share Beta(n, n), as n of 2n exponential waiting times do; in a tile of
//! rows the waiting times are exponential draws, scaled to what the tile takes. So the times are those of a
//! Poisson process of which it is known that 2^64 events take 2^64 steps. Times are whole numbers of ticks,
//! and at least one apart.

use super::draws::{Purpose, source};
use crate::fmath;
use crate::generate::halving::{Cut, cuts};
use crate::random::{Key, TILE, pair, uniforms, unit};
use crate::simd::{Kernel, dispatch};

/// How many ticks after row 0 the rows are; they lie in one tile. A row takes `step` ticks on average, fewer than 2^63.
pub(super) fn fill(key: Key, step: u64, row: u64, out: &mut [u128]) {
    let offset = (row % TILE as u64) as usize;
    let first = row - offset as u64;
    let (begin, length) = tile(key, step, first);
    let free = (length - TILE as u128) as f64;
    let mut waits = [0.0; TILE];
    uniforms(source(key, Purpose::Wait, 0), first, 0.0, 1.0, &mut waits);
    dispatch(Exponential(&mut waits));
    let mut before = [0.0; TILE];
    let mut sum = 0.0;
    for (before, wait) in before.iter_mut().zip(waits) {
        *before = sum;
        sum += wait;
    }
    for (j, (ticks, before)) in out.iter_mut().zip(&before[offset..]).enumerate() {
        *ticks = begin + (offset + j) as u128 + (free * (before / sum)) as u128;
    }
}

/// When the tile that begins with a row begins, and how long it is, in ticks.
fn tile(key: Key, step: u64, first: u64) -> (u128, u128) {
    let (mut begin, mut length) = (0, u128::from(step) << 64);
    for Cut { bits, number, second } in cuts(first) {
        let left = first_half(key, bits, number, length);
        if second {
            begin += left;
            length -= left;
        } else {
            length = left;
        }
    }
    (begin, length)
}

/// How many ticks the first half of 2^bits rows takes, of those of all: half of them, and what Beta(n, n)
/// deviates from it. That is 1/2 + t / (2 sqrt(2n + t^2)), where t is Student's with 2n degrees of freedom,
/// by Bailey's polar formula.
fn first_half(key: Key, bits: u32, index: u64, length: u128) -> u128 {
    let (a, b) = pair(source(key, Purpose::Halves, bits), index);
    let rows = 1_u128 << bits;
    let square = fmath::expm1(2.0 / rows as f64 * -fmath::ln(1.0 - unit(a)));
    let (_, cos) = fmath::sincos2pi(unit(b) - 0.5);
    let deviation = 0.5 * (square.sqrt() * cos) / (1.0 + square * (cos * cos)).sqrt();
    let by = (length as f64 * deviation.abs()) as u128;
    let half = length / 2;
    let left = if deviation < 0.0 { half.saturating_sub(by) } else { half + by };
    left.clamp(rows / 2, length - rows / 2)
}

/// Uniforms as exponential waiting times.
struct Exponential<'a>(&'a mut [f64; TILE]);

impl Kernel for Exponential<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = -fmath::ln(1.0 - *x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_follow_each_other() {
        let key = Key::new(3, "time", "");
        for step in [1000, 60_000_000_000] {
            for first in [0, 512 * 7, 1 << 40, 1 << 63] {
                let (begin, length) = tile(key, step, first);
                assert_eq!(tile(key, step, first + 512).0, begin + length);
                let mut times = [0; TILE];
                fill(key, step, first, &mut times);
                assert_eq!(times[0], begin);
                assert!(times.windows(2).all(|pair| pair[0] < pair[1]) && times[TILE - 1] < begin + length);
                let mut one = [0];
                fill(key, step, first + 300, &mut one);
                assert_eq!(one[0], times[300]);
            }
        }
    }
}
