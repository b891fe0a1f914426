//! Doubles as text: the fewest digits that read back as the same number, and of those the nearest.
//!
//! A double between its neighbours is m 2^q. Times 10^j, with j such that 2^q 10^j lies between .1 and 1, its whole part
//! has 15 or 16 digits. All doubles closer to it than half a step of the last bit are read as the same number. If the
//! whole part or the next one is that close, no other number of so few digits is; if not, one more digit, rounded, is
//! close enough (Giulietti, "The Schubfach way to render doubles", 2020). For q from -69 to -1 all this is exact in the
//! 128 bits of one product. What is rare (powers of two, ties, other exponents) is left to a library, which gives the
//! same digits.

/// Bytes that a number is given. It writes more than it takes: what is behind its length counts for nothing.
pub(crate) const ROOM: usize = 64;

/// The least exponent, as the bits of a double hold it, and how many follow it.
const LEAST: u64 = 1075 - 69;
const EXPONENTS: usize = 69;
const FRACTION: u64 = (1 << 52) - 1;

/// For each exponent 2^q 10^j in units of 2^-64, and j.
const SCALES: [(u64, i32); EXPONENTS] = {
    let mut scales = [(0, 0); EXPONENTS];
    let mut at = 0;
    while at < EXPONENTS {
        let q = at as i32 - 69;
        // 78913 / 2^18 is log10(2), near enough.
        let j = -((q * 78_913) >> 18) - 1;
        scales[at] = (5_u64.pow(j as u32) << (64 + q + j), j);
        at += 1;
    }
    scales
};

/// A number of 16 digits and one behind them, which may be 0; the first digit's power of ten.
struct Digits {
    first: u64,
    last: u8,
    exponent: i32,
}

/// The digits of a positive number that has neither too many of them before the point nor zeros behind it.
#[inline(always)]
fn digits(bits: u64) -> Option<Digits> {
    const FIFTEEN: u64 = 1_000_000_000_000_000;
    let (scale, j) = *SCALES.get((bits >> 52).wrapping_sub(LEAST) as usize)?;
    let fraction = bits & FRACTION;
    let product = u128::from(fraction | (FRACTION + 1)) * u128::from(scale);
    let (whole, part) = ((product >> 64) as u64, product as u64);
    let (below, above) = (part < scale / 2, part.wrapping_neg() < scale / 2);
    let tenths = u128::from(part) * 10 + (1 << 63);
    // Below a power of two doubles lie closer; halves of a digit are rounded by a rule of their own.
    if fraction == 0 || tenths as u64 == 0 {
        return None;
    }
    // Which of these apply is as good as random: masks take less time than branches that are guessed wrong.
    let whole = whole.wrapping_add(u64::from(above) & u64::from(part != 0));
    let digit = (tenths >> 64) as u64 & mask(!(below | above));
    let is_short = whole < FIFTEEN;
    let exponent = 15 - j - i32::from(is_short);
    let first = whole.wrapping_add(whole.wrapping_mul(9).wrapping_add(digit) & mask(is_short));
    let last = (digit & mask(!is_short)) as u8;
    (exponent >= -5).then_some(Digits { first, last, exponent })
}

/// All bits, or none.
#[inline(always)]
fn mask(all: bool) -> u64 {
    u64::from(all).wrapping_neg()
}

/// Writes a number that is neither infinite nor NaN, and returns how many bytes it takes.
#[inline(always)]
pub(crate) fn write(x: f64, text: &mut [u8; ROOM], buffer: &mut zmij::Buffer) -> usize {
    let bits = x.to_bits();
    match digits(bits & (u64::MAX >> 1)) {
        Some(digits) => {
            let is_negative = (bits >> 63) as usize;
            text[0] = b'-';
            is_negative + lay_out(digits, &mut text[is_negative..])
        }
        None => by_library(x, text, buffer),
    }
}

/// Writes any float.
#[cold]
#[inline(never)]
pub(crate) fn by_library<F: zmij::Float>(x: F, text: &mut [u8; ROOM], buffer: &mut zmij::Buffer) -> usize {
    let written = buffer.format_finite(x).as_bytes();
    text[..written.len()].copy_from_slice(written);
    written.len()
}

/// Writes digits with their point, and returns how many bytes they take.
#[inline(always)]
fn lay_out(digits: Digits, text: &mut [u8]) -> usize {
    const HALF: u64 = 100_000_000;
    const ZEROS: u128 = u128::from_le_bytes([b'0'; 16]);
    let halves = [eight(digits.first / HALF), eight(digits.first % HALF)];
    let sixteen = u128::from(halves[0]) | u128::from(halves[1]) << 64;
    let count = (16 - sixteen.leading_zeros() as usize / 8).max(17 * usize::from(digits.last != 0));
    let (written, sixteen) = (digits.exponent.max(0) as usize, sixteen | ZEROS);
    let zeros = (-digits.exponent).max(0) as usize;
    // `written` and one more digit stand before the point; with `zeros`, only a zero does.
    let (head, tail) = if zeros == 0 { (sixteen, (sixteen >> (8 * written)) >> 8) } else { (ZEROS, sixteen) };
    put(text, 0, head);
    put(text, written + zeros + 1 + usize::from(zeros == 0), tail);
    text[(written + 1) & 31] = b'.';
    text[(17 + zeros) & 31] = b'0' + digits.last;
    let least = if zeros == 0 { written + 2 } else { 1 };
    count.max(least) + 1 + zeros
}

#[inline(always)]
fn put(text: &mut [u8], at: usize, bytes: u128) {
    text[at & 31..][..16].copy_from_slice(&bytes.to_le_bytes());
}

/// The eight digits of a number, the first in the lowest byte: halves, their halves, and theirs, all at once. Nothing here
/// can overflow; what wraps around spares the checks.
#[inline(always)]
pub(crate) fn eight(number: u64) -> u64 {
    let fours = number / 10_000;
    let fours = fours | number.wrapping_sub(fours.wrapping_mul(10_000)) << 32;
    let twos = (fours.wrapping_mul(5243) >> 19) & 0x0000_007F_0000_007F;
    let twos = twos | fours.wrapping_sub(twos.wrapping_mul(100)) << 16;
    let ones = (twos.wrapping_mul(103) >> 10) & 0x000F_000F_000F_000F;
    ones | twos.wrapping_sub(ones.wrapping_mul(10)) << 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(x: f64) -> String {
        let mut text = [b'x'; ROOM];
        let len = write(x, &mut text, &mut zmij::Buffer::new());
        String::from_utf8_lossy(&text[..len]).into()
    }

    #[track_caller]
    fn agrees(x: f64) {
        for x in [x, -x] {
            assert_eq!(written(x), zmij::Buffer::new().format_finite(x), "{:x}", x.to_bits());
            assert_eq!(written(x).parse(), Ok(x));
        }
    }

    #[test]
    fn numbers_are_those_of_the_library() {
        let mixed =
            |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ i.wrapping_mul(0xD1B5_4A32_D192_ED03) >> 31;
        for i in 0..100_000 {
            let bits = mixed(i);
            // All fractions, for each exponent that is near those taken here.
            agrees(f64::from_bits(bits >> 12 | (LEAST - 5 + i % 90) << 52));
            // Few digits, and neighbours of such numbers.
            let short = (bits >> (12 + i % 50)) as f64 / 10_u64.pow((i % 20) as u32) as f64;
            for bits in short.to_bits().saturating_sub(1)..=short.to_bits() + 1 {
                agrees(f64::from_bits(bits));
            }
        }
        for whole in 0..2_000 {
            agrees(f64::from(whole));
            agrees(f64::from(whole) / 64.0);
        }
        for exponent in 0..2047 {
            for fraction in [0, 1, 2, FRACTION - 1, FRACTION] {
                agrees(f64::from_bits(exponent << 52 | fraction));
            }
        }
    }

    #[test]
    fn numbers_in_which_a_rule_is_seen() {
        for (x, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-5, "0.00001"),
            (0.001, "0.001"),
            (1234.5, "1234.5"),
            (-3.0, "-3.0"),
            (4_503_599_627_370_495.5, "4503599627370495.5"),
            (1e15, "1000000000000000.0"),
            (123e13, "1230000000000000.0"),
            (9.5e-6, "9.5e-6"),
        ] {
            assert_eq!(written(x), expected);
        }
    }

    #[test]
    fn eight_digits() {
        for number in [0, 1, 9999, 10_000, 12_345_678, 90_000_009, 99_999_999] {
            let ascii = eight(number) | u64::from_le_bytes([b'0'; 8]);
            assert_eq!(ascii.to_le_bytes(), *format!("{number:08}").as_bytes());
        }
    }
}
