//! Detectors.

pub mod ramp;
