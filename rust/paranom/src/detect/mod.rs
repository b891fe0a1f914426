//! Detectors.

pub mod matrix_profile;
pub mod nearest;
pub mod ramp;
mod state_envelope;
