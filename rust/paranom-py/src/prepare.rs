//! Makes at import what is otherwise made at its first use.
//!
//! What is made once is guarded by a lock. If the process forked while another thread was making it, the child would
//! wait for ever for a thread that it does not have. So nothing is left to be made by the calls that release the GIL.

use numpy::{
    Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray1,
};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::{errors, memory, python_function};

/// Makes all that is made once. The package calls it at its import.
#[pyfunction]
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    paranom::prepare();
    memory::take_reserve();
    // Whether there is an interpreter is checked once, by the first thread that attaches.
    py.detach(|| Python::attach(|_| ()));
    errors::prepare(py);
    python_function::prepare(py)?;
    arrays::<f64>(py)?;
    arrays::<f32>(py)?;
    arrays::<i8>(py)?;
    arrays::<i64>(py)?;
    arrays::<u64>(py)?;
    arrays::<bool>(py)?;
    // Sequences that are no lists are recognised by an abstract class of Python, which is looked up once.
    PyList::new(py, [1_u64])?.extract::<Vec<u64>>()?;
    py.import("builtins")?.getattr("range")?.call1((1,))?.extract::<Vec<u64>>()?;
    Ok(())
}

/// NumPy's functions, its type for `T`, and the table of arrays in use.
fn arrays<T: Element>(py: Python<'_>) -> PyResult<()> {
    let array = PyArray1::<T>::zeros(py, 1, false).into_any();
    drop(array.extract::<PyReadwriteArray1<'_, T>>()?);
    drop(array.extract::<PyReadonlyArray1<'_, T>>()?);
    drop(PyArray2::<T>::zeros(py, [1, 1], false).into_any().extract::<PyReadonlyArray2<'_, T>>()?);
    drop(array.cast::<PyArray1<T>>()?.try_readwrite());
    Ok(())
}
