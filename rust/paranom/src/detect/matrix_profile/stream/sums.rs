//! Sums over the values of a window, in eight interleaved parts: a single sum would wait for each value in turn.

/// Largest minus smallest value.
pub(super) fn span(x: &[f64]) -> f64 {
    let low = in_eight(x, x, x[0], |v, _| v, |low, v| if v < low { v } else { low });
    let high = in_eight(x, x, x[0], |v, _| v, |high, v| if v > high { v } else { high });
    high - low
}

/// The sum of a term over two windows.
pub(super) fn sum(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    in_eight(a, b, 0.0, term, |x, y| x + y)
}

/// All terms joined in eight interleaved parts.
#[inline]
fn in_eight(
    a: &[f64],
    b: &[f64],
    start: f64,
    term: impl Fn(f64, f64) -> f64,
    join: impl Fn(f64, f64) -> f64,
) -> f64 {
    let mut parts = [start; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (part, (&a, &b)) in parts.iter_mut().zip(a.iter().zip(b)) {
            *part = join(*part, term(a, b));
        }
    }
    parts.into_iter().reduce(join).unwrap_or(start)
}
