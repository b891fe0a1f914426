//! Parquet: whole row groups encoded in parallel, appended in order.

use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use crate::dictionary;
use crate::error::{Error, Result};
use crate::format::{Encode, Options, Sink};

/// Bytes in a page.
const PAGE: usize = 1 << 20;

/// Both halves of a Parquet writer.
pub(crate) fn open(schema: &SchemaRef, options: &Options, file: File) -> Result<(Columns, Writer)> {
    let root = ArrowSchemaConverter::new().convert(schema)?.root_schema_ptr();
    let file = SerializedFileWriter::new(file, root, Arc::new(properties(schema, options)))?;
    let factory = ArrowRowGroupWriterFactory::new(&file, schema.clone());
    Ok((Columns { schema: schema.clone(), factory }, Writer(file)))
}

/// Random doubles have no dictionary, and limits of their pages that tell nothing. What counts up, or stays the same
/// for long, is stored as differences: next to nothing.
fn properties(schema: &SchemaRef, options: &Options) -> WriterProperties {
    let metadata = options.metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let compression =
        if options.zstd { Compression::ZSTD(ZstdLevel::default()) } else { Compression::UNCOMPRESSED };
    let mut properties = WriterProperties::builder()
        .set_key_value_metadata(Some(metadata.collect()))
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
    if schema.fields().iter().any(|field| *field.data_type() == dictionary::data_type()) {
        // Parquet's own types do not tell a dictionary from texts.
        add_encoded_arrow_schema_to_metadata(schema, &mut properties);
    }
    properties
}

/// The columns of a row group.
pub(crate) struct Columns {
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
}

impl Encode for Columns {
    type Group = Vec<ArrowColumnWriter>;
    type Piece = Vec<ArrowColumnChunk>;

    fn begin(&self, number: u64) -> Result<Self::Group> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        Ok(self.factory.create_column_writers(number)?)
    }

    fn add(&self, group: &mut Self::Group, batch: &RecordBatch) -> Result<()> {
        let mut writers = group.iter_mut();
        for (field, array) in self.schema.fields().iter().zip(batch.columns()) {
            for leaf in compute_leaves(field, array)? {
                let writer = writers.next().ok_or_else(|| Error::File("must have more columns".into()))?;
                writer.write(&leaf)?;
            }
        }
        Ok(())
    }

    fn end(&self, group: Self::Group) -> Result<Self::Piece> {
        group.into_iter().map(|column| Ok(column.close()?)).collect()
    }
}

/// The file.
pub(crate) struct Writer(SerializedFileWriter<File>);

impl Sink<Vec<ArrowColumnChunk>> for Writer {
    fn write(&mut self, piece: Vec<ArrowColumnChunk>) -> Result<()> {
        let mut group = self.0.next_row_group()?;
        for chunk in piece {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.0.close()?;
        Ok(())
    }
}
