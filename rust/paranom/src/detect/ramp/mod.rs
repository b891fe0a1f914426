//! RAMP: a matrix profile for streams of many channels that flags, guesses whether its alarms are real, learns from
//! the guess, and takes feedback from people (Herath et al., "RAMP: Real-Time Aggregated Matrix Profile").
//!
//! ```text
//! sample -> distance (nearest reference windows) -> weights (score) -> uncertainty (guess) -> training
//!                                                        ^-- feedback (verdicts on the last M samples)
//! ```
//!
//! * [`config`]: the settings, checked once.
//! * `detector`: processes under their names; `batch`: samples of many processes at once.
//! * `process`: one process, which ties the following together.
//! * `distance`: what is nearest: a window of each channel (`channels`, O(M) per sample) or of all at once (`joint`); equal
//!   to brute force.
//! * `channel`: one channel of `channels`: its `reference`, its `live` window, the `cells` with their distances on a
//!   `lattice` of whole numbers, and the `search` among them.
//! * `weights`: what a pattern's score is multiplied by.
//! * `uncertainty`: the guess p.
//! * `feedback`: the windows that feedback is possible on, and K.
//! * `replay`: the published program's loop over a finished recording.
//! * `state`: bytes, and back.
//! * `types`: what these hand to each other.

mod batch;
mod cells;
mod channel;
mod channels;
pub mod config;
mod detector;
mod distance;
mod feedback;
mod joint;
mod lattice;
mod live;
mod process;
mod reference;
mod replay;
mod search;
mod state;
mod types;
mod uncertainty;
mod weights;

pub use config::{
    Choice, Config, Kernel, Metric, Mode, NanPolicy, ProcessName, Processes, Refresh, Scale, TrainOn, Visitor,
};
pub use detector::Ramp;
pub use replay::{Replay, replay};
pub use types::{Outcome, Scores};
