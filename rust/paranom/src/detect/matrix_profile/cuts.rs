//! Where a series is cut into segments.
//!
//! A recurrence carries the rounding errors of the largest windows it has passed. So the series is cut where the spans of
//! its windows change by orders of magnitude: a spike becomes a segment of its own. Every diagonal starts anew where it
//! enters a pair of segments.

use std::ops::Range;

use super::series::Series;

/// Where to cut series (the dimensions of one join) of equally many windows: the same places for all.
pub(super) fn cuts(dimensions: &[Series]) -> Vec<Range<usize>> {
    let (windows, m) = (dimensions[0].windows(), dimensions[0].m);
    let longest = (32 * m).max(8192);
    // A constant window counts as an ordinary one.
    let spans: Vec<Vec<f64>> = dimensions
        .iter()
        .map(|series| {
            let mut positive: Vec<f64> = series.span.iter().copied().filter(|&span| span > 0.0).collect();
            let middle = positive.len() / 2;
            let usual = if positive.is_empty() {
                1.0
            } else {
                *positive.select_nth_unstable_by(middle, f64::total_cmp).1
            };
            series.span.iter().map(|&span| if span > 0.0 { span } else { usual }).collect()
        })
        .collect();
    // Up to so many segments cost little beside the cells of the matrix.
    let most = 16 + windows / longest + windows / (8 * m.max(128));
    for ratio in [1024.0, 1e6, 1e9, 1e12] {
        let cut = cut_at(&spans, windows, longest, ratio);
        if cut.len() <= most {
            return cut;
        }
    }
    cut_at(&spans, windows, longest, f64::INFINITY)
}

fn cut_at(spans: &[Vec<f64>], windows: usize, longest: usize, ratio: f64) -> Vec<Range<usize>> {
    let mut reach = vec![(f64::INFINITY, 0.0f64); spans.len()];
    let (mut cut, mut start) = (Vec::new(), 0);
    for i in 0..windows {
        let mut full = i - start == longest;
        for (spans, (low, high)) in spans.iter().zip(&mut reach) {
            *low = low.min(spans[i]);
            *high = high.max(spans[i]);
            full |= *high / *low > ratio;
        }
        if full {
            cut.push(start..i);
            start = i;
            for (spans, reach) in spans.iter().zip(&mut reach) {
                *reach = (spans[i], spans[i]);
            }
        }
    }
    cut.push(start..windows);
    cut
}

#[cfg(test)]
mod tests {
    use super::super::metric::Distance;
    use super::*;

    fn series(x: &[f64], m: usize) -> Series {
        Series::new("x", x, m, Distance::ZNormalized, &crate::job::Job::new()).unwrap()
    }

    #[test]
    fn a_spike_is_a_segment_of_its_own() {
        let mut x: Vec<f64> = (0..1000).map(|i| f64::from(i * 7919 % 101)).collect();
        x[500] = 1e9;
        assert_eq!(cuts(&[series(&x, 10)]), [0..491, 491..501, 501..991]);
    }
}
