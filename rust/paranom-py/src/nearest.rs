//! `paranom::detect::nearest` for Python.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use paranom::detect::nearest::NearestIndex as Index;
use paranom::pool;
use pyo3::prelude::*;

use crate::arrays::copied;
use crate::run;

/// Distances, and the first rows of the nearest windows.
type Neighbours<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<i64>>);

/// Cells that are computed at once without watching for Ctrl-C.
const SHORT: usize = 1 << 14;

/// Windows of a reference, found by their distance.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct NearestIndex(Index);

#[pymethods]
impl NearestIndex {
    #[new]
    fn new(py: Python<'_>, rows: PyReadonlyArray2<'_, f64>, window: usize, most: usize) -> PyResult<Self> {
        let (d, rows) = (rows.as_array().ncols(), run::guarded(|| copied(&rows))?);
        run::detached(py, None, |job| Index::new(rows, d, window, most, job)).map(Self)
    }

    /// Windows that are compared.
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The distance of the k-th nearest window of each window of `rows`, and its first row.
    #[pyo3(signature = (rows, k, threads=None))]
    fn distances<'py>(
        &self,
        py: Python<'py>,
        rows: PyReadonlyArray2<'py, f64>,
        k: usize,
        threads: Option<usize>,
    ) -> PyResult<Neighbours<'py>> {
        let rows = run::guarded(|| copied(&rows))?;
        let threads = run::guarded(|| pool::thread_count(threads))?;
        // One window of a stream is answered at once.
        let is_short = rows.len() <= SHORT;
        let threads = if is_short { 1 } else { threads };
        let found = run::here_if(is_short, py, |job| self.0.distances(&rows, k, threads, job));
        let (distances, starts) = found?;
        Ok((distances.into_pyarray(py), starts.into_pyarray(py)))
    }
}
