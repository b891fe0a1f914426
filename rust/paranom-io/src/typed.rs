//! Columns of variables as files hold them: floats, whole numbers, true and false, states.

use std::sync::Arc;

use arrow_array::builder::BooleanBufferBuilder;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type, Int64Type};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};
use paranom::generate::{Column, Real};

use crate::dictionary::{self, Texts};
use crate::error::Result;

/// A float as files hold it: f64, or f32. NaN stands for a missing value.
pub trait ColumnFloat: Real + ArrowNativeType + Into<f64> {
    /// The type of their column.
    type Column: ArrowPrimitiveType<Native = Self>;
}

impl ColumnFloat for f64 {
    type Column = Float64Type;
}

impl ColumnFloat for f32 {
    type Column = Float32Type;
}

/// Makes arrays of a variable's values.
#[derive(Debug, Clone)]
pub enum Typed {
    /// The floats as they are; NaN is a missing value.
    Float,
    /// Whole numbers.
    Int64,
    /// True and false.
    Bool,
    /// Places in a list of states.
    States(Texts),
}

impl Typed {
    /// For the values of a column.
    pub fn new(column: &Column) -> Self {
        match column {
            Column::Float => Self::Float,
            Column::Int64 => Self::Int64,
            Column::Bool => Self::Bool,
            Column::States(states) => Self::States(Texts::new(states)),
        }
    }

    /// The column in a schema. What is no float has nulls for missing values.
    pub fn field<T: ColumnFloat>(&self, name: &str) -> Field {
        match self {
            Self::Float => Field::new(name, T::Column::DATA_TYPE, false),
            Self::Int64 => Field::new(name, DataType::Int64, true),
            Self::Bool => Field::new(name, DataType::Boolean, true),
            Self::States(_) => Field::new(name, dictionary::data_type(), true),
        }
    }

    /// An array of values.
    pub fn array<T: ColumnFloat>(&self, values: Vec<T>) -> Result<ArrayRef> {
        Ok(match self {
            Self::Float => Arc::new(PrimitiveArray::<T::Column>::new(ScalarBuffer::from(values), None)),
            Self::Int64 => {
                let whole: Vec<i64> = values.iter().map(|&x| x.into() as i64).collect();
                Arc::new(PrimitiveArray::<Int64Type>::new(ScalarBuffer::from(whole), nulls(&values)))
            }
            Self::Bool => {
                let mut flags = BooleanBufferBuilder::new(values.len());
                for &x in &values {
                    flags.append(x.into() > 0.5);
                }
                Arc::new(BooleanArray::new(flags.finish(), nulls(&values)))
            }
            Self::States(texts) => {
                // A cast makes 0 of NaN.
                let place = |&x: &T| if x.is_nan() { -1 } else { x.into() as i32 };
                texts.column(values.iter().map(place).collect())?
            }
        })
    }
}

/// Which values are there, if some are missing.
fn nulls<T: ColumnFloat>(values: &[T]) -> Option<NullBuffer> {
    let any = values.iter().fold(false, |any, x| any | x.is_nan());
    any.then(|| values.iter().map(|x| !x.is_nan()).collect())
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;

    use super::*;

    #[test]
    fn values_become_what_they_are() -> Result<()> {
        let nan = f64::NAN;
        let whole = Typed::new(&Column::Int64).array(vec![3.0, nan, -2.0])?;
        assert_eq!(whole.as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(3), None, Some(-2)]);
        let flags = Typed::new(&Column::Bool).array(vec![0.0_f32, 1.0, f32::NAN])?;
        assert_eq!(flags.as_boolean().iter().collect::<Vec<_>>(), [Some(false), Some(true), None]);
        let states = Column::States(vec!["stop".into(), "run".into()]);
        let states = Typed::new(&states).array(vec![1.0, nan, 0.0])?;
        let keys = states.as_dictionary::<Int32Type>().keys();
        assert_eq!(keys.iter().collect::<Vec<_>>(), [Some(1), None, Some(0)]);
        assert_eq!(Typed::Float.array(vec![nan])?.null_count(), 0);
        Ok(())
    }
}
