//! What this build is.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Facts about this build and machine: `version`, `debug`, `simd` (the level in use), `threads` (the default).
///
/// Examples
/// --------
/// >>> from paranom_rs import build_info
/// >>> sorted(build_info())
/// ['debug', 'simd', 'threads', 'version']
#[pyfunction]
#[allow(clippy::doc_link_with_quotes)] // the example's result is a list of texts
pub(crate) fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    info.set_item("debug", cfg!(debug_assertions))?;
    crate::run::guarded(paranom::simd::requested)?;
    info.set_item("simd", paranom::simd::level().name())?;
    info.set_item("threads", crate::run::guarded(|| paranom::pool::thread_count(None))?)?;
    Ok(info)
}
