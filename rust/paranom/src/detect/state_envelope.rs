//! The form of saved states: a magic word, a version, the length of the payload, the payload and a checksum.
//! [`StateReader`] reads the payload, and trusts no byte of it.

use crate::{Error, Result};

/// Bytes before the payload (magic word, version, length), and after it (checksum).
const HEAD: usize = 24;
const TAIL: usize = 8;

/// One kind of saved state.
#[derive(Debug, Clone, Copy)]
pub(super) struct StateEnvelope {
    pub(super) magic: &'static [u8; 8],
    pub(super) version: u64,
    /// What messages call it.
    pub(super) what: &'static str,
}

impl StateEnvelope {
    /// The whole state around a payload.
    pub(super) fn wrap(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD + payload.len() + TAIL);
        out.extend_from_slice(self.magic);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        out.extend_from_slice(payload);
        let sum = checksum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// A reader of the payload. Refuses bytes that are foreign, of another version, cut off or changed.
    pub(super) fn open<'a>(&self, bytes: &'a [u8]) -> Result<StateReader<'a>> {
        if bytes.len() < HEAD + TAIL || !bytes.starts_with(self.magic) {
            return Err(self.corrupt("they do not begin like one"));
        }
        let (body, tail) = bytes.split_at(bytes.len() - TAIL);
        let version = number(&body[8..16]);
        if version != self.version {
            return Err(Error::Version { what: self.what, found: version, supported: self.version });
        }
        if number(&body[16..HEAD]) != (body.len() - HEAD) as u64 {
            return Err(self.corrupt("they are cut off or too long"));
        }
        if number(tail) != checksum(body) {
            return Err(self.corrupt("the checksum differs"));
        }
        Ok(StateReader { envelope: *self, rest: &body[HEAD..] })
    }

    fn corrupt(&self, why: impl Into<String>) -> Error {
        Error::Corrupt { what: self.what, why: why.into() }
    }
}

/// Eight bytes as a number.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// FNV-1a: finds accidents, not attackers; against these every value is checked.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Reads a payload from front to back.
pub(super) struct StateReader<'a> {
    envelope: StateEnvelope,
    rest: &'a [u8],
}

impl<'a> StateReader<'a> {
    /// The error for a payload that cannot be one.
    pub(super) fn corrupt(&self, why: impl Into<String>) -> Error {
        self.envelope.corrupt(why)
    }

    /// Bytes not read yet.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Refuses bytes that nobody read.
    pub(super) fn finish(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.corrupt("bytes left over")) }
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        let count = usize::try_from(count).ok().filter(|&count| count <= self.rest.len());
        let (taken, rest) = self.rest.split_at(count.ok_or_else(|| self.corrupt("they end too early"))?);
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt("a flag that is neither 0 nor 1")),
        }
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        Ok(number(self.take(8)?))
    }

    pub(super) fn u64_below(&mut self, limit: u64) -> Result<u64> {
        let value = self.u64()?;
        if value < limit { Ok(value) } else { Err(self.corrupt("a count too large")) }
    }

    pub(super) fn size(&mut self) -> Result<usize> {
        Ok(self.u64_below(1 << 48)? as usize)
    }

    pub(super) fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_bits(self.u64()?))
    }

    /// A number from `low` to `high`.
    pub(super) fn f64_in(&mut self, low: f64, high: f64) -> Result<f64> {
        let value = self.f64()?;
        if (low..=high).contains(&value) { Ok(value) } else { Err(self.corrupt("a number out of range")) }
    }

    /// `count` words of eight bytes.
    pub(super) fn words(&mut self, count: u64) -> Result<impl Iterator<Item = u64> + use<'a>> {
        let bytes = count.checked_mul(8).ok_or_else(|| self.corrupt("a count too large"))?;
        Ok(self.take(bytes)?.as_chunks::<8>().0.iter().map(|&word| u64::from_le_bytes(word)))
    }
}
