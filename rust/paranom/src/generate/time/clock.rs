//! Clocks: times that go up by a step a row, and may jitter and leave gaps.

use super::arrivals;
use super::draws::{Purpose, source};
use crate::Result;
use crate::generate::block::by_tile;
use crate::generate::position::Position;
use crate::random::{Key, TILE, below, scale, unit, word, words};
use crate::spec::{Field, Table, Value};

/// Times that go up by a step a row; by more across a gap; each a little early or late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock<T> {
    pub(super) start: T,
    pub(super) step: T,
    /// How far a time is early or late at most: less than half a step, so that times keep their order.
    jitter: T,
    gaps: Option<Gaps<T>>,
    /// Whether rows come by chance, a step apart on average.
    arrivals: bool,
    key: Key,
    /// Whether times that are the same for several rows are refused.
    pub(super) strict: bool,
}

/// One interval of time without rows in every so many rows.
///
/// How much all gaps before a row take must be known without adding them up. So the sum is the mean times their number,
/// and each sum is shifted by a draw of its own: then a gap, the difference of two sums, lies between the shortest and the
/// longest.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gaps<T> {
    every: u64,
    mean: T,
    /// How far sums are shifted at most.
    most: T,
}

/// Ticks in a step of numbers, between which rows that come by chance lie.
const TICKS: u64 = 1 << 20;
/// The shortest step, in whole numbers, of rows that come by chance: they are at least 1 apart.
const SHORTEST_WAIT: i64 = 1000;

/// Most rows from gap to gap, and longest gap in nanoseconds.
const MOST_EVERY: i128 = 1 << 53;
const LONGEST: i128 = 1 << 62;

/// A length of gaps, or the shortest and the longest.
fn lengths<T: PartialOrd + Copy>(field: &Field, read: impl Fn(&Field) -> Result<T>) -> Result<(T, T)> {
    let Value::List(_) = field.value else {
        let length = read(field)?;
        return Ok((length, length));
    };
    let ends = field.list()?;
    let [low, high] = &ends[..] else {
        return Err(field.invalid("must be a length, or the shortest and the longest"));
    };
    let (shortest, longest) = (read(low)?, read(high)?);
    if shortest > longest {
        return Err(high.invalid("must be >= the shortest"));
    }
    Ok((shortest, longest))
}

/// How often there is a gap, and what `length` makes of its shortest and longest lengths.
fn read_gaps<T>(table: &Table, length: impl Fn(&Field) -> Result<(T, T)>) -> Result<Option<Gaps<T>>> {
    let Some(field) = table.get("gaps") else { return Ok(None) };
    let table = field.table()?;
    let every = table.need("every")?.whole(1, MOST_EVERY)? as u64;
    let (mean, most) = length(&table.need("length")?)?;
    table.finish()?;
    Ok(Some(Gaps { every, mean, most }))
}

impl<T> Gaps<T> {
    /// How many gaps lie before a row, and how many rows from it on (with it) this is so.
    fn before(&self, clock: Key, row: u64) -> (u64, u64) {
        let source = source(clock, Purpose::Place, 0);
        // A gap lies behind the row at its place, so none lies before row 0.
        let place = |slot| below(source, slot, self.every);
        let (slot, within) = (row / self.every, row % self.every);
        let here = place(slot);
        if within > here {
            let next = place(slot.wrapping_add(1));
            (slot + 1, (self.every - within).saturating_add(next).saturating_add(1))
        } else {
            (slot, here - within + 1)
        }
    }
}

/// Reads whether rows come by chance.
fn read_arrivals(table: &Table, jitter: bool) -> Result<bool> {
    let Some(field) = table.get("arrivals") else { return Ok(false) };
    if field.text()? != "poisson" {
        return Err(field.invalid("must be poisson"));
    }
    if jitter { Err(field.invalid("must go without jitter: times are random already")) } else { Ok(true) }
}

impl<T: Copy> Clock<T> {
    /// Calls `add` with the number of gaps before each row, for runs of rows that have the same.
    fn each_run(&self, row: u64, len: usize, mut add: impl FnMut(&Gaps<T>, u64, std::ops::Range<usize>)) {
        let Some(gaps) = &self.gaps else { return };
        let mut from = 0;
        while from < len {
            let (number, left) = gaps.before(self.key, row + from as u64);
            let to = len.min(from.saturating_add(left as usize));
            add(gaps, number, from..to);
            from = to;
        }
    }

    /// 64 random bits for the jitter of each row of a tile.
    fn jitters(&self, row: u64, len: usize) -> [u64; TILE] {
        let mut bits = [0; TILE];
        words(source(self.key, Purpose::Jitter, 0), row, &mut bits[..len]);
        bits
    }
}

impl Clock<f64> {
    /// Reads a clock of numbers.
    pub fn parse(table: &Table, seed: u64, strict: bool) -> Result<Self> {
        let start = table.need("start")?.number()?;
        let field = table.need("step")?;
        let step = field.number()?;
        if step <= 0.0 {
            return Err(field.invalid("must be > 0"));
        }
        let jitter = match table.get("jitter") {
            None => 0.0,
            Some(field) => {
                let jitter = field.number()?;
                if !(jitter >= 0.0 && 2.0 * jitter < step) {
                    return Err(
                        field.invalid("must be >= 0 and less than half the step: times keep their order")
                    );
                }
                jitter
            }
        };
        let positive = |field: &Field| {
            let length = field.number()?;
            if length >= 0.0 { Ok(length) } else { Err(field.invalid("must be >= 0")) }
        };
        let gaps = read_gaps(table, |field| {
            let (shortest, longest) = lengths(field, positive)?;
            Ok((shortest + 0.5 * (longest - shortest), 0.5 * (longest - shortest)))
        })?;
        let arrivals = read_arrivals(table, jitter > 0.0)?;
        Ok(Self { start, step, jitter, gaps, arrivals, key: Key::new(seed, "time", ""), strict })
    }

    /// Whether times near a row's are finite, and so far apart that rounding leaves them in order.
    pub fn tells_apart(&self, row: u64) -> bool {
        let time = self.of(row);
        let ulp = time.abs().next_up() - time.abs();
        let apart = if self.arrivals { self.step / TICKS as f64 } else { self.step - 2.0 * self.jitter };
        time.is_finite() && 4.0 * ulp <= apart
    }

    /// The times of rows.
    pub fn fill(&self, row: u64, out: &mut [f64]) {
        by_tile(row, out, |row, out| {
            if self.arrivals {
                let mut ticks = [0; TILE];
                arrivals::fill(self.key, TICKS, row, &mut ticks[..out.len()]);
                for (t, ticks) in out.iter_mut().zip(ticks) {
                    *t = self.start + ticks as f64 / TICKS as f64 * self.step;
                }
            } else {
                for (j, t) in out.iter_mut().enumerate() {
                    *t = self.start + (row + j as u64) as f64 * self.step;
                }
            }
            let shift = |n: u64| unit(word(source(self.key, Purpose::Length, 0), n));
            self.each_run(row, out.len(), |gaps, n, run| {
                let sum = n as f64 * gaps.mean + (shift(n) - shift(0)) * gaps.most;
                out[run].iter_mut().for_each(|t| *t += sum);
            });
            if self.jitter > 0.0 {
                let bits = self.jitters(row, out.len());
                for (t, bits) in out.iter_mut().zip(bits) {
                    *t += (2.0 * unit(bits) - 1.0) * self.jitter;
                }
            }
        });
    }

    /// How many steps after `start` rows that lie in one tile are.
    pub fn positions(&self, row: u64, out: &mut [Position]) {
        let mut times = [0.0; TILE];
        self.fill(row, &mut times[..out.len()]);
        for (to, time) in out.iter_mut().zip(times) {
            *to = Position::beside(0, (time - self.start) / self.step);
        }
    }

    /// The time of a row.
    pub fn of(&self, row: u64) -> f64 {
        let mut time = [0.0];
        self.fill(row, &mut time);
        time[0]
    }
}

impl Clock<i64> {
    /// Reads the clock of datetimes, which a calendar has, too.
    pub fn parse(table: &Table, seed: u64) -> Result<Self> {
        let start = table.need("start")?.whole(i64::MIN.into(), i64::MAX.into())? as i64;
        let step = table.need("step")?.whole(1, i64::MAX.into())? as i64;
        let jitter = match table.get("jitter") {
            None => 0,
            Some(field) => {
                let jitter = field.whole(0, i64::MAX.into())? as i64;
                if jitter > (step - 1) / 2 || start.checked_sub(jitter).is_none() {
                    return Err(
                        field.invalid("must be >= 0 and less than half the step: times keep their order")
                    );
                }
                jitter
            }
        };
        let gaps = read_gaps(table, |field| {
            let (shortest, longest) = lengths(field, |field| field.whole(0, LONGEST))?;
            let mean = (shortest + longest) / 2;
            Ok((mean as i64, (mean - shortest) as i64))
        })?;
        let arrivals = read_arrivals(table, jitter > 0)?;
        if arrivals && step < SHORTEST_WAIT {
            let rule = format!(
                "must be >= {SHORTEST_WAIT} with arrivals, which are whole numbers, at least 1 apart"
            );
            return Err(table.need("step")?.invalid(rule));
        }
        Ok(Self { start, step, jitter, gaps, arrivals, key: Key::new(seed, "time", ""), strict: true })
    }

    /// A clock whose row 0 is at a time; its step is of no account.
    pub(super) fn at(start: i64, seed: u64) -> Self {
        let key = Key::new(seed, "time", "");
        Self { start, step: 1, jitter: 0, gaps: None, arrivals: false, key, strict: true }
    }

    /// Whether all times are a step apart.
    pub fn is_even(&self) -> bool {
        self.jitter == 0 && self.gaps.is_none() && !self.arrivals
    }

    /// From row to row, but for gaps and jitter.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// The times of rows; those after the year 2262 wrap around.
    pub fn fill(&self, row: u64, out: &mut [i64]) {
        if self.is_even() {
            for (j, t) in out.iter_mut().enumerate() {
                *t = ((row + j as u64) as i64).wrapping_mul(self.step).wrapping_add(self.start);
            }
            return;
        }
        by_tile(row, out, |row, out| {
            let mut exact = [0; TILE];
            self.fill_exact(row, &mut exact[..out.len()]);
            for (t, exact) in out.iter_mut().zip(exact) {
                *t = exact as i64;
            }
        });
    }

    /// The times of rows that lie in one tile, however far away.
    pub fn fill_exact(&self, row: u64, out: &mut [i128]) {
        let (start, step) = (i128::from(self.start), i128::from(self.step));
        if self.arrivals {
            let mut ticks = [0; TILE];
            arrivals::fill(self.key, self.step as u64, row, &mut ticks[..out.len()]);
            for (t, ticks) in out.iter_mut().zip(ticks) {
                *t = start + ticks as i128;
            }
        } else {
            for (j, t) in out.iter_mut().enumerate() {
                *t = start + step * i128::from(row + j as u64);
            }
        }
        self.each_run(row, out.len(), |gaps, n, run| {
            let source = source(self.key, Purpose::Length, 0);
            let shift = |n| i128::from(below(source, n, gaps.most as u64 + 1));
            let sum = i128::from(n) * i128::from(gaps.mean) + (shift(n) - shift(0));
            out[run].iter_mut().for_each(|t| *t += sum);
        });
        if self.jitter > 0 {
            let width = 2 * self.jitter as u64 + 1;
            let bits = self.jitters(row, out.len());
            for (t, bits) in out.iter_mut().zip(bits) {
                *t += i128::from(scale(bits, width)) - i128::from(self.jitter);
            }
        }
    }

    /// How many steps after `start` rows that lie in one tile are.
    pub fn positions(&self, row: u64, out: &mut [Position]) {
        let mut times = [0; TILE];
        self.fill_exact(row, &mut times[..out.len()]);
        let (start, step) = (i128::from(self.start), i128::from(self.step));
        for (to, time) in out.iter_mut().zip(times) {
            let since = (time - start).max(0);
            let row = u64::try_from(since / step);
            let part = (since % step) as f64 / step as f64;
            // Rounded up to a whole step, it is the place next to it, as near as floats tell.
            let part = part.min(1.0 - f64::EPSILON / 2.0);
            *to = row.map_or(Position { row: u64::MAX, part: 0.0 }, |row| Position { row, part });
        }
    }

    /// The time of a row, however far away.
    pub fn exact(&self, row: u64) -> i128 {
        let mut time = [0];
        self.fill_exact(row, &mut time);
        time[0]
    }

    /// The time of a row; one after the year 2262 wraps around.
    pub fn of(&self, row: u64) -> i64 {
        self.exact(row) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(jitter: i64, every: u64, mean: i64, most: i64) -> Clock<i64> {
        let gaps = Some(Gaps { every, mean, most });
        Clock {
            start: -50,
            step: 10,
            jitter,
            gaps,
            arrivals: false,
            key: Key::new(1, "time", ""),
            strict: true,
        }
    }

    #[test]
    fn times_rise_and_slices_agree() {
        for (jitter, every, mean, most) in
            [(4, 1, 3, 3), (0, 7, 100, 0), (4, 100, 1 << 40, 1 << 39), (1, 512, 0, 0)]
        {
            let clock = clock(jitter, every, mean, most);
            for start in [0, 511, 1 << 40, u64::MAX - 1999] {
                let mut all = vec![0; 2000];
                by_tile(start, &mut all, |row, out| clock.fill_exact(row, out));
                assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
                for j in [0, 1, 700, 1999] {
                    assert_eq!(clock.exact(start + j as u64), all[j]);
                }
            }
        }
    }

    #[test]
    fn one_gap_in_every_interval() {
        let clock = clock(0, 100, 1000, 500);
        let mut times = vec![0; 100_001];
        clock.fill(0, &mut times);
        let gaps: Vec<(usize, i64)> = times
            .windows(2)
            .enumerate()
            .map(|(row, pair)| (row, pair[1] - pair[0] - 10))
            .filter(|g| g.1 > 0)
            .collect();
        assert_eq!(gaps.len(), 1000);
        assert!(
            gaps.iter()
                .enumerate()
                .all(|(slot, (row, length))| row / 100 == slot && (500..=1500).contains(length))
        );
        assert_eq!(times[0], -50);
    }
}
