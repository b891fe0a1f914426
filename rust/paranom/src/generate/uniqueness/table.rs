//! A set of keys as one array, 14 to 16 bytes a key: linear probing with the keys kept in order.
//!
//! A key's home is its value scaled to the array, so homes rise with keys, every cluster is sorted, a search
//! stops at the first larger key, and growing is one pass from left to right. An entry may carry words behind its key.

use super::datum::Key;

/// Entries of `N` words: three of the key, which is never all zeros, then those it carries.
#[derive(Debug)]
pub struct Table<const N: usize> {
    /// The homes, and a tail for what is pushed beyond them.
    slots: Vec<[u32; N]>,
    homes: usize,
    len: usize,
}

/// An entry's key. Zeros mark an empty slot.
#[inline(always)]
fn key_of<const N: usize>(entry: &[u32; N]) -> u128 {
    u128::from(entry[0]) << 64 | u128::from(entry[1]) << 32 | u128::from(entry[2])
}

#[inline(always)]
fn home_of(key: u128, homes: usize) -> usize {
    (((key >> 32) * homes as u128) >> 64) as usize
}

impl<const N: usize> Table<N> {
    /// An empty table.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), homes: 0, len: 0 }
    }

    /// An empty table with room for some entries at an easy load.
    pub fn with_room(entries: usize) -> Self {
        let homes = entries + entries / 2 + 16;
        Self { slots: vec![[0; N]; homes], homes, len: 0 }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes it takes.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<[u32; N]>()
    }

    /// Where a key is, or where it belongs.
    #[inline]
    fn find(&self, key: u128) -> Result<usize, usize> {
        let mut at = if self.homes == 0 { 0 } else { home_of(key, self.homes) };
        while let Some(entry) = self.slots.get(at) {
            let other = key_of(entry);
            if other == 0 || other > key {
                return Err(at);
            }
            if other == key {
                return Ok(at);
            }
            at += 1;
        }
        Err(at)
    }

    /// Whether a key is there.
    #[inline]
    pub fn contains(&self, key: Key) -> bool {
        self.find(nonzero(key)).is_ok()
    }

    /// The entry of a key, if it is there; else `entry` is put in.
    #[inline]
    pub fn get_or_insert(&mut self, key: Key, carried: [u32; 1]) -> Option<&mut u32>
    where
        [u32; N]: FromKey<1>,
    {
        let key = nonzero(key);
        match self.find(key) {
            Ok(at) => Some(&mut self.slots[at][3]),
            Err(at) => {
                self.put(at, key, <[u32; N]>::from_key(key, carried));
                None
            }
        }
    }

    /// Puts in keys that are not there.
    pub fn extend<const M: usize>(&mut self, other: &Table<M>)
    where
        [u32; N]: FromKey<0>,
    {
        for entry in other.slots.iter().filter(|entry| key_of(entry) != 0) {
            let key = key_of(entry);
            if let Err(at) = self.find(key) {
                self.put(at, key, <[u32; N]>::from_key(key, []));
            }
        }
    }

    fn put(&mut self, at: usize, key: u128, entry: [u32; N]) {
        let mut at = at;
        // Full at 7/8; then an eighth more. So 77 % to 88 % are in use.
        if self.len >= self.homes - self.homes / 8 {
            self.grow();
            at = self.find(key).unwrap_or_else(|at| at);
        }
        let rest = &self.slots[at.min(self.slots.len())..];
        match rest.iter().position(|entry| key_of(entry) == 0) {
            Some(free) => {
                self.slots.copy_within(at..at + free, at + 1);
                self.slots[at] = entry;
            }
            None => self.slots.insert(at, entry),
        }
        self.len += 1;
    }

    fn grow(&mut self) {
        let homes = (self.homes + self.homes / 8).max(16);
        let mut slots = Vec::new();
        slots.reserve_exact(homes + 8);
        slots.resize(homes, [0; N]);
        let mut free = 0;
        for entry in std::mem::take(&mut self.slots) {
            let key = key_of(&entry);
            if key != 0 {
                free = home_of(key, homes).max(free);
                if free < slots.len() { slots[free] = entry } else { slots.push(entry) }
                free += 1;
            }
        }
        (self.slots, self.homes) = (slots, homes);
    }
}

/// An entry made of a key and the words it carries.
pub trait FromKey<const CARRIED: usize> {
    /// Makes it.
    fn from_key(key: u128, carried: [u32; CARRIED]) -> Self;
}

impl FromKey<0> for [u32; 3] {
    fn from_key(key: u128, _: [u32; 0]) -> Self {
        [(key >> 64) as u32, (key >> 32) as u32, key as u32]
    }
}

impl FromKey<1> for [u32; 4] {
    fn from_key(key: u128, [carried]: [u32; 1]) -> Self {
        [(key >> 64) as u32, (key >> 32) as u32, key as u32, carried]
    }
}

/// The one key that would look like an empty slot stands for its neighbour.
fn nonzero(key: Key) -> u128 {
    key_of(&key).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::random::{Key as Philox, Source, word};

    fn random(i: u64) -> u64 {
        word(Source { key: Philox::new(1, "test", "table"), site: 0, attempt: 0 }, i)
    }

    /// Keys that crowd at both ends of the array, and some in between; many come twice.
    fn keys(n: u64) -> Vec<Key> {
        let high = |i| match random(i) % 4 {
            0 => 0,
            1 => u32::MAX,
            _ => random(i) as u32,
        };
        (0..n).map(|i| [high(i), u32::MAX * (random(i) >> 40 & 1) as u32, (random(i) >> 45) as u32 % 300]).collect()
    }

    #[test]
    fn behaves_as_an_ordered_map() {
        for n in [0, 1, 7, 8, 9, 100, 5000] {
            let mut table = Table::<4>::new();
            let mut roomy = Table::<4>::with_room(100);
            let mut map = BTreeMap::new();
            for (i, key) in keys(n).into_iter().enumerate() {
                let known = map.get(&nonzero(key)).copied();
                map.entry(nonzero(key)).or_insert(i as u32);
                assert_eq!(table.get_or_insert(key, [i as u32]).copied(), known);
                assert_eq!(roomy.get_or_insert(key, [i as u32]).copied(), known);
            }
            assert_eq!(table.len(), map.len());
            let found = |table: &Table<4>| -> Vec<(u128, u32)> {
                table.slots.iter().filter(|e| key_of(*e) != 0).map(|e| (key_of(e), e[3])).collect()
            };
            assert_eq!(found(&table), map.clone().into_iter().collect::<Vec<_>>());
            assert_eq!(found(&roomy), found(&table));
            let mut set = Table::<3>::new();
            set.extend(&table);
            set.extend(&roomy);
            assert_eq!(set.len(), map.len());
            assert!(keys(n).into_iter().all(|key| set.contains(key)));
            assert!(!set.contains([1, 2, 3000]));
        }
    }

    #[test]
    fn sixteen_bytes_a_key_are_enough() {
        let mut set = Table::<3>::new();
        for i in 0..40_000 {
            let mut one = Table::<4>::new();
            one.get_or_insert([random(i) as u32, (random(i) >> 32) as u32, i as u32], [0]);
            set.extend(&one);
            assert!(i < 2000 || set.bytes() <= 16 * set.len(), "{} bytes for {}", set.bytes(), set.len());
        }
    }
}
