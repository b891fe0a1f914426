//! Functions of the user as rules. The core knows what they are called with, not what they are written in.

use std::fmt;
use std::sync::Arc;

use super::block::BLOCK;
use super::event::Event;
use super::time::Time;
use crate::job::Job;
use crate::random::{Key, Source};
use crate::{Error, Result};

/// For which rows a function is called at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// For the rows that are needed, each on its own.
    Row,
    /// For whole blocks: a normal one for every row of a block, an anomalous one for all of its rows there. So what
    /// it draws from one source for the block does not depend on the rows asked for.
    Block,
    /// For runs of the rows that are needed; it ensures itself that its values do not depend on how rows are cut into runs.
    Run,
}

/// A function that gives values for rows.
pub trait Callback: fmt::Debug + Send + Sync {
    /// For which rows it is called at once.
    fn granularity(&self) -> Granularity;

    /// Fills `out` with the values of the rows of `call.runs`, one run after the other.
    fn call(&self, call: &Call, out: &mut [f64]) -> Result<()>;

    /// Runs `thread`, which will call functions of this sort for many blocks: what they need is set up once.
    fn host_thread(&self, thread: &mut ThreadBody) {
        thread();
    }
}

/// What a thread of a pool does until the pool ends.
pub type ThreadBody<'a> = dyn FnMut() + Send + 'a;

/// A shared function, as a spec holds it.
pub type SharedCallback = Arc<dyn Callback>;

/// Neighbouring rows of one event, or of none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first row.
    pub row: u64,
    /// How many.
    pub len: usize,
    /// The event they belong to.
    pub event: Option<Event>,
}

/// The values before the rows of a call.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// The last ones, oldest first.
    pub values: &'a [f64],
    /// How many a function may see.
    pub most: usize,
}

/// What a function is called for: rows of one block, in order.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The variable's name.
    pub variable: &'a str,
    /// The variable's key.
    pub key: Key,
    /// Whether anomalous values are wanted.
    pub anomalous: bool,
    /// Which try.
    pub attempt: u32,
    /// What the time of a row is.
    pub time: &'a Time,
    /// The rows.
    pub runs: &'a [Run],
    /// The values before them, where the function is called row after row: then they are one run.
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
        self.runs.first().map_or(0, |run| run.row / BLOCK as u64)
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
