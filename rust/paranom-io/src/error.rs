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
    /// A file that breaks this rule; the caller knows its path.
    File(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::File(rule) => f.write_str(rule),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// A file that the reader of its format refuses.
    fn unreadable(why: &impl fmt::Display) -> Self {
        Self::File(format!("must be a whole file of its format ({why})"))
    }
}

impl From<paranom::Error> for Error {
    fn from(error: paranom::Error) -> Self {
        Self::Core(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::File("must be whole: it is cut off".into());
        }
        Self::Io(error)
    }
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, error) => error.into(),
            error => Self::unreadable(&error),
        }
    }
}

impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => (*error).into(),
                Err(inner) => Self::unreadable(&inner),
            },
            error => Self::unreadable(&error),
        }
    }
}
