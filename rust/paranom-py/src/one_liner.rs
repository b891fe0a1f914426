//! Which one-liners find events.

use numpy::ndarray::Array2;
use numpy::{PyArray2, PyReadonlyArray1};
use paranom::generate::{Event, Found, ONE_LINERS, StoredSeries, TrivialityCheck};
use paranom::{Error, pool};
use pyo3::prelude::*;

use crate::run;

/// Events that a thread takes at once.
const LEAST_EVENTS: usize = 64;

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
        let threads = pool::thread_count(None)?;
        let mut found = vec![[false; ONE_LINERS]; events.len()];
        // Rows between the parts are looked at twice, so that each part is worth it.
        let part = events.len().div_ceil(2 * threads).max(LEAST_EVENTS);
        let parts = events.chunks(part).zip(found.chunks_mut(part)).collect();
        let search = |(events, found): (&[(u64, u64)], &mut [Found])| {
            let mut check = TrivialityCheck::new(StoredSeries { start, normal: &normal, values: &values });
            for (&(start, stop), found) in events.iter().zip(found) {
                job.check()?;
                check.forget_below(start);
                *found = check.found(&Event { start, stop, anomaly: 0, number: 0, id: 0 }, 0);
            }
            Ok(())
        };
        if events.len() > part {
            pool::run(threads, || pool::try_each(parts, search))??;
        } else {
            pool::try_each(parts, search)?;
        }
        Ok(found)
    })?;
    Ok(PyArray2::from_owned_array(py, Array2::from(found)))
}
