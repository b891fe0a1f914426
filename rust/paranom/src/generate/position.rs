//! Places on the row axis, which may lie between two rows: where a resampled signal is evaluated.

/// A place on the row axis: `part` of the way from `row` to the next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Position {
    /// The row at or before the place.
    pub row: u64,
    /// From 0 up to 1, which is excluded.
    pub part: f64,
}

impl Position {
    /// The place `by` rows after `row`. The axis ends at row 0 and at row 2^64 - 1: there it stops.
    #[inline(always)]
    pub fn beside(row: u64, by: f64) -> Self {
        let whole = by.floor();
        let (there, end) = if whole < 0.0 {
            (row.checked_sub(-whole as u64), 0)
        } else {
            (row.checked_add(whole as u64), u64::MAX)
        };
        let part = by - whole;
        match there {
            Some(row) => Self { row, part: if part.is_finite() { part } else { 0.0 } },
            None => Self { row: end, part: 0.0 },
        }
    }
}
