//! `paranom::detect::matrix_profile::left_discords` for Python: of arrays and of files.

use std::path::PathBuf;

use numpy::PyReadonlyArray1;
use paranom::detect::matrix_profile::{
    Columns, LeftDiscord, LeftDiscords, Values, left_discords, left_discords_multidimensional,
};
use paranom::job::Job;
use paranom::{Error, Result};
use paranom_io::{FileValues, Number};
use pyo3::prelude::*;

use crate::arrays::copied;
use crate::matrix_profile::settings;
use crate::run;

/// First row, distance and neighbour of each.
type Found = Vec<(usize, f64, usize)>;

fn found(discords: Vec<LeftDiscord>) -> Found {
    discords.into_iter().map(|d| (d.window, d.distance, d.neighbour)).collect()
}

/// Of several series in one sequence: how many, whether one follows the other (else rows do), those that take part in every
/// level, and the level.
type Several = (usize, bool, Vec<usize>, usize);

fn search<S: Values + ?Sized>(
    values: &S,
    columns: Option<Several>,
    wanted: &LeftDiscords,
    job: &Job,
) -> Result<Vec<LeftDiscord>> {
    let Some((count, by_column, include, level)) = columns else {
        return left_discords(values, wanted, job);
    };
    left_discords_multidimensional(values, &Columns { count, by_column, include, level }, wanted, job)
}

/// The left discords of `x`: of one series, or of several.
#[pyfunction]
#[pyo3(signature = (x, window, *, columns, count, start, apart, distance, threads, progress))]
#[allow(clippy::too_many_arguments)] // keyword arguments of one Python function
pub(crate) fn matrix_profile_left_discords<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'py, f64>,
    window: usize,
    columns: Option<Several>,
    count: usize,
    start: usize,
    apart: usize,
    distance: &str,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Found> {
    let settings = run::guarded(|| settings(window, distance, 1, 1.0, threads))?;
    let wanted = LeftDiscords { settings, count, start, apart };
    let x = run::guarded(|| copied(&x))?;
    Ok(found(run::detached(py, progress, |job| search(&x[..], columns, &wanted, job))?))
}

/// The left discords of the `values` numbers of type `dtype` at byte `offset` of a file.
#[pyfunction]
#[pyo3(signature = (path, offset, values, dtype, window, *, columns, count, start, apart, distance, threads, progress))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn matrix_profile_left_discords_in_file<'py>(
    py: Python<'py>,
    path: PathBuf,
    offset: u64,
    values: usize,
    dtype: &str,
    window: usize,
    columns: Option<Several>,
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
        search(&FileValues::open(&path, offset, values, number)?, columns, &wanted, job)
    })?;
    Ok(found(discords))
}
