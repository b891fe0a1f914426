//! The Python binding of `paranom`: convert, call, convert. This file is the table of contents.
//!
//! * `plan`: the generator's plan: check a spec, fill arrays.
//! * `callback`: Python functions as callbacks of the generator.
//! * `foreign`: memory and code that others own: all the unsafe there is.
//! * `arrow`: NumPy arrays as an Arrow stream, without copies.
//! * `files`: rows into files, and files of rows verified.
//! * `ramp`: the streaming detector.
//! * `one_liner`: which one-liners find events.
//! * `value`: Python objects as the plain values of a spec.
//! * `run`: the one doorway for calls that take long: it lets the GIL go, watches Ctrl-C, maps errors and panics.
//! * `errors`: the one place where an error of the library becomes a Python exception.

mod arrow;
mod callback;
mod errors;
mod files;
mod foreign;
mod info;
mod matrix_profile;
mod one_liner;
mod plan;
mod ramp;
mod run;
mod value;

#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use crate::arrow::arrow_stream;
    #[pymodule_export]
    use crate::callback::Context;
    #[pymodule_export]
    use crate::callback::Draws;
    #[pymodule_export]
    use crate::callback::Function;
    #[pymodule_export]
    use crate::files::{file_metadata, verify_file, write_generated, write_table};
    #[pymodule_export]
    use crate::info::build_info;
    #[pymodule_export]
    use crate::matrix_profile::{
        MatrixProfileStream, matrix_profile_ab_join, matrix_profile_multidimensional,
        matrix_profile_self_join, matrix_profile_subspaces,
    };
    #[pymodule_export]
    use crate::one_liner::{found_by_one_liners, one_liners};
    #[pymodule_export]
    use crate::plan::History;
    #[pymodule_export]
    use crate::plan::Plan;
    #[pymodule_export]
    use crate::ramp::{Detection, RampCore, ramp_replay};
}
