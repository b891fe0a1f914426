//! The plain values a spec is made of.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A value in a spec.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// true or false
    Bool(bool),
    /// A whole number.
    Whole(i128),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Named values in order.
    Table(Vec<(String, Value)>),
    /// A recorded series.
    Series(Arc<[f64]>),
    /// Many pairs of whole numbers: what a list of lists of two would say.
    Pairs(Arc<[[i64; 2]]>),
    /// Something that lives only in this process: a function.
    Handle(Handle),
}

/// Something that the spec does not look into, and its name.
#[derive(Clone)]
pub struct Handle {
    /// Its name, in messages and in the canonical spec.
    pub name: String,
    /// The thing.
    pub item: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.name)
    }
}

/// The same one, not an equal one.
impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.item, &other.item)
    }
}

impl Value {
    /// The type, as a user would call it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "true or false",
            Self::Whole(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Series(_) | Self::Pairs(_) => "an array",
            Self::Handle(_) => "a function",
        }
    }
}

/// The value as a user would write it, without its bulk.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(x) => write!(f, "{x}"),
            Self::Whole(x) => write!(f, "{x}"),
            Self::Number(x) => write!(f, "{x}"),
            Self::Text(x) => write!(f, "{x:?}"),
            Self::List(x) => write!(f, "a list of {}", x.len()),
            Self::Table(x) => write!(f, "a table of {}", x.len()),
            Self::Series(x) => write!(f, "an array of {}", x.len()),
            Self::Pairs(x) => write!(f, "an array of {} pairs", x.len()),
            Self::Handle(x) => write!(f, "{}", x.name),
        }
    }
}
