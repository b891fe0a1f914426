//! Parquet: whole row groups encoded in parallel, appended in order.

use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, FieldRef, SchemaRef};
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, ColumnPath};

use crate::chunk::{self, Chunk};
use crate::dictionary;
use crate::error::Result;
use crate::format::{Encode, Options, Sink};
use crate::splice::{Output, Pages, Placeholder};

/// Bytes in a page.
const PAGE: usize = 1 << 20;

/// Both halves of a Parquet writer.
pub(crate) fn open(schema: &SchemaRef, options: &Options, file: File) -> Result<(Columns, Writer)> {
    let root = ArrowSchemaConverter::new().convert(schema)?.root_schema_ptr();
    let output = Output::new(file);
    let file = SerializedFileWriter::new(output.clone(), root, Arc::new(properties(schema, options)))?;
    let factory = ArrowRowGroupWriterFactory::new(&file, schema.clone());
    let fields = schema.fields().iter().zip(file.schema_descr().columns());
    let numbers = fields
        .map(|(field, column)| (!options.zstd && chunk::takes(field)).then(|| column.clone()))
        .collect();
    Ok((
        Columns { schema: schema.clone(), factory, numbers, output: output.clone() },
        Writer { file, output },
    ))
}

/// Random doubles have no dictionary, and limits of their pages that tell nothing. What counts up, or stays the same
/// for long, is stored as differences: next to nothing.
fn properties(schema: &SchemaRef, options: &Options) -> WriterProperties {
    let facts = options.metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let compression =
        if options.zstd { Compression::ZSTD(ZstdLevel::default()) } else { Compression::UNCOMPRESSED };
    let mut properties = WriterProperties::builder()
        .set_key_value_metadata(Some(facts.collect()))
        .set_created_by(concat!("paranom_rs ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(compression)
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_data_page_size_limit(PAGE)
        .set_data_page_row_count_limit(PAGE / 8)
        .set_write_batch_size(PAGE / 8);
    for field in schema.fields() {
        let whole = matches!(
            field.data_type(),
            DataType::Int8 | DataType::Int64 | DataType::UInt64 | DataType::Timestamp(..)
        );
        if whole {
            let path = ColumnPath::from(vec![field.name().clone()]);
            properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        } else if *field.data_type() == dictionary::data_type() {
            let path = ColumnPath::from(vec![field.name().clone()]);
            properties = properties.set_column_dictionary_enabled(path, true);
        }
    }
    let mut properties = properties.build();
    // Parquet's own types do not tell a dictionary from texts, and know times in UTC only.
    let is_more = |field: &FieldRef| {
        *field.data_type() == dictionary::data_type()
            || matches!(field.data_type(), DataType::Timestamp(_, Some(_)))
    };
    if schema.fields().iter().any(is_more) {
        add_encoded_arrow_schema_to_metadata(schema, &mut properties);
    }
    properties
}

/// The columns of a row group.
pub(crate) struct Columns {
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
    /// Those that need no writer of the library.
    numbers: Vec<Option<ColumnDescPtr>>,
    output: Output,
}

/// A column of a row group that is being made.
pub(crate) enum Column {
    Numbers(Chunk),
    Other(Box<ArrowColumnWriter>),
}

/// One that is finished.
pub(crate) enum Finished {
    Numbers(Box<ColumnCloseResult>, Pages),
    Other(Box<ArrowColumnChunk>),
}

impl Encode for Columns {
    type Group = Vec<Column>;
    type Piece = Vec<Finished>;

    fn begin(&self, number: u64) -> Result<Self::Group> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let writers = self.factory.create_column_writers(number)?;
        let column = |(writer, numbers): (ArrowColumnWriter, &Option<ColumnDescPtr>)| match numbers {
            Some(column) => Column::Numbers(Chunk::new(column.clone(), self.output.memory())),
            None => Column::Other(Box::new(writer)),
        };
        Ok(writers.into_iter().zip(&self.numbers).map(column).collect())
    }

    fn add(&self, group: &mut Self::Group, batch: &RecordBatch) -> Result<()> {
        for ((field, array), column) in self.schema.fields().iter().zip(batch.columns()).zip(group) {
            match column {
                Column::Numbers(chunk) => chunk.add(array)?,
                Column::Other(writer) => {
                    for leaf in compute_leaves(field, array)? {
                        writer.write(&leaf)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn end(&self, group: Self::Group) -> Result<Self::Piece> {
        let finish = |column| match column {
            Column::Numbers(chunk) => {
                let (close, pages) = chunk.end()?;
                Ok(Finished::Numbers(Box::new(close), pages))
            }
            Column::Other(writer) => Ok(Finished::Other(Box::new(writer.close()?))),
        };
        group.into_iter().map(finish).collect()
    }
}

/// The file.
pub(crate) struct Writer {
    file: SerializedFileWriter<Output>,
    output: Output,
}

impl Sink<Vec<Finished>> for Writer {
    fn write(&mut self, piece: Vec<Finished>) -> Result<()> {
        let mut position = self.file.bytes_written() as u64;
        let mut group = self.file.next_row_group()?;
        for column in piece {
            match column {
                Finished::Numbers(close, pages) => {
                    let size = pages.len();
                    self.output.place(position, pages);
                    group.append_column(&Placeholder(size), *close)?;
                    position += size as u64;
                }
                Finished::Other(chunk) => {
                    position += chunk.close().metadata.compressed_size() as u64;
                    chunk.append_to_row_group(&mut group)?;
                }
            }
        }
        group.close()?;
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.file.close()?;
        Ok(())
    }
}
