//! A Gaussian random walk that any row can be asked for: no scan from row 0.
//!
//! The walk is a Brownian bridge over 2^64 rows, refined by halving: the middle of an interval of 2^k rows is the
//! mean of its ends plus a normal of variance 2^k / 4. A row's value needs the draws on its path only, and the
//! steps between neighbouring rows are independent normals, as in any random walk.

use crate::Result;
use crate::generate::rule::{At, Rule, Scope, Site, refuse_unless};
use crate::random::{TILE, normals};
use crate::spec::Table;

#[derive(Debug)]
struct RandomWalk {
    std: f64,
    start: f64,
    drift: f64,
    site: Site,
}

/// log2 of the rows in a tile.
const TILE_BITS: u32 = TILE.trailing_zeros();

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let std = table.number_or("std", 1.0)?;
    refuse_unless(std >= 0.0, &format!("{}.std", table.path), std, "must be >= 0")?;
    let site = scope.fixed_site(table)?; // one row depends on its neighbours
    let (start, drift) = (table.number_or("start", 0.0)?, table.number_or("drift", 0.0)?);
    Ok(Box::new(RandomWalk { std, start, drift, site }))
}

impl RandomWalk {
    /// The displacement of the middle of interval `index` of 2^bits rows, in units of the step.
    fn displacement(&self, at: At, bits: u32, index: u64, out: &mut [f64]) {
        // std of the middle given the ends: sqrt(2^bits) / 2
        let std = (f64::from_bits((1023 + u64::from(bits)) << 52)).sqrt() * 0.5;
        normals(at.source(self.site.draw(bits as u8)), index, 0.0, std, out);
    }

    /// The walk at the two ends of the tile that holds `row`, in units of the step.
    fn tile_ends(&self, at: At, row: u64) -> (f64, f64) {
        let mut end = [0.0];
        // The far end of all: a normal of variance 2^64 around 0.
        normals(at.source(self.site.draw(65)), 0, 0.0, 4_294_967_296.0, &mut end);
        let (mut left, mut right) = (0.0, end[0]);
        for bits in (TILE_BITS + 1..=64).rev() {
            let mut middle = [0.0];
            let index = if bits == 64 { 0 } else { row >> bits };
            self.displacement(at, bits, index, &mut middle);
            let middle = 0.5 * (left + right) + middle[0];
            if row >> (bits - 1) & 1 == 0 { right = middle } else { left = middle }
        }
        (left, right)
    }

    /// The walk over the tile that starts at `first`, in units of the step.
    fn tile(&self, at: At, first: u64) -> [f64; TILE] {
        let mut walk = [0.0; TILE + 1];
        (walk[0], walk[TILE]) = self.tile_ends(at, first);
        for bits in (1..=TILE_BITS).rev() {
            let length = 1 << bits;
            let count = TILE / length;
            let mut buffer = [0.0; TILE / 2];
            let moves = &mut buffer[..count];
            self.displacement(at, bits, first >> bits, moves);
            for (i, by) in moves.iter().enumerate() {
                let left = i * length;
                walk[left + length / 2] = 0.5 * (walk[left] + walk[left + length]) + by;
            }
        }
        let mut tile = [0.0; TILE];
        tile.copy_from_slice(&walk[..TILE]);
        tile
    }
}

impl Rule for RandomWalk {
    fn fill(&self, at: At, out: &mut [f64]) {
        let offset = (at.row % TILE as u64) as usize;
        let first = at.row - offset as u64;
        // A redraw has nothing to redraw: one row depends on its neighbours.
        let walk = self.tile(At { attempt: 0, ..at }, first);
        for (j, x) in out.iter_mut().enumerate() {
            let t = at.row.wrapping_add(j as u64) as f64;
            *x = self.start + self.drift * t + self.std * walk[offset + j];
        }
    }
}
