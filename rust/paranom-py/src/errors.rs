//! The one place where an error of the library becomes a Python exception (see `paranom_rs.errors`).

use std::io;
use std::path::Path;

use paranom::Error;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::type_object::PyTypeInfo;
use pyo3::types::PyDict;

pyo3::import_exception!(paranom_rs.errors, CallbackError);
pyo3::import_exception!(paranom_rs.errors, InternalError);
pyo3::import_exception!(paranom_rs.errors, OutOfMemoryError);
pyo3::import_exception!(paranom_rs.errors, SpecError);
pyo3::import_exception!(paranom_rs.errors, SpecTypeError);
pyo3::import_exception!(paranom_rs.errors, StateError);
pyo3::import_exception!(paranom_rs.errors, StreamVersionError);
pyo3::import_exception!(paranom_rs.errors, UniquenessError);
pyo3::import_exception!(paranom_rs.errors, UnknownKeyError);

/// Looks the exceptions up, which is done once.
pub(crate) fn prepare(py: Python<'_>) {
    CallbackError::type_object(py);
    InternalError::type_object(py);
    OutOfMemoryError::type_object(py);
    SpecError::type_object(py);
    SpecTypeError::type_object(py);
    StateError::type_object(py);
    StreamVersionError::type_object(py);
    UniquenessError::type_object(py);
    UnknownKeyError::type_object(py);
}

/// The exception for an argument that breaks a rule.
pub(crate) fn spec_error(path: impl Into<String>, rule: impl Into<String>, value: Option<String>) -> PyErr {
    SpecError::new_err((path.into(), rule.into(), value))
}

/// The exception for an argument of the wrong type.
pub(crate) fn type_error(path: impl Into<String>, rule: impl Into<String>, value: Option<String>) -> PyErr {
    SpecTypeError::new_err((path.into(), rule.into(), value))
}

/// The Python exception for an error. `Cancelled` never gets here: `run::detached` raises what cancelled the work.
pub(crate) fn to_python(error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Invalid { path, value, rule } => {
            let value = (!value.is_empty()).then(|| value.clone());
            spec_error(path, rule, value)
        }
        Error::WrongType { path, found, wanted } => {
            type_error(path, format!("must be {wanted}"), Some(found.clone()))
        }
        Error::Version { what: "stream", .. } => StreamVersionError::new_err(text),
        Error::Version { .. } | Error::Corrupt { .. } => StateError::new_err(text),
        Error::Missing { .. } => UnknownKeyError::new_err(text),
        Error::OutOfMemory { .. } => OutOfMemoryError::new_err(text),
        Error::Callback { variable, class, row, cause, .. } => {
            let error = CallbackError::new_err((text, variable.clone(), *class, *row));
            let raised = cause.as_ref().and_then(|cause| cause.0.downcast_ref::<PyErr>());
            Python::attach(|py| error.set_cause(py, raised.map(|raised| raised.clone_ref(py))));
            error
        }
        Error::NotUnique { row, class, tries, datum } => Python::attach(|py| {
            let values = PyDict::new(py);
            for (name, x) in datum {
                if let Err(error) = values.set_item(name, x) {
                    return error;
                }
            }
            UniquenessError::new_err((text, *class, *row, Some(*tries), Some(values.unbind())))
        }),
        Error::TooFewData { class, row, .. } => {
            UniquenessError::new_err((text, *class, *row, None::<u32>, None::<Py<PyDict>>))
        }
        _ => InternalError::new_err(text),
    }
}

/// The Python exception for a file that could not be written or read.
pub(crate) fn from_file(error: &paranom_io::Error, path: &Path) -> PyErr {
    match error {
        paranom_io::Error::Core(error) => to_python(error),
        paranom_io::Error::Io(error) => os_error(error),
        paranom_io::Error::File(rule) => spec_error(path.to_string_lossy(), rule, None),
    }
}

/// OSError, or the class of it that fits the error's number; the caller knows the path.
fn os_error(error: &io::Error) -> PyErr {
    let Some(number) = error.raw_os_error() else {
        return PyOSError::new_err(error.to_string());
    };
    Python::attach(|py| {
        let text = py.import("os").and_then(|os| os.call_method1("strerror", (number,))?.extract::<String>());
        PyOSError::new_err((number, text.unwrap_or_else(|_| error.to_string())))
    })
}

/// The Python exception for a panic: a bug in this package.
pub(crate) fn from_panic(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let what = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown".into());
    InternalError::new_err(format!("a bug in paranom_rs, please report it: {what}"))
}
