//! A series that lies in a file as plain numbers, one after the other: read piece by piece.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use paranom::detect::matrix_profile::Values;
use paranom::{Error, Result};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;

/// How a number lies in the file: little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Eight bytes.
    F64,
    /// Four bytes.
    F32,
}

impl Number {
    fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
        }
    }
}

/// Numbers in a file.
#[derive(Debug)]
pub struct FileValues {
    path: PathBuf,
    file: Mutex<File>,
    offset: u64,
    count: usize,
    number: Number,
}

impl FileValues {
    /// Opens a file in which `count` numbers begin at byte `offset`.
    pub fn open(path: &Path, offset: u64, count: usize, number: Number) -> Result<Self> {
        let file = File::open(path).map_err(|why| unreadable(path, &why))?;
        let found = file.metadata().map_err(|why| unreadable(path, &why))?.len();
        let wanted = (count as u64).saturating_mul(number.size() as u64).saturating_add(offset);
        if found < wanted {
            let rule = format!("must have {wanted} bytes, as its header says");
            return Err(Error::invalid(path.display().to_string(), format!("{found} bytes"), rule));
        }
        Ok(Self { path: path.to_path_buf(), file: Mutex::new(file), offset, count, number })
    }
}

impl Values for FileValues {
    fn count(&self) -> usize {
        self.count
    }

    fn read(&self, start: usize, out: &mut [f64]) -> Result<()> {
        let size = self.number.size();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |why: std::io::Error| unreadable(&self.path, &why);
        file.seek(SeekFrom::Start(self.offset + (start * size) as u64)).map_err(failed)?;
        let mut bytes = vec![0; BUFFER];
        for out in out.chunks_mut(BUFFER / size) {
            let bytes = &mut bytes[..out.len() * size];
            file.read_exact(bytes).map_err(failed)?;
            for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(size)) {
                *out = match self.number {
                    Number::F64 => f64::from_le_bytes(std::array::from_fn(|at| bytes[at])),
                    Number::F32 => f64::from(f32::from_le_bytes(std::array::from_fn(|at| bytes[at]))),
                };
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, why: &std::io::Error) -> Error {
    Error::invalid(path.display().to_string(), why, "must be a file that can be read")
}
