//! Arrow's file format: a batch for each group.

use std::collections::HashMap;
use std::fs::File;

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::format::{Encode, Options, Sink};

/// Batches as they are: encoding them is writing them.
pub(crate) struct Batches;

impl Encode for Batches {
    type Group = Option<RecordBatch>;
    type Piece = RecordBatch;

    fn piece(&self, group: usize) -> usize {
        group
    }

    fn begin(&self, _: u64) -> Result<Self::Group> {
        Ok(None)
    }

    fn add(&self, group: &mut Self::Group, batch: &RecordBatch) -> Result<()> {
        *group = Some(batch.clone());
        Ok(())
    }

    fn end(&self, group: Self::Group) -> Result<Self::Piece> {
        group.ok_or_else(|| Error::File("must have rows in each group".into()))
    }
}

/// The file.
pub(crate) struct Writer(FileWriter<File>);

impl Writer {
    pub(crate) fn open(schema: &SchemaRef, options: &Options, file: File) -> Result<Self> {
        let metadata: HashMap<String, String> = options.metadata.iter().cloned().collect();
        let schema = Schema::new_with_metadata(schema.fields().clone(), metadata);
        Ok(Self(FileWriter::try_new(file, &schema)?))
    }
}

impl Sink<RecordBatch> for Writer {
    fn write(&mut self, piece: RecordBatch) -> Result<()> {
        Ok(self.0.write(&piece)?)
    }

    fn finish(mut self) -> Result<()> {
        Ok(self.0.finish()?)
    }
}
