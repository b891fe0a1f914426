//! Samples and distances as whole numbers, on which a recurrence neither drifts nor depends on the machine.

/// The place of a missing sample: it differs from nothing.
pub(super) const MISSING: i32 = i32::MIN;
/// No distance of windows is larger.
const MOST: i32 = 1 << 29;
/// What stands for no window: larger than a distance, and so far from the limits of the type that a term may enter.
pub(super) const NO_CELL: i32 = 1 << 30;
/// Cells that share a minimum per lane, so that the search looks at few cells. Rows are padded to whole blocks.
pub(super) const BLOCK: usize = 64;
/// Cells side by side in a block, whatever the machine's vectors are.
pub(super) const LANES: usize = 16;
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
    /// The error of a distance, in places, with a grain of salt for the rounding of floats.
    pub(super) error: f64,
    /// The share by which a sum of floats may be wrong, generously.
    pub(super) rounding: f64,
    /// Twice the error, as a whole number.
    twice: i32,
}

impl Lattice {
    /// Around such samples, for windows of m. A glitch far beyond the others is left out, so that it does not leave
    /// few places to the rest; some room on either side lets a drift go on.
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
        let density = places / (2.0 * (high - low));
        Self {
            low: low - room,
            high: high + room,
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
        low.wrapping_add(self.twice)
    }

    /// The last place that a distance of at most `best` can have, if all are larger by `excess` than places say.
    #[inline(always)]
    pub(super) fn reach(&self, best: f64, excess: f64) -> i32 {
        (((best - excess) + self.rounding * (best + excess)) * self.density + self.error) as i32
    }

    /// The place of a sample, the last one for those beyond.
    #[inline(always)]
    pub(super) fn place(&self, x: f64) -> i32 {
        if x.is_nan() {
            return MISSING;
        }
        ((x.max(self.low).min(self.high) - self.low) * self.density + 0.5) as i32
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

/// One term enters every cell and one leaves; keeps the smallest of each lane of each block.
#[inline(always)]
pub(super) fn advance(
    cells: &mut [i32],
    newer: &[i32],
    older: &[i32],
    new: i32,
    old: i32,
    least: &mut [Least],
) {
    if new == MISSING || old == MISSING {
        update::<true>(cells, newer, older, new, old, least);
    } else {
        update::<false>(cells, newer, older, new, old, least);
    }
}

#[inline(always)]
fn update<const HOLES: bool>(
    cells: &mut [i32],
    newer: &[i32],
    older: &[i32],
    new: i32,
    old: i32,
    least: &mut [Least],
) {
    let (enter, leave) = (-i32::from(new != MISSING), -i32::from(old != MISSING));
    let cells = cells.as_chunks_mut::<BLOCK>().0.iter_mut();
    let terms = newer.as_chunks::<BLOCK>().0.iter().zip(older.as_chunks::<BLOCK>().0);
    for ((cells, (newer, older)), least) in cells.zip(terms).zip(least) {
        // Two plain loops, which the compiler vectorises whole; as one, it does not.
        for i in 0..BLOCK {
            let (mut enters, mut leaves) = (apart(new, newer[i]), apart(old, older[i]));
            if HOLES {
                enters &= enter;
                leaves &= leave;
            }
            cells[i] = cells[i].wrapping_add(enters).wrapping_sub(leaves);
        }
        *least = least_of(cells);
    }
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

/// Whether a lane holds it, without a branch for each.
#[inline(always)]
pub(super) fn any(least: &Least, holds: impl Fn(i32) -> bool) -> bool {
    least.iter().fold(false, |any, &lane| any | holds(lane))
}

/// A bit for each cell that is at most `reach`, the first one lowest.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
pub(super) fn within(cells: &Block, reach: i32) -> u64 {
    use std::arch::x86_64::{
        _mm_cmpgt_epi32, _mm_movemask_epi8, _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi32, _mm_setr_epi32,
    };
    // Sixteen comparisons are narrowed to a byte each, whose signs are the bits.
    let beyond = |part: &[i32; 16]| {
        // SAFETY: SSE2 is part of x86-64.
        #[allow(unsafe_code)]
        unsafe {
            let four = |i: usize| {
                let cells = _mm_setr_epi32(part[i], part[i + 1], part[i + 2], part[i + 3]);
                _mm_cmpgt_epi32(cells, _mm_set1_epi32(reach))
            };
            let (low, high) = (_mm_packs_epi32(four(0), four(4)), _mm_packs_epi32(four(8), four(12)));
            _mm_movemask_epi8(_mm_packs_epi16(low, high)) as u64
        }
    };
    let parts = cells.as_chunks::<16>().0;
    !(beyond(&parts[0]) | beyond(&parts[1]) << 16 | beyond(&parts[2]) << 32 | beyond(&parts[3]) << 48)
}

/// A bit for each cell that is at most `reach`, the first one lowest.
#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn within(cells: &Block, reach: i32) -> u64 {
    cells.iter().rev().fold(0, |bits, &cell| bits << 1 | u64::from(cell <= reach))
}
