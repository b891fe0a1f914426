//! Detectors.

pub mod matrix_profile;
pub mod nearest;
pub mod ramp;
pub mod recurrent;
mod state_envelope;
