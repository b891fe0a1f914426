//! Numbers that are there twice.

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

use crate::run;

/// How many of these hashes equal an earlier one.
#[pyfunction]
#[pyo3(signature = (hashes, /))]
pub(crate) fn duplicates(py: Python<'_>, hashes: PyReadonlyArray1<'_, u64>) -> PyResult<usize> {
    // A copy: other Python threads may write to the array while this one does not hold the GIL.
    let hashes = hashes.as_array().to_vec();
    run::detached(py, None, |job| paranom::duplicates::duplicates(&hashes, job))
}
