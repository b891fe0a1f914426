//! A set of keys as flat arrays, 14 to 16 bytes a key: linear probing with the keys kept in order.
//!
//! A key's home is its value scaled to the array, so homes rise with keys, every cluster is sorted, a search
//! stops at the first larger key, and growing is one pass from left to right. A key may carry a value.

use super::datum::Key;

/// Keys, each with what it carries: `()` for nothing, which takes no room.
#[derive(Debug)]
pub struct Table<V> {
    /// The upper part of each key; 0 marks an empty slot. Behind the homes is a tail for what is pushed beyond them.
    high: Vec<u64>,
    low: Vec<u32>,
    carried: Vec<V>,
    homes: usize,
    len: usize,
}

/// Room behind the homes, before the arrays must move.
const TAIL: usize = 16;

#[inline(always)]
fn home_of(high: u64, homes: usize) -> usize {
    ((u128::from(high) * homes as u128) >> 64) as usize
}

/// The few keys that would look like an empty slot stand for their neighbours.
#[inline(always)]
fn split(key: Key) -> (u64, u32) {
    (key.0.max(1), key.1)
}

impl<V: Copy + Default> Table<V> {
    /// An empty table.
    pub fn new() -> Self {
        Self { high: Vec::new(), low: Vec::new(), carried: Vec::new(), homes: 0, len: 0 }
    }

    /// An empty table with room for some keys at an easy load.
    pub fn with_room(keys: usize) -> Self {
        Self::with_homes(keys + keys / 2 + 16)
    }

    fn with_homes(homes: usize) -> Self {
        fn zeros<T: Copy + Default>(n: usize) -> Vec<T> {
            let mut vec = Vec::with_capacity(n + TAIL);
            vec.resize(n, T::default());
            vec
        }
        Self { high: zeros(homes), low: zeros(homes), carried: zeros(homes), homes, len: 0 }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes it takes.
    pub fn bytes(&self) -> usize {
        self.high.capacity() * 8 + self.low.capacity() * 4 + self.carried.capacity() * size_of::<V>()
    }

    /// Where a key is, or where it belongs.
    #[inline]
    fn find(&self, (high, low): (u64, u32)) -> Result<usize, usize> {
        let from = home_of(high, self.homes);
        for (i, &other) in self.high[from..].iter().enumerate() {
            if other >= high || other == 0 {
                let at = from + i;
                if other != high {
                    return Err(at);
                }
                match self.low[at].cmp(&low) {
                    std::cmp::Ordering::Equal => return Ok(at),
                    std::cmp::Ordering::Greater => return Err(at),
                    std::cmp::Ordering::Less => {}
                }
            }
        }
        Err(self.high.len())
    }

    /// What lies where a key would begin to look: 0 for nothing. Asked for ahead of `contains`, for many keys, the
    /// memory comes for all of them at once.
    #[inline]
    pub fn ahead(&self, key: Key) -> u64 {
        self.high.get(home_of(split(key).0, self.homes)).copied().unwrap_or(0)
    }

    /// Whether a key is there, given what `ahead` found.
    #[inline]
    pub fn contains(&self, key: Key, ahead: u64) -> bool {
        let key = split(key);
        ahead != 0 && ahead <= key.0 && self.find(key).is_ok()
    }

    /// What a key carries, if it is there; else it is put in and carries `value`.
    #[inline]
    pub fn get_or_insert(&mut self, key: Key, value: V) -> Option<&mut V> {
        let key = split(key);
        match self.find(key) {
            Ok(at) => Some(&mut self.carried[at]),
            Err(at) => {
                self.put(at, key, value);
                None
            }
        }
    }

    /// The keys and what they carry, in order.
    fn iter(&self) -> impl Iterator<Item = ((u64, u32), V)> {
        let keys = self.high.iter().zip(&self.low).zip(&self.carried);
        keys.filter(|((high, _), _)| **high != 0).map(|((high, low), value)| ((*high, *low), *value))
    }

    /// Puts in the keys of another table, without what they carry.
    pub fn extend<W: Copy + Default>(&mut self, other: &Table<W>) {
        /// From what share of new keys on a pass over all is quicker than to push clusters aside for each.
        const SHARE: usize = 8;
        let most = self.len + other.len;
        if most > full(self.homes) {
            // By an eighth at least: a table that has just room enough would move again with the next key.
            self.rebuild((most + most / 7 + 1).max(self.homes + self.homes / 8), other);
            return;
        }
        if other.len >= self.len / SHARE {
            self.rebuild(self.homes, other);
            return;
        }
        for (key, _) in other.iter() {
            if let Err(at) = self.find(key) {
                self.put(at, key, V::default());
            }
        }
    }

    fn put(&mut self, at: usize, key: (u64, u32), value: V) {
        let mut at = at;
        if self.len >= full(self.homes) {
            self.rebuild(self.homes + self.homes / 8, &Table::<()>::new());
            at = self.find(key).unwrap_or_else(|at| at);
        }
        // The rest of the cluster moves up.
        let (mut key, mut value) = (key, value);
        while at < self.high.len() && self.high[at] != 0 {
            std::mem::swap(&mut self.high[at], &mut key.0);
            std::mem::swap(&mut self.low[at], &mut key.1);
            std::mem::swap(&mut self.carried[at], &mut value);
            at += 1;
        }
        if at < self.high.len() {
            (self.high[at], self.low[at], self.carried[at]) = (key.0, key.1, value);
        } else {
            self.push(key, value);
        }
        self.len += 1;
    }

    /// Puts a key behind all slots. Room comes by the tail, not by doubling: a cluster ends soon.
    fn push(&mut self, (high, low): (u64, u32), value: V) {
        if self.high.len() == self.high.capacity() {
            self.high.reserve_exact(TAIL);
            self.low.reserve_exact(TAIL);
            self.carried.reserve_exact(TAIL);
        }
        self.high.push(high);
        self.low.push(low);
        self.carried.push(value);
    }

    /// Moves to a table of `homes`, together with the keys of another table: both are in order, so it is one pass.
    fn rebuild<W: Copy + Default>(&mut self, homes: usize, other: &Table<W>) {
        let mut new = Self::with_homes(homes.max(16));
        let mut free = 0;
        let mut others = other.iter().map(|(key, _)| key).peekable();
        for (key, value) in self.iter() {
            while let Some(before) = others.next_if(|other| *other < key) {
                new.append(&mut free, before, V::default());
            }
            others.next_if_eq(&key);
            new.append(&mut free, key, value);
        }
        for key in others {
            new.append(&mut free, key, V::default());
        }
        *self = new;
    }

    /// Puts in a key above all that are there; `free` is the slot behind the last of them.
    fn append(&mut self, free: &mut usize, (high, low): (u64, u32), value: V) {
        let at = home_of(high, self.homes).max(*free);
        if at < self.high.len() {
            (self.high[at], self.low[at], self.carried[at]) = (high, low, value);
        } else {
            self.push((high, low), value);
        }
        *free = at + 1;
        self.len += 1;
    }
}

/// How many keys are enough: 7/8. Then an eighth more homes, so 77 % to 88 % are in use.
fn full(homes: usize) -> usize {
    homes - homes / 8
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
        (0..n)
            .map(|i| {
                (
                    (u64::from(high(i)) << 32) | (u64::from(u32::MAX) * ((random(i) >> 40) & 1)),
                    (random(i) >> 45) as u32 % 300,
                )
            })
            .collect()
    }

    #[test]
    fn behaves_as_an_ordered_map() {
        for n in [0, 1, 7, 8, 9, 100, 5000] {
            let mut table = Table::<u32>::new();
            let mut roomy = Table::<u32>::with_room(100);
            let mut map = BTreeMap::new();
            for (i, key) in keys(n).into_iter().enumerate() {
                let known = map.get(&split(key)).copied();
                map.entry(split(key)).or_insert(i as u32);
                assert_eq!(table.get_or_insert(key, i as u32).copied(), known);
                assert_eq!(roomy.get_or_insert(key, i as u32).copied(), known);
            }
            assert_eq!(table.len(), map.len());
            let found = |table: &Table<u32>| -> Vec<((u64, u32), u32)> { table.iter().collect() };
            assert_eq!(found(&table), map.clone().into_iter().collect::<Vec<_>>());
            assert_eq!(found(&roomy), found(&table));
            let mut set = Table::<()>::new();
            set.extend(&table);
            set.extend(&roomy);
            assert_eq!(set.len(), map.len());
            assert!(keys(n).into_iter().all(|key| set.contains(key, set.ahead(key))));
            let absent = (1 << 32 | 2, 3000);
            assert!(!set.contains(absent, set.ahead(absent)));
        }
    }

    #[test]
    fn sixteen_bytes_a_key_are_enough() {
        let mut set = Table::<()>::new();
        for i in 0..40_000 {
            let mut one = Table::<u32>::new();
            one.get_or_insert((random(i), i as u32), 0);
            set.extend(&one);
            assert!(i < 2000 || set.bytes() <= 16 * set.len(), "{} bytes for {}", set.bytes(), set.len());
        }
    }
}
