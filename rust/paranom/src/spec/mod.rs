//! A spec as the user wrote it, and the reader that turns it into checked parts.
//!
//! The spec is a tree of plain values: what a TOML file holds, or what the Python classes become. Everything that
//! is made from it is made through [`Table`], which knows its path and so can say where something is wrong.

mod reader;
mod value;

pub use reader::{Canonical, Field, Table};
pub use value::{Handle, Value};
