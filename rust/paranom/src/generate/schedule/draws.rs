//! The random numbers of a schedule.

use crate::random::{Key, Source, pair, unit, word};

/// What the draws of the schedule are for.
#[derive(Clone, Copy)]
pub enum Purpose {
    Permutation = 1,
    Scramble,
    Number,
    Order,
    Place,
    Redraw,
    Aftershock,
}

/// The draws of a schedule under its key.
#[derive(Debug, Clone, Copy)]
pub struct Draws(pub Key);

impl Draws {
    /// The source of draws of a number for a purpose.
    pub fn source(self, purpose: Purpose, number: u32, attempt: u32) -> Source {
        Source { key: self.0, site: (purpose as u32) << 28 | number, attempt }
    }

    /// A uniform in [0, 1) for each slot: over any 2^k neighbouring slots from the sixth power on, one falls in each
    /// 2^k-th of the range, so that shares stay within a few events of what was asked. A van der Corput sequence
    /// with nested scrambling (Owen 1995; the hash of Laine and Karras 2011), the slots permuted inside groups of 64:
    /// without that, low and high numbers would alternate. Sequences of different numbers are independent.
    pub fn low_discrepancy(self, slot: u64, number: u32) -> f64 {
        let index = self.permute(slot, number);
        let scrambled =
            scramble(index as u32, word(self.source(Purpose::Scramble, number, 0), slot >> 32) as u32);
        let low = word(self.source(Purpose::Number, number, 0), slot) >> 32;
        unit(u64::from(scrambled) << 32 | low)
    }

    /// A slot's place in a random order of its group of 64.
    fn permute(self, slot: u64, number: u32) -> u64 {
        let (a, b) = pair(self.source(Purpose::Permutation, number, 0), slot >> 6);
        let (mut left, mut right) = (slot >> 3 & 7, slot & 7);
        // A Feistel network on 3 + 3 bits; each round selects 3 of 24 random bits.
        for table in [a, a >> 24, b, b >> 24] {
            (left, right) = (right, left ^ (table >> (3 * right)) & 7);
        }
        slot & !63 | left << 3 | right
    }
}

/// The 32 bits of an index in reverse order, each flipped or not depending on those before it.
fn scramble(index: u32, seed: u32) -> u32 {
    let mut x = index.wrapping_add(seed);
    for factor in [0x6c50_b47c, 0xb82f_1e52, 0xc7af_e638, 0x8d22_f6e6_u32] {
        x ^= x.wrapping_mul(factor);
    }
    x.reverse_bits()
}
