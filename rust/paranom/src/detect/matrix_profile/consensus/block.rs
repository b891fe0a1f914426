//! Some windows of one of the series.

use std::cmp::Ordering;
use std::ops::Range;

/// Neighbouring windows of a series, and what is known of their radii. Blocks are ordered: the greater one is more
/// promising.
#[derive(Debug)]
pub(super) struct Block {
    /// The number of the series.
    pub(super) series: usize,
    pub(super) windows: Range<usize>,
    /// How many other series the windows have been compared with.
    pub(super) seen: usize,
    /// For each window the least of its scores in these: it falls as the radius grows; -inf if one has no neighbour.
    scores: Vec<f64>,
    /// The largest of them.
    pub(super) best: f64,
}

impl Block {
    /// Windows that have been compared with one other series.
    pub(super) fn new(series: usize, windows: Range<usize>, scores: &[f64]) -> Self {
        let mut block =
            Self { series, windows, seen: 0, scores: vec![f64::INFINITY; scores.len()], best: 0.0 };
        block.lower(scores);
        block
    }

    /// Takes the scores of its windows in one series more.
    pub(super) fn lower(&mut self, scores: &[f64]) {
        self.seen += 1;
        self.best = f64::NEG_INFINITY;
        for (least, &score) in self.scores.iter_mut().zip(scores) {
            *least = least.min(score);
            self.best = self.best.max(*least);
        }
    }

    /// Whether one of its windows has a neighbour in each of the series that it has been compared with.
    pub(super) fn counts(&self) -> bool {
        self.best > f64::NEG_INFINITY
    }

    /// Its windows with such a score or a better one.
    pub(super) fn at_least(&self, least: f64) -> impl Iterator<Item = usize> {
        self.windows.clone().zip(&self.scores).filter(move |&(_, &score)| score >= least).map(|(i, _)| i)
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Block {}

impl Ord for Block {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |block: &Self| (block.series, block.windows.start);
        self.best.total_cmp(&other.best).then_with(|| place(other).cmp(&place(self)))
    }
}

impl PartialOrd for Block {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_of_the_least_radius_is_the_most_promising() {
        let mut near = Block::new(1, 40..43, &[0.9, 0.8, 0.9]);
        let far = Block::new(0, 0..2, &[0.5, 0.7]);
        assert!(near > far && near.at_least(0.9).eq([40, 42]));
        near.lower(&[0.1, 0.75, 0.7]);
        assert!(near > far && near.at_least(0.75).eq([41]) && near.seen == 2);
        near.lower(&[1.0, 0.7, 0.2]);
        assert!(far > near, "of equally promising blocks the first");
        assert!(!Block::new(0, 0..1, &[f64::NEG_INFINITY]).counts());
    }
}
