//! What the values of a variable are. Inside the generator all are floats; they are delivered as what they are.

use crate::Result;
use crate::spec::Field;

/// The type of a variable's column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// Numbers.
    Float,
    /// Whole numbers; a value is rounded to the nearest one.
    Int64,
    /// 0 for false, 1 for true.
    Bool,
    /// Names: a value is the place of its name in this list.
    States(Vec<String>),
}

/// Whole numbers are exact in a float up to here.
const MOST: f64 = 9_007_199_254_740_992.0;

impl Column {
    /// Whether a value is one of few, with nothing between two of them.
    pub fn is_discrete(&self) -> bool {
        matches!(self, Self::Bool | Self::States(_))
    }

    /// Rounds values to those that the column can hold. NaN, a missing value, stays.
    pub(super) fn settle(&self, values: &mut [f64]) {
        if *self == Self::Int64 {
            for x in values {
                *x = (*x + 0.5).floor().clamp(-MOST, MOST);
            }
        }
    }
}

/// Refuses a name that files of text could not hold, or would read as a missing value.
pub fn check_name<'a>(field: &Field<'a>) -> Result<&'a str> {
    let name = field.text()?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(field.invalid("must be a name: not empty, without control characters"));
    }
    Ok(name)
}

/// What the values of a rule mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// Numbers.
    Numbers,
    /// 0 and 1: false and true.
    Flags,
    /// Places in the list of the variable's states.
    States,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_the_nearest() {
        let mut values = [0.5, -0.5, 2.4, f64::NAN, f64::INFINITY, -1e300];
        Column::Int64.settle(&mut values);
        assert!(values[3].is_nan());
        values[3] = 7.0;
        assert_eq!(values, [1.0, 0.0, 2.0, 7.0, MOST, -MOST]);
        let mut values = [0.5];
        Column::Float.settle(&mut values);
        assert_eq!(values, [0.5]);
    }
}
