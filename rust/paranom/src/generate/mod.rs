//! The generator: a checked [`Plan`] gives the values of any rows, in parallel, without a lock.
//!
//! ```text
//! plan      spec -> Plan: the only door, and a Plan cannot be wrong
//! fill      Plan + rows -> values and labels, block by block
//! variable  one column: its normal rule, and what each anomaly does to it
//! schedule  which rows are anomalous
//! judge     whether an event is too easy to find: whether a one-liner does
//! time      what the time of a row is
//! dropouts  values that are lost
//! callback  functions of the user's as rules
//! sequence  functions that see the values before their rows
//! native    C functions as callbacks
//! uniqueness  data that no lower row has, in parallel
//! rule      what distributions, signals and transforms are to the rest
//! graph     variables that refer to others
//! param     parameters of rules
//! moved     signals at other places of the row axis
//! ```

mod callback;
mod distribution;
mod dropouts;
mod fill;
mod graph;
mod judge;
mod moved;
pub mod native;
mod one_liner;
mod param;
mod plan;
mod recorded;
mod rule;
mod schedule;
mod sequence;
mod signal;
mod time;
mod transform;
mod uniqueness;
mod variable;

pub use callback::{Call, Callback, Life, MOST_DRAWS, Manner, Part, SharedCallback};
pub use fill::{BLOCK, Real, Rows};
pub use graph::{Edge, Reference};
pub use judge::{Found, Held, Judge};
pub use one_liner::names as one_liners;
pub use plan::{Kind, Plan};
pub use schedule::Event;
pub use sequence::Past;
pub use time::Time;
pub use uniqueness::{Duplicates, History};

/// The kinds of rules there are: distributions, signals, transforms.
pub fn kinds() -> [Vec<&'static str>; 3] {
    [distribution::names().collect(), signal::names().collect(), transform::names().collect()]
}
