//! What is known of the last discord before the whole series has been searched.

use super::found::Farthest;

/// The score of the farthest discords of a part of the series. A window that has a nearer neighbour is none of as many
/// discords of the whole: windows before others decide about these, and more windows only make discords farther.
#[derive(Debug)]
pub(super) struct Limit {
    score: f64,
    /// The discords of the part, which are never ruled out.
    discords: Vec<usize>,
}

/// Scores of the same pair of windows differ by less, as a share, from one sweep to the next.
const ROUNDING: f64 = 1e-9;

impl Limit {
    /// That of the discords of a part; None if there are fewer than wanted.
    pub(super) fn of(found: &[Farthest], wanted: usize) -> Option<Self> {
        let last = found.get(wanted.checked_sub(1)?)?.score;
        let score = last + last.abs().max(1.0) * ROUNDING;
        Some(Self { score, discords: found.iter().map(|found| found.window).collect() })
    }

    /// Whether a window with such a score is no discord.
    pub(super) fn rules_out(&self, window: usize, score: f64) -> bool {
        score > self.score && !self.discords.contains(&window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearer_windows_are_ruled_out_but_not_the_discords() {
        let found: Vec<Farthest> =
            [(0.2, 7), (0.6, 40)].map(|(score, window)| Farthest { score, window, neighbour: 0 }).into();
        assert!(Limit::of(&found, 3).is_none() && Limit::of(&found, 0).is_none());
        let limit = Limit::of(&found, 2).unwrap();
        assert!(limit.rules_out(8, 0.7) && !limit.rules_out(8, 0.5));
        assert!(!limit.rules_out(40, 0.7) && !limit.rules_out(8, 0.6 + 1e-12));
    }
}
