//! The time of a row.

/// What the time of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Time {
    /// The row's number.
    #[default]
    Row,
    /// A start, and a step per row.
    Number {
        /// The time of row 0.
        start: f64,
        /// From row to row.
        step: f64,
    },
    /// Nanoseconds since 1970.
    Datetime {
        /// The time of row 0.
        start: i64,
        /// From row to row.
        step: i64,
    },
}
