//! A Gaussian Markov process over 2^64 rows that any row can be asked for: refined by halving, no scan from row 0.
//!
//! Given its values at the ends of 2^k rows, the middle is a share of their sum plus a normal. A row's value needs the
//! draws on its path only.

use std::sync::atomic::{AtomicU64, Ordering};

use super::ahead::{self, Points};
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
    ends: (f64, f64),
    /// Of intervals of 2^k rows; the first is not used.
    middles: [Middle; 65],
    site: Site,
    /// Each has a number of its own.
    number: u64,
}

/// Levels of some tiles whose draws are made together with those above them: 63 of them, from the middle on.
const TOP: u32 = 6;
const TOGETHER: usize = CUTS + 2 + (1 << TOP) - 1;

impl Bridge {
    /// A process with these standard deviations at row 0 and at row 2^64.
    pub(super) fn new(ends: (f64, f64), middles: &[Middle; 65], site: Site) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { ends, middles: *middles, site, number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// The process over the tile that holds `at.row`. A redraw has nothing to redraw: one row depends on its neighbours.
    pub(super) fn tile(&self, at: At) -> [f64; TILE] {
        let at = At { attempt: 0, ..at };
        ahead::tile((self.number, at.key), at.row >> TILE_BITS, |first, count, points| {
            self.fill(at, first << TILE_BITS, TILE_BITS + count.ilog2(), points);
        })
    }

    /// Fills in the points of the 2^bits rows from `first` on, and that behind them.
    fn fill(&self, at: At, first: u64, bits: u32, points: &mut Points) {
        let rows = 1_usize << bits;
        for points in [&mut points.now, &mut points.next] {
            points.resize(points.len().max(rows + 1), 0.0);
        }
        let (draws, above) = self.draws(at, first, bits);
        let (mut left, mut right) = (0.0 + self.ends.0 * draws[above], 0.0 + self.ends.1 * draws[above + 1]);
        for (Cut { bits, second, .. }, draw) in cuts(first).take(above).zip(&draws) {
            let Middle { share, std } = self.middles[bits as usize];
            let middle = share * (left + right) + (0.0 + std * draw);
            if second { left = middle } else { right = middle }
        }
        // Twice as many points at each level.
        (points.now[0], points.now[1]) = (left, right);
        let mut known = above + 2;
        for bits in (1..=bits).rev() {
            let count = rows >> bits;
            let refine = |points: &mut Points, from: usize, moves: &[f64]| {
                let to = from + moves.len();
                let (points, finer) = (&points.now[from..=to], &mut points.next[2 * from..=2 * to]);
                dispatch(Refine { middle: self.middles[bits as usize], points, moves, finer });
            };
            if count < 1 << TOP {
                refine(points, 0, &draws[known..known + count]);
                known += count;
            } else {
                let source = at.source(self.site.draw(bits as u8));
                let mut buffer = [0.0; TILE];
                for from in (0..count).step_by(TILE) {
                    let moves = &mut buffer[..TILE.min(count)];
                    normals(source, (first >> bits) + from as u64, 0.0, 1.0, moves);
                    refine(points, from, moves);
                }
            }
            std::mem::swap(&mut points.now, &mut points.next);
        }
    }

    /// Standard normals: of the middles that lead to the 2^bits rows from `first` on, the whole axis first; of the ends; and
    /// of the upper levels of these rows. And how many of the first ones there are.
    fn draws(&self, at: At, first: u64, bits: u32) -> ([f64; TOGETHER], usize) {
        let (mut sites, mut rows, mut draws) = ([0; TOGETHER], [0; TOGETHER], [0.0; TOGETHER]);
        let mut done = 0;
        let mut ask = |draw: u8, row: u64| {
            sites[done] = at.source(self.site.draw(draw)).site;
            rows[done] = row;
            done += 1;
        };
        let above = 64 - bits as usize;
        cuts(first).take(above).for_each(|cut| ask(cut.bits as u8, cut.number));
        ask(LEFT, 0);
        ask(RIGHT, 0);
        for level in (bits + 1 - TOP..=bits).rev() {
            let count = 1_u64 << (bits - level);
            (0..count).for_each(|i| ask(level as u8, (first >> level) + i));
        }
        normals_at(at.source(self.site), &sites[..done], &rows[..done], &mut draws[..done]);
        (draws, above)
    }
}

/// Puts a middle between each two points.
struct Refine<'a> {
    middle: Middle,
    points: &'a [f64],
    moves: &'a [f64],
    finer: &'a mut [f64],
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
