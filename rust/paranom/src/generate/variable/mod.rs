//! One column: its normal rule, and what each anomaly does to it.

mod apply;
mod call;
mod definition;
mod drawn;
mod fill;
mod read;
mod sequence;
mod walk;
mod want;

pub use definition::Variable;
pub use sequence::{Sequence, Walk};
pub use want::Want;
