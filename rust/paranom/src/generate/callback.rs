//! Functions of the user's as rules. The core knows what they are asked for, not what they are written in.

use std::fmt;
use std::sync::Arc;

use super::fill::BLOCK;
use super::schedule::Event;
use super::sequence::Past;
use super::time::Time;
use crate::job::Job;
use crate::random::{Key, Source};
use crate::{Error, Result};

/// How a function wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// For the rows that are needed, each on its own.
    Rows,
    /// For whole blocks: a normal one for every row of a block, an anomalous one for all of its rows there. So what
    /// it draws from one source for the block does not depend on the rows asked for.
    Blocks,
    /// For the rows that are needed, many at a time; it sees to it itself that this does not matter.
    Stretches,
}

/// A function that gives values for rows.
pub trait Callback: fmt::Debug + Send + Sync {
    /// How it wants to be called.
    fn manner(&self) -> Manner;

    /// Fills `out` with the values of the rows of `call.parts`, one part after the other.
    fn call(&self, call: &Call, out: &mut [f64]) -> Result<()>;

    /// Runs `thread`, which will call functions of this sort for many blocks: what they need is set up once.
    fn host(&self, thread: &mut Life) {
        thread();
    }
}

/// What a thread of a pool does until the pool ends.
pub type Life<'a> = dyn FnMut() + Send + 'a;

/// A shared function, as a spec carries it.
pub type SharedCallback = Arc<dyn Callback>;

/// Neighbouring rows of one event, or of none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first row.
    pub row: u64,
    /// How many.
    pub len: usize,
    /// The event they belong to.
    pub event: Option<Event>,
}

/// What a function is called for: rows of one block, in order.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The variable's name.
    pub variable: &'a str,
    /// The variable's key.
    pub key: Key,
    /// Whether it is asked for anomalous values.
    pub anomalous: bool,
    /// Which try.
    pub attempt: u32,
    /// What the time of a row is.
    pub time: Time,
    /// The rows.
    pub parts: &'a [Part],
    /// The values before them, where the function is asked row after row: then they are one part.
    pub past: Option<Past<'a>>,
    /// Says when to stop.
    pub job: &'a Job,
}

/// Sites of callbacks: a role, and the number of the draw in its row.
const ANOMALOUS: u32 = 1 << 31;
/// Draws that one call may make.
pub const MOST_DRAWS: u32 = 1 << 30;

impl Call<'_> {
    /// "normal" or "anomalous"
    pub fn class(&self) -> &'static str {
        class(self.anomalous)
    }

    /// The source of a row's draw of that number.
    pub fn source(&self, draw: u32) -> Source {
        let role = if self.anomalous { ANOMALOUS } else { 0 };
        Source { key: self.key, site: role | (draw % MOST_DRAWS), attempt: self.attempt }
    }

    /// The number of the block that the rows lie in.
    pub fn block(&self) -> u64 {
        self.parts.first().map_or(0, |part| part.row / BLOCK as u64)
    }

    /// An error of the function at a row.
    pub fn error(&self, row: u64, why: impl Into<String>, cause: Option<crate::error::Cause>) -> Error {
        Error::Callback { variable: self.variable.into(), class: self.class(), row, why: why.into(), cause }
    }

    /// The error of a function that gave NaN at a row.
    pub fn nan(&self, row: u64, name: &str) -> Error {
        self.error(row, format!("{name} gave NaN; allow_nan=True lets it stand for a missing value"), None)
    }
}

/// The name of a class of rows.
pub fn class(anomalous: bool) -> &'static str {
    if anomalous { "anomalous" } else { "normal" }
}
