//! The row axis, cut in half again and again: from all 2^64 rows down to a tile.

use crate::random::TILE;

/// log2 of the rows in a tile.
pub const TILE_BITS: u32 = TILE.trailing_zeros();
/// How many times the axis is cut until a tile is left.
pub const CUTS: usize = 64 - TILE_BITS as usize;

/// An interval of the row axis that is cut, and holds a tile.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// log2 of its rows.
    pub bits: u32,
    /// Its number among those that are as long.
    pub number: u64,
    /// Whether the tile lies in its second half.
    pub second: bool,
}

/// The [`CUTS`] intervals around the tile that begins with a row, the whole axis first.
pub fn cuts(first: u64) -> impl Iterator<Item = Cut> {
    (TILE_BITS + 1..=64).rev().map(move |bits| Cut {
        bits,
        number: if bits == 64 { 0 } else { first >> bits },
        second: first >> (bits - 1) & 1 == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_lead_to_the_tile() {
        for first in [0, 512, 512 * 7, 1 << 63, u64::MAX - 511] {
            let mut begin = 0_u64;
            for (at, Cut { bits, number, second }) in cuts(first).enumerate() {
                assert_eq!((at as u32 + bits, u128::from(number) << bits), (64, begin.into()));
                begin += u64::from(second) << (bits - 1);
            }
            assert_eq!((begin, cuts(first).count()), (first, CUTS));
        }
    }
}
