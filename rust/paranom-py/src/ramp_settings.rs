//! RAMP's settings and the names of its processes, from Python and back.

use numpy::{PyArray1, PyArrayMethods};
use paranom::Error;
use paranom::detect::ramp::{Choice, Config, Mode, ProcessName, Processes, Visitor};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString};

use crate::errors::{self, SpecTypeError};

/// Settings by name; those that are not there have the default of their mode.
pub(crate) fn config_from_python(settings: &Bound<'_, PyDict>) -> PyResult<Config> {
    let mut mode = Mode::Default;
    FromDict(settings).choice("mode", &mut mode)?;
    let mut config = Config::new(mode, 0, 0, 0, 0.0);
    config.visit(&mut FromDict(settings))?;
    Ok(config)
}

/// All settings by name.
pub(crate) fn config_to_python(py: Python<'_>, mut config: Config) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    config.visit(&mut ToDict(&dict))?;
    Ok(dict)
}

struct FromDict<'a, 'py>(&'a Bound<'py, PyDict>);

impl Visitor for FromDict<'_, '_> {
    type Error = PyErr;

    fn size(&mut self, name: &'static str, value: &mut usize) -> PyResult<()> {
        if let Some(given) = self.0.get_item(name)? {
            *value = size(&given, name)?;
        }
        Ok(())
    }

    fn real(&mut self, name: &'static str, value: &mut f64) -> PyResult<()> {
        if let Some(given) = self.0.get_item(name)? {
            *value = float(&given, name)?;
        }
        Ok(())
    }

    fn choice<T: Choice>(&mut self, name: &'static str, value: &mut T) -> PyResult<()> {
        if let Some(given) = self.0.get_item(name)? {
            let text: Option<String> = given.extract().ok();
            *value = text.as_deref().and_then(T::named).ok_or_else(|| {
                one_of(name, &given, &T::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>())
            })?;
        }
        Ok(())
    }

    fn processes(&mut self, name: &'static str, value: &mut Processes) -> PyResult<()> {
        let Some(given) = self.0.get_item(name)?.filter(|given| !given.is_none()) else { return Ok(()) };
        *value = match given.cast::<PyString>() {
            Err(_) => Processes::Fixed(keys_from_python(&given)?),
            Ok(text) if text.to_string_lossy() == "infer" => Processes::Infer,
            Ok(_) => return Err(one_of(name, &given, &["infer"])),
        };
        Ok(())
    }
}

struct ToDict<'a, 'py>(&'a Bound<'py, PyDict>);

impl Visitor for ToDict<'_, '_> {
    type Error = PyErr;

    fn size(&mut self, name: &'static str, value: &mut usize) -> PyResult<()> {
        self.0.set_item(name, *value)
    }

    fn real(&mut self, name: &'static str, value: &mut f64) -> PyResult<()> {
        self.0.set_item(name, *value)
    }

    fn choice<T: Choice>(&mut self, name: &'static str, value: &mut T) -> PyResult<()> {
        self.0.set_item(name, value.name())
    }

    fn processes(&mut self, name: &'static str, value: &mut Processes) -> PyResult<()> {
        let py = self.0.py();
        match value {
            Processes::Named => self.0.set_item(name, py.None()),
            Processes::Infer => self.0.set_item(name, "infer"),
            Processes::Fixed(keys) => {
                let keys = keys.iter().map(|key| key_to_python(py, key)).collect::<PyResult<Vec<_>>>()?;
                self.0.set_item(name, PyList::new(py, keys)?)
            }
        }
    }
}

fn one_of(path: &str, given: &Bound<'_, PyAny>, names: &[&str]) -> PyErr {
    let all: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let shown = given.repr().map_or("?".into(), |repr| repr.to_string());
    errors::to_python(&Error::invalid(path, shown, format!("must be one of {}", all.join(", "))))
}

fn size(value: &Bound<'_, PyAny>, path: &str) -> PyResult<usize> {
    if value.is_instance_of::<PyBool>() || !(value.is_instance_of::<PyInt>() || value.hasattr("__index__")?) {
        let kind = value.get_type().name()?;
        return Err(SpecTypeError::new_err((path.to_owned(), "must be an int", kind.unbind())));
    }
    value.extract().map_err(|_| {
        errors::to_python(&Error::invalid(path, value, "must be a count that a machine can hold"))
    })
}

pub(crate) fn float(value: &Bound<'_, PyAny>, path: &str) -> PyResult<f64> {
    if !value.is_instance_of::<PyBool>() {
        if let Ok(number) = value.extract() {
            return Ok(number);
        }
        if value.is_instance_of::<PyInt>() {
            return Err(errors::to_python(&Error::invalid(path, value, "must fit into a float")));
        }
    }
    let kind = value.get_type().name()?;
    Err(SpecTypeError::new_err((path.to_owned(), "must be a float", kind.unbind())))
}

pub(crate) fn key_from_python(path: &str, key: &Bound<'_, PyAny>) -> PyResult<ProcessName> {
    if let Ok(text) = key.cast::<PyString>() {
        let Ok(text) = text.to_str() else {
            return Err(errors::to_python(&Error::invalid(path, text.repr()?, "must be valid Unicode")));
        };
        return Ok(ProcessName::Text(text.to_owned()));
    }
    if key.is_instance_of::<PyBool>() || !(key.is_instance_of::<PyInt>() || key.hasattr("__index__")?) {
        let kind = key.get_type().name()?;
        return Err(SpecTypeError::new_err((path.to_owned(), "must be a str or an int", kind.unbind())));
    }
    key.extract()
        .map(ProcessName::Number)
        .map_err(|_| errors::to_python(&Error::invalid(path, key, "must fit into 64 bits")))
}

pub(crate) fn key_to_python<'py>(py: Python<'py>, key: &ProcessName) -> PyResult<Bound<'py, PyAny>> {
    Ok(match key {
        ProcessName::Only => py.None().into_bound(py),
        ProcessName::Number(number) => number.into_pyobject(py)?.into_any(),
        ProcessName::Text(text) => text.into_pyobject(py)?.into_any(),
    })
}

pub(crate) fn keys_from_python(keys: &Bound<'_, PyAny>) -> PyResult<Vec<ProcessName>> {
    if let Ok(array) = keys.cast::<PyArray1<i64>>()
        && let Ok(numbers) = array.to_vec()
    {
        return Ok(numbers.into_iter().map(ProcessName::Number).collect());
    }
    let names = keys
        .try_iter()
        .ok()
        .filter(|_| !keys.is_instance_of::<PyString>() && !keys.is_instance_of::<PyBytes>());
    let Some(names) = names else {
        let kind = keys.get_type().name()?;
        return Err(SpecTypeError::new_err(("processes", "must be a sequence of names", kind.unbind())));
    };
    names.enumerate().map(|(i, key)| key_from_python(&format!("processes[{i}]"), &key?)).collect()
}
