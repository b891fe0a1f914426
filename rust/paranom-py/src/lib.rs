//! The Python binding of `paranom`: convert, call, convert. This file is the table of contents.
//!
//! * `plan`: the generator's plan: check a spec, fill arrays.
//! * `value`: Python objects as the plain values of a spec.
//! * `callback`: functions of the user, as Python hands them over; `python_function`: how Python functions are called;
//!   `call_arrays`, `context`, `draws`: what they are called with.
//! * `foreign`: memory and code that Python objects own: all the unsafe code.
//! * `arrow`: NumPy arrays as an Arrow stream, without copies.
//! * `files`: rows into files, and files of rows verified; `csv_block`: lines of CSV of users.
//! * `ramp`, `ramp_settings`: the streaming detector; its settings and keys from Python and back.
//! * `recurrent`: recurrent networks, evaluated; `recurrent_windows`: over windows, trained, in streams.
//! * `matrix_profile`: matrix profiles, of series and of streams.
//! * `nearest`: the nearest windows of a reference.
//! * `left_discords`: left discords, of arrays and of files.
//! * `pan_profile`: many lengths of windows.
//! * `one_liner`: which one-liners find events; `duplicates`: numbers that are there twice.
//! * `info`: what this build is.
//! * `memory`: what happens when memory runs out.
//! * `prepare`: what is made once, made at import; `fork_lock`: a lock that a forked child does not wait for in vain.
//! * `run`: the call wrappers: release the GIL, watch Ctrl-C, turn errors and panics into exceptions.
//! * `errors`: the one place where an error of the library becomes a Python exception.

mod arrays;
mod arrow;
mod call_arrays;
mod callback;
mod context;
mod csv_block;
mod draws;
mod duplicates;
mod errors;
mod files;
mod foreign;
mod fork_lock;
mod info;
mod left_discords;
mod matrix_profile;
mod memory;
mod nearest;
mod one_liner;
mod pan_profile;
mod plan;
mod prepare;
mod python_function;
mod ramp;
mod ramp_settings;
mod recurrent;
mod recurrent_windows;
mod run;
mod value;

// No code here counts on the GIL; tests/test_threads.py and others run on a free-threaded Python, too.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::arrow::arrow_stream;
    #[pymodule_export]
    use crate::callback::Function;
    #[pymodule_export]
    use crate::context::Context;
    #[pymodule_export]
    use crate::csv_block::CsvBlock;
    #[pymodule_export]
    use crate::draws::Draws;
    #[pymodule_export]
    use crate::duplicates::duplicates;
    #[pymodule_export]
    use crate::files::{file_metadata, unpack_file, verify_file, write_generated, write_table};
    #[pymodule_export]
    use crate::info::build_info;
    #[pymodule_export]
    use crate::left_discords::{matrix_profile_left_discords, matrix_profile_left_discords_in_file};
    #[pymodule_export]
    use crate::matrix_profile::{
        MatrixProfileStream, matrix_profile_ab_join, matrix_profile_ab_join_both, matrix_profile_consensus,
        matrix_profile_distances, matrix_profile_mpdist_profile, matrix_profile_multidimensional,
        matrix_profile_multidimensional_ab_join, matrix_profile_self_join, matrix_profile_subspaces,
    };
    #[pymodule_export]
    use crate::nearest::NearestIndex;
    #[pymodule_export]
    use crate::one_liner::{found_by_one_liners, one_liners};
    #[pymodule_export]
    use crate::pan_profile::matrix_profile_pan;
    #[pymodule_export]
    use crate::plan::FillState;
    #[pymodule_export]
    use crate::plan::Plan;
    #[pymodule_export]
    use crate::prepare::prepare;
    #[pymodule_export]
    use crate::ramp::{Detection, RampCore, ramp_replay};
    #[pymodule_export]
    use crate::recurrent::{Affine, RecurrentNetwork};
    #[pymodule_export]
    use crate::recurrent_windows::{RecurrentTrainer, ScoreStream, WindowNetwork};

    #[pymodule_init]
    #[allow(clippy::unnecessary_wraps)] // the signature that PyO3 calls
    fn init(_module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        crate::run::keep_damaged_files_quiet();
        Ok(())
    }
}
