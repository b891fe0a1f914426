//! Files that anyone may have written, read by the crates of their format, which may panic on damaged bytes.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result};

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread reads a file now: a panic is a damaged file then, and nothing to print.
pub fn is_reading() -> bool {
    READING.get()
}

/// Runs `work`, which reads a file; a panic becomes an error of the file.
pub(crate) fn reading<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = READING.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    READING.set(before);
    outcome.unwrap_or_else(|_| Err(Error::File("must be whole: its bytes are damaged".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_damaged_file() {
        let found: Result<()> = reading(|| panic!("{}", "an index out of range"));
        assert_eq!(found.unwrap_err().to_string(), "must be whole: its bytes are damaged");
        assert!(!is_reading());
    }
}
