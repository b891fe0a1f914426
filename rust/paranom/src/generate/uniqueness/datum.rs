//! A datum as a key, from the bit patterns of a row's values.
//!
//! -0.0 counts as 0.0, and every NaN as the same NaN. A datum of one value has a short key, 64 bits, a bijection of it.
//! Longer ones have 104 bits: two different data share them with a chance of 2^-104 (10^10 rows: 10^-12 in all).

use crate::random::TILE;
use crate::simd::{Kernel, dispatch};

/// The part of a key that a table stores: 64 bits, and 32 more of a long one.
pub type DatumKey = (u64, u32);

/// Keys are distributed over that many tables: long ones by the bits that are not stored, short ones by their last.
pub const SHARDS: usize = 256;

/// The state of rows that are being read value by value.
pub struct KeyReader {
    long: bool,
    a: [u64; TILE],
    /// Of long keys only.
    b: [u64; TILE],
}

struct Read<'a> {
    keys: &'a mut KeyReader,
    values: &'a [f64],
}

impl Kernel for Read<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let KeyReader { long, a, b } = self.keys;
        for (a, x) in a.iter_mut().zip(self.values) {
            *a = mix(*a ^ bits(*x));
        }
        if *long {
            for (b, x) in b.iter_mut().zip(self.values) {
                *b = mix(b.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(bits(*x)).rotate_left(29));
            }
        }
    }
}

/// What a value is compared by.
#[inline(always)]
fn bits(x: f64) -> u64 {
    if x.is_nan() { 0x7ff8_0000_0000_0000 } else { (x + 0.0).to_bits() }
}

/// A bijection that spreads every bit over all (Stafford's variant 13 of the finaliser of `MurmurHash3`).
#[inline(always)]
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl KeyReader {
    /// For rows, once they begin; `long` if more than one value of each will be.
    pub fn new(long: bool) -> Self {
        Self { long, a: [0; TILE], b: [0; TILE] }
    }

    /// Begins with other rows.
    pub fn begin(&mut self) {
        self.a = [0x2545_f491_4f6c_dd1d; TILE];
        if self.long {
            self.b = [0x6a09_e667_f3bc_c909; TILE];
        }
    }

    /// Reads one value of each row.
    pub fn read(&mut self, values: &[f64]) {
        dispatch(Read { keys: self, values });
    }

    /// The key of the j-th row, and the number of its shard.
    #[inline]
    pub fn get(&self, j: usize) -> (DatumKey, usize) {
        let (a, b) = (self.a[j], self.b[j]);
        if self.long { ((a, (b >> 32) as u32), b as usize % SHARDS) } else { ((a, 0), a as usize % SHARDS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[f64]) -> (DatumKey, usize) {
        let mut keys = KeyReader::new(values.len() > 1);
        keys.begin();
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
        let mut found = [0; SHARDS];
        for i in 0..256 * 32 {
            found[key(&[f64::from(i)]).1] += 1;
            found[key(&[f64::from(i), 0.0]).1] += 1;
        }
        assert!(found.iter().all(|&n| (16..=160).contains(&n)), "{found:?}");
    }
}
