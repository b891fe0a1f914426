//! Detectors.

pub mod matrix_profile;
pub mod ramp;
mod state_envelope;
