//! Random numbers addressed by what they are for: Philox4x32-10 (Salmon et al. 2011).
//!
//! The 128-bit counter is the data model: (row, site, attempt) under a key made from the seed, the stream number
//! and a name. For one key Philox is a bijection of the counter, so no two draws can collide. One block gives two
//! 64-bit words: they serve two rows of the same tile of [`TILE`] rows, `j` and `j + 256`, so that a loop over a tile
//! needs no shuffles, and the pair that Box-Muller makes has a place to go. Any row is computable alone.

use crate::fmath;
use crate::simd::{Kernel, dispatch};

/// Rows whose draws are made together.
pub const TILE: usize = 512;
const HALF: usize = TILE / 2;

/// Which values a spec means. A change of any bit is a new stream; the old one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// The first one.
    One = 1,
    /// As the first one, but for what was wrong in it.
    Two,
}

impl Stream {
    /// The stream of specs that name none.
    pub const NEWEST: Self = Self::Two;

    /// The stream of a number.
    pub fn of(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self as u64
    }
}

/// In the keys of all streams, so that what was right stays as it was.
const KEY_STREAM: u32 = Stream::One as u32;

const MASK: u64 = 0xffff_ffff;
const M0: u64 = 0xd251_1f53;
const M1: u64 = 0xcd9e_8d57;
const W0: u64 = 0x9e37_79b9;
const W1: u64 = 0xbb67_ae85;

/// 2^-53: the distance between neighbouring uniforms.
const ULP: f64 = 1.0 / 9_007_199_254_740_992.0;

/// A Philox key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    lo: u32,
    hi: u32,
}

impl Key {
    /// The key of something with a name, under a seed: a variable, the schedule.
    pub fn new(seed: u64, domain: &str, name: &str) -> Self {
        // The name is hashed to 64 bits (FNV-1a) and passed through Philox under the seed, so that neither
        // neighbouring seeds nor similar names give related keys.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in domain.bytes().chain([0]).chain(name.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        let root = Self { lo: seed as u32, hi: (seed >> 32) as u32 };
        let (word, _) = root.block(hash, KEY_STREAM, u32::MAX);
        Self { lo: (word >> 32) as u32, hi: word as u32 }
    }

    /// One Philox4x32-10 block: two 64-bit words. Each 32-bit word is kept in a 64-bit lane, which every
    /// instruction set can multiply.
    #[inline(always)]
    fn block(self, index: u64, site: u32, attempt: u32) -> (u64, u64) {
        let [words] = self.blocks([index], site, attempt);
        words
    }

    /// Several blocks in lockstep: their steps do not wait for each other.
    #[inline(always)]
    fn blocks<const N: usize>(self, indices: [u64; N], site: u32, attempt: u32) -> [(u64, u64); N] {
        let mut c = indices.map(|index| [index, index >> 32, u64::from(site), u64::from(attempt)]);
        let mut k = [u64::from(self.lo), u64::from(self.hi)];
        for _ in 0..10 {
            c = c.map(|c| round(c, k));
            k = [k[0].wrapping_add(W0) & MASK, k[1].wrapping_add(W1) & MASK];
        }
        // The halves this way round: the compiler would fold a shift of c1 or c3 into the product that made it, a
        // slow 64-bit multiplication.
        c.map(|[c0, c1, c2, c3]| ((c0 << 32) | (c1 & MASK), (c2 << 32) | (c3 & MASK)))
    }
}

/// One round. The upper halves of the lanes fill with bits that no later step reads: masking them would cost two
/// instructions in ten.
#[inline(always)]
fn round([c0, c1, c2, c3]: [u64; 4], [k0, k1]: [u64; 2]) -> [u64; 4] {
    let p0 = (c0 & MASK).wrapping_mul(M0);
    let p1 = (c2 & MASK).wrapping_mul(M1);
    [(p1 >> 32) ^ c1 ^ k0, p1, (p0 >> 32) ^ c3 ^ k1, p0]
}

/// One source of draws: a key, and what the draws are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Whose draws.
    pub key: Key,
    /// What for: each use has a number of its own.
    pub site: u32,
    /// Which try.
    pub attempt: u32,
}

/// The block that serves a row, and whether the row takes its second word.
#[inline(always)]
fn address(row: u64) -> (u64, bool) {
    ((row >> 9 << 8) | (row & 255), row & 256 != 0)
}

/// A word's upper 53 bits as a number in [0, 1).
#[inline(always)]
pub fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * ULP
}

/// How one block's two words become the values of its two rows.
trait Shape: Copy {
    type Value: Copy;
    fn pair(self, a: u64, b: u64) -> (Self::Value, Self::Value);
}

#[derive(Clone, Copy)]
struct Words;
impl Shape for Words {
    type Value = u64;
    #[inline(always)]
    fn pair(self, a: u64, b: u64) -> (u64, u64) {
        (a, b)
    }
}

#[derive(Clone, Copy)]
struct Uniform {
    low: f64,
    width: f64,
    most: f64,
}
impl Shape for Uniform {
    type Value = f64;
    #[inline(always)]
    fn pair(self, a: u64, b: u64) -> (f64, f64) {
        let value = |word| {
            let x = self.low + unit(word) * self.width;
            if x > self.most { self.most } else { x }
        };
        (value(a), value(b))
    }
}

/// The two uniforms that make two normals.
#[derive(Clone, Copy)]
struct Unit;
impl Shape for Unit {
    type Value = f64;
    #[inline(always)]
    fn pair(self, a: u64, b: u64) -> (f64, f64) {
        (unit(a), unit(b))
    }
}

#[derive(Clone, Copy)]
struct Normal {
    mean: f64,
    std: f64,
}
impl Shape for Normal {
    type Value = f64;
    #[inline(always)]
    fn pair(self, a: u64, b: u64) -> (f64, f64) {
        self.of(unit(a), unit(b))
    }
}
impl Normal {
    /// Two normals from two uniforms (Box-Muller).
    #[inline(always)]
    fn of(self, u: f64, v: f64) -> (f64, f64) {
        let radius = (-2.0 * fmath::ln(1.0 - u)).sqrt();
        let (sin, cos) = fmath::sincos2pi(v - 0.5);
        (self.mean + self.std * (radius * cos), self.mean + self.std * (radius * sin))
    }
}

/// The second pass over a whole tile of uniforms: shorter loops keep more of their steps in flight.
struct Pairs<'a> {
    shape: Normal,
    out: &'a mut [f64],
}
impl Kernel for Pairs<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let (near, far) = self.out.split_at_mut(HALF);
        let far = &mut far[..HALF];
        for j in 0..HALF {
            (near[j], far[j]) = self.shape.of(near[j], far[j]);
        }
    }
}

struct Draw<'a, S: Shape> {
    source: Source,
    row: u64,
    shape: S,
    out: &'a mut [S::Value],
}

impl<S: Shape> Kernel for Draw<'_, S> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { source: Source { key, site, attempt }, row, shape, out } = self;
        if row.is_multiple_of(TILE as u64) && out.len() == TILE {
            // A whole tile: each block is computed once, for both of its rows.
            let (first, _) = address(row);
            let (near, far) = out.split_at_mut(HALF);
            for j in 0..HALF / 2 {
                let k = j + HALF / 2;
                let [one, two] = key.blocks([first + j as u64, first + k as u64], site, attempt);
                (near[j], far[j]) = shape.pair(one.0, one.1);
                (near[k], far[k]) = shape.pair(two.0, two.1);
            }
        } else {
            for (j, x) in out.iter_mut().enumerate() {
                let (block, second) = address(row.wrapping_add(j as u64));
                let (a, b) = key.block(block, site, attempt);
                let (first_value, second_value) = shape.pair(a, b);
                *x = if second { second_value } else { first_value };
            }
        }
    }
}

/// One 64-bit word for each of `out.len()` rows from `row` on.
pub fn words(source: Source, row: u64, out: &mut [u64]) {
    dispatch(Draw { source, row, shape: Words, out });
}

/// Uniforms in [low, high): 53 random bits each.
pub fn uniforms(source: Source, row: u64, low: f64, high: f64, out: &mut [f64]) {
    // Rounding may reach `high`; the largest number below it is taken instead.
    let shape = Uniform { low, width: high - low, most: high.next_down() };
    dispatch(Draw { source, row, shape, out });
}

/// Normals with a mean and a standard deviation.
pub fn normals(source: Source, row: u64, mean: f64, std: f64, out: &mut [f64]) {
    let shape = Normal { mean, std };
    if row.is_multiple_of(TILE as u64) && out.len() == TILE {
        dispatch(Draw { source, row, shape: Unit, out });
        dispatch(Pairs { shape, out });
    } else {
        dispatch(Draw { source, row, shape, out });
    }
}

/// Draws at rows of anyone's choice, each for something of its own.
struct Scattered<'a, S: Shape> {
    source: Source,
    sites: &'a [u32],
    rows: &'a [u64],
    shape: S,
    out: &'a mut [S::Value],
}

impl<S: Shape> Kernel for Scattered<'_, S> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { source: Source { key, attempt, .. }, sites, rows, shape, out } = self;
        for ((x, &row), &site) in out.iter_mut().zip(rows).zip(sites) {
            let (block, second) = address(row);
            let (a, b) = key.block(block, site, attempt);
            let (first_value, second_value) = shape.pair(a, b);
            *x = if second { second_value } else { first_value };
        }
    }
}

/// Standard normals: for each row the one that [`normals`] gives for this source with the site beside the row.
pub fn normals_at(source: Source, sites: &[u32], rows: &[u64], out: &mut [f64]) {
    dispatch(Scattered { source, sites, rows, shape: Normal { mean: 0.0, std: 1.0 }, out });
}

/// Uniforms in [0, 1): for each row the one that [`uniforms`] gives for this source with the site beside the row.
pub fn uniforms_at(source: Source, sites: &[u32], rows: &[u64], out: &mut [f64]) {
    let shape = Uniform { low: 0.0, width: 1.0, most: 1.0_f64.next_down() };
    dispatch(Scattered { source, sites, rows, shape, out });
}

struct Wordwise<'a>(Source, u64, &'a mut [u64]);

impl Kernel for Wordwise<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Source { key, site, attempt } = self.0;
        for (j, x) in self.2.iter_mut().enumerate() {
            *x = key.block(self.1.wrapping_add(j as u64), site, attempt).0;
        }
    }
}

/// What [`below`] gives for each index from `index` on.
pub fn all_below(source: Source, index: u64, n: u64, out: &mut [u64]) {
    dispatch(Wordwise(source, index, out));
    for x in out {
        *x = scale(*x, n);
    }
}

/// Two words, for decisions that are made once.
pub fn pair(source: Source, index: u64) -> (u64, u64) {
    source.key.block(index, source.site, source.attempt)
}

/// One word, for decisions that are made once (an event's place).
pub fn word(source: Source, index: u64) -> u64 {
    pair(source, index).0
}

/// One standard normal.
pub fn normal(source: Source, index: u64) -> f64 {
    let (a, b) = pair(source, index);
    Normal { mean: 0.0, std: 1.0 }.pair(a, b).0
}

/// One integer in 0..n (n >= 1): the high half of a product; its bias is below n / 2^64.
pub fn below(source: Source, index: u64, n: u64) -> u64 {
    scale(word(source, index), n)
}

/// A word as an integer in 0..n.
#[inline(always)]
pub fn scale(word: u64, n: u64) -> u64 {
    ((u128::from(word) * u128::from(n)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, dispatch_at};

    fn source() -> Source {
        Source { key: Key::new(7, "variable", "x"), site: 3, attempt: 0 }
    }

    #[test]
    fn known_answers_of_random123() {
        let at = |c: [u32; 4], k: [u32; 2]| {
            let index = u64::from(c[0]) | u64::from(c[1]) << 32;
            let (a, b) = Key { lo: k[0], hi: k[1] }.block(index, c[2], c[3]);
            [(a >> 32) as u32, a as u32, (b >> 32) as u32, b as u32]
        };
        assert_eq!(at([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(at([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            at([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn any_row_alone_equals_its_tile() {
        let mut tile = [0.0; TILE];
        normals(source(), 1024, 1.0, 2.0, &mut tile);
        for (j, expected) in tile.iter().enumerate() {
            let mut one = [0.0];
            normals(source(), 1024 + j as u64, 1.0, 2.0, &mut one);
            assert_eq!(one[0].to_bits(), expected.to_bits(), "row {j}");
        }
    }

    #[test]
    fn scattered_draws_are_those_of_their_rows_and_sites() {
        let rows = [0, 5, 255, 256, 511, 512, 1 << 40, u64::MAX, 77];
        let sites = [3, 3, 4, 7, 3, 9, 3, 1, 3];
        let (mut normal, mut uniform) = ([0.0; 9], [0.0; 9]);
        normals_at(source(), &sites, &rows, &mut normal);
        uniforms_at(source(), &sites, &rows, &mut uniform);
        for j in 0..rows.len() {
            let alone = Source { site: sites[j], ..source() };
            let mut one = [0.0; 2];
            normals(alone, rows[j], 0.0, 1.0, &mut one[..1]);
            uniforms(alone, rows[j], 0.0, 1.0, &mut one[1..]);
            assert_eq!([normal[j], uniform[j]].map(f64::to_bits), one.map(f64::to_bits));
        }
        let mut numbers = [0; 20];
        all_below(source(), u64::MAX - 3, 1000, &mut numbers);
        for (j, number) in numbers.into_iter().enumerate() {
            assert_eq!(number, below(source(), (u64::MAX - 3).wrapping_add(j as u64), 1000));
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let at = |level, rows: usize| {
            let mut out = vec![0.0; rows];
            let shape = Normal { mean: 0.5, std: 3.0 };
            dispatch_at(level, Draw { source: source(), row: 1 << 40, shape, out: &mut out });
            let mut flat = vec![0.0; rows];
            let shape = Uniform { low: -2.0, width: 5.0, most: 3.0 };
            dispatch_at(level, Draw { source: source(), row: 1 << 40, shape, out: &mut flat });
            out.into_iter().chain(flat).map(f64::to_bits).collect::<Vec<_>>()
        };
        for rows in [1, 100, TILE] {
            assert_eq!(at(Level::Baseline, rows), at(Level::Avx2, rows));
            assert_eq!(at(Level::Baseline, rows), at(Level::Avx512, rows));
        }
    }

    #[test]
    fn uniforms_never_reach_high() {
        let mut out = [0.0; TILE];
        // Two neighbouring floats: only the lower one may come.
        uniforms(source(), 0, 1.0, 1.0_f64.next_up(), &mut out);
        assert!(out.iter().all(|&x| x == 1.0));
    }

    #[test]
    fn value_stability() {
        // A change here is a new stream.
        let key = Key::new(7, "variable", "x");
        assert_eq!((key.lo, key.hi), (2_802_906_948, 649_402_079));
        let mut out = [0.0; 2];
        uniforms(source(), 0, 0.0, 1.0, &mut out);
        assert_eq!(out, [0.838_394_301_167_454_2, 0.658_929_814_442_530_5]);
    }
}
