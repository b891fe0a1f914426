//! Text that is packed: gzip, in parallel; Zstandard, at the end of the pipeline.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use arrow_array::RecordBatch;
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::error::Result;
use crate::format::{Encode, Packing};

/// Faster than the usual 6, for hardly longer files: digits of noise do not shrink further.
const GZIP_LEVEL: u32 = 3;
/// Zstandard's own default.
const ZSTD_LEVEL: i32 = 3;

/// Groups of text, packed where each can be packed alone.
pub(crate) struct Packed<E>(pub E, pub Packing);

impl<E: Encode<Piece = Vec<u8>>> Encode for Packed<E> {
    type Group = E::Group;
    type Piece = Vec<u8>;

    fn piece(&self, group: usize) -> usize {
        self.0.piece(group)
    }

    fn begin(&self, number: u64) -> Result<E::Group> {
        self.0.begin(number)
    }

    fn add(&self, group: &mut E::Group, batch: &RecordBatch) -> Result<()> {
        self.0.add(group, batch)
    }

    fn end(&self, group: E::Group) -> Result<Vec<u8>> {
        let text = self.0.end(group)?;
        if self.1 == Packing::Gzip { gzip(&text) } else { Ok(text) }
    }
}

/// A member of a gzip file. It says nothing of the time or the system.
pub(crate) fn gzip(text: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 2), Compression::new(GZIP_LEVEL));
    encoder.write_all(text)?;
    Ok(encoder.finish()?)
}

/// A file of text that may be one frame of Zstandard: some readers read the first one only.
pub(crate) enum TextFile {
    Plain(File),
    Zstd(Box<zstd::stream::write::Encoder<'static, File>>),
}

impl TextFile {
    /// Begins a file with its header.
    pub(crate) fn open(file: File, header: &[u8], packing: Packing) -> Result<Self> {
        let mut this = match packing {
            Packing::Zstd => Self::Zstd(Box::new(zstd::stream::write::Encoder::new(file, ZSTD_LEVEL)?)),
            _ => Self::Plain(file),
        };
        // An empty member, too: an empty file is no gzip file.
        if packing == Packing::Gzip {
            this.write(&gzip(header)?)?;
        } else {
            this.write(header)?;
        }
        Ok(this)
    }

    /// Adds bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes)?,
            Self::Zstd(encoder) => encoder.write_all(bytes)?,
        }
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<()> {
        if let Self::Zstd(encoder) = self {
            encoder.finish()?;
        }
        Ok(())
    }
}

/// Writes what is packed in a file into another one.
pub fn unpack(path: &Path, packing: Packing, into: &Path) -> Result<()> {
    let packed = BufReader::new(File::open(path)?);
    let mut text: Box<dyn Read> = match packing {
        Packing::None => Box::new(packed),
        Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
    };
    io::copy(&mut text, &mut File::create(into)?)?;
    Ok(())
}
