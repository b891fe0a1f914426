//! Lines of CSV, read fast where they are plain.

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

use crate::run::guarded;

/// Whole lines of CSV with the same number of fields; see `CsvBlock::of`.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct CsvBlock(paranom_io::CsvBlock);

#[pymethods]
impl CsvBlock {
    /// Finds the fields of lines; None where they are not plain: quotes, blank lines, another number of fields.
    #[staticmethod]
    #[pyo3(signature = (text, /, *, lines, delimiter, width))]
    fn of(py: Python<'_>, text: String, lines: usize, delimiter: u8, width: usize) -> PyResult<Option<Self>> {
        py.detach(|| guarded(|| Ok(paranom_io::CsvBlock::new(text, lines, delimiter, width).map(Self))))
    }

    fn __len__(&self) -> usize {
        self.0.rows()
    }

    /// The fields of a column.
    fn texts(&self, column: usize) -> Vec<&str> {
        self.0.column(column).collect()
    }

    /// The numbers of a column, NaN for what is missing; None where a field is no number.
    #[pyo3(signature = (column, /, *, comma))]
    fn floats<'py>(&self, py: Python<'py>, column: usize, comma: bool) -> Option<Bound<'py, PyArray1<f64>>> {
        py.detach(|| self.0.floats(column, comma)).map(|values| values.into_pyarray(py))
    }

    /// The whole numbers of a column; None where a field is none.
    fn wholes<'py>(&self, py: Python<'py>, column: usize) -> Option<Bound<'py, PyArray1<i64>>> {
        py.detach(|| self.0.wholes(column)).map(|values| values.into_pyarray(py))
    }

    /// The times of a column in nanoseconds since 1970, and whether they are in UTC; None where a field is no
    /// plain date.
    fn times<'py>(&self, py: Python<'py>, column: usize) -> Option<(Bound<'py, PyArray1<i64>>, bool)> {
        py.detach(|| self.0.times(column)).map(|(times, utc)| (times.into_pyarray(py), utc))
    }
}
