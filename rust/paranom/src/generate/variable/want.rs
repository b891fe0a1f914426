//! What is asked of a variable.

use crate::generate::event::Event;
use crate::generate::time::Time;
use crate::generate::view::View;
use crate::job::Job;

/// Which values of a variable are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Want<'a> {
    /// The events that touch the rows.
    pub events: &'a [Event],
    /// The events that touch the whole block; only functions need them.
    pub around: &'a [Event],
    /// These and, where anomalies are left out, those that are: a function is called for the same rows either way.
    pub scheduled: &'a [Event],
    /// Which try.
    pub attempt: u32,
    /// What the time of a row is.
    pub time: &'a Time,
    /// Other variables, where any rule refers to them.
    pub view: Option<&'a View<'a>>,
    /// Says when to stop.
    pub job: &'a Job,
}
