//! Every way a call can be refused or stopped. The binding maps each variant to one Python exception.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// The result of anything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call was refused or stopped.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// An argument breaks a rule: which one (its path), what it was, and the rule.
    Invalid {
        /// Where: `variables.pressure.normal.std`, `window`, …
        path: String,
        /// What was given, as the user would write it; empty when it says nothing.
        value: String,
        /// The rule: "must be > 0".
        rule: String,
    },
    /// An argument of the wrong type.
    WrongType {
        /// Where.
        path: String,
        /// The type that was given.
        found: String,
        /// What is wanted.
        wanted: String,
    },
    /// A spec or a state made by another version of the format.
    Version {
        /// What has the version: "stream", "RAMP state", …
        what: &'static str,
        /// The version found.
        found: u64,
        /// The newest version this build knows.
        supported: u64,
    },
    /// Bytes that are no saved state: cut off, changed or foreign.
    Corrupt {
        /// What the bytes should have been.
        what: &'static str,
        /// What is wrong with them.
        why: String,
    },
    /// A key that is not there (a process, a detection time).
    Missing {
        /// The argument's path.
        path: String,
        /// The key that was asked for.
        key: String,
        /// What would have been accepted.
        rule: String,
    },
    /// The memory for a result cannot be had.
    OutOfMemory {
        /// The bytes asked for.
        bytes: u64,
    },
    /// A function of the user that failed, or gave back something that is no value.
    Callback {
        /// The variable it belongs to.
        variable: String,
        /// The class of the rows it was called for: "normal" or "anomalous".
        class: &'static str,
        /// The row, or the first row of the block, that it was called for.
        row: u64,
        /// What happened.
        why: String,
        /// The error it raised, where it raised one.
        cause: Option<Cause>,
    },
    /// A row for which no try gave a datum that no lower row of its class has.
    NotUnique {
        /// The row.
        row: u64,
        /// Its class: "normal" or "anomalous".
        class: &'static str,
        /// The tries it was given.
        tries: u32,
        /// The last datum drawn: names and values.
        datum: Vec<(String, f64)>,
    },
    /// More unique rows asked for than there are different data.
    TooFewData {
        /// The class of the rows: "normal" or "anomalous".
        class: &'static str,
        /// How many different data there are.
        possible: u64,
        /// The first row for which none is left.
        row: u64,
    },
    /// The caller asked the work to stop.
    Cancelled,
}

/// A foreign error: a Python exception, which the library does not look into.
#[derive(Clone)]
pub struct Cause(pub Arc<dyn Any + Send + Sync>);

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause")
    }
}

/// The same one, not an equal one.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Error {
    /// An argument that breaks a rule.
    pub fn invalid(path: impl Into<String>, value: impl fmt::Display, rule: impl Into<String>) -> Self {
        Self::Invalid { path: path.into(), value: value.to_string(), rule: rule.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { path, value, rule } if value.is_empty() => write!(f, "{path}: {rule}"),
            Self::Invalid { path, value, rule } => write!(f, "{path}: {rule}, got {value}"),
            Self::WrongType { path, found, wanted } => write!(f, "{path}: must be {wanted}, got {found}"),
            Self::Version { what, found, supported } => write!(
                f,
                "{what} {found} is not supported: this version of paranom_rs knows {what} {supported} at most"
            ),
            Self::Corrupt { what, why } => write!(f, "these bytes are not a {what}: {why}"),
            Self::Missing { path, key, rule } => write!(f, "{path}: {key} {rule}"),
            Self::OutOfMemory { bytes } => write!(f, "cannot allocate {bytes} bytes"),
            Self::Callback { variable, class, row, why, .. } => {
                write!(f, "variables.{variable}.{class}: {why} (row {row})")
            }
            Self::NotUnique { row, class, tries, datum } => {
                let datum: Vec<_> = datum.iter().map(|(name, x)| format!("{name} = {x}")).collect();
                write!(
                    f,
                    "uniqueness.{class}: none of {tries} tries gave row {row} a datum that no lower row has \
                     (the last was {}); raise tries, widen the distributions, or use Soft",
                    datum.join(", ")
                )
            }
            Self::TooFewData { class, possible, row } => write!(
                f,
                "uniqueness.{class}: only {possible} different {class} data are possible, and none is left for \
                 row {row}; ask for fewer rows, widen the distributions, or use Soft"
            ),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Error {}

/// Refuses a value that breaks a rule.
pub fn refuse_unless(ok: bool, path: &str, value: impl fmt::Display, rule: &str) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::invalid(path, value, rule)) }
}

/// A vector with room for `len` items, or [`Error::OutOfMemory`] before any work is done.
pub fn try_vec<T>(len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len)
        .map_err(|_| Error::OutOfMemory { bytes: (len as u64).saturating_mul(size_of::<T>() as u64) })?;
    Ok(vec)
}

/// Room for more items in a vector, which grows by a factor.
pub fn try_reserve<T>(vec: &mut Vec<T>, more: usize) -> Result<()> {
    vec.try_reserve(more).map_err(|_| Error::OutOfMemory {
        bytes: (vec.len() as u64).saturating_add(more as u64).saturating_mul(size_of::<T>() as u64),
    })
}

/// A vector of `len` items of the same value.
pub fn try_filled<T: Clone>(value: T, len: usize) -> Result<Vec<T>> {
    let mut vec = try_vec(len)?;
    vec.resize(len, value);
    Ok(vec)
}

/// A copy of items.
pub fn try_copy<T: Clone>(items: &[T]) -> Result<Vec<T>> {
    let mut vec = try_vec(items.len())?;
    vec.extend_from_slice(items);
    Ok(vec)
}

/// Appends items to a vector.
pub fn try_append<T>(vec: &mut Vec<T>, items: Vec<T>) -> Result<()> {
    try_reserve(vec, items.len())?;
    vec.extend(items);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_path_value_and_rule() {
        let error = Error::invalid("variables.x.std", -1.0, "must be > 0");
        assert_eq!(error.to_string(), "variables.x.std: must be > 0, got -1");
    }

    #[test]
    fn impossible_memory_is_an_error_not_an_abort() {
        assert!(matches!(try_vec::<f64>(usize::MAX / 64), Err(Error::OutOfMemory { .. })));
    }
}
