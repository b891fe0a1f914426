//! What saved states are wrapped in: a magic word, a version, the length of the payload, and a checksum behind it.

use crate::{Error, Result};

/// Magic, version, length of the payload; the checksum comes behind the payload.
const HEAD: usize = 24;
const TAIL: usize = 8;

/// One kind of saved state.
pub(super) struct Seal {
    pub(super) magic: &'static [u8; 8],
    pub(super) version: u64,
    /// What messages call it.
    pub(super) what: &'static str,
}

impl Seal {
    /// A payload, wrapped.
    pub(super) fn close(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD + payload.len() + TAIL);
        out.extend_from_slice(self.magic);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        out.extend_from_slice(payload);
        let sum = checksum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// The inverse of [`Self::close`]; refuses bytes that are foreign, of another version, cut off or changed.
    pub(super) fn open<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8]> {
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
        Ok(&body[HEAD..])
    }

    /// The error for bytes that are no such state.
    pub(super) fn corrupt(&self, why: impl Into<String>) -> Error {
        Error::Corrupt { what: self.what, why: why.into() }
    }
}

/// Eight bytes as a number.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// FNV-1a: finds accidents, not attackers; those meet the checks of every value.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
