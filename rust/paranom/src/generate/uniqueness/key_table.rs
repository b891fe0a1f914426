//! A set of keys in buckets of eight, 9 to 16 bytes a key.
//!
//! A bucket is one line of the cache, filled from the front: to compare all of its keys at once is mostly enough. A key's
//! home is its upper part scaled to the buckets; what finds its home full goes to the next bucket that has room. Homes
//! rise with keys, so to grow, or to add another table, passes over both from left to right. A key may have a value.

use super::datum::DatumKey;
use crate::error::try_filled;
use crate::simd::prefetch;

/// Keys of a bucket.
const SLOTS: usize = 8;

/// The upper parts of keys; 0 marks an empty slot.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Bucket([u64; SLOTS]);

/// Keys, each with a value: `()` for none, which takes no memory.
#[derive(Debug)]
pub struct KeyTable<V> {
    /// Whether keys have a lower part.
    long: bool,
    high: Vec<Bucket>,
    low: Vec<[u32; SLOTS]>,
    values: Vec<[V; SLOTS]>,
    /// How many keys each bucket has.
    filled: Vec<u8>,
    len: usize,
}

/// The few keys that would look like an empty slot are replaced by their neighbours.
#[inline(always)]
fn split(key: DatumKey) -> DatumKey {
    (key.0.max(1), key.1)
}

impl<V: Copy + Default> KeyTable<V> {
    /// An empty table, for keys with or without a lower part.
    pub fn new(long: bool) -> Self {
        let (high, low, values, filled) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { long, high, low, values, filled, len: 0 }
    }

    fn with_buckets(long: bool, n: usize) -> crate::Result<Self> {
        let low = try_filled([0; SLOTS], if long { n } else { 0 })?;
        let (high, values) = (try_filled(Bucket::default(), n)?, try_filled([V::default(); SLOTS], n)?);
        Ok(Self { long, high, low, values, filled: try_filled(0, n)?, len: 0 })
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.high)
            + size_of_val(&*self.low)
            + size_of_val(&*self.values)
            + size_of_val(&*self.filled)
    }

    #[inline(always)]
    fn home(&self, key: DatumKey) -> usize {
        ((u128::from(key.0) * self.high.len() as u128) >> 64) as usize
    }

    #[inline(always)]
    fn after(&self, bucket: usize) -> usize {
        if bucket + 1 == self.high.len() { 0 } else { bucket + 1 }
    }

    /// Whether a key is in a bucket: all eight are compared, in a few instructions and without a jump.
    #[inline(always)]
    #[allow(clippy::needless_bitwise_bool)] // lazy ones are jumps
    fn holds(&self, bucket: usize, key: DatumKey) -> bool {
        let high = &self.high[bucket].0;
        if self.long {
            let both = high.iter().zip(&self.low[bucket]);
            both.fold(false, |found, (high, low)| found | ((*high == key.0) & (*low == key.1)))
        } else {
            high.iter().fold(false, |found, high| found | (*high == key.0))
        }
    }

    /// The bucket that a key is in, or that it belongs to.
    #[inline(always)]
    fn find(&self, key: DatumKey) -> Result<usize, usize> {
        let mut bucket = self.home(key);
        loop {
            if self.holds(bucket, key) {
                return Ok(bucket);
            }
            if self.high[bucket].0[SLOTS - 1] == 0 {
                return Err(bucket);
            }
            bucket = self.after(bucket);
        }
    }

    /// Fetches the memory that `contains` will read.
    #[inline(always)]
    pub fn prefetch(&self, key: DatumKey) {
        let home = self.home(split(key));
        if let Some(bucket) = self.high.get(home) {
            prefetch(bucket);
        }
        if let Some(bucket) = self.low.get(home) {
            prefetch(bucket);
        }
    }

    /// Whether a key is there.
    #[inline(always)]
    pub fn contains(&self, key: DatumKey) -> bool {
        self.len > 0 && self.find(split(key)).is_ok()
    }

    /// The value of a key, if it is there; else it is added with `value`.
    #[inline(always)]
    pub fn get_or_insert(&mut self, key: DatumKey, value: V) -> crate::Result<Option<&mut V>> {
        let key = split(key);
        self.reserve(1)?;
        Ok(match self.find(key) {
            Ok(bucket) => {
                let high = &self.high[bucket].0;
                let is =
                    |slot: &usize| high[*slot] == key.0 && (!self.long || self.low[bucket][*slot] == key.1);
                let slot = (0..SLOTS).find(is);
                slot.map(|slot| &mut self.values[bucket][slot])
            }
            Err(bucket) => {
                self.put(bucket, key, value);
                None
            }
        })
    }

    /// How many keys are enough: 7 or, where they are short, 6 for each bucket.
    #[inline(always)]
    fn most(&self) -> usize {
        self.high.len() * if self.long { 7 } else { 6 }
    }

    /// Makes room for more keys, so that they do not make the table grow one by one.
    #[inline(always)]
    pub fn reserve(&mut self, more: usize) -> crate::Result<()> {
        let keys = self.len + more;
        if keys > self.most() { self.grow(keys) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, keys: usize) -> crate::Result<()> {
        // By that much at least: a table that has just room enough would move again with the next key. Afterwards 78 %
        // of the slots of a table with long keys are in use, 54 % of those with short ones.
        let n = self.high.len();
        let (least, easy) = if self.long { (n + n / 8, keys * 10 / 63) } else { (n + n * 2 / 5, keys / 5) };
        let mut new = Self::with_buckets(self.long, least.max(easy + 1))?;
        new.append_all(self, |values| values);
        *self = new;
        Ok(())
    }

    /// Adds the keys of another table, none of which is here, without their values.
    pub fn extend<W: Copy + Default>(&mut self, other: &KeyTable<W>) -> crate::Result<()> {
        self.reserve(other.len)?;
        self.append_all(other, |_| V::default());
        Ok(())
    }

    /// Puts in keys that are not here, for which there is room.
    fn append_all<W: Copy>(&mut self, other: &KeyTable<W>, values: impl Fn(W) -> V) {
        for (bucket, &filled) in other.filled.iter().enumerate() {
            for slot in 0..usize::from(filled) {
                let low = if other.long { other.low[bucket][slot] } else { 0 };
                let key = (other.high[bucket].0[slot], low);
                let mut to = self.home(key);
                while usize::from(self.filled[to]) == SLOTS {
                    to = self.after(to);
                }
                self.put(to, key, values(other.values[bucket][slot]));
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, bucket: usize, key: DatumKey, value: V) {
        let slot = usize::from(self.filled[bucket]);
        self.high[bucket].0[slot] = key.0;
        if self.long {
            self.low[bucket][slot] = key.1;
        }
        self.values[bucket][slot] = value;
        self.filled[bucket] += 1;
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::random::{Key, Source, word};

    fn random(i: u64) -> u64 {
        word(Source { key: Key::new(1, "test", "table"), site: 0, attempt: 0 }, i)
    }

    /// Keys that crowd at both ends of the array, and some in between; many come twice.
    fn keys(n: u64) -> Vec<DatumKey> {
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

    fn entries<V: Copy + Default + Ord>(table: &KeyTable<V>) -> Vec<(DatumKey, V)> {
        let mut found = Vec::new();
        for (bucket, filled) in table.filled.iter().enumerate() {
            for slot in 0..usize::from(*filled) {
                let low = if table.long { table.low[bucket][slot] } else { 0 };
                found.push(((table.high[bucket].0[slot], low), table.values[bucket][slot]));
            }
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn behaves_as_a_map() {
        for (long, n) in [0, 1, 7, 8, 9, 100, 5000].into_iter().flat_map(|n| [(true, n), (false, n)]) {
            let keys: Vec<DatumKey> =
                keys(n).into_iter().map(|(high, low)| (high, if long { low } else { 0 })).collect();
            let mut table = KeyTable::<u32>::new(long);
            let mut roomy = KeyTable::<u32>::new(long);
            roomy.reserve(100).unwrap();
            let mut map = BTreeMap::new();
            for (i, &key) in keys.iter().enumerate() {
                let known = map.get(&split(key)).copied();
                map.entry(split(key)).or_insert(i as u32);
                assert_eq!(table.get_or_insert(key, i as u32).unwrap().copied(), known);
                assert_eq!(roomy.get_or_insert(key, i as u32).unwrap().copied(), known);
            }
            assert_eq!(table.len(), map.len());
            assert_eq!(entries(&table), map.into_iter().collect::<Vec<_>>());
            assert_eq!(entries(&roomy), entries(&table));
            let mut set = KeyTable::<()>::new(long);
            set.extend(&table).unwrap();
            let mut more = KeyTable::<u32>::new(long);
            for i in 0..50 {
                more.get_or_insert((random(i) | 1 << 40, 1000), 0).unwrap();
            }
            set.extend(&more).unwrap();
            assert_eq!(set.len(), table.len() + more.len());
            assert!(keys.into_iter().all(|key| set.contains(key)));
            assert!(entries(&more).into_iter().all(|(key, _)| set.contains(key)));
            let absent = (1 << 32 | 2, 3000);
            assert!(!set.contains(absent));
        }
    }

    #[test]
    fn sixteen_bytes_a_key_are_enough() {
        for long in [true, false] {
            let mut set = KeyTable::<()>::new(long);
            for i in 0..40_000 {
                let mut one = KeyTable::<u32>::new(long);
                one.get_or_insert((random(i), i as u32), 0).unwrap();
                set.extend(&one).unwrap();
                assert!(i < 2000 || set.bytes() <= 16 * set.len(), "{} bytes for {}", set.bytes(), set.len());
            }
        }
    }
}
