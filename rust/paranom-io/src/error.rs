//! Why a file could not be written or read.

use std::fmt;
use std::io;

use ::parquet::errors::ParquetError;
use arrow_schema::ArrowError;

/// The result of anything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file could not be written or read.
#[derive(Debug)]
pub enum Error {
    /// The library refused or stopped.
    Core(paranom::Error),
    /// The system refused: no room, no permission, no such file.
    Io(io::Error),
    /// A file that is not what it should be.
    Foreign(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::Foreign(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<paranom::Error> for Error {
    fn from(error: paranom::Error) -> Self {
        Self::Core(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, error) => Self::Io(error),
            error => Self::Foreign(error.to_string()),
        }
    }
}

impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => Self::Io(*error),
                Err(inner) => Self::Foreign(inner.to_string()),
            },
            error => Self::Foreign(error.to_string()),
        }
    }
}
