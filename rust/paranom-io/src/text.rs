//! CSV and JSON lines: rows as text, numbers the shortest that read back as the same.

use std::fmt::Write as _;
use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int32Type, Int64Type, TimestampNanosecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, ListArray, RecordBatch, StringArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, SchemaRef};

use paranom::error::try_reserve;

use crate::dictionary;
use crate::error::{Error, Result};
use crate::format::{Encode, Packing, Sink};
use crate::lines::{Lines, Piece};
use crate::memory::Memory;
use crate::number::{Clock, Whole};
use crate::packed::TextFile;
use crate::shortest::{self, ROOM};

/// The values of a column, and what is kept from one to the next.
enum Column<'a> {
    F64(&'a [f64]),
    F32(&'a [f32]),
    I64(&'a [i64], Whole),
    /// Whole numbers, some of which are missing.
    Some(&'a [i64], &'a NullBuffer, Whole),
    Flags(&'a BooleanArray),
    U64(&'a [u64], Whole),
    I8(&'a [i8], Whole),
    Time(&'a [i64], Clock),
    Text(Texts),
}

/// Fields that are texts, ready to be written: each row has a place among them.
struct Texts {
    fields: Vec<Vec<u8>>,
    places: Vec<usize>,
}

impl Texts {
    /// The fields of a list of texts, of which the rows have those at `places`.
    fn new(texts: &StringArray, places: impl Iterator<Item = Option<usize>>, special: &Special) -> Self {
        let mut fields: Vec<Vec<u8>> =
            texts.iter().map(|text| text.map_or(special.missing.into(), special.text)).collect();
        fields.push(special.missing.into());
        let missing = fields.len() - 1;
        Self { fields, places: places.map(|place| place.unwrap_or(missing)).collect() }
    }

    /// Fields that are lists of texts: JSON, in CSV too.
    fn of_lists(lists: &ListArray, special: &Special) -> Self {
        let json = |list: Option<ArrayRef>| {
            let texts: Vec<String> = list.map_or(Vec::new(), |list| {
                list.as_string::<i32>().iter().map(|text| json_text(text.unwrap_or_default())).collect()
            });
            (special.json)(format!("[{}]", texts.join(",")))
        };
        Self { fields: lists.iter().map(json).collect(), places: (0..lists.len()).collect() }
    }

    fn longest(&self) -> usize {
        self.fields.iter().map(Vec::len).max().unwrap_or(0)
    }
}

impl<'a> Column<'a> {
    fn new(array: &'a dyn Array, special: &Special) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Float64 => Self::F64(array.as_primitive::<Float64Type>().values()),
            DataType::Float32 => Self::F32(array.as_primitive::<Float32Type>().values()),
            DataType::Int64 => {
                let values = array.as_primitive::<Int64Type>().values();
                match array.nulls() {
                    None => Self::I64(values, Whole::new()),
                    Some(nulls) => Self::Some(values, nulls, Whole::new()),
                }
            }
            DataType::Boolean => Self::Flags(array.as_boolean()),
            DataType::UInt64 => Self::U64(array.as_primitive::<UInt64Type>().values(), Whole::new()),
            DataType::Int8 => Self::I8(array.as_primitive::<Int8Type>().values(), Whole::new()),
            DataType::Timestamp(_, zone) => {
                let clock = Clock::new(zone.is_some(), special.is_quoted);
                Self::Time(array.as_primitive::<TimestampNanosecondType>().values(), clock)
            }
            DataType::Utf8 => {
                let rows = (0..array.len()).map(|row| array.is_valid(row).then_some(row));
                Self::Text(Texts::new(array.as_string(), rows, special))
            }
            other if *other == dictionary::data_type() => {
                let dictionary = array.as_dictionary::<Int32Type>();
                Self::Text(Texts::new(dictionary.values().as_string(), dictionary.keys_iter(), special))
            }
            DataType::List(field) if *field.data_type() == DataType::Utf8 => {
                Self::Text(Texts::of_lists(array.as_list(), special))
            }
            other => {
                return Err(Error::File(format!("must have columns that text can hold, and one is {other}")));
            }
        })
    }

    /// Most bytes of a value.
    fn longest(&self) -> usize {
        if let Self::Text(texts) = self { texts.longest() } else { 0 }
    }
}

/// The text of values that are no numbers: missing ones, and infinite ones below and above 0.
struct Special {
    missing: &'static [u8],
    infinite: [&'static [u8]; 2],
    /// Whether times stand in quotes.
    is_quoted: bool,
    /// A text as a field.
    text: fn(&str) -> Vec<u8>,
    /// JSON as a field.
    json: fn(String) -> Vec<u8>,
}

impl Special {
    /// What stands for a number that is infinite or NaN.
    fn not_finite(&self, x: f64) -> &'static [u8] {
        if x.is_nan() { self.missing } else { self.infinite[usize::from(x > 0.0)] }
    }
}

/// Rows that are made at once, and about how many bytes they may take.
const ROWS: usize = 256;
const BYTES: usize = 1 << 16;

/// Appends rows: in front of each value its column's `before`, at the end of each row `after`.
fn append(
    text: &mut Vec<u8>,
    batch: &RecordBatch,
    before: &[Piece],
    after: &Piece,
    special: &Special,
) -> Result<()> {
    let mut columns = batch
        .columns()
        .iter()
        .map(|array| Column::new(array.as_ref(), special))
        .collect::<Result<Vec<_>>>()?;
    // As much as a row can take.
    let longest = before.iter().map(Piece::room).sum::<usize>()
        + columns.iter().map(|column| ROOM + column.longest()).sum::<usize>()
        + after.room();
    let at_once = (BYTES / longest).clamp(1, ROWS);
    let mut lines = Lines::new(at_once * longest)?;
    let mut floats = zmij::Buffer::new();
    for from in (0..batch.num_rows()).step_by(at_once) {
        for row in from..batch.num_rows().min(from + at_once) {
            for (column, before) in columns.iter_mut().zip(before) {
                lines.piece(before);
                column.write(row, &mut lines, &mut floats, special);
            }
            lines.piece(after);
        }
        // What grows by itself cannot be refused.
        try_reserve(text, lines.text().len())?;
        text.extend_from_slice(lines.text());
        lines.clear();
    }
    Ok(())
}

impl Column<'_> {
    /// Writes the value of a row.
    #[inline(always)]
    fn write(&mut self, row: usize, lines: &mut Lines, buffer: &mut zmij::Buffer, special: &Special) {
        match self {
            Self::F64(values) if values[row].is_finite() => {
                lines.number(|text| shortest::write(values[row], text, buffer));
            }
            Self::F32(values) if values[row].is_finite() => {
                lines.number(|text| shortest::by_library(values[row], text, buffer));
            }
            Self::F64(values) => lines.bytes(special.not_finite(values[row])),
            Self::F32(values) => lines.bytes(special.not_finite(values[row].into())),
            Self::I64(values, whole) => lines.number(|text| whole.signed(values[row], text)),
            Self::Some(values, nulls, whole) if nulls.is_valid(row) => {
                lines.number(|text| whole.signed(values[row], text));
            }
            Self::Flags(flags) if flags.is_valid(row) => {
                lines.bytes(if flags.value(row) { b"true" } else { b"false" });
            }
            Self::Some(..) | Self::Flags(_) => lines.bytes(special.missing),
            Self::Text(texts) => lines.bytes(&texts.fields[texts.places[row]]),
            Self::U64(values, whole) => lines.number(|text| whole.unsigned(values[row], text)),
            Self::I8(values, whole) => lines.number(|text| whole.signed(values[row].into(), text)),
            Self::Time(values, clock) => lines.number(|text| clock.write(values[row], text)),
        }
    }
}

/// Comma-separated values: a missing value is empty, infinite ones are `inf` and `-inf`.
pub(crate) struct Csv {
    /// The first line.
    pub header: Vec<u8>,
    before: Vec<Piece>,
    after: Piece,
    /// Of its groups.
    pub memory: Memory,
}

impl Csv {
    pub(crate) fn new(schema: &SchemaRef) -> Self {
        let names: Vec<String> = schema.fields().iter().map(|field| csv_field(field.name())).collect();
        let commas = (0..names.len()).map(|i| Piece::new(if i == 0 { b"" } else { b"," }));
        Self {
            header: format!("{}\n", names.join(",")).into_bytes(),
            before: commas.collect(),
            after: Piece::new(b"\n"),
            memory: Memory::default(),
        }
    }
}

/// A text as a field of CSV.
pub(crate) fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into()
    }
}

/// The fields of a line of CSV, in quotes where they are.
pub(crate) fn fields(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let field = until(rest?, &[','], '"');
        rest = rest?[field.len()..].strip_prefix(',');
        Some(field)
    })
}

/// A text up to one of the ends that is not in quotes; `escape` stands before a quote that is part of a text.
pub(crate) fn until<'a>(text: &'a str, ends: &[char], escape: char) -> &'a str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if !quoted && ends.contains(&c) {
            return &text[..at];
        }
        // In CSV, the quote that escapes another one ends and begins a text: the same.
        quoted ^= c == '"' && !escaped;
        escaped = c == escape && escape != '"' && !escaped;
    }
    text
}

const CSV: Special = Special {
    missing: b"",
    infinite: [b"-inf", b"inf"],
    is_quoted: false,
    text: |text| csv_field(text).into_bytes(),
    json: |text| csv_field(&text).into_bytes(),
};

impl Encode for Csv {
    type Group = Vec<u8>;
    type Piece = Vec<u8>;

    fn begin(&self, _: u64) -> Result<Vec<u8>> {
        Ok(self.memory.take())
    }

    fn add(&self, group: &mut Vec<u8>, batch: &RecordBatch) -> Result<()> {
        append(group, batch, &self.before, &self.after, &CSV)
    }

    fn end(&self, group: Vec<u8>) -> Result<Vec<u8>> {
        Ok(group)
    }
}

/// An object in each line: what JSON has no number for is null.
pub(crate) struct JsonLines {
    before: Vec<Piece>,
    after: Piece,
    /// Of its groups.
    pub memory: Memory,
}

impl JsonLines {
    pub(crate) fn new(schema: &SchemaRef) -> Self {
        let key = |(i, name): (usize, &String)| {
            Piece::new(format!("{}{}:", if i == 0 { '{' } else { ',' }, json_text(name)).as_bytes())
        };
        let names = schema.fields().iter().map(|field| field.name());
        Self {
            before: names.enumerate().map(key).collect(),
            after: Piece::new(b"}\n"),
            memory: Memory::default(),
        }
    }
}

/// A text as JSON has it.
pub(crate) fn json_text(name: &str) -> String {
    let mut text = String::from('"');
    for c in name.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            c if c < ' ' => {
                // Writing to a text cannot fail.
                let _ = write!(text, "\\u{:04x}", c as u32);
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

const JSON: Special = Special {
    missing: b"null",
    infinite: [b"null", b"null"],
    is_quoted: true,
    text: |text| json_text(text).into_bytes(),
    json: String::into_bytes,
};

impl Encode for JsonLines {
    type Group = Vec<u8>;
    type Piece = Vec<u8>;

    fn begin(&self, _: u64) -> Result<Vec<u8>> {
        Ok(self.memory.take())
    }

    fn add(&self, group: &mut Vec<u8>, batch: &RecordBatch) -> Result<()> {
        append(group, batch, &self.before, &self.after, &JSON)
    }

    fn end(&self, group: Vec<u8>) -> Result<Vec<u8>> {
        Ok(group)
    }
}

/// The file.
pub(crate) struct Writer(TextFile, Memory);

impl Writer {
    pub(crate) fn open(file: File, header: &[u8], packing: Packing, memory: Memory) -> Result<Self> {
        Ok(Self(TextFile::open(file, header, packing)?, memory))
    }
}

impl Sink<Vec<u8>> for Writer {
    fn write(&mut self, piece: Vec<u8>) -> Result<()> {
        self.0.write(&piece)?;
        self.1.give(piece);
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{fields, until};

    #[test]
    fn fields_end_outside_of_quotes() {
        assert_eq!(fields(r#"a,"b,""c",,d"#).collect::<Vec<_>>(), ["a", r#""b,""c""#, "", "d"]);
        assert_eq!(fields("").collect::<Vec<_>>(), [""]);
        assert_eq!(until(r#""a}\",",}"#, &[',', '}'], '\\'), r#""a}\",""#);
    }
}
