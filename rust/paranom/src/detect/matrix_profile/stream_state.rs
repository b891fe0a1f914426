//! A stream as bytes, and back: versioned, length-checked, checksummed, and safe to read from anyone.

use super::stream::{History, Stream};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"parnSMP\0";
const VERSION: u64 = 1;
const WHAT: &str = "matrix profile state";
/// Magic, version, length of the payload; the checksum comes behind the payload.
const HEAD: usize = 24;
const TAIL: usize = 8;

impl Stream {
    /// Everything that later scores depend on.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let mut put = |value: u64| out.extend_from_slice(&value.to_le_bytes());
        put(VERSION);
        put(0);
        for value in [self.m as u64, self.window as u64, self.dimensions.len() as u64, self.seen] {
            put(value);
        }
        self.index.iter().for_each(|&index| put(index as u64));
        for dimension in &self.dimensions {
            dimension.x.all().iter().for_each(|x| put(x.to_bits()));
            dimension.hole.all().iter().for_each(|&hole| put(u64::from(hole)));
            dimension.covariance.iter().for_each(|c| put(c.to_bits()));
            put(dimension.peak.to_bits());
            put(dimension.anew.len() as u64);
            dimension.anew.iter().for_each(|&window| put(window));
        }
        let length = (out.len() - HEAD) as u64;
        out[16..HEAD].copy_from_slice(&length.to_le_bytes());
        let sum = checksum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// The inverse of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() < HEAD + TAIL || !bytes.starts_with(MAGIC) {
            return Err(corrupt("they do not begin like one"));
        }
        let (body, tail) = bytes.split_at(bytes.len() - TAIL);
        let mut head = Reader(&body[MAGIC.len()..HEAD]);
        let (version, length) = (head.u64()?, head.u64()?);
        if version != VERSION {
            return Err(Error::Version { what: WHAT, found: version, supported: VERSION });
        }
        if length != (body.len() - HEAD) as u64 {
            return Err(corrupt("they are cut off or too long"));
        }
        if Reader(tail).u64()? != checksum(body) {
            return Err(corrupt("the checksum differs"));
        }
        let mut read = Reader(&body[HEAD..]);
        let (m, window, d, seen) = (read.size()?, read.size()?, read.size()?, read.u64()?);
        // Before any memory is taken: so much must follow.
        if window.checked_mul(d).is_none_or(|values| values > length as usize / 16)
            || seen > i64::MAX as u64 / 2
        {
            return Err(corrupt("impossible sizes"));
        }
        let mut stream = Self::new(m, window, d).map_err(|error| corrupt(error.to_string()))?;
        stream.seen = seen;
        let newest = seen.checked_sub(m as u64);
        for index in &mut stream.index {
            *index = read.u64()? as i64;
        }
        for dimension in &mut stream.dimensions {
            read.history(&mut dimension.x, |bits| Some(f64::from_bits(bits)).filter(|x| x.is_finite()))?;
            read.history(&mut dimension.hole, |hole| u8::try_from(hole).ok().filter(|&hole| hole < 2))?;
            for covariance in &mut dimension.covariance {
                *covariance = f64::from_bits(read.u64()?);
            }
            dimension.peak = f64::from_bits(read.u64()?);
            for _ in 0..read.u64()? {
                let number = read.u64()?;
                let after = dimension.anew.back().is_none_or(|&last| last < number);
                if !after || newest.is_none_or(|newest| number > newest || newest - number > window as u64) {
                    return Err(corrupt("windows out of order"));
                }
                dimension.anew.push_back(number);
            }
        }
        if !read.0.is_empty() {
            return Err(corrupt("bytes left over"));
        }
        stream.restore();
        Ok(stream)
    }
}

fn corrupt(why: impl Into<String>) -> Error {
    Error::Corrupt { what: WHAT, why: why.into() }
}

/// FNV-1a: finds accidents, not attackers; those meet the checks of every value.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u64(&mut self) -> Result<u64> {
        let (first, rest) = self.0.split_first_chunk().ok_or_else(|| corrupt("they are cut off"))?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*first))
    }

    fn size(&mut self) -> Result<usize> {
        usize::try_from(self.u64()?).map_err(|_| corrupt("impossible sizes"))
    }

    fn history<T: Copy>(&mut self, into: &mut History<T>, read: impl Fn(u64) -> Option<T>) -> Result<()> {
        for _ in 0..into.all().len() {
            into.push(read(self.u64()?).ok_or_else(|| corrupt("a value out of range"))?);
        }
        Ok(())
    }
}
