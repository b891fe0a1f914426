//! paranom: labelled time-series anomalies, generated and detected. No Python, no I/O.
//!
//! Modules depend on each other in one direction:
//!
//! ```text
//! generate, detect -> random, fmath, simd, pool, job -> error
//! generate         -> spec                           -> error
//! generate         -> gregorian
//! duplicates       -> job                            -> error
//! ```
//!
//! * [`error`]: every way a call can be refused or stopped.
//! * [`simd`]: one kernel body, compiled for three instruction sets, chosen once at run time.
//! * [`pool`]: thread pools that survive a `fork`.
//! * [`job`]: cancellation and progress of long work.
//! * [`duplicates`]: numbers that are there twice; [`gregorian`]: days and months of the calendar.

pub mod detect;
pub mod duplicates;
pub mod error;
pub mod fmath;
pub mod generate;
pub mod gregorian;
pub mod job;
pub mod pool;
pub mod random;
pub mod simd;
pub mod spec;

pub use error::{Error, Result};

/// Makes what is otherwise made at its first use, under a lock that a fork at that moment would leave locked in the child:
/// the choice of the instruction set, and what rayon's queues share. Call it before anything forks.
pub fn prepare() {
    simd::level();
    drop(crossbeam_epoch::pin());
}
