//! A Gaussian Markov process over 2^64 rows that any row can be asked for: refined by halving, no scan from row 0.
//!
//! Given its values at the ends of 2^k rows, the middle is a share of their sum plus a normal. A row's value needs the
//! draws on its path only.

use crate::generate::rule::{At, Site};
use crate::random::{TILE, normals};

/// log2 of the rows in a tile.
const TILE_BITS: u32 = TILE.trailing_zeros();
/// Draws of the two ends.
const RIGHT: u8 = 65;
const LEFT: u8 = 66;

/// How the middle of an interval follows from its ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Middle {
    /// Its mean, as a share of the sum of the ends.
    pub share: f64,
    /// Its standard deviation, given the ends.
    pub std: f64,
}

#[derive(Debug)]
pub(super) struct Bridge {
    /// Standard deviation at row 0 and at row 2^64.
    pub ends: (f64, f64),
    /// Of intervals of 2^k rows; the first is not used.
    pub middles: [Middle; 65],
    pub site: Site,
}

impl Bridge {
    /// Moves of the middles of the intervals of 2^bits rows from number `index` on.
    fn moves(&self, at: At, bits: u32, index: u64, out: &mut [f64]) {
        normals(at.source(self.site.draw(bits as u8)), index, 0.0, self.middles[bits as usize].std, out);
    }

    fn end(&self, at: At, draw: u8, std: f64) -> f64 {
        let mut end = [0.0];
        if std > 0.0 {
            normals(at.source(self.site.draw(draw)), 0, 0.0, std, &mut end);
        }
        end[0]
    }

    /// The process at the two ends of the tile that holds `row`.
    fn tile_ends(&self, at: At, row: u64) -> (f64, f64) {
        let mut left = self.end(at, LEFT, self.ends.0);
        let mut right = self.end(at, RIGHT, self.ends.1);
        for bits in (TILE_BITS + 1..=64).rev() {
            let mut by = [0.0];
            let index = if bits == 64 { 0 } else { row >> bits };
            self.moves(at, bits, index, &mut by);
            let middle = self.middles[bits as usize].share * (left + right) + by[0];
            if row >> (bits - 1) & 1 == 0 { right = middle } else { left = middle }
        }
        (left, right)
    }

    /// The process over the tile that holds `at.row`. A redraw has nothing to redraw: one row depends on its neighbours.
    pub(super) fn tile(&self, at: At) -> [f64; TILE] {
        let first = at.row - at.row % TILE as u64;
        let at = At { attempt: 0, ..at };
        let mut walk = [0.0; TILE + 1];
        (walk[0], walk[TILE]) = self.tile_ends(at, first);
        for bits in (1..=TILE_BITS).rev() {
            let length = 1 << bits;
            let count = TILE / length;
            let mut buffer = [0.0; TILE / 2];
            let moves = &mut buffer[..count];
            self.moves(at, bits, first >> bits, moves);
            let share = self.middles[bits as usize].share;
            for (i, by) in moves.iter().enumerate() {
                let left = i * length;
                walk[left + length / 2] = share * (walk[left] + walk[left + length]) + by;
            }
        }
        let mut tile = [0.0; TILE];
        tile.copy_from_slice(&walk[..TILE]);
        tile
    }
}
