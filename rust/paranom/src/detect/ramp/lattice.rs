//! Samples and distances as whole numbers, on which a recurrence neither drifts nor depends on the machine.

/// The place of a missing sample: it differs from nothing.
pub(super) const MISSING: i32 = i32::MIN;
/// No distance of windows is larger.
const MOST: i32 = 1 << 29;
/// What stands for no window: terms enter and leave, two windows' worth at most, and it stays larger than a distance.
pub(super) const NO_CELL: i32 = (1 << 30) + (1 << 28);
/// 2^52.
const TWO52: f64 = 4_503_599_627_370_496.0;
/// Cells that share a minimum per lane, so that the search looks at few cells. Rows are padded to whole blocks.
pub(super) const BLOCK: usize = 64;
/// Cells side by side in a block, whatever the machine's vectors are.
pub(super) const LANES: usize = 16;
/// Live samples that are compared side by side.
pub(super) const ROW: usize = 8;
/// Spare room of buffers whose contents move: they are moved back once in so many steps.
pub(super) const SLACK: usize = 64;
/// Rows of lanes in a block.
const ROWS: usize = BLOCK / LANES;

/// The distances of a block of windows.
pub(super) type Block = [i32; BLOCK];
/// The smallest distance of each lane of a block.
pub(super) type Least = [i32; LANES];

/// Evenly spaced places for the samples of a channel. Distances of windows of m samples, in steps between places,
/// are right to m steps; where samples lie beyond the ends, they are too small rather than too large.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice {
    low: f64,
    high: f64,
    /// Places per unit of the samples.
    pub(super) density: f64,
    /// The error of a distance, in places, enlarged for the rounding of floats.
    pub(super) error: f64,
    /// The share by which a sum of floats may be wrong at most.
    pub(super) rounding: f64,
    /// Twice the error, as a whole number.
    twice: i32,
}

impl Lattice {
    /// Around such samples, for windows of m. A sample far beyond the others does not count, so that it does
    /// not leave few places to the rest. Some room on either side lets a drift go on.
    pub(super) fn around(mut samples: Vec<f64>, m: usize) -> Self {
        samples.sort_unstable_by(f64::total_cmp);
        let last = samples.len() - 1;
        let (least, most) = (samples[0], samples[last]);
        let (low, high) = (samples[samples.len() / 20], samples[last - samples.len() / 20]);
        let places = f64::from(MOST / m as i32);
        // Most samples keep some thousand places.
        let far = (high - low) * (places / 8192.0).max(4.0);
        let (low, high) =
            if far > 0.0 { (least.max(low - far), most.min(high + far)) } else { (least, most) };
        let room = (high - low) / 2.0;
        let (low, high) = (low - room, high + room);
        let density = places / (high - low);
        Self {
            low,
            high,
            // A constant channel has one place.
            density: if density.is_finite() { density } else { 0.0 },
            error: 1.01 * m as f64,
            rounding: (2 * m + 8) as f64 * f64::EPSILON,
            twice: (2.02 * m as f64) as i32 + 1,
        }
    }

    /// Up to which place distances can be the smallest, if the smallest one is at `low` and no sample lies beyond.
    #[inline(always)]
    pub(super) fn about(&self, low: i32) -> i32 {
        low.wrapping_add(self.twice).min(MOST)
    }

    /// The last place that a distance of at most `best` can have, if all are larger by `excess` than places say.
    #[inline(always)]
    pub(super) fn reach(&self, best: f64, excess: f64) -> i32 {
        let reach = ((best - excess) + self.rounding * (best + excess)) * self.density + self.error;
        (reach as i32).min(MOST)
    }

    /// The place of a sample, the last one for those beyond.
    #[inline(always)]
    pub(super) fn place(&self, x: f64) -> i32 {
        if x.is_nan() {
            return MISSING;
        }
        // Written so that each is one instruction.
        let x = if x < self.low { self.low } else { x };
        let x = if x > self.high { self.high } else { x };
        // A float of this size has no fraction, and the whole number in its last bits.
        ((x - self.low) * self.density + TWO52).to_bits() as i32
    }

    /// Whether a sample is there, and not beyond the ends.
    #[inline(always)]
    pub(super) fn holds(&self, x: f64) -> bool {
        x >= self.low && x <= self.high
    }

    /// How far a sample lies beyond the ends; 0 if it is missing.
    #[inline(always)]
    pub(super) fn beyond(&self, x: f64) -> f64 {
        (self.low - x).max(x - self.high).max(0.0)
    }
}

/// Two samples apart, in places.
#[inline(always)]
pub(super) fn apart(a: i32, b: i32) -> i32 {
    a.wrapping_sub(b).wrapping_abs()
}

/// One term enters every cell and one leaves; keeps the smallest of each lane of each block, and returns the smallest
/// of all. `sum` is the first cell's, which will be put there.
#[inline(always)]
pub(super) fn advance(
    cells: &mut [i32],
    newer: &[i32],
    older: &[i32],
    (new, old): (i32, i32),
    sum: i32,
    least: &mut [Least],
) -> i32 {
    if new == MISSING || old == MISSING {
        update::<true>(cells, newer, older, (new, old), sum, least)
    } else {
        update::<false>(cells, newer, older, (new, old), sum, least)
    }
}

#[inline(always)]
fn update<const HOLES: bool>(
    cells: &mut [i32],
    newer: &[i32],
    older: &[i32],
    (new, old): (i32, i32),
    sum: i32,
    least: &mut [Least],
) -> i32 {
    let (enter, leave) = (-i32::from(new != MISSING), -i32::from(old != MISSING));
    let cells = cells.as_chunks_mut::<BLOCK>().0.iter_mut();
    let terms = newer.as_chunks::<BLOCK>().0.iter().zip(older.as_chunks::<BLOCK>().0);
    let mut lows = [NO_CELL; LANES];
    let mut start = [NO_CELL; LANES];
    start[0] = sum;
    for ((cells, (newer, older)), least) in cells.zip(terms).zip(least) {
        let mut lanes = std::mem::replace(&mut start, [NO_CELL; LANES]);
        let terms = newer.as_chunks::<LANES>().0.iter().zip(older.as_chunks::<LANES>().0);
        for (row, (newer, older)) in cells.as_chunks_mut::<LANES>().0.iter_mut().zip(terms) {
            // Built aside, and short: so it stays in registers.
            let moved: Least = std::array::from_fn(|l| {
                let (mut enters, mut leaves) = (apart(new, newer[l]), apart(old, older[l]));
                if HOLES {
                    enters &= enter;
                    leaves &= leave;
                }
                row[l].wrapping_add(enters).wrapping_sub(leaves)
            });
            *row = moved;
            lanes = std::array::from_fn(|l| lanes[l].min(moved[l]));
        }
        *least = lanes;
        lows = std::array::from_fn(|l| lows[l].min(lanes[l]));
    }
    least_lane(&lows)
}

/// The smallest of each lane.
#[inline(always)]
pub(super) fn least_of(cells: &Block) -> Least {
    let mut least = [i32::MAX; LANES];
    for row in 0..ROWS {
        for l in 0..LANES {
            least[l] = least[l].min(cells[row * LANES + l]);
        }
    }
    least
}

/// The smallest of all lanes.
#[inline(always)]
pub(super) fn least_lane(least: &Least) -> i32 {
    least.iter().fold(i32::MAX, |low, &lane| low.min(lane))
}

/// A bit for each cell of a lane that is at most `reach`, that of the first row lowest. Without
/// branches: no processor could predict them.
#[inline(always)]
pub(super) fn within_lane(cells: &Block, lane: usize, reach: i32) -> u32 {
    (0..ROWS).fold(0, |bits, row| bits | (u32::from(cells[row * LANES + lane % LANES] <= reach) << row))
}

/// A bit for each value that is at most `reach`, the first one lowest.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
pub(super) fn within(values: &[i32; LANES], reach: i32) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpgt_epi32, _mm_movemask_epi8, _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi32, _mm_setr_epi32,
    };
    // Sixteen comparisons are narrowed to a byte each, whose signs are the bits.
    // SAFETY: SSE2 is part of x86-64.
    #[allow(unsafe_code)]
    unsafe {
        let four = |i: usize| {
            let values = _mm_setr_epi32(values[i], values[i + 1], values[i + 2], values[i + 3]);
            _mm_cmpgt_epi32(values, _mm_set1_epi32(reach))
        };
        let (low, high) = (_mm_packs_epi32(four(0), four(4)), _mm_packs_epi32(four(8), four(12)));
        _mm_movemask_epi8(_mm_packs_epi16(low, high)) as u32 ^ 0xffff
    }
}

/// A bit for each value that is at most `reach`, the first one lowest.
#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn within(values: &[i32; LANES], reach: i32) -> u32 {
    values.iter().rev().fold(0, |bits, &value| bits << 1 | u32::from(value <= reach))
}
