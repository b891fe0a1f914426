//! The Python binding of `paranom`: convert, call, convert. This file is the table of contents.
//!
//! * `run`: the one doorway for calls that take long: it lets the GIL go, watches Ctrl-C, maps errors and panics.
//! * `errors`: the one place where an error of the library becomes a Python exception.

mod errors;
mod info;
mod run;

#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use crate::info::build_info;
}
