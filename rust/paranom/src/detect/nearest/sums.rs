//! Sums over the cells of windows. Sixteen partial sums are kept, whatever the instruction set: the bits are the same.

const LANES: usize = 16;

/// Cells between two looks at the sum.
const BLOCK: usize = 64;

#[inline(always)]
fn total(parts: &[f64; LANES]) -> f64 {
    let mut eight = [0.0; 8];
    for (i, sum) in eight.iter_mut().enumerate() {
        *sum = parts[i] + parts[i + 8];
    }
    ((eight[0] + eight[4]) + (eight[1] + eight[5])) + ((eight[2] + eight[6]) + (eight[3] + eight[7]))
}

/// Adds `term(a[i], b[i])` for every cell of two slices of equal length.
#[inline(always)]
fn add(parts: &mut [f64; LANES], a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) {
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        for (part, (&x, &y)) in parts.iter_mut().zip(x.iter().zip(y)) {
            *part += term(x, y);
        }
    }
    // The rest in fours: windows are short, and a loop over single cells would take most of the time.
    let (fours_a, rest_a) = rest_a.as_chunks::<4>();
    let (fours_b, rest_b) = rest_b.as_chunks::<4>();
    for (x, y) in fours_a.iter().zip(fours_b) {
        for (part, (&x, &y)) in parts.iter_mut().zip(x.iter().zip(y)) {
            *part += term(x, y);
        }
    }
    for (part, (&x, &y)) in parts.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *part += term(x, y);
    }
}

/// The inner product.
#[inline(always)]
pub(super) fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut parts = [0.0; LANES];
    add(&mut parts, a, b, |x, y| x * y);
    total(&parts)
}

/// The sum of squared differences, or `None` once it is above `most`.
#[inline(always)]
pub(super) fn squared_distance(a: &[f64], b: &[f64], most: f64) -> Option<f64> {
    let mut parts = [0.0; LANES];
    let (blocks_a, rest_a) = a.as_chunks::<BLOCK>();
    let (blocks_b, rest_b) = b.as_chunks::<BLOCK>();
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        add(&mut parts, x, y, |x, y| (x - y) * (x - y));
        if total(&parts) > most {
            return None;
        }
    }
    add(&mut parts, rest_a, rest_b, |x, y| (x - y) * (x - y));
    let sum = total(&parts);
    // A sum that is no number (a difference overflowed) is not too large.
    if sum > most { None } else { Some(sum) }
}

/// The mean squared difference of the cells where `a` has a value, times the number of cells. `None` where it has none.
pub(super) fn squared_distance_of_some(a: &[f64], b: &[f64]) -> Option<f64> {
    let mut sum = 0.0;
    let mut count = 0;
    for (&x, &y) in a.iter().zip(b) {
        if !x.is_nan() {
            sum += (x - y) * (x - y);
            count += 1;
        }
    }
    (count > 0).then(|| sum / f64::from(count) * a.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_a_plain_loop() {
        for len in [0, 1, 15, 16, 17, 63, 64, 65, 200] {
            let a: Vec<f64> = (0..len).map(|i| f64::from(i % 7)).collect();
            let b: Vec<f64> = (0..len).map(|i| f64::from(i % 5)).collect();
            let plain: f64 = a.iter().zip(&b).map(|(x, y)| (x - y) * (x - y)).sum();
            assert_eq!(squared_distance(&a, &b, f64::INFINITY), Some(plain));
            assert_eq!(product(&a, &b), a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>());
            if plain > 0.0 {
                assert_eq!(squared_distance(&a, &b, plain / 2.0), None);
                assert_eq!(squared_distance(&a, &b, plain), Some(plain));
            }
        }
    }

    #[test]
    fn what_is_missing_is_as_the_rest() {
        assert_eq!(squared_distance_of_some(&[f64::NAN, 3.0], &[0.0, 1.0]), Some(8.0));
        assert_eq!(squared_distance_of_some(&[f64::NAN], &[0.0]), None);
    }
}
