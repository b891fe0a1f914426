//! Parquet's DELTA_BINARY_PACKED: whole numbers as differences, of which those that stay the same take next to nothing.

use paranom::simd::{Kernel, dispatch};

/// Differences in a block, and in each of the parts that have a width of their own.
const BLOCK: usize = 128;
const PART: usize = 32;

/// A whole number as a column holds it.
pub(crate) trait Whole: Copy + PartialEq {
    /// Its 64 bits, of which Parquet takes differences that may wrap around.
    fn bits(self) -> i64;
    /// The number itself.
    fn number(self) -> i128;
}

macro_rules! whole {
    ($($kind:ty),*) => {$(
        impl Whole for $kind {
            #[inline(always)]
            fn bits(self) -> i64 {
                self as i64
            }
            #[inline(always)]
            fn number(self) -> i128 {
                self as i128
            }
        }
    )*};
}

whole!(i8, i64, u64);

/// Appends values, at least one, as a page holds them; returns the least and the greatest.
pub(crate) fn append<T: Whole>(values: &[T], page: &mut Vec<u8>) -> (i128, i128) {
    let Some((first, _)) = values.split_first() else { return (i128::MAX, i128::MIN) };
    for number in [BLOCK as u64, (BLOCK / PART) as u64, values.len() as u64] {
        varint(number, page);
    }
    varint(zigzag(first.bits()), page);
    let (mut least, mut greatest) = (first.number(), first.number());
    let mut limits = |value: &T| {
        least = least.min(value.number());
        greatest = greatest.max(value.number());
    };
    // Each block's values, and the one before them.
    let mut at = 0;
    while at + 1 < values.len() {
        let here = &values[at..values.len().min(at + BLOCK + 1)];
        let step = here[1].bits().wrapping_sub(here[0].bits());
        let steps = here.len() - 1;
        let (first, last) = (here[0], here[steps]);
        if dispatch(IsEven(here, step)) {
            varint(zigzag(step), page);
            page.extend_from_slice(&[0; BLOCK / PART]);
            if first.number() + i128::from(step) * steps as i128 == last.number() {
                limits(&last);
            } else {
                here.iter().for_each(&mut limits);
            }
        } else {
            block(here, page);
            here.iter().for_each(&mut limits);
        }
        at += BLOCK;
    }
    (least, greatest)
}

/// Whether all differences are the same.
struct IsEven<'a, T>(&'a [T], i64);

impl<T: Whole> Kernel for IsEven<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self(values, step) = self;
        let (before, after) = (&values[..values.len() - 1], &values[1..]);
        if step == 0 {
            return values.iter().fold(0_u8, |any, x| any | u8::from(*x != values[0])) == 0;
        }
        let differs = |(a, b): (&T, &T)| b.bits().wrapping_sub(a.bits()) ^ step;
        before.iter().zip(after).map(differs).fold(0, |any, bits| any | bits) == 0
    }
}

/// Appends a block of differences.
fn block<T: Whole>(values: &[T], page: &mut Vec<u8>) {
    let mut steps = [0; BLOCK];
    let count = values.len() - 1;
    for (step, pair) in steps.iter_mut().zip(values.windows(2)) {
        *step = pair[1].bits().wrapping_sub(pair[0].bits());
    }
    let least = steps[..count].iter().copied().min().unwrap_or(0);
    varint(zigzag(least), page);
    let mut above = [0; BLOCK];
    for (above, step) in above.iter_mut().zip(&steps[..count]) {
        *above = step.wrapping_sub(least) as u64;
    }
    let width = |part: &[u64]| 64 - part.iter().fold(0, |any, x| any | x).leading_zeros();
    for part in above.chunks_exact(PART) {
        page.push(width(part) as u8);
    }
    // Parts behind the last value are left out.
    for part in above[..count.next_multiple_of(PART)].chunks_exact(PART) {
        pack(part, width(part), page);
    }
}

/// Appends the lowest `width` bits of each number, one after the other.
fn pack(numbers: &[u64], width: u32, page: &mut Vec<u8>) {
    let (mut waiting, mut bits) = (0_u128, 0);
    for &number in numbers {
        waiting |= u128::from(number) << bits;
        bits += width;
        while bits >= 32 {
            page.extend_from_slice(&(waiting as u32).to_le_bytes());
            waiting >>= 32;
            bits -= 32;
        }
    }
}

/// A number such that small ones of either sign are small.
pub(crate) fn zigzag(x: i64) -> u64 {
    ((x << 1) ^ (x >> 63)) as u64
}

/// Appends a number in as many bytes as it takes, seven bits each.
pub(crate) fn varint(x: u64, page: &mut Vec<u8>) {
    let mut rest = x;
    while rest >= 0x80 {
        page.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    page.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a page back, by the format's description.
    fn read(page: &[u8]) -> Vec<i64> {
        let mut at = 0;
        let number = |at: &mut usize| {
            let mut x = 0_u64;
            for shift in (0..).step_by(7) {
                let byte = page[*at];
                *at += 1;
                x |= u64::from(byte & 0x7F) << shift;
                if byte < 0x80 {
                    break;
                }
            }
            x
        };
        let signed = |x: u64| (x >> 1) as i64 ^ -((x & 1) as i64);
        assert_eq!((number(&mut at), number(&mut at)), (BLOCK as u64, (BLOCK / PART) as u64));
        let count = number(&mut at) as usize;
        let mut values = vec![signed(number(&mut at))];
        while values.len() < count {
            let least = signed(number(&mut at));
            let widths: Vec<u32> = (0..BLOCK / PART).map(|_| number_byte(page, &mut at)).collect();
            for width in widths {
                if values.len() == count {
                    break;
                }
                let bytes = &page[at..at + PART * width as usize / 8];
                at += bytes.len();
                for i in 0..PART {
                    let bit = |j: u32| {
                        let place = i * width as usize + j as usize;
                        u64::from(bytes[place / 8] >> (place % 8) & 1) << j
                    };
                    let above = (0..width).map(bit).sum::<u64>();
                    if values.len() < count {
                        let before = values[values.len() - 1];
                        values.push(before.wrapping_add(least).wrapping_add(above as i64));
                    }
                }
            }
        }
        assert_eq!(at, page.len());
        values
    }

    fn number_byte(page: &[u8], at: &mut usize) -> u32 {
        *at += 1;
        u32::from(page[*at - 1])
    }

    #[test]
    fn values_are_read_back() {
        let mixed = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (i % 64);
        for count in [1, 2, 33, 128, 129, 130, 257, 1000] {
            let cases: [Vec<i64>; 5] = [
                (0..count).collect(),
                vec![-7; count as usize],
                (0..count as u64).map(|i| mixed(i) as i64).collect(),
                (0..count).map(|i| i / 200).collect(),
                (0..count).map(|i| if i % 2 == 0 { i64::MIN } else { i64::MAX }).collect(),
            ];
            for values in cases {
                let mut page = Vec::new();
                let limits = append(&values, &mut page);
                assert_eq!(read(&page), values);
                let ends = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
                assert_eq!(limits, (i128::from(ends.0), i128::from(ends.1)));
            }
        }
        let wraps = [u64::MAX - 1, u64::MAX, 0, 1];
        assert_eq!(append(&wraps, &mut Vec::new()), (0, i128::from(u64::MAX)));
    }
}
