//! The generator: a checked [`Plan`] gives the values of any rows, in parallel, without a lock.
//!
//! ```text
//! from a spec to a plan
//!   read        spec -> Plan: there is no other way, so a Plan is always valid
//!   parse       the registry of all kinds of rules; scope: what a rule that is being read belongs to
//!   graph       which variables depend on which; nested: how much work a value is
//! what a plan is made of
//!   plan        the checked spec; basis: its seed, stream and clock, which all rules know
//!   variable    one column: its normal rule, and what each anomaly does to it
//!   anomaly, effect, event   an anomaly, what it does to a variable, and the rows where it happens once
//!   schedule    when anomalies happen; tracks: schedules of events that may overlap; labels: those of recordings
//!   rule        what distributions, signals and transforms have in common
//!   distribution, signal, transform   the kinds of rules, one file each
//!   column      the type of a variable's values; states: names as values; binding: rules that look at others' states
//!   fixed, recorded, resampled, param   a number, a recording, a signal at other times, a parameter of a rule
//!   change_points  rows at which a variable's rules take turns
//!   shared_draws   draws that rules of several variables share
//!   halving     the row axis, cut in half down to a tile
//!   position    places on the row axis between rows; view: the values of other variables
//!   callback    functions of the user as rules; native: C functions
//!   time        what the time of a row is; dropouts: when values are lost
//! from a plan to values
//!   request, block   what is asked for, and the blocks of rows that tasks fill
//!   fill        rows -> values and labels, block by block; walk: functions that see the values before their rows
//!   events      the events of a plan and their labels
//!   triviality  whether a one-liner finds an event; one_liner: the one-liners
//!   uniqueness  data that no lower row has, in parallel
//!   lose        takes lost values out; below: keeps rounded values below bounds that are excluded
//! ```

mod anomaly;
mod basis;
mod below;
mod binding;
mod block;
mod callback;
mod change_points;
mod column;
mod distribution;
mod dropouts;
mod effect;
mod event;
mod events;
mod fill;
mod finite;
mod fixed;
mod graph;
mod halving;
mod labels;
mod lose;
pub mod native;
mod nested;
mod one_liner;
mod param;
mod parse;
mod plan;
mod position;
mod read;
mod recorded;
mod request;
mod resampled;
mod rule;
mod schedule;
mod scope;
mod shared_draws;
mod signal;
mod states;
mod time;
mod tracks;
mod transform;
mod triviality;
mod uniqueness;
mod variable;
mod view;
mod walk;

pub use anomaly::Anomaly;
pub use block::{BLOCK, Real, RowRange};
pub use callback::{Call, Callback, Granularity, MOST_DRAWS, Past, Run, SharedCallback, ThreadBody};
pub use column::Column;
pub use event::Event;
pub use graph::Edge;
pub use one_liner::{COUNT as ONE_LINERS, names as one_liners};
pub use parse::kinds;
pub use plan::Plan;
pub use time::Time;
pub use triviality::{EventSeries, Found, StoredSeries, TrivialityCheck};
pub use uniqueness::{Duplicates, FillState};
pub use view::Reference;
