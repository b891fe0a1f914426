//! Functions of the user, as Python hands them over.

use std::sync::Arc;

use paranom::Result;
use paranom::generate::native::Native;
use paranom::generate::{Call, Callback, Granularity, SharedCallback};
use paranom::spec::Handle;
use pyo3::prelude::*;

use crate::foreign;
use crate::python_function::PythonFunction;

/// A function that gives values of a variable: what a `Callback` puts into a spec.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Function {
    call: Py<PyAny>,
    name: String,
    vectorized: bool,
    allow_nan: bool,
    /// Where the code of a native function is; `call` owns it.
    address: Option<usize>,
}

#[pymethods]
impl Function {
    /// `call` under the name that messages and the canonical spec show.
    #[new]
    #[pyo3(signature = (call, name, /, *, vectorized, allow_nan))]
    fn new(call: Py<PyAny>, name: String, vectorized: bool, allow_nan: bool) -> Self {
        Self { call, name, vectorized, allow_nan, address: None }
    }

    /// A native function whose code `owner` keeps at `address`: what is there must be a function of the signature that
    /// `paranom_rs.generate.native` documents.
    #[staticmethod]
    #[pyo3(signature = (owner, address, name, /, *, allow_nan))]
    fn native(owner: Py<PyAny>, address: usize, name: String, allow_nan: bool) -> Self {
        Self { call: owner, name, vectorized: false, allow_nan, address: Some(address) }
    }

    /// The name.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }
}

impl Function {
    /// The function as a spec of the library holds it.
    pub(crate) fn handle(&self, py: Python<'_>) -> Handle {
        let (name, call) = (self.name.clone(), self.call.clone_ref(py));
        let shared: SharedCallback = match self.address {
            Some(address) => Arc::new(Owned {
                native: foreign::native(address, name.clone(), self.allow_nan),
                _owner: call,
            }),
            None => Arc::new(PythonFunction {
                call,
                name: name.clone(),
                vectorized: self.vectorized,
                allow_nan: self.allow_nan,
            }),
        };
        Handle { name, item: Arc::new(shared) }
    }
}

/// A native function, and the Python object that keeps its code where it is.
#[derive(Debug)]
struct Owned {
    native: Native,
    _owner: Py<PyAny>,
}

impl Callback for Owned {
    fn granularity(&self) -> Granularity {
        self.native.granularity()
    }

    fn call(&self, call: &Call, out: &mut [f64]) -> Result<()> {
        self.native.call(call, out)
    }
}
