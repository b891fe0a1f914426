//! Tiles of a process that are made ahead, since they cost less together than one by one.
//!
//! Who asks for one tile after the other gets twice as many at once each time, up to a limit; who asks for rows here and
//! there gets one tile at a time. A tile's values do not depend on what was made with it. Each thread keeps its own.

use std::cell::RefCell;

use crate::random::{Key, TILE};

/// Most tiles that are made at once: what fits into the second cache, twice.
const MOST: u64 = 32;
/// Processes whose tiles are kept.
const KEPT: usize = 4;

/// A process, and the variable that it belongs to.
pub(super) type Whose = (u64, Key);

/// Values of neighbouring tiles, and the one behind them; and room for as many.
#[derive(Default)]
pub(super) struct Points {
    pub now: Vec<f64>,
    pub next: Vec<f64>,
}

/// What a thread keeps of a process.
#[derive(Default)]
struct Ahead {
    whose: Option<Whose>,
    /// The tile that was asked for last, and how many were without a gap, with it.
    last: u64,
    asked: u64,
    /// The first tile that is there, and how many there are.
    first: u64,
    count: u64,
    points: Points,
}

thread_local! {
    /// The one that was asked last comes first.
    static ALL: RefCell<Vec<Ahead>> = const { RefCell::new(Vec::new()) };
}

/// A tile's values; where they are not there, `make(first, count, points)` makes those of `count` tiles from `first` on. The
/// count is a power of two that divides `first`.
pub(super) fn tile(whose: Whose, number: u64, make: impl FnOnce(u64, u64, &mut Points)) -> [f64; TILE] {
    ALL.with_borrow_mut(|all| {
        let at = all.iter().position(|ahead| ahead.whose == Some(whose)).unwrap_or_else(|| {
            // The oldest one's memory serves the new one.
            let points =
                if all.len() == KEPT { all.pop().unwrap_or_default().points } else { Points::default() };
            all.push(Ahead { whose: Some(whose), points, ..Ahead::default() });
            all.len() - 1
        });
        all[..=at].rotate_right(1);
        all[0].tile(number, make)
    })
}

impl Ahead {
    fn tile(&mut self, number: u64, make: impl FnOnce(u64, u64, &mut Points)) -> [f64; TILE] {
        self.asked = match number.checked_sub(self.last) {
            Some(0) => self.asked.max(1),
            Some(1) if self.asked > 0 => self.asked + 1,
            _ => 1,
        };
        self.last = number;
        if number < self.first || number - self.first >= self.count {
            // As many as came before, from a place that such a number divides.
            let before = (self.asked - 1).clamp(1, MOST);
            let most = 1 << before.ilog2().min(number.trailing_zeros());
            (self.first, self.count) = (number, most);
            make(number, most, &mut self.points);
        }
        let mut tile = [0.0; TILE];
        let from = (number - self.first) as usize * TILE;
        tile.copy_from_slice(&self.points.now[from..from + TILE]);
        tile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_in_a_row_are_made_together() {
        let key = Key::new(1, "variable", "x");
        let mut made = Vec::new();
        let mut ask = |whose: u64, number: u64| {
            let values = tile((u64::MAX - whose, key), number, |first, count, points| {
                assert!(count.is_power_of_two() && first % count == 0);
                made.push((first, count));
                points.now.clear();
                points.now.extend((0..count * TILE as u64).map(|i| (first * TILE as u64 + i) as f64));
            });
            assert_eq!(values[7], (number * TILE as u64 + 7) as f64);
            std::mem::take(&mut made)
        };
        let mut all = Vec::new();
        for number in 0..100 {
            all.extend(ask(1, number));
        }
        assert_eq!(all, [(0, 1), (1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (32, 32), (64, 32), (96, 32)]);
        // What is there is not made again; other places are made alone, also for others.
        assert_eq!(ask(1, 99), []);
        assert_eq!(ask(1, 1000), [(1000, 1)]);
        assert_eq!(ask(1, 7), [(7, 1)]);
        assert_eq!(ask(2, 7), [(7, 1)]);
        assert_eq!(ask(1, 7), []);
        assert_eq!(ask(2, 8), [(8, 1)]);
        for whose in 3..7 {
            assert_eq!(ask(whose, (1 << 55) - 1), [((1 << 55) - 1, 1)]);
        }
        assert_eq!(ask(1, 7), [(7, 1)]);
    }
}
