//! Column chunks on their way into a Parquet file, without the copies that the library would make.
//!
//! The library copies a chunk in small pieces through its buffers, and wants it in one piece. So it is given as many bytes that nobody has written
//! ([`Placeholder`]); where they would come to lie, [`Output`] writes the chunk itself, at once.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_buffer::Buffer;
use bytes::Bytes;
use paranom::error::try_reserve;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// The pages of a chunk: bytes that were made, and between them values that stay where the generator put them.
#[derive(Default)]
pub(crate) struct Pages {
    made: Vec<u8>,
    /// Values, and how many of the bytes that were made come before them.
    values: Vec<(usize, Buffer)>,
    len: usize,
}

impl Pages {
    /// None, in memory that they may use.
    pub(crate) fn new(memory: Vec<u8>) -> Self {
        Self { made: memory, ..Self::default() }
    }

    /// What is made, to be appended to.
    pub(crate) fn made(&mut self) -> &mut Vec<u8> {
        &mut self.made
    }

    /// Appends values.
    pub(crate) fn values(&mut self, values: Buffer) -> paranom::Result<()> {
        try_reserve(&mut self.values, 1)?;
        self.len += values.len();
        self.values.push((self.made.len(), values));
        Ok(())
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.made.len() + self.len
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let mut written = 0;
        for (before, values) in &self.values {
            file.write_all(&self.made[written..*before])?;
            file.write_all(values)?;
            written = *before;
        }
        file.write_all(&self.made[written..])
    }
}

/// A file, which many may hold.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Inner>>);

struct Inner {
    file: File,
    /// What the library has written so far, with the placeholders.
    position: u64,
    /// Chunks that have not been passed yet, and where they begin.
    chunks: VecDeque<(u64, Pages)>,
    /// Memory of chunks that are written: the first use of new memory costs more than filling it.
    spare: Vec<Vec<u8>>,
}

impl Output {
    /// An empty file.
    pub(crate) fn new(file: File) -> Self {
        let inner = Inner { file, position: 0, chunks: VecDeque::new(), spare: Vec::new() };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empty memory for a chunk.
    pub(crate) fn memory(&self) -> Vec<u8> {
        self.inner().spare.pop().unwrap_or_default()
    }

    /// Takes the bytes that belong where the library writes a placeholder as long as they are.
    pub(crate) fn place(&self, start: u64, chunk: Pages) {
        if chunk.len() > 0 {
            self.inner().chunks.push_back((start, chunk));
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let inner = &mut *self.inner();
        let mut rest = bytes;
        while let Some((start, chunk)) = inner.chunks.front()
            && !rest.is_empty()
        {
            let before = start.saturating_sub(inner.position).min(rest.len() as u64) as usize;
            inner.file.write_all(&rest[..before])?;
            inner.position += before as u64;
            rest = &rest[before..];
            if rest.is_empty() {
                break;
            }
            if inner.position == *start {
                chunk.write(&mut inner.file)?;
            }
            let end = start + chunk.len() as u64;
            let skipped = (end - inner.position).min(rest.len() as u64) as usize;
            inner.position += skipped as u64;
            rest = &rest[skipped..];
            if inner.position == end
                && let Some((_, Pages { mut made, .. })) = inner.chunks.pop_front()
            {
                made.clear();
                inner.spare.push(made);
            }
        }
        inner.file.write_all(rest)?;
        inner.position += rest.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().file.flush()
    }
}

/// So many bytes, whatever they are.
pub(crate) struct Placeholder(pub usize);

impl Length for Placeholder {
    fn len(&self) -> u64 {
        self.0 as u64
    }
}

impl ChunkReader for Placeholder {
    type T = Remaining;

    fn get_read(&self, start: u64) -> Result<Remaining> {
        Ok(Remaining(self.0.saturating_sub(start as usize)))
    }

    fn get_bytes(&self, _: u64, _: usize) -> Result<Bytes> {
        Err(ParquetError::General("a placeholder has no bytes".into()))
    }
}

/// The bytes of a placeholder that are still to come.
pub(crate) struct Remaining(usize);

impl Read for Remaining {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let now = self.0.min(buffer.len());
        self.0 -= now;
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufWriter, Seek, SeekFrom};

    use super::*;

    #[test]
    fn chunks_come_to_lie_where_their_placeholders_were() {
        for capacity in [1, 7, 64, 1 << 13] {
            let path = std::env::temp_dir().join(format!("paranom-splice-{}-{capacity}", std::process::id()));
            let file =
                File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
            let mut read = file.try_clone().unwrap();
            let output = Output::new(file);
            let mut writer = BufWriter::with_capacity(capacity, output.clone());
            let (mut expected, mut position) = (Vec::new(), 0);
            for (i, size) in [0, 3, 100, 0, 20_000, 1, 8192, 5].into_iter().enumerate() {
                let chunk: Vec<u8> = (0..size).map(|j| (i + j) as u8).collect();
                writer.write_all(b"head").unwrap();
                // Some bytes of it are values, which lie elsewhere.
                let (before, values) = chunk.split_at(size / 3);
                let (values, after) = values.split_at(size / 2);
                let mut pages = Pages::new(before.to_vec());
                pages.values(Buffer::from(values)).unwrap();
                pages.made().extend_from_slice(after);
                assert_eq!(pages.len(), size);
                output.place(position + 4, pages);
                let mut remaining = Placeholder(size).get_read(0).unwrap();
                io::copy(&mut remaining, &mut writer).unwrap();
                position += 4 + size as u64;
                expected.extend_from_slice(b"head");
                expected.extend_from_slice(&chunk);
            }
            writer.flush().unwrap();
            let mut found = Vec::new();
            read.seek(SeekFrom::Start(0)).unwrap();
            read.read_to_end(&mut found).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert!(found == expected, "capacity {capacity}");
        }
    }
}
