//! Whole numbers and times as text. What a number shares with the one before it is kept.

use paranom::gregorian::date_of;

use crate::shortest::{ROOM, eight};

/// Whole numbers, all but the last four digits of which often stay the same.
pub(crate) struct Whole {
    /// The number without its last four digits, and its text.
    high: u64,
    text: [u8; 16],
    len: usize,
    buffer: itoa::Buffer,
}

impl Whole {
    pub(crate) fn new() -> Self {
        Self { high: 0, text: [0; 16], len: 0, buffer: itoa::Buffer::new() }
    }

    /// Writes a number with a sign, and returns how many bytes it takes.
    #[inline(always)]
    pub(crate) fn signed(&mut self, number: i64, text: &mut [u8; ROOM]) -> usize {
        text[0] = b'-';
        let sign = usize::from(number < 0);
        sign + self.digits(number.unsigned_abs(), &mut text[sign..])
    }

    /// Writes a number without a sign, and returns how many bytes it takes.
    #[inline(always)]
    pub(crate) fn unsigned(&mut self, number: u64, text: &mut [u8; ROOM]) -> usize {
        self.digits(number, text)
    }

    #[inline(always)]
    fn digits(&mut self, number: u64, text: &mut [u8]) -> usize {
        const LOW: u64 = 10_000;
        let (high, low) = (number / LOW, number % LOW);
        let four = (eight(low) >> 32) as u32;
        let digits = four | u32::from_le_bytes([b'0'; 4]);
        if high == 0 {
            let zeros = (four.trailing_zeros() / 8).min(3);
            text[..4].copy_from_slice(&(digits >> (8 * zeros)).to_le_bytes());
            return 4 - zeros as usize;
        }
        if high != self.high {
            self.turn_to(high);
        }
        text[..16].copy_from_slice(&self.text);
        text[self.len & 31..][..4].copy_from_slice(&digits.to_le_bytes());
        self.len + 4
    }

    fn turn_to(&mut self, high: u64) {
        let digits = self.buffer.format(high).as_bytes();
        self.text[..digits.len()].copy_from_slice(digits);
        (self.high, self.len) = (high, digits.len());
    }
}

const NANOS: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * NANOS;
const DAY: i64 = 86_400 * NANOS;

/// Times as ISO 8601, down to the nanosecond: `2026-01-01T00:00:00.000000000`, with a Z behind it where they
/// are in UTC, and between quotes if there are any.
pub(crate) struct Clock {
    /// The day that `text` tells of, as the time when it begins, and the minute of that day.
    start: i64,
    minute: i64,
    text: [u8; 32],
    /// How many quotes stand before the time, and how many bytes there are.
    quotes: usize,
    len: usize,
}

impl Clock {
    pub(crate) fn new(is_utc: bool, is_quoted: bool) -> Self {
        let mut whole = Vec::from(if is_quoted { "\"" } else { "" });
        whole.extend_from_slice(b"1970-01-01T00:00:00.000000000");
        whole.extend_from_slice(if is_utc { b"Z" } else { b"" });
        whole.extend_from_slice(if is_quoted { b"\"" } else { b"" });
        let mut text = [0; 32];
        text[..whole.len()].copy_from_slice(&whole);
        Self { start: 0, minute: 0, text, quotes: usize::from(is_quoted), len: whole.len() }
    }

    /// Writes a time, in nanoseconds since 1970, and returns how many bytes it takes.
    #[inline(always)]
    pub(crate) fn write(&mut self, time: i64, text: &mut [u8; ROOM]) -> usize {
        let rest = match time.checked_sub(self.start) {
            Some(rest) if (0..DAY).contains(&rest) => rest,
            _ => self.turn_to(time),
        };
        let (minute, rest) = (rest / MINUTE, rest % MINUTE);
        if minute != self.minute {
            self.minute = minute;
            self.put(11, two(minute / 60));
            self.put(14, two(minute % 60));
        }
        let (second, nanos) = (rest / NANOS, (rest % NANOS) as u64);
        text[..32].copy_from_slice(&self.text);
        text[17 + self.quotes..][..2].copy_from_slice(&two(second));
        if nanos != 0 {
            text[20 + self.quotes] = b'0' + (nanos / 100_000_000) as u8;
            let eight = eight(nanos % 100_000_000) | u64::from_le_bytes([b'0'; 8]);
            text[21 + self.quotes..][..8].copy_from_slice(&eight.to_le_bytes());
        }
        self.len
    }

    /// Writes the day of a time, and returns how much of it has passed.
    fn turn_to(&mut self, time: i64) -> i64 {
        let (day, rest) = (time.div_euclid(DAY), time.rem_euclid(DAY));
        self.start = day.wrapping_mul(DAY);
        let (year, month, date) = date_of(day);
        self.put(0, two(year / 100));
        self.put(2, two(year % 100));
        self.put(5, two(month + 1));
        self.put(8, two(date));
        rest
    }

    fn put(&mut self, at: usize, digits: [u8; 2]) {
        self.text[self.quotes + at..][..2].copy_from_slice(&digits);
    }
}

/// The digits of a number below 100.
#[inline(always)]
fn two(number: i64) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(len: usize, text: &[u8; ROOM]) -> String {
        String::from_utf8_lossy(&text[..len]).into()
    }

    #[test]
    fn whole_numbers_are_those_of_the_standard_library() {
        let mut whole = Whole::new();
        let mut text = [b'x'; ROOM];
        let tens = (0..20).flat_map(|power| {
            let ten = 10_u64.pow(power);
            [ten - 1, ten, ten + 1, ten / 8 * 9, ten - 1]
        });
        for number in (0..12_000).chain(99_990..100_020).chain(tens).chain([u64::MAX, u64::MAX - 1, 0]) {
            let len = whole.unsigned(number, &mut text);
            assert_eq!(said(len, &text), number.to_string());
            for number in [number as i64, (number as i64).wrapping_neg()] {
                let len = whole.signed(number, &mut text);
                assert_eq!(said(len, &text), number.to_string());
            }
        }
    }

    #[test]
    fn times_are_iso_8601() {
        for (is_utc, is_quoted) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut clock = Clock::new(is_utc, is_quoted);
            let mut text = [b'x'; ROOM];
            for (time, expected) in [
                (0, "1970-01-01T00:00:00.000000000"),
                (-1, "1969-12-31T23:59:59.999999999"),
                (951_782_400 * NANOS, "2000-02-29T00:00:00.000000000"),
                (951_782_461 * NANOS, "2000-02-29T00:01:01.000000000"),
                (4_107_542_399 * NANOS + 7, "2100-02-28T23:59:59.000000007"),
                (4_107_542_400 * NANOS, "2100-03-01T00:00:00.000000000"),
                (i64::MAX, "2262-04-11T23:47:16.854775807"),
                (i64::MIN, "1677-09-21T00:12:43.145224192"),
                (i64::MIN + 1, "1677-09-21T00:12:43.145224193"),
                (-9_214_560_000 * NANOS, "1678-01-01T00:00:00.000000000"),
            ] {
                let len = clock.write(time, &mut text);
                let (quote, zone) = (if is_quoted { "\"" } else { "" }, if is_utc { "Z" } else { "" });
                assert_eq!(said(len, &text), format!("{quote}{expected}{zone}{quote}"));
            }
        }
    }
}
