//! Rows into a file.

use std::fs::File;
use std::sync::{Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::FieldRef;
use paranom::error::try_vec;
use paranom::generate::BLOCK;
use paranom::job::Job;

use crate::error::Result;
use crate::format::{Encode, Format, Options, Sink};
use crate::packed::Packed;
use crate::source::{Source, Spare};
use crate::{arrow, parquet, pipeline, text};

/// Values in a group, if nothing else is asked for: some 16 MB.
const GROUP_VALUES: u64 = 1 << 21;
/// Most rows of such a group.
const MOST_GROUP_ROWS: u64 = 1 << 20;

/// Writes all rows of a source into a file that is open and empty.
pub fn write(source: &impl Source, format: Format, options: &Options, file: File, job: &Job) -> Result<()> {
    match format {
        Format::Parquet => {
            let (encode, sink) = parquet::open(source.schema(), options, file)?;
            run(source, options, &encode, sink, job)
        }
        Format::Arrow => {
            let sink = arrow::Writer::open(source.schema(), options, file)?;
            run(source, options, &arrow::Batches, sink, job)
        }
        Format::Csv => {
            let encode = text::Csv::new(source.schema());
            let sink = text::Writer::open(file, &encode.header, options.packing, encode.memory.clone())?;
            run(source, options, &Packed(encode, options.packing), sink, job)
        }
        Format::JsonLines => {
            let encode = text::JsonLines::new(source.schema());
            let sink = text::Writer::open(file, &[], options.packing, encode.memory.clone())?;
            run(source, options, &Packed(encode, options.packing), sink, job)
        }
    }
}

fn run<E: Encode>(
    source: &impl Source,
    options: &Options,
    encode: &E,
    mut sink: impl Sink<E::Piece>,
    job: &Job,
) -> Result<()> {
    let columns = source.schema().fields().len() as u64;
    let most = options.group_rows.unwrap_or_else(|| {
        let rows = GROUP_VALUES / columns;
        (rows - rows % BLOCK as u64).clamp(BLOCK as u64, MOST_GROUP_ROWS)
    });
    let width = |field: &FieldRef| field.data_type().primitive_width().unwrap_or(8);
    // Those that say which row it is and whether it is anomalous take next to nothing.
    let row_bytes: usize =
        source.schema().fields().iter().filter(|field| field.data_type().is_floating()).map(width).sum();
    let groups = Groups { rows: source.rows(), first: most - source.start() % most, most };
    let spares = Mutex::new(Vec::new());
    let lend = || spares.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    let give_back = |spare: Spare| spares.lock().unwrap_or_else(PoisonError::into_inner).push(spare);
    let begin = |number: u64| {
        let (from, len) = groups.group(number);
        // Rows that depend on lower ones are made here, where groups come one after another.
        let whole = if source.is_sequential() {
            Some(source.read(from, len, &mut Spare::default(), job)?)
        } else {
            None
        };
        Ok((from, len, whole))
    };
    let make = |number: u64, (from, len, whole): (u64, usize, Option<RecordBatch>)| {
        // A group grows in libraries that cannot refuse it: whether there is room for it is seen before.
        drop(try_vec::<u8>(len.saturating_mul(row_bytes).saturating_mul(3) / 2)?);
        let mut group = encode.begin(number)?;
        if let Some(batch) = whole {
            encode.add(&mut group, &batch)?;
        } else {
            let mut spare: Spare = lend();
            let piece = encode.piece(len);
            let mut done = 0;
            while done < len {
                let now = piece.min(len - done);
                let batch = source.read(from + done as u64, now, &mut spare, job)?;
                encode.add(&mut group, &batch)?;
                spare.keep(batch);
                done += now;
            }
            give_back(spare);
        }
        encode.end(group)
    };
    pipeline::in_order(options.threads, groups.count(), job, begin, make, |piece| sink.write(piece))?;
    sink.finish()
}

/// How rows are divided into groups.
struct Groups {
    rows: u64,
    /// The rows of the first group, if there are as many.
    first: u64,
    /// Those of every other.
    most: u64,
}

impl Groups {
    fn count(&self) -> u64 {
        match self.rows.checked_sub(self.first) {
            None => u64::from(self.rows > 0),
            Some(more) => 1 + more.div_ceil(self.most),
        }
    }

    /// The first row of a group, and how many it has.
    fn group(&self, number: u64) -> (u64, usize) {
        let (from, most) = match number.checked_sub(1) {
            None => (0, self.first),
            Some(before) => (self.first + before * self.most, self.most),
        };
        (from, most.min(self.rows - from) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_all_rows() {
        for rows in 0..30 {
            for first in 1..=7 {
                let groups = Groups { rows, first, most: 7 };
                let mut next = 0;
                for number in 0..groups.count() {
                    let (from, len) = groups.group(number);
                    assert!(from == next && (1..=7).contains(&len));
                    next += len as u64;
                }
                assert_eq!(next, rows);
            }
        }
    }
}
