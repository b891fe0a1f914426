//! The formats of files, how one is written, and what each format has to offer for that.

use arrow_array::RecordBatch;
use paranom::generate::BLOCK;

use crate::error::Result;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Parquet.
    Parquet,
    /// Arrow's file format (IPC, Feather).
    Arrow,
    /// Comma-separated values, a line of names first.
    Csv,
    /// A JSON object in each line.
    JsonLines,
}

/// How text is packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// gzip, a member for each group.
    Gzip,
    /// Zstandard, one frame.
    Zstd,
}

/// How a file is written.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Most rows of a row group or batch; None: as many as two million values.
    pub group_rows: Option<u64>,
    /// Whether Parquet pages are compressed, with Zstandard.
    pub zstd: bool,
    /// How text is packed.
    pub packing: Packing,
    /// The metadata of Parquet and Arrow files.
    pub metadata: Vec<(String, String)>,
    /// How many threads write it.
    pub threads: usize,
}

/// The part of a format that runs in parallel: batches into groups.
pub(crate) trait Encode: Sync {
    /// A group that is being made.
    type Group;
    /// A finished one, as its sink takes it.
    type Piece: Send;
    /// The rows that it wants at a time, of a group's.
    fn piece(&self, group: usize) -> usize {
        group.min(BLOCK)
    }
    /// Begins the group of this number.
    fn begin(&self, number: u64) -> Result<Self::Group>;
    /// Adds rows.
    fn add(&self, group: &mut Self::Group, batch: &RecordBatch) -> Result<()>;
    /// Ends the group.
    fn end(&self, group: Self::Group) -> Result<Self::Piece>;
}

/// The other part of a format: groups into a file, in order.
pub(crate) trait Sink<P>: Send {
    /// Writes a group.
    fn write(&mut self, piece: P) -> Result<()>;
    /// Writes what stands at the end.
    fn finish(self) -> Result<()>;
}
