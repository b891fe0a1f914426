//! Files of rows, read: what they say of themselves, and any rows of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use crate::error::{Error, Result};
use crate::format::Format;
use crate::reading::reading;
use crate::text::{csv_field, fields, json_text};

/// What a Parquet or Arrow file says of itself: keys and values.
pub fn metadata(path: &Path, format: Format) -> Result<BTreeMap<String, String>> {
    let file = File::open(path)?;
    reading(|| {
        Ok(match format {
            Format::Parquet => {
                let footer = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())?;
                let pairs = footer.metadata().file_metadata().key_value_metadata().into_iter().flatten();
                pairs.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect()
            }
            Format::Arrow => {
                let schema = FileReader::try_new(file, None)?.schema();
                schema.metadata().iter().map(|(key, value)| (key.into(), value.into())).collect()
            }
            Format::Csv | Format::JsonLines => BTreeMap::new(),
        })
    })
}

/// A file of rows.
pub struct Stored {
    path: PathBuf,
    pub(crate) format: Format,
    /// How many rows it has.
    pub rows: u64,
    pub(crate) body: Body,
}

/// How rows are found in a file.
pub(crate) enum Body {
    /// Parquet: its footer.
    Parquet(ArrowReaderMetadata),
    /// Arrow: where each batch ends, in rows.
    Arrow(Box<FileReader<File>>, Vec<u64>),
    /// Text: where every [`STRIDE`]th row begins, in bytes; the first line may be a header.
    Text(Vec<u64>),
}

/// Rows between two places in a text that are known.
const STRIDE: u64 = 1 << 12;

impl Stored {
    /// Opens a file.
    pub fn open(path: &Path, format: Format) -> Result<Self> {
        reading(|| Self::open_checked(path, format))
    }

    fn open_checked(path: &Path, format: Format) -> Result<Self> {
        let (rows, body) = match format {
            Format::Parquet => {
                let footer = ArrowReaderMetadata::load(&File::open(path)?, ArrowReaderOptions::default())?;
                (footer.metadata().file_metadata().num_rows().unsigned_abs(), Body::Parquet(footer))
            }
            Format::Arrow => {
                let mut reader = FileReader::try_new(File::open(path)?, None)?;
                let mut ends = Vec::new();
                let mut rows = 0;
                for batch in &mut reader {
                    rows += batch?.num_rows() as u64;
                    ends.push(rows);
                }
                (rows, Body::Arrow(Box::new(reader), ends))
            }
            Format::Csv => lines(path, true)?,
            Format::JsonLines => lines(path, false)?,
        };
        Ok(Self { path: path.into(), format, rows, body })
    }

    /// Whether its values are f32; None where the file does not say.
    pub fn is_single(&self) -> Option<bool> {
        let schema = match &self.body {
            Body::Parquet(footer) => footer.schema().clone(),
            Body::Arrow(reader, _) => reader.schema(),
            Body::Text(_) => return None,
        };
        // A column of floats says it, and the time may be one of f64.
        Some(schema.fields().iter().any(|field| *field.data_type() == DataType::Float32))
    }

    /// Whether there is a column of this name. JSON lines without a row have none.
    pub fn has_column(&self, name: &str) -> Result<bool> {
        let schema = match &self.body {
            Body::Parquet(footer) => footer.schema().clone(),
            Body::Arrow(reader, _) => reader.schema(),
            Body::Text(places) if self.format == Format::Csv => {
                let header = self.head(places[0] as usize)?;
                return Ok(
                    fields(String::from_utf8_lossy(&header).trim_end()).any(|field| field == csv_field(name))
                );
            }
            Body::Text(_) => {
                let line = if self.rows > 0 { self.text(0, 1)? } else { Vec::new() };
                return Ok(String::from_utf8_lossy(&line).contains(&format!("{}:", json_text(name))));
            }
        };
        Ok(schema.index_of(name).is_ok())
    }

    /// The `len` rows from `from` on, as batches. Not for text.
    pub(crate) fn batches(&mut self, from: u64, len: usize) -> Result<Vec<RecordBatch>> {
        reading(|| self.batches_checked(from, len))
    }

    fn batches_checked(&mut self, from: u64, len: usize) -> Result<Vec<RecordBatch>> {
        match &mut self.body {
            Body::Parquet(footer) => {
                let mut skipped = 0;
                let (mut groups, mut offset) = (Vec::new(), None);
                for (number, group) in footer.metadata().row_groups().iter().enumerate() {
                    let rows = group.num_rows().unsigned_abs();
                    if skipped + rows > from && skipped < from + len as u64 {
                        groups.push(number);
                        offset.get_or_insert_with(|| from - skipped);
                    }
                    skipped += rows;
                }
                let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(
                    File::open(&self.path)?,
                    footer.clone(),
                )
                .with_row_groups(groups)
                .with_offset(offset.unwrap_or(0) as usize)
                .with_limit(len)
                .with_batch_size(len)
                .build()?;
                reader.map(|batch| Ok(batch?)).collect()
            }
            Body::Arrow(reader, ends) => {
                let to = from + len as u64;
                let mut found = Vec::new();
                for at in ends.partition_point(|end| *end <= from)..ends.len() {
                    let begin = if at == 0 { 0 } else { ends[at - 1] };
                    if begin >= to {
                        break;
                    }
                    reader.set_index(at)?;
                    let batch = reader.next().ok_or_else(|| {
                        Error::File("must hold all of its batches: one is missing".into())
                    })??;
                    let (first, last) = (from.max(begin), to.min(ends[at]));
                    found.push(batch.slice((first - begin) as usize, (last - first) as usize));
                }
                Ok(found)
            }
            Body::Text(_) => Err(Error::File("must have batches, and text has none".into())),
        }
    }

    /// The lines of rows `from .. from + len`, with their ends. Of text.
    pub(crate) fn text(&self, from: u64, len: usize) -> Result<Vec<u8>> {
        let Body::Text(places) = &self.body else { return Err(Error::File("must be text".into())) };
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(places[(from / STRIDE) as usize]))?;
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let mut text = Vec::new();
        for _ in 0..from % STRIDE {
            text.clear();
            reader.read_until(b'\n', &mut text)?;
        }
        text.clear();
        for _ in 0..len {
            reader.read_until(b'\n', &mut text)?;
        }
        Ok(text)
    }

    /// The first `len` bytes, or as many as there are.
    pub(crate) fn head(&self, len: usize) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        File::open(&self.path)?.take(len as u64).read_to_end(&mut head)?;
        Ok(head)
    }
}

/// Counts the lines behind a header, which may hold ends of lines in quotes; rows hold none.
fn lines(path: &Path, header: bool) -> Result<(u64, Body)> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    let (mut places, mut rows, mut at) = (Vec::new(), 0_u64, 0_u64);
    let (mut inside, mut quoted, mut last) = (header, false, b'\n');
    if !header {
        places.push(0);
    }
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        for &byte in &buffer[..read] {
            at += 1;
            if inside {
                quoted ^= byte == b'"';
                if byte == b'\n' && !quoted {
                    inside = false;
                    places.push(at);
                }
            } else if byte == b'\n' {
                rows += 1;
                if rows.is_multiple_of(STRIDE) {
                    places.push(at);
                }
            }
        }
        last = buffer[read - 1];
    }
    if inside || last != b'\n' {
        return Err(Error::File("must end with a whole line: it is cut off".into()));
    }
    Ok((rows, Body::Text(places)))
}
