//! `paranom::detect::matrix_profile::left_discords` for Python: of arrays and of files.

use std::path::PathBuf;

use numpy::PyReadonlyArray1;
use paranom::Error;
use paranom::detect::matrix_profile::{LeftDiscord, LeftDiscords, left_discords};
use paranom_io::{FileValues, Number};
use pyo3::prelude::*;

use crate::matrix_profile::{copied, settings};
use crate::run;

/// First row, distance and neighbour of each.
type Found = Vec<(usize, f64, usize)>;

fn found(discords: Vec<LeftDiscord>) -> Found {
    discords.into_iter().map(|d| (d.window, d.distance, d.neighbour)).collect()
}

/// The left discords of `x`.
#[pyfunction]
#[pyo3(signature = (x, window, *, count, start, apart, distance, threads, progress))]
#[allow(clippy::too_many_arguments)] // keyword arguments of one Python function
pub(crate) fn matrix_profile_left_discords<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'py, f64>,
    window: usize,
    count: usize,
    start: usize,
    apart: usize,
    distance: &str,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Found> {
    let settings = run::guarded(|| settings(window, distance, 1, 1.0, threads))?;
    let wanted = LeftDiscords { settings, count, start, apart };
    let x = copied(&x)?;
    Ok(found(run::detached(py, progress, |job| left_discords(&x[..], &wanted, job))?))
}

/// The left discords of the `values` numbers of type `dtype` at byte `offset` of a file.
#[pyfunction]
#[pyo3(signature = (path, offset, values, dtype, window, *, count, start, apart, distance, threads, progress))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn matrix_profile_left_discords_in_file<'py>(
    py: Python<'py>,
    path: PathBuf,
    offset: u64,
    values: usize,
    dtype: &str,
    window: usize,
    count: usize,
    start: usize,
    apart: usize,
    distance: &str,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Found> {
    let settings = run::guarded(|| settings(window, distance, 1, 1.0, threads))?;
    let wanted = LeftDiscords { settings, count, start, apart };
    let discords = run::detached(py, progress, |job| {
        let number = match dtype {
            "<f8" => Number::F64,
            "<f4" => Number::F32,
            _ => return Err(Error::invalid("dtype", dtype, "must be <f8 or <f4")),
        };
        left_discords(&FileValues::open(&path, offset, values, number)?, &wanted, job)
    })?;
    Ok(found(discords))
}
