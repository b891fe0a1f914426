//! Lines of CSV, read fast where they are plain; where they are not, `None` leaves them to a careful reader.

use std::ops::Range;

use paranom::gregorian::first_of;

/// Longer fields are left to the careful reader, which refuses them.
const LONGEST: usize = 131_072;

/// Whole lines of a text without quotes, each with the same number of fields.
#[derive(Debug)]
pub struct CsvBlock {
    text: String,
    width: usize,
    /// Where each field lies, row by row.
    fields: Vec<Range<u32>>,
}

impl CsvBlock {
    /// Finds the fields of `lines` lines; a blank as delimiter stands for any number of blanks and tabs. None
    /// for quotes, blank lines, lines of another number of fields, and ends of lines inside of them.
    pub fn new(text: String, lines: usize, delimiter: u8, width: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let blanks = delimiter == b' ';
        if bytes.len() > u32::MAX as usize
            || width < 2
            || !delimiter.is_ascii()
            || (blanks && !text.is_ascii())
        {
            return None;
        }
        let mut fields = Vec::with_capacity(lines.checked_mul(width)?);
        let mut at = 0;
        while at < bytes.len() {
            let before = fields.len();
            at = if blanks {
                split_blanks(bytes, at, &mut fields)
            } else {
                split(bytes, at, delimiter, &mut fields)
            }?;
            if fields.len() != before + width {
                return None;
            }
        }
        let ok = fields.len() == lines * width && fields.iter().all(|field| field.len() <= LONGEST);
        ok.then_some(Self { text, width, fields })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.fields.len() / self.width
    }

    /// The fields of a column, row by row.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().skip(column).step_by(self.width);
        fields.map(|field| &self.text[field.start as usize..field.end as usize])
    }

    /// The numbers of a column: NaN for what is missing, 1 and 0 for true and false; `comma` reads 3,5 as 3.5.
    pub fn floats(&self, column: usize, comma: bool) -> Option<Vec<f64>> {
        self.column(column).map(|field| float(field, comma)).collect()
    }

    /// The whole numbers of a column.
    pub fn wholes(&self, column: usize) -> Option<Vec<i64>> {
        self.column(column).map(|field| field.parse().ok()).collect()
    }

    /// The times of a column, in nanoseconds since 1970, and whether they are in UTC: dates with the year first.
    pub fn times(&self, column: usize) -> Option<(Vec<i64>, bool)> {
        let utc = self.column(column).next().is_some_and(|field| field.ends_with('Z'));
        let time = |field: &str| {
            let plain = if utc { field.strip_suffix('Z')? } else { field };
            nanoseconds(plain.as_bytes())
        };
        Some((self.column(column).map(time).collect::<Option<Vec<i64>>>()?, utc))
    }
}

/// Takes the fields of a line, between delimiters; blanks before a field are no part of it. Gives where the next line
/// begins; None for what is not plain.
fn split(bytes: &[u8], start: usize, delimiter: u8, fields: &mut Vec<Range<u32>>) -> Option<usize> {
    let mut from = start;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        if *byte == delimiter {
            fields.push(without_blanks(bytes, from..at));
            from = at + 1;
        } else if *byte <= b'"' {
            match byte {
                b'\n' => {
                    fields.push(without_blanks(bytes, from..at));
                    return Some(at + 1);
                }
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => {
                    fields.push(without_blanks(bytes, from..at));
                    return Some(at + 2);
                }
                b'\r' | b'"' | 0 => return None,
                _ => {}
            }
        }
    }
    fields.push(without_blanks(bytes, from..bytes.len()));
    Some(bytes.len())
}

fn without_blanks(bytes: &[u8], field: Range<usize>) -> Range<u32> {
    let blanks = bytes[field.clone()].iter().take_while(|byte| **byte == b' ').count();
    (field.start + blanks) as u32..field.end as u32
}

/// Takes the fields of a line, between blanks; gives where the next line begins.
fn split_blanks(bytes: &[u8], start: usize, fields: &mut Vec<Range<u32>>) -> Option<usize> {
    let mut from = None;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        // What Python's `split` takes for blank.
        let blank = matches!(byte, b' ' | 9..=13 | 28..=31);
        match (blank, from) {
            (true, Some(begin)) => {
                fields.push(begin as u32..at as u32);
                from = None;
            }
            (false, None) => from = Some(at),
            _ => {}
        }
        match byte {
            b'\n' => return Some(at + 1),
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => return None,
            b'"' | 0 => return None,
            _ => {}
        }
    }
    fields.extend(from.map(|begin| begin as u32..bytes.len() as u32));
    Some(bytes.len())
}

/// A number, a flag, or what stands for a missing value.
fn float(field: &str, comma: bool) -> Option<f64> {
    if let Some(x) = short_decimal(field.as_bytes()) {
        return Some(x);
    }
    let field = field.trim_ascii();
    if let Ok(x) = field.parse() {
        return Some(x);
    }
    if comma && let Some(x) = with_comma(field) {
        return Some(x);
    }
    if field.len() > 5 {
        return None;
    }
    match field.to_ascii_lowercase().as_str() {
        "" | "na" | "n/a" | "null" | "none" | "<na>" | "#n/a" | "#na" | "nat" => Some(f64::NAN),
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => None,
    }
}

/// A number of up to 15 digits: both it and the power of ten are exact, so that their quotient is rounded once, as it
/// should be (Clinger, "How to read floating point numbers accurately", 1990).
fn short_decimal(field: &[u8]) -> Option<f64> {
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if digits.len() > POWERS.len() {
        return None;
    }
    let (mut number, mut places, mut point) = (0_u64, 0, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + u64::from(byte - b'0');
                places += usize::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    let count = digits.len() - usize::from(point);
    if !(1..POWERS.len()).contains(&count) {
        return None;
    }
    let x = number as f64 / POWERS[places];
    Some(if negative { -x } else { x })
}

/// Powers of ten.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number with a comma between two digits.
fn with_comma(field: &str) -> Option<f64> {
    let (whole, part) = field.split_once(',')?;
    let digits =
        whole.ends_with(|c: char| c.is_ascii_digit()) && part.starts_with(|c: char| c.is_ascii_digit());
    (digits && !whole.contains('.') && !part.contains('.')).then(|| format!("{whole}.{part}").parse().ok())?
}

/// The nanoseconds since 1970 of `2026-01-31`, `2026-01-31 08:00`, `2026-01-31T08:00:00.123456789`.
fn nanoseconds(text: &[u8]) -> Option<i64> {
    let number = |range: Range<usize>| -> Option<i64> {
        text.get(range)?
            .iter()
            .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let is = |at: usize, bytes: &[u8]| text.get(at).is_some_and(|byte| bytes.contains(byte));
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !is(4, b"-") || !is(7, b"-") || !(1678..2262).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let months = year * 12 + month - 1;
    let first = first_of(months);
    if day < 1 || (day > 28 && day > first_of(months + 1) - first) {
        return None;
    }
    let mut seconds = (first + day - 1) * 86_400;
    let mut nanos = 0;
    if text.len() > 10 {
        let (hour, minute) = (number(11..13)?, number(14..16)?);
        let second = if text.len() > 16 { is(16, b":").then(|| number(17..19))?? } else { 0 };
        if !is(10, b"T ") || !is(13, b":") || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        seconds += hour * 3600 + minute * 60 + second;
        if text.len() > 19 {
            let places = text.len() - 20;
            if !is(19, b".") || !(1..=9).contains(&places) {
                return None;
            }
            nanos = number(20..text.len())? * 10_i64.pow(9 - places as u32);
        }
    }
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::{CsvBlock, float, nanoseconds};

    fn block(text: &str, lines: usize, delimiter: u8) -> Option<CsvBlock> {
        CsvBlock::new(text.into(), lines, delimiter, 2)
    }

    #[test]
    fn plain_lines_have_columns() {
        let block = block("1, 2.5\r\nNA,true\n-0,x", 3, b',').unwrap_or_else(|| panic!("must be plain"));
        assert_eq!(block.rows(), 3);
        assert_eq!(block.column(1).collect::<Vec<_>>(), ["2.5", "true", "x"]);
        let first = block.floats(0, false).unwrap_or_default();
        assert!(first[0] == 1.0 && first[1].is_nan() && first[2].to_bits() == (-0.0_f64).to_bits());
        assert!(block.floats(1, false).is_none() && block.wholes(0).is_none());
    }

    #[test]
    fn blanks_delimit() {
        let block = block("  1\t 2 \n3 4\n", 2, b' ').unwrap_or_else(|| panic!("must be plain"));
        assert_eq!(block.wholes(1), Some(vec![2, 4]));
    }

    #[test]
    fn what_is_not_plain_is_left() {
        for text in ["1,2\n\n3,4\n", "\"1\",2\n3,4\n", "1,2\r3,4\n5,6\n", "1\n2,3\n", "1,2,3\n4,5\n", "1,2\n"]
        {
            assert!(block(text, 2, b',').is_none(), "{text:?}");
        }
    }

    #[test]
    fn numbers_and_times() {
        for text in [
            "0",
            "-0",
            "5.",
            ".5",
            "0.1",
            "-123456789.012345",
            "999999999999999",
            "1234567890123456",
            "00.10",
            "1e5",
        ] {
            assert_eq!(float(text, false).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
        }
        assert_eq!((float(".", false), float("-", false), float("1.2.3", false)), (None, None, None));
        assert_eq!(float("3,5", true), Some(3.5));
        assert_eq!((float("3,5", false), float("1_0", true), float(",5", true)), (None, None, None));
        assert_eq!(nanoseconds(b"1970-01-02"), Some(86_400_000_000_000));
        assert_eq!(nanoseconds(b"1969-12-31 23:59:59.5"), Some(-500_000_000));
        assert_eq!(nanoseconds(b"2024-02-29T00:00"), Some(1_709_164_800_000_000_000));
        for wrong in [
            "2023-02-29",
            "2026-1-1",
            "2026-01-01x",
            "2026-01-01 24:00",
            "2026-01-01 08:00:00.",
            "1677-01-01",
        ] {
            assert_eq!(nanoseconds(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
