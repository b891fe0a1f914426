//! A datum as a key: 104 bits, from the bit patterns of a row's values.
//!
//! -0.0 counts as 0.0, and every NaN as the same NaN. A datum of one value is kept whole: 64 of the bits are a
//! bijection of it. Of longer ones, two different data share a key with a chance of 2^-104 (10^10 rows: 10^-12 in all).

use crate::random::TILE;
use crate::simd::{Kernel, dispatch};

/// The part of a key that a table stores.
pub type Key = (u64, u32);

/// Keys are dealt out to that many tables, by the bits that are not stored.
pub const SHARDS: usize = 256;

/// The state of rows that are being read value by value.
pub struct Keys {
    a: [u64; TILE],
    b: [u64; TILE],
}

struct Read<'a> {
    keys: &'a mut Keys,
    values: &'a [f64],
}

impl Kernel for Read<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Keys { a, b } = self.keys;
        for ((a, b), x) in a.iter_mut().zip(b).zip(self.values) {
            let bits = if x.is_nan() { 0x7ff8_0000_0000_0000 } else { (x + 0.0).to_bits() };
            *a = mix(*a ^ bits);
            *b = mix(b.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(bits).rotate_left(29));
        }
    }
}

/// A bijection that spreads every bit over all (Stafford's variant 13 of the finaliser of `MurmurHash3`).
#[inline(always)]
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Keys {
    /// Rows of which nothing is read yet.
    pub fn new() -> Self {
        Self { a: [0x2545_f491_4f6c_dd1d; TILE], b: [0x6a09_e667_f3bc_c909; TILE] }
    }

    /// Reads one value of each row.
    pub fn read(&mut self, values: &[f64]) {
        dispatch(Read { keys: self, values });
    }

    /// The key of the j-th row, and the number of its shard.
    #[inline]
    pub fn get(&self, j: usize) -> (Key, usize) {
        let (a, b) = (self.a[j], self.b[j]);
        ((a, (b >> 32) as u32), b as usize % SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[f64]) -> (Key, usize) {
        let mut keys = Keys::new();
        for &x in values {
            keys.read(&[x]);
        }
        keys.get(0)
    }

    #[test]
    fn equal_data_have_equal_keys() {
        assert_eq!(key(&[0.0]), key(&[-0.0]));
        assert_eq!(key(&[f64::NAN]), key(&[-f64::NAN]));
        assert_eq!(key(&[f64::NAN]), key(&[f64::from_bits(0x7ff0_0000_0000_0001)]));
        assert_ne!(key(&[1.0]), key(&[1.0_f64.next_up()]));
        assert_ne!(key(&[1.0, 2.0]), key(&[2.0, 1.0]));
        assert_ne!(key(&[0.0]), key(&[0.0, 0.0]));
    }

    #[test]
    fn small_numbers_spread_over_all_shards() {
        let mut hit = [0; SHARDS];
        for i in 0..256 * 64 {
            hit[key(&[f64::from(i)]).1] += 1;
        }
        assert!(hit.iter().all(|&n| (16..=160).contains(&n)), "{hit:?}");
    }
}
