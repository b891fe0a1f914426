//! Python objects as the plain values of a spec.

use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use paranom::spec::Value;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::callback::Function;
use crate::errors::type_error;

/// Nested deeper than this, a spec is refused: the stack is finite.
const MOST_DEPTH: usize = 100;

/// Converts a spec: dicts, lists, texts, numbers, arrays for recorded series and pairs of rows, functions.
pub(crate) fn spec_value(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    convert(object, 0)
}

fn utf8(text: &Bound<'_, PyString>) -> PyResult<String> {
    match text.to_cow() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(type_error("spec", "must hold valid Unicode", Some(text.repr()?.to_string()))),
    }
}

fn convert(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth > MOST_DEPTH {
        return Err(type_error("spec", format!("must be nested {MOST_DEPTH} deep at most"), None));
    }
    if object.is_instance_of::<PyBool>() {
        return Ok(Value::Bool(object.extract()?));
    }
    if object.is_instance_of::<PyInt>() {
        // Beyond 128 bits any rule refuses it; as a float its size can be shown in the message.
        return match object.extract::<i128>() {
            Ok(whole) => Ok(Value::Whole(whole)),
            Err(_) => Ok(Value::Number(object.extract().unwrap_or(f64::INFINITY))),
        };
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(Value::Number(object.extract()?));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Value::Text(utf8(text)?));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let entry = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            let Ok(name) = key.cast::<PyString>() else {
                return Err(type_error("spec", "must have texts as names", Some(key.repr()?.to_string())));
            };
            Ok((utf8(name)?, convert(&value, depth + 1)?))
        };
        return Ok(Value::Table(dict.iter().map(entry).collect::<PyResult<_>>()?));
    }
    if let Ok(list) = object.cast::<PyList>() {
        return Ok(Value::List(list.iter().map(|x| convert(&x, depth + 1)).collect::<PyResult<_>>()?));
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return Ok(Value::List(tuple.iter().map(|x| convert(&x, depth + 1)).collect::<PyResult<_>>()?));
    }
    if let Ok(function) = object.cast::<Function>() {
        return Ok(Value::Handle(function.get().handle(object.py())));
    }
    if let Ok(array) = object.extract::<PyReadonlyArray1<'_, f64>>() {
        // The memory of a shared slice cannot be refused: whether it can be had is seen before.
        crate::run::guarded(|| paranom::error::try_vec::<f64>(2 * array.as_array().len()))?;
        return Ok(Value::Series(array.as_slice()?.into()));
    }
    if let Ok(array) = object.extract::<PyReadonlyArray2<'_, i64>>()
        && array.as_array().ncols() == 2
    {
        crate::run::guarded(|| paranom::error::try_vec::<[i64; 2]>(2 * array.as_array().nrows()))?;
        return Ok(Value::Pairs(
            array.as_array().rows().into_iter().map(|pair| [pair[0], pair[1]]).collect(),
        ));
    }
    Err(type_error(
        "spec",
        "must be made of dicts, lists, texts, numbers, 1-D float64 arrays, int64 arrays of pairs and functions",
        Some(object.get_type().name()?.to_string()),
    ))
}
