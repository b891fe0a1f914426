//! Draws that are accepted or tried again: the few rows without a value are tried together.

use crate::generate::rule::At;
use crate::random::TILE;

/// Rows that are tried together.
pub(super) const TOGETHER: usize = 64;

/// Finds the negative values; returns how many there are.
#[inline(always)]
pub(super) fn negative_places(values: &[f64], places: &mut [usize; TILE]) -> usize {
    let mut count = 0;
    for (j, x) in values.iter().enumerate() {
        places[count % TILE] = j;
        count += usize::from(*x < 0.0);
    }
    count
}

/// Tries the rows of `out` at some places, which have no value yet, until they have one. These places are in order.
///
/// `attempt(number, places, rows, values)` makes the try of a number for rows at these places of `out`; negative: try
/// again. A row that fails all tries below `tries` gets `last` of its place.
pub(super) fn try_again(
    at: At,
    tries: u8,
    places: &mut [usize],
    out: &mut [f64],
    attempt: impl Fn(u8, &[usize], &[u64], &mut [f64]),
    last: impl Fn(usize) -> f64,
) {
    let mut left = places.len();
    for number in 1..tries {
        if left == 0 {
            return;
        }
        for places in places[..left].chunks(TOGETHER) {
            let (mut rows, mut values) = ([0; TOGETHER], [0.0; TOGETHER]);
            for (row, &j) in rows.iter_mut().zip(places) {
                *row = at.row.wrapping_add(j as u64);
            }
            attempt(number, places, &rows[..places.len()], &mut values[..places.len()]);
            for (&j, &x) in places.iter().zip(&values) {
                out[j] = x;
            }
        }
        let tried = left;
        left = 0;
        for k in 0..tried {
            places[left] = places[k];
            left += usize::from(out[places[k]] < 0.0);
        }
    }
    for &j in &places[..left] {
        out[j] = last(j);
    }
}
