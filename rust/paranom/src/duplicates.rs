//! Numbers that are there twice.

use crate::Result;
use crate::error::{try_filled, try_vec};
use crate::job::Job;

/// Numbers after which a long search looks at its job.
const PART: usize = 1 << 16;
/// Bits of a table for each number: so few numbers share a bit by chance that sorting those costs next to nothing.
const BITS: usize = 16;

/// How many of these numbers, hashes say, equal an earlier one.
///
/// Only numbers that share a bit of a table with another one are sorted: those that are there twice, and some
/// by chance.
///
/// # Errors
/// If the tables cannot be had, or the job is cancelled.
pub fn duplicates(numbers: &[u64], job: &Job) -> Result<usize> {
    let bits = (BITS * numbers.len()).next_power_of_two().max(64);
    let shift = 64 - bits.ilog2();
    let (mut seen, mut again) = (Table::new(bits)?, Table::new(bits)?);
    let bit = |number: u64| (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize;
    for part in numbers.chunks(PART) {
        job.check()?;
        for &number in part {
            if seen.set(bit(number)) {
                again.set(bit(number));
            }
        }
    }
    let mut shared = 0;
    for part in numbers.chunks(PART) {
        job.check()?;
        shared += part.iter().filter(|number| again.has(bit(**number))).count();
    }
    let mut found = try_vec(shared)?;
    found.extend(numbers.iter().copied().filter(|number| again.has(bit(*number))));
    job.check()?;
    found.sort_unstable();
    found.dedup();
    Ok(shared - found.len())
}

/// A bit for each place.
struct Table(Vec<u64>);

impl Table {
    fn new(bits: usize) -> Result<Self> {
        Ok(Self(try_filled(0, bits / 64)?))
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    /// Sets a bit, and says whether it was set.
    fn set(&mut self, place: usize) -> bool {
        let was = self.has(place);
        self.0[place / 64] |= 1 << (place % 64);
        was
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_counts_from_its_second_time_on() {
        let count = |numbers: &[u64]| duplicates(numbers, &Job::new()).unwrap();
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[7]), 0);
        assert_eq!(count(&[7; 5]), 4);
        let mixed: Vec<u64> = (0..10_000).chain(5_000..6_000).chain([3, 3, u64::MAX, 0]).collect();
        assert_eq!(count(&mixed), 1_000 + 2 + 1);
    }
}
