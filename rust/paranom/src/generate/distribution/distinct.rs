//! A different value in every row, in random order: the row goes through a keyed bijection of the values' numbers.
//!
//! The bijection is a Feistel network on the smallest power of two that holds all numbers; what falls beyond them goes
//! through again until it does not (cycle walking: Black and Rogaway 2002). No memory, and any row is
//! computable alone. It has no row beyond the number of values, and nothing that another try could change.

use crate::Result;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{Source, TILE, word};
use crate::simd::{Kernel, dispatch};
use crate::spec::{Field, Table};

/// The values that the numbers mean.
#[derive(Debug)]
enum Values {
    /// low, low + 1, ...
    Whole(i64),
    /// low + width * number / count.
    Even { low: f64, width: f64, high: f64 },
    /// Those in a list.
    Listed(Vec<f64>),
}

#[derive(Debug)]
struct Distinct {
    values: Values,
    count: u64,
    site: Site,
}

/// Whole numbers up to here are exact in a float.
const MOST: i128 = 1 << 53;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    if scope.per_event() {
        return Err(table.invalid("must not be drawn once per event: distinct draws belong to rows"));
    }
    let of = table.need("of")?;
    let inner = of.table()?;
    let kind = inner.need("kind")?;
    let (values, count) = match kind.text()? {
        "integers" => {
            let low = inner.need("low")?.whole(-MOST, MOST)?;
            let high = inner.need("high")?;
            let end = high.whole(-MOST, MOST)?;
            if end <= low {
                return Err(high.invalid(format!("must be > low ({low})")));
            }
            (Values::Whole(low as i64), (end - low) as u64)
        }
        "uniform" => {
            let low = inner.need("low")?.number()?;
            let field = inner.need("high")?;
            let high = field.number()?;
            if low >= high || !(high - low).is_finite() {
                return Err(field.invalid(format!("must be > low ({low}), and not infinitely far from it")));
            }
            (Values::Even { low, width: high - low, high }, 1 << grid_bits(low, high))
        }
        "choice" => {
            let list = inner.need("values")?;
            let mut values: Vec<f64> = list.list()?.iter().map(Field::number).collect::<Result<_>>()?;
            for x in &mut values {
                *x += 0.0; // -0.0 and 0.0 are the same value
            }
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            if values.is_empty() {
                return Err(list.invalid("must hold at least one value"));
            }
            let count = values.len() as u64;
            (Values::Listed(values), count)
        }
        _ => {
            return Err(kind.invalid("must be integers, uniform or choice (without weights), to be distinct"));
        }
    };
    inner.finish()?;
    scope.end_at(count);
    Ok(Box::new(Distinct { values, count, site: scope.fixed_site(table)? }))
}

/// log2 of the number of values between two numbers: so many that rounding cannot make two of them equal.
fn grid_bits(low: f64, high: f64) -> u32 {
    let most = low.abs().max(high.abs());
    let ulp = most - most.next_down();
    let mut bits = 0;
    let mut gap = (high - low) * 0.5;
    while bits < 52 && gap >= 8.0 * ulp {
        gap *= 0.5;
        bits += 1;
    }
    bits
}

const ROUNDS: usize = 8;

/// A bijection of 0..2^bits.
#[derive(Clone, Copy)]
struct Feistel {
    keys: [u64; ROUNDS],
    /// Bits of the right half, and masks of both.
    shift: u32,
    left: u64,
    right: u64,
}

impl Feistel {
    fn new(source: Source, bits: u32) -> Self {
        let shift = bits.div_ceil(2);
        let mut keys = [0; ROUNDS];
        for (i, key) in keys.iter_mut().enumerate() {
            *key = word(source, i as u64) & 0xffff_ffff;
        }
        Self { keys, shift, left: (1 << (bits - shift)) - 1, right: (1 << shift) - 1 }
    }

    /// A round: a product of 32-bit numbers, its halves folded, as in Philox.
    #[inline(always)]
    fn mix(half: u64, key: u64) -> u64 {
        // Both are below 2^32. The mask tells the compiler, which else makes a slow 64-bit multiplication.
        let product = ((half ^ key) & 0xffff_ffff).wrapping_mul(0xd251_1f53);
        (product >> 32) ^ (product >> 15) ^ product
    }

    #[inline(always)]
    fn apply(self, x: u64) -> u64 {
        let (mut left, mut right) = (x >> self.shift, x & self.right);
        for i in (0..ROUNDS).step_by(2) {
            left ^= Self::mix(right, self.keys[i]) & self.left;
            right ^= Self::mix(left, self.keys[i + 1]) & self.right;
        }
        left << self.shift | right
    }
}

/// Replaces numbers by their images.
struct Apply<'a>(Feistel, &'a mut [u64]);

impl Kernel for Apply<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for x in self.1 {
            *x = self.0.apply(*x);
        }
    }
}

/// Writes the images of numbers that follow each other.
struct Count<'a>(Feistel, u64, &'a mut [u64]);

impl Kernel for Count<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (j, x) in self.2.iter_mut().enumerate() {
            *x = self.0.apply(self.1.wrapping_add(j as u64));
        }
    }
}

/// Turns numbers below 2^53 into `low + width * (number * step)`.
struct Scale<'a> {
    low: f64,
    width: f64,
    step: f64,
    numbers: &'a [u64],
    out: &'a mut [f64],
}

impl Kernel for Scale<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (x, number) in self.out.iter_mut().zip(self.numbers) {
            *x = self.low + self.width * (*number as f64 * self.step);
        }
    }
}

impl Distinct {
    /// The numbers of the values of rows from `at.row` on.
    fn numbers(&self, at: At, numbers: &mut [u64]) {
        let bits = u64::BITS - (self.count - 1).leading_zeros();
        let feistel = Feistel::new(Source { attempt: 0, ..at.source(self.site) }, bits);
        let mut rest = &mut *numbers;
        let mut first = at.row % self.count;
        while !rest.is_empty() {
            // Once: the plan refuses rows beyond the count.
            let take = rest.len().min(usize::try_from(self.count - first).unwrap_or(usize::MAX));
            let (now, later) = rest.split_at_mut(take);
            dispatch(Count(feistel, first, now));
            (rest, first) = (later, 0);
        }
        if self.count == 1 << bits {
            return;
        }
        // What lies beyond goes through again: gathered, so that each time is one vectorised pass.
        let mut beyond = [0; TILE];
        let mut places = [0_u16; TILE];
        let mut n = 0;
        for (j, &x) in numbers.iter().enumerate() {
            (beyond[n], places[n]) = (x, j as u16);
            n += usize::from(x >= self.count);
        }
        while n > 0 {
            dispatch(Apply(feistel, &mut beyond[..n]));
            let mut left = 0;
            for i in 0..n {
                let (x, j) = (beyond[i], places[i]);
                numbers[j as usize] = x;
                (beyond[left], places[left]) = (x, j);
                left += usize::from(x >= self.count);
            }
            n = left;
        }
    }
}

impl Rule for Distinct {
    fn fill(&self, at: At, out: &mut [f64]) {
        let mut buffer = [0; TILE];
        let numbers = &mut buffer[..out.len()];
        self.numbers(at, numbers);
        match &self.values {
            // Whole numbers up to 2^53, and so their sums here, are exact as floats, which are vectorised.
            Values::Whole(low) if i128::from(self.count) <= MOST => {
                dispatch(Scale { low: *low as f64, width: 1.0, step: 1.0, numbers, out });
            }
            Values::Whole(low) => {
                for (x, number) in out.iter_mut().zip(numbers) {
                    *x = (low + *number as i64) as f64;
                }
            }
            Values::Even { low, width, .. } => {
                let step = 1.0 / self.count as f64; // a power of two: exact
                dispatch(Scale { low: *low, width: *width, step, numbers, out });
            }
            Values::Listed(values) => {
                for (x, number) in out.iter_mut().zip(numbers) {
                    *x = values[*number as usize];
                }
            }
        }
    }

    fn bounds(&self) -> (f64, f64) {
        match &self.values {
            Values::Whole(low) => (*low as f64, (low + (self.count as i64 - 1)) as f64),
            Values::Even { low, width, .. } => (*low, low + width),
            Values::Listed(values) => (values[0], values[values.len() - 1]),
        }
    }

    fn below(&self) -> Option<f64> {
        match &self.values {
            Values::Whole(low) => Some((low + self.count as i64) as f64),
            Values::Even { high, .. } => Some(*high),
            Values::Listed(_) => None,
        }
    }

    fn support(&self) -> Option<u64> {
        Some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::basis::Basis;
    use crate::generate::time::Time;
    use crate::random::{Key, Stream};
    use crate::spec::{Canonical, Value};

    #[test]
    fn neighbours_on_the_finest_grid_differ() {
        for (low, high) in
            [(2.0, 5.0), (0.0, 1.0), (-1.0, 1e-3), (1e9, 1e9 + 1.0), (1.0, 1.0 + 1e-14), (-3e300, 4e300)]
        {
            let bits = grid_bits(low, high);
            let step = 1.0 / (1_u64 << bits) as f64;
            let at = |number: u64| low + (high - low) * (number as f64 * step);
            let last = (1_u64 << bits) - 1;
            for number in (0..last.min(2000)).chain(last.saturating_sub(2000)..last) {
                assert!(at(number) < at(number + 1), "{number} of 2^{bits} in [{low}, {high})");
            }
            assert!(at(last) < high);
        }
    }

    #[test]
    fn every_number_comes_once() {
        let empty = Value::Table(Vec::new());
        let canonical = Canonical::default();
        let table = Field::root(&empty, &canonical).table().unwrap();
        let basis = Basis { seed: 0, stream: Stream::NEWEST, time: Time::Row };
        let site = Scope::new(|field, _| Err(field.wrong("no rule")), false, &[].into(), basis)
            .fixed_site(&table)
            .unwrap();
        for count in [1, 2, 3, 5, 64, 1000, 4096, 10_007] {
            let rule = Distinct { values: Values::Whole(0), count, site };
            let key = Key::new(7, "variable", "x");
            let mut seen = vec![false; count as usize];
            let mut row = 0;
            while row < count {
                let mut numbers = [0; TILE];
                let n = (count - row).min(TILE as u64) as usize;
                rule.numbers(
                    At { key, row, attempt: 0, event: None, positions: None, view: None },
                    &mut numbers[..n],
                );
                for &number in &numbers[..n] {
                    assert!(!std::mem::replace(&mut seen[number as usize], true));
                }
                row += n as u64;
            }
            assert!(seen.iter().all(|x| *x));
        }
    }
}
