//! NumPy arrays as an Arrow stream (the PyCapsule interface), without copies.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int64Type, TimestampNanosecondType, UInt64Type,
};
use arrow_array::{ArrayRef, PrimitiveArray, RecordBatch, RecordBatchIterator, StringArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use numpy::{Element, PyArray1, PyArrayMethods};
use paranom::generate::Column;
use paranom_io::dictionary::Texts;
use paranom_io::typed::{ColumnFloat, Typed};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::errors::type_error;
use crate::foreign;

/// An Arrow stream of one record batch over (name, column) pairs, as a capsule named `arrow_array_stream`.
///
/// Columns are contiguous 1-D arrays of float64, float32, int64, uint64 or int8, which the stream keeps alive
/// and does not copy; (floats, type, states) of columns that are no floats; lists of texts, or of lists of
/// texts; or (places, texts): an int32 array of places in a list of texts, -1 for none, which becomes a
/// dictionary. Names in `times` are int64 columns that mean nanoseconds since 1970, in UTC where a zone
/// stands beside the name.
#[pyfunction]
pub(crate) fn arrow_stream<'py>(
    py: Python<'py>,
    columns: Vec<(String, Bound<'py, PyAny>)>,
    times: Vec<(String, Option<String>)>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let batch = record_batch(columns, &times)?;
    let schema = batch.schema();
    let reader = RecordBatchIterator::new([Ok(batch)], schema);
    let stream = FFI_ArrowArrayStream::new(Box::new(reader));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}

/// The columns as a record batch that keeps them alive.
pub(crate) fn record_batch(
    columns: Vec<(String, Bound<'_, PyAny>)>,
    times: &[(String, Option<String>)],
) -> PyResult<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        let nullable = column.is_instance_of::<PyTuple>();
        let array = if let Some((_, zone)) = times.iter().find(|(time, _)| *time == name) {
            let kind = DataType::Timestamp(TimeUnit::Nanosecond, zone.as_deref().map(Into::into));
            // The same numbers, in their zone.
            view::<TimestampNanosecondType>(&column).map(|array| -> ArrayRef {
                Arc::new(array.as_primitive::<TimestampNanosecondType>().clone().with_data_type(kind))
            })
        } else {
            view::<Float64Type>(&column)
                .or_else(|| view::<Float32Type>(&column))
                .or_else(|| view::<Int64Type>(&column))
                .or_else(|| view::<UInt64Type>(&column))
                .or_else(|| view::<Int8Type>(&column))
        };
        let array = match array {
            Some(array) => array,
            None => texts(&name, &column)?,
        };
        fields.push(Field::new(name, array.data_type().clone(), nullable));
        arrays.push(array);
    }
    let wrong = |error: ArrowError| type_error("columns", format!("must be an Arrow table ({error})"), None);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(wrong)
}

/// A column of whole numbers, flags or states, which are floats here.
fn typed(name: &str, column: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let (values, kind, states): (Bound<'_, PyAny>, String, Vec<String>) = column.extract()?;
    let kind = match kind.as_str() {
        "int64" => Column::Int64,
        "bool" => Column::Bool,
        "states" => Column::States(states),
        _ => return Err(type_error(name, "must be int64, bool or states", Some(kind))),
    };
    if values.cast::<PyArray1<f32>>().is_ok() {
        converted::<f32>(name, &values, &kind)
    } else {
        converted::<f64>(name, &values, &kind)
    }
}

fn converted<T: ColumnFloat + Element>(
    name: &str,
    values: &Bound<'_, PyAny>,
    column: &Column,
) -> PyResult<ArrayRef> {
    let values = values.cast::<PyArray1<T>>()?.to_vec()?;
    Typed::new(column)
        .array(values)
        .map_err(|error| type_error(name, format!("must hold its type ({error})"), None))
}

/// A column of texts: a list of them, of lists of them, or places in a list.
fn texts(name: &str, column: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let wrong = || type_error(name, "must be a column with an Arrow type", None);
    if column.cast::<PyTuple>().is_ok_and(|parts| parts.len() == 3) {
        return typed(name, column);
    }
    if let Ok((places, texts)) = column.extract::<(Bound<'_, PyArray1<i32>>, Vec<String>)>() {
        let column = Texts::new(texts).column(places.to_vec()?);
        return column
            .map_err(|error| type_error(name, format!("must hold places in its list ({error})"), None));
    }
    if let Ok(texts) = column.extract::<Vec<String>>() {
        return Ok(Arc::new(StringArray::from(texts)));
    }
    let lists = column.extract::<Vec<Vec<String>>>().map_err(|_| wrong())?;
    let mut builder = ListBuilder::new(StringBuilder::new());
    for list in &lists {
        builder.append_value(list.iter().map(Some));
    }
    Ok(Arc::new(builder.finish()))
}

fn view<A: ArrowPrimitiveType>(column: &Bound<'_, PyAny>) -> Option<ArrayRef>
where
    A::Native: Element,
{
    let array = column.cast::<PyArray1<A::Native>>().ok()?;
    let buffer = foreign::buffer(array)?;
    Some(Arc::new(PrimitiveArray::<A>::new(ScalarBuffer::from(buffer), None)))
}
