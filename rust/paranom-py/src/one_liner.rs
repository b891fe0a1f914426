//! Which one-liners find events.

use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray1};
use paranom::Error;
use paranom::generate::{Event, StoredSeries, TrivialityCheck};
use pyo3::prelude::*;

use crate::run;

/// The one-liners' names.
#[pyfunction]
pub(crate) fn one_liners() -> Vec<String> {
    paranom::generate::one_liners()
}

/// Which one-liners find each event, alone in the normal rows around it: bool, (events, one-liners). Both series begin
/// at row `start`; `events` are (start, stop) pairs of rows inside them, best in rising order.
#[pyfunction]
#[pyo3(signature = (start, normal, values, events, /))]
pub(crate) fn found_by_one_liners<'py>(
    py: Python<'py>,
    start: u64,
    normal: PyReadonlyArray1<'py, f64>,
    values: PyReadonlyArray1<'py, f64>,
    events: Vec<(u64, u64)>,
) -> PyResult<Bound<'py, PyArray2<bool>>> {
    // Copies: other Python threads may write to the arrays while this one does not hold the GIL.
    let (normal, values) = (normal.as_array().to_vec(), values.as_array().to_vec());
    let found = run::detached(py, None, |job| {
        let end = start.checked_add(normal.len() as u64);
        let outside = |(a, b): &(u64, u64)| *a < start || a >= b || end.is_none_or(|end| *b > end);
        if normal.len() != values.len() {
            return Err(Error::invalid("values", values.len(), format!("must have {} rows", normal.len())));
        }
        if let Some((a, b)) = events.iter().find(|event| outside(event)) {
            return Err(Error::invalid(
                "events",
                format!("[{a}, {b}]"),
                "must lie in the series, with start < stop",
            ));
        }
        let mut check = TrivialityCheck::new(StoredSeries { start, normal: &normal, values: &values });
        let mut found = Vec::with_capacity(events.len());
        for &(start, stop) in &events {
            job.check()?;
            check.forget_below(start);
            found.push(check.found(&Event { start, stop, anomaly: 0, number: 0, id: 0 }, 0).to_vec());
        }
        Ok(found)
    })?;
    let array = PyArray2::zeros(py, [found.len(), paranom::generate::one_liners().len()], false);
    for (i, row) in found.iter().enumerate() {
        for (j, &yes) in row.iter().enumerate() {
            array.readwrite().as_array_mut()[[i, j]] = yes;
        }
    }
    Ok(array)
}
