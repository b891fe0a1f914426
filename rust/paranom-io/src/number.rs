//! Numbers and times as text: the shortest that reads back as the same.

use paranom::gregorian::date_of;

/// A float that can be written.
pub(crate) trait Float: Copy {
    /// Appends it; what no number can say is left to the caller.
    fn append(self, text: &mut Vec<u8>, buffer: &mut zmij::Buffer);
    /// Whether it is a number.
    fn is_number(self) -> bool;
    /// Whether it is infinite: (yes, above 0).
    fn infinite(self) -> Option<bool>;
}

macro_rules! float {
    ($kind:ty) => {
        impl Float for $kind {
            #[inline]
            fn append(self, text: &mut Vec<u8>, buffer: &mut zmij::Buffer) {
                text.extend_from_slice(buffer.format_finite(self).as_bytes());
            }
            #[inline]
            fn is_number(self) -> bool {
                self.is_finite()
            }
            fn infinite(self) -> Option<bool> {
                self.is_infinite().then_some(self > 0.0)
            }
        }
    };
}
float!(f64);
float!(f32);

const NANOS: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * NANOS;

/// Times as ISO 8601, down to the nanosecond: `2026-01-01T00:00:00.000000000`, with a Z behind it where they
/// are in UTC.
pub(crate) struct Clock {
    is_utc: bool,
    /// The day that `text` begins with, counted from 1970.
    day: i64,
    text: [u8; 29],
}

impl Clock {
    pub(crate) fn new(is_utc: bool) -> Self {
        let mut clock = Self { is_utc, day: 0, text: *b"1970-01-01T00:00:00.000000000" };
        clock.turn_to(0);
        clock
    }

    /// Appends a time, in nanoseconds since 1970.
    pub(crate) fn append(&mut self, time: i64, text: &mut Vec<u8>) {
        let day = time.div_euclid(DAY);
        if day != self.day {
            self.turn_to(day);
        }
        let rest = time.rem_euclid(DAY);
        let (seconds, nanos) = (rest / NANOS, rest % NANOS);
        digits(&mut self.text[11..13], seconds / 3600);
        digits(&mut self.text[14..16], seconds / 60 % 60);
        digits(&mut self.text[17..19], seconds % 60);
        digits(&mut self.text[20..29], nanos);
        text.extend_from_slice(&self.text);
        if self.is_utc {
            text.push(b'Z');
        }
    }

    fn turn_to(&mut self, day: i64) {
        self.day = day;
        let (year, month, date) = date_of(day);
        digits(&mut self.text[0..4], year);
        digits(&mut self.text[5..7], month + 1);
        digits(&mut self.text[8..10], date);
    }
}

/// Fills the places with a number's last digits.
fn digits(places: &mut [u8], number: i64) {
    let mut rest = number;
    for place in places.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601() {
        let mut clock = Clock::new(false);
        let mut said = |time: i64| {
            let mut text = Vec::new();
            clock.append(time, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(said(0), "1970-01-01T00:00:00.000000000");
        assert_eq!(said(-1), "1969-12-31T23:59:59.999999999");
        assert_eq!(said(951_782_400 * NANOS), "2000-02-29T00:00:00.000000000");
        assert_eq!(said(4_107_542_399 * NANOS + 7), "2100-02-28T23:59:59.000000007");
        assert_eq!(said(4_107_542_400 * NANOS), "2100-03-01T00:00:00.000000000");
        assert_eq!(said(i64::MAX), "2262-04-11T23:47:16.854775807");
        assert_eq!(said(-9_214_560_000 * NANOS), "1678-01-01T00:00:00.000000000");
    }
}
