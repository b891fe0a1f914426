//! Uniqueness: rows whose datum no lower row of their class has (Gottschlich 2018, section 2.1).
//!
//! The definition is sequential: go through the rows upward; draw a row anew, attempt 0, 1, ... tries - 1, and take the
//! first datum that is not in the register of its class; after the last, Hard fails and Soft keeps it. It is computed
//! in parallel by deferred acceptance (Gale and Shapley 1962): every row proposes its attempts in turn, a datum keeps
//! the lowest row that proposed it, and a row that is rejected proposes its next attempt. Since all data
//! prefer lower rows, the result is the sequential one, whatever the order of events. The data are distributed over
//! shards by their hash, and one thread at a time works on a shard: no locks.
//!
//! ```text
//! requirement  what is asked of rows           capacity  too few different data are refused at once
//! state        what is known of lower rows     window    settles rows, window by window
//! datum        a datum as a key                drawn     rows of a block that are being settled
//! key_table    keys and their values           propose   what rows propose
//! settle       who keeps a datum               deliver   settled rows into columns
//! ```

mod capacity;
mod datum;
mod deliver;
mod drawn;
mod key_table;
mod propose;
mod requirement;
mod settle;
mod state;
mod window;

pub use requirement::Uniqueness;
pub use state::{Duplicates, FillState};
