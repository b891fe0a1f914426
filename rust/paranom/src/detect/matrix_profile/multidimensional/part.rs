//! A run of windows in all dimensions.

use super::lower_bounds::Weights;
use crate::detect::matrix_profile::segment::Segment;

/// A run of windows in all dimensions (in order).
pub(crate) struct Part {
    pub(super) segments: Vec<Segment>,
    /// The weights of the lower bounds; None if there are no bounds, or they might leave the range of f32.
    pub(super) bound_weights: Option<Vec<Weights>>,
    /// The weights of all dimensions, window by window, and ½ where a window is constant.
    pub(super) w: Vec<f64>,
    pub(super) flat: Vec<f64>,
}

impl Part {
    pub(crate) fn new(segments: Vec<Segment>, bounded: bool) -> Self {
        let bound_weights = if bounded { segments.iter().map(Weights::new).collect() } else { None };
        let by_window = |of: fn(&Segment) -> &[f64]| -> Vec<f64> {
            (0..segments[0].len).flat_map(|i| segments.iter().map(move |s| of(s)[i])).collect()
        };
        Self { bound_weights, w: by_window(|s| &s.w), flat: by_window(|s| &s.flat), segments }
    }
}
