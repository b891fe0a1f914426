//! `paranom::detect::matrix_profile::pan_profile` for Python.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use paranom::detect::matrix_profile::{Pair, pan_profile};
use pyo3::prelude::*;

use crate::arrays::copied;
use crate::matrix_profile::settings;
use crate::run;

/// Window, neighbour and distance.
type Found = Option<(usize, usize, f64)>;
/// For each length: discord, motif, typical distance; the bins, flat; windows in a bin.
type Pan<'py> = (Vec<(Found, Found, f64)>, Bound<'py, PyArray1<f32>>, usize);

fn found(pair: Option<Pair>) -> Found {
    pair.map(|pair| (pair.window, pair.neighbour, pair.distance))
}

/// The pan profile of `x` at these lengths.
#[pyfunction]
#[pyo3(signature = (x, windows, *, bins, fraction, threads, progress))]
pub(crate) fn matrix_profile_pan<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'py, f64>,
    windows: Vec<usize>,
    bins: usize,
    fraction: f64,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Pan<'py>> {
    let settings = run::guarded(|| settings(0, "znormalized", 1, fraction, threads))?;
    let x = run::guarded(|| copied(&x))?;
    let pan = run::detached(py, progress, |job| pan_profile(&x, &windows, bins, &settings, job))?;
    let lengths = pan.lengths.into_iter().map(|l| (found(l.discord), found(l.motif), l.typical)).collect();
    Ok((lengths, pan.bins.into_pyarray(py), pan.width))
}
