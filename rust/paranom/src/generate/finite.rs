//! Refuses values that arithmetic made infinite, or NaN where nothing is missing.

use super::block::Real;
use super::variable::Variable;
use crate::random::Stream;
use crate::simd::{Kernel, dispatch};
use crate::spec::{Table, Value};
use crate::{Error, Result};

/// Which values that are no finite numbers a plan may deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusual {
    /// All: the spec says so, or its stream never refused any.
    Any,
    /// NaN, for rules of it have missing values.
    Missing,
    /// None.
    Nothing,
}

impl Unusual {
    /// What a spec allows.
    pub fn read(root: &Table, spec: &Value, stream: Stream) -> Result<Self> {
        let any = root.flag("allow_infinite")?;
        Ok(if any || stream == Stream::One {
            Self::Any
        } else if lacks_values(spec) {
            Self::Missing
        } else {
            Self::Nothing
        })
    }

    /// Refuses neighbouring rows, the first of which is `row`, if any value is not allowed.
    pub fn check<T: Real>(self, variable: &Variable, row: u64, values: &[T]) -> Result<()> {
        if self == Self::Any || variable.stays_within(T::MOST) || !dispatch(AnyUnusual { values }) {
            return Ok(());
        }
        let refused = |x: &T| !x.is_finite() && (self == Self::Nothing || !x.is_nan());
        let Some(at) = values.iter().position(refused) else { return Ok(()) };
        let value = if values[at].is_nan() { "nan" } else { "an infinite value" };
        Err(Error::invalid(
            format!("variables.{}", variable.name),
            format!("{value} in row {}", row.wrapping_add(at as u64)),
            format!(
                "must give finite values of {}: smaller numbers in its rules do, or allow_infinite=True lets others through",
                T::NAME
            ),
        ))
    }
}

/// Whether a part of a spec gives missing values itself: a transform, a function that may, or recorded ones.
fn lacks_values(spec: &Value) -> bool {
    match spec {
        Value::Table(entries) => entries.iter().any(|(name, value)| match (name.as_str(), value) {
            ("kind", Value::Text(kind)) => kind == "missing",
            ("allow_nan", Value::Bool(allowed)) => *allowed,
            _ => lacks_values(value),
        }),
        Value::List(parts) => parts.iter().any(lacks_values),
        Value::Number(x) => x.is_nan(),
        Value::Series(values) => values.iter().any(|x| x.is_nan()),
        _ => false,
    }
}

struct AnyUnusual<'a, T> {
    values: &'a [T],
}

impl<T: Real> Kernel for AnyUnusual<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run(self) -> bool {
        self.values.iter().fold(false, |any, x| any | !x.is_finite())
    }
}
