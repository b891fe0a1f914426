//! Whether a file holds the rows that its spec says: some blocks of them are generated again and compared.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int32Type, Int64Type, TimestampNanosecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, SchemaRef};
use paranom::generate::BLOCK;
use paranom::job::Job;

use crate::dictionary;
use crate::error::{Error, Result};
use crate::format::{Encode, Format};
use crate::reading::reading;
use crate::source::{Source, Spare};
use crate::stored::{Body, Stored};
use crate::text::{Csv, JsonLines, fields, json_text, until};

/// Where a file differs from what its spec gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The row, counted from the file's first; None for the table itself.
    pub row: Option<u64>,
    /// The column.
    pub column: String,
    /// What the spec gives.
    pub expected: String,
    /// What the file holds.
    pub found: String,
}

/// Compares up to `blocks` blocks of a file's rows with a source that has as many, bit for bit: the first, the last, and
/// some between. Gives the first difference, and how many rows were compared.
pub fn verify(
    source: &impl Source,
    stored: &mut Stored,
    blocks: u64,
    job: &Job,
) -> Result<(Option<Difference>, u64)> {
    let (schema, format) = (source.schema(), stored.format);
    if let Some((expected, found)) = columns_differ(stored, schema)? {
        return Ok((Some(Difference { row: None, column: "columns".into(), expected, found }), 0));
    }
    let mut spare = Spare::default();
    let mut compared = 0;
    for block in sample(stored.rows.div_ceil(BLOCK as u64), blocks) {
        let from = block * BLOCK as u64;
        let len = (stored.rows - from).min(BLOCK as u64) as usize;
        let batch = source.read(from, len, &mut spare, job)?;
        let difference = match format {
            Format::Csv => text_differs(&Csv::new(schema), &stored.text(from, len)?, &batch, schema)?,
            Format::JsonLines => {
                text_differs(&JsonLines::new(schema), &stored.text(from, len)?, &batch, schema)?
            }
            _ => {
                let found = stored.batches(from, len)?;
                reading(|| batches_differ(&batch, &found))?
            }
        };
        if let Some((row, column, expected, found)) = difference {
            let column = schema.field(column).name().clone();
            let row = Some(from + row as u64);
            return Ok((Some(Difference { row, column, expected, found }), compared));
        }
        compared += len as u64;
        spare.keep(batch);
    }
    Ok((None, compared))
}

/// Which blocks are compared: one of each of as many intervals of equal length, with the first and the last.
fn sample(all: u64, blocks: u64) -> Vec<u64> {
    if blocks >= all {
        return (0..all).collect();
    }
    let edge = |i: u64| (u128::from(i) * u128::from(all) / u128::from(blocks)) as u64;
    let place = |i: u64| match i {
        0 => 0,
        i if i + 1 == blocks => all - 1,
        // Spread by the golden ratio: no period of the data fits it.
        i => edge(i) + (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % (edge(i + 1) - edge(i)),
    };
    (0..blocks).map(place).collect()
}

/// The columns as they should be and as they are, if they differ.
fn columns_differ(stored: &Stored, schema: &SchemaRef) -> Result<Option<(String, String)>> {
    let say = |schema: &SchemaRef| {
        let fields = schema.fields().iter();
        fields.map(|field| format!("{} {}", field.name(), field.data_type())).collect::<Vec<_>>().join(", ")
    };
    Ok(match (&stored.body, stored.format) {
        (Body::Parquet(footer), _) => Some((say(schema), say(footer.schema()))),
        (Body::Arrow(reader, _), _) => Some((say(schema), say(&reader.schema()))),
        (Body::Text(_), Format::Csv) => {
            let header = Csv::new(schema).header;
            let found = stored.head(header.len())?;
            Some((shown(&header), shown(&found)))
        }
        (Body::Text(_), _) => None,
    }
    .filter(|(expected, found)| expected != found))
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).trim_end().into()
}

/// A row, a column, what should be there and what is.
type Cell = (usize, usize, String, String);

fn text_differs<E: Encode<Group = Vec<u8>, Piece = Vec<u8>>>(
    encode: &E,
    found: &[u8],
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<Option<Cell>> {
    let mut expected = encode.begin(0)?;
    encode.add(&mut expected, batch)?;
    if expected == found {
        return Ok(None);
    }
    let lines = || expected.split(|b| *b == b'\n').zip(found.split(|b| *b == b'\n'));
    let Some(row) = lines().position(|(a, b)| a != b) else {
        return Err(Error::File("must be whole: it is cut off".into()));
    };
    let Some((a, b)) = lines().nth(row) else {
        return Err(Error::File("must be whole: it is cut off".into()));
    };
    // The columns that agree are those that a row of fewer columns has in common.
    for column in 0..schema.fields().len() {
        let (a, b) = (cell(a, column, schema), cell(b, column, schema));
        if a != b {
            return Ok(Some((row, column, a, b)));
        }
    }
    Ok(Some((row, 0, shown(a), shown(b))))
}

/// The text of a cell.
fn cell(line: &[u8], column: usize, schema: &SchemaRef) -> String {
    let line = String::from_utf8_lossy(line);
    if line.starts_with('{') {
        // A name may hold commas: look for the key.
        let key = format!("{}:", json_text(schema.field(column).name()));
        return line.find(&key).map_or(String::new(), |at| {
            let rest = &line[at + key.len()..];
            until(rest, &[',', '}'], '\\').into()
        });
    }
    fields(&line).nth(column).unwrap_or_default().into()
}

fn batches_differ(expected: &RecordBatch, found: &[RecordBatch]) -> Result<Option<Cell>> {
    let mut from = 0;
    let mut first: Option<Cell> = None;
    for batch in found {
        let part = expected.slice(from, batch.num_rows().min(expected.num_rows() - from));
        for (column, (a, b)) in part.columns().iter().zip(batch.columns()).enumerate() {
            if let Some((row, expected, found)) = array_differs(a, b)?
                && first.as_ref().is_none_or(|(before, ..)| from + row < *before)
            {
                first = Some((from + row, column, expected, found));
            }
        }
        if first.is_some() {
            return Ok(first);
        }
        from += batch.num_rows();
    }
    if from == expected.num_rows() {
        Ok(None)
    } else {
        Err(Error::File("must be whole: it is cut off".into()))
    }
}

fn array_differs(expected: &ArrayRef, found: &ArrayRef) -> Result<Option<(usize, String, String)>> {
    if *expected.data_type() == dictionary::data_type() {
        return Ok(texts_differ(expected, found));
    }
    let (is_null, was_null) = (|row: usize| expected.is_null(row), |row: usize| found.is_null(row));
    if expected.null_count() + found.null_count() > 0
        && let Some(row) = (0..found.len()).find(|&row| is_null(row) != was_null(row))
    {
        let say = |null| if null { "null" } else { "a value" };
        return Ok(Some((row, say(is_null(row)).into(), say(was_null(row)).into())));
    }
    macro_rules! compare {
        ($kind:ty, $same:expr) => {{
            let (a, b) = (expected.as_primitive::<$kind>().values(), found.as_primitive::<$kind>().values());
            let differs = (0..a.len()).position(|row| !$same(&a[row], &b[row]) && !is_null(row));
            differs.map(|row| (row, format!("{:?}", a[row]), format!("{:?}", b[row])))
        }};
    }
    Ok(match expected.data_type() {
        // All bit patterns of NaN are equal.
        DataType::Float64 => {
            compare!(Float64Type, |a: &f64, b: &f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
        }
        DataType::Float32 => {
            compare!(Float32Type, |a: &f32, b: &f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
        }
        DataType::Int64 => compare!(Int64Type, |a, b| a == b),
        DataType::Boolean => {
            let (a, b) = (expected.as_boolean(), found.as_boolean());
            let differs = (0..a.len()).find(|&row| a.value(row) != b.value(row) && !is_null(row));
            differs.map(|row| (row, a.value(row).to_string(), b.value(row).to_string()))
        }
        DataType::UInt64 => compare!(UInt64Type, |a, b| a == b),
        DataType::Int8 => compare!(Int8Type, |a, b| a == b),
        DataType::Timestamp(..) => compare!(TimestampNanosecondType, |a, b| a == b),
        other => {
            return Err(Error::File(format!("must have columns of numbers or times, and one is {other}")));
        }
    })
}

/// Compares columns of texts, whatever places the texts have in their dictionaries.
fn texts_differ(expected: &ArrayRef, found: &ArrayRef) -> Option<(usize, String, String)> {
    let shown = |text: Option<&str>| text.map_or("null".into(), |text| format!("{text:?}"));
    let expected = expected.as_dictionary::<Int32Type>().downcast_dict::<StringArray>()?;
    let found = found.as_dictionary::<Int32Type>().downcast_dict::<StringArray>()?;
    let mut rows = expected.into_iter().zip(found).enumerate();
    let (row, (a, b)) = rows.find(|(_, (a, b))| a != b)?;
    Some((row, shown(a), shown(b)))
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn samples_rise_and_hold_both_ends() {
        for (all, blocks) in [(1, 1), (10, 3), (1000, 16), (u64::MAX, 16), (5, 9), (0, 4), (17, 16)] {
            let sample = sample(all, blocks);
            assert_eq!(sample.len() as u64, all.min(blocks));
            assert!(sample.windows(2).all(|pair| pair[0] < pair[1]));
            if blocks > 1 && all > 0 {
                assert_eq!((sample[0], sample[sample.len() - 1]), (0, all - 1));
            }
        }
    }
}
