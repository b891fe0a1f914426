//! Columns of texts that repeat: each row holds the place of its text in a list.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray, StringArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::DataType;

use crate::error::{Error, Result};

/// The type of such a column.
pub fn data_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The texts of a column: the same for all of its batches.
#[derive(Debug, Clone)]
pub struct Texts(Arc<StringArray>);

impl Texts {
    /// A list of texts.
    pub fn new<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        Self(Arc::new(StringArray::from_iter_values(texts)))
    }

    /// A column of them: places in the list, and -1 where there is none.
    pub fn column(&self, places: Vec<i32>) -> Result<ArrayRef> {
        let nulls =
            places.contains(&-1).then(|| places.iter().map(|place| *place >= 0).collect::<NullBuffer>());
        let keys = PrimitiveArray::<Int32Type>::new(ScalarBuffer::from(places), nulls);
        Ok(Arc::new(DictionaryArray::try_new(keys, self.0.clone()).map_err(Error::from)?))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;

    use super::*;

    #[test]
    fn rows_have_their_texts() -> Result<()> {
        let column = Texts::new(["stop", "run"]).column(vec![1, -1, 0, 1])?;
        assert_eq!(*column.data_type(), data_type());
        let texts = column.as_dictionary::<Int32Type>().downcast_dict::<StringArray>().into_iter();
        let found: Vec<Option<&str>> = texts.into_iter().flatten().collect();
        assert_eq!(found, [Some("run"), None, Some("stop"), Some("run")]);
        assert!(Texts::new(["stop"]).column(vec![1]).is_err());
        Ok(())
    }
}
