//! A Gaussian Markov process over 2^64 rows that any row can be asked for: refined by halving, no scan from row 0.
//!
//! Given its values at the ends of 2^k rows, the middle is a share of their sum plus a normal. A row's value needs the
//! draws on its path only.

use crate::generate::halving::{CUTS, Cut, TILE_BITS, cuts};
use crate::generate::rule::{At, Site};
use crate::random::{TILE, normals, normals_at};
use crate::simd::{Kernel, dispatch};

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

/// Levels of a tile whose draws are made together with those above it: 63 of them, from the middle on.
const TOP: u32 = 6;
const TOGETHER: usize = CUTS + 2 + (1 << TOP) - 1;

impl Bridge {
    /// The process over the tile that holds `at.row`. A redraw has nothing to redraw: one row depends on its neighbours.
    pub(super) fn tile(&self, at: At) -> [f64; TILE] {
        let first = at.row - at.row % TILE as u64;
        let at = At { attempt: 0, ..at };
        let draws = self.draws(at, first);
        let (mut left, mut right) = (0.0 + self.ends.0 * draws[CUTS], 0.0 + self.ends.1 * draws[CUTS + 1]);
        for (Cut { bits, second, .. }, draw) in cuts(first).zip(&draws) {
            let Middle { share, std } = self.middles[bits as usize];
            let middle = share * (left + right) + (0.0 + std * draw);
            if second { left = middle } else { right = middle }
        }
        // Twice as many points at each level.
        let (mut points, mut finer) = ([0.0; TILE + 1], [0.0; TILE + 1]);
        (points[0], points[1]) = (left, right);
        let mut known = CUTS + 2;
        for bits in (1..=TILE_BITS).rev() {
            let count = TILE >> bits;
            let middle = self.middles[bits as usize];
            let mut buffer = [0.0; TILE / 2];
            let moves = if count < 1 << TOP {
                known += count;
                &draws[known - count..known]
            } else {
                let source = at.source(self.site.draw(bits as u8));
                normals(source, first >> bits, 0.0, 1.0, &mut buffer[..count]);
                &buffer[..count]
            };
            dispatch(Refine { middle, points: &points, moves, finer: &mut finer });
            std::mem::swap(&mut points, &mut finer);
        }
        let mut tile = [0.0; TILE];
        tile.copy_from_slice(&points[..TILE]);
        tile
    }

    /// Standard normals: of the middles that lead to the tile, the whole axis first; of the ends; and of the
    /// tile's upper levels.
    fn draws(&self, at: At, first: u64) -> [f64; TOGETHER] {
        let (mut sites, mut rows, mut draws) = ([0; TOGETHER], [0; TOGETHER], [0.0; TOGETHER]);
        let mut done = 0;
        let mut ask = |draw: u8, row: u64| {
            sites[done] = at.source(self.site.draw(draw)).site;
            rows[done] = row;
            done += 1;
        };
        cuts(first).for_each(|cut| ask(cut.bits as u8, cut.number));
        ask(LEFT, 0);
        ask(RIGHT, 0);
        for bits in (TILE_BITS + 1 - TOP..=TILE_BITS).rev() {
            let count = (TILE >> bits) as u64;
            (0..count).for_each(|i| ask(bits as u8, (first >> bits) + i));
        }
        normals_at(at.source(self.site), &sites, &rows, &mut draws);
        draws
    }
}

/// Puts a middle between each two points.
struct Refine<'a> {
    middle: Middle,
    points: &'a [f64; TILE + 1],
    moves: &'a [f64],
    finer: &'a mut [f64; TILE + 1],
}

impl Kernel for Refine<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { middle: Middle { share, std }, points, moves, finer } = self;
        let count = moves.len();
        let (left, right) = (&points[..count], &points[1..=count]);
        for (i, pair) in finer[..2 * count].chunks_exact_mut(2).enumerate() {
            pair[0] = left[i];
            pair[1] = share * (left[i] + right[i]) + (0.0 + std * moves[i]);
        }
        finer[2 * count] = points[count];
    }
}
