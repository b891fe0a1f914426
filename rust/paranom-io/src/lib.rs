//! Files of generated rows, written in parallel, and read back to verify them. No Python.
//!
//! ```text
//! write, verify  ->  parquet, arrow, text, stored  ->  format, source, pipeline  ->  error
//! ```
//!
//! * [`source`]: where rows come from: a plan, or arrays in memory; [`dictionary`]: columns of texts that repeat.
//! * `format`: the formats there are, and what a format consists of.
//! * `pipeline`: pieces made in parallel, taken in order, few at a time.
//! * `parquet`, `arrow`, `text`: what a piece is in each format, and how pieces become a file; `packed`: text that is
//!   packed.
//! * `lines`: text that is being made; `number`, `shortest`: what numbers and times are in it; `memory`: that of texts that
//!   are written.
//! * `chunk`: Parquet columns straight from numbers in memory; `delta`: whole numbers as their differences;
//!   `splice`: how such columns get into the file.
//! * `stored`: the same files, read; `reading`: what a panic of a format's crate becomes.
//! * [`write()`], [`verify()`]: the two things to do.
//! * [`CsvBlock`]: lines of CSV of users, read where they are plain.
//! * `values`: a long series in a file, for detectors that read it piece by piece.
//!
//! A table has the columns of every export: `t`, the variables, `is_anomaly`, `event`. Its bytes in a file depend on the
//! rows, the format and the rows in a group: not on threads, nor on the machine.

mod arrow;
mod chunk;
mod csv_block;
mod delta;
pub mod dictionary;
mod error;
mod format;
mod lines;
mod memory;
mod number;
mod packed;
mod parquet;
mod pipeline;
mod reading;
mod shortest;
pub mod source;
mod splice;
mod stored;
mod text;
pub mod typed;
mod values;
mod verify;
mod write;

pub use csv_block::CsvBlock;
pub use error::{Error, Result};
pub use format::{Format, Options, Packing};
pub use packed::unpack;
pub use reading::is_reading;
pub use stored::{Stored, metadata};
pub use values::{FileValues, Number};
pub use verify::{Difference, verify};
pub use write::write;
