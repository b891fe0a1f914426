//! Draws that are accepted or tried again: the few rows without a value are tried together.

use crate::generate::rule::At;

/// Rows that are tried together.
pub(super) const TOGETHER: usize = 64;

/// Tries the rows of `out` that have no value yet, negative ones, until they have one.
///
/// `attempt(number, places, rows, values)` makes the try of a number for rows at these places of `out`; negative: try
/// again. A row that fails all tries below `tries` gets `last` of its place.
pub(super) fn try_again(
    at: At,
    tries: u8,
    out: &mut [f64],
    attempt: impl Fn(u8, &[usize], &[u64], &mut [f64]),
    last: impl Fn(usize) -> f64,
) {
    let mut left: Vec<usize> = (0..out.len()).filter(|&j| out[j] < 0.0).collect();
    for number in 1..tries {
        if left.is_empty() {
            return;
        }
        for places in left.chunks(TOGETHER) {
            let (mut rows, mut values) = ([0; TOGETHER], [0.0; TOGETHER]);
            for (row, &j) in rows.iter_mut().zip(places) {
                *row = at.row.wrapping_add(j as u64);
            }
            attempt(number, places, &rows[..places.len()], &mut values[..places.len()]);
            for (&j, &x) in places.iter().zip(&values) {
                out[j] = x;
            }
        }
        left.retain(|&j| out[j] < 0.0);
    }
    for j in left {
        out[j] = last(j);
    }
}
