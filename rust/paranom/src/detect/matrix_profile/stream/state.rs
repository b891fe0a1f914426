//! A stream as bytes, and back: versioned, length-checked, checksummed, and safe to read from anyone.

use super::history::History;
use super::streaming_profile::{MOST, StreamingProfile};
use crate::Result;
use crate::detect::state_envelope::{StateEnvelope, StateReader};

const ENVELOPE: StateEnvelope =
    StateEnvelope { magic: b"parnSMP\0", version: 1, what: "matrix profile state" };

/// More samples than any stream has (one per microsecond: nine years), so that what is loaded can go on for ever.
const LATEST: u64 = 1 << 48;

impl StreamingProfile {
    /// Everything that later scores depend on.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |value: u64| out.extend_from_slice(&value.to_le_bytes());
        for value in [self.m as u64, self.history as u64, self.dimensions.len() as u64, self.seen] {
            put(value);
        }
        self.index.iter().for_each(|&index| put(index as u64));
        for dimension in &self.dimensions {
            dimension.x.all().iter().for_each(|x| put(x.to_bits()));
            dimension.missing.all().iter().for_each(|&missing| put(u64::from(missing)));
            dimension.covariance.iter().for_each(|c| put(c.to_bits()));
            put(dimension.peak.to_bits());
            put(dimension.drops.len() as u64);
            dimension.drops.iter().for_each(|&window| put(window));
        }
        ENVELOPE.wrap(&out)
    }

    /// The inverse of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut read = ENVELOPE.open(bytes)?;
        let (window, history, d, seen) = (read.size()?, read.size()?, read.size()?, read.u64()?);
        // Checked before any memory is taken: so many bytes must follow.
        let too_short = history.checked_mul(d).is_none_or(|values| values > read.remaining() / 16);
        if too_short || seen >= LATEST {
            return Err(read.corrupt("impossible sizes"));
        }
        let mut stream = Self::new(window, history, d).map_err(|error| read.corrupt(error.to_string()))?;
        stream.seen = seen;
        let newest = seen.checked_sub(window as u64);
        for index in &mut stream.index {
            *index = read.u64()? as i64;
            if *index < -1 || *index > newest.map_or(-1, |newest| newest as i64) {
                return Err(read.corrupt("a neighbour that never was"));
            }
        }
        for dimension in &mut stream.dimensions {
            fill(&mut read, &mut dimension.x, |bits| Some(f64::from_bits(bits)).filter(|x| x.abs() <= MOST))?;
            fill(&mut read, &mut dimension.missing, |bit| u8::try_from(bit).ok().filter(|&bit| bit < 2))?;
            for covariance in &mut dimension.covariance {
                *covariance = read.f64_in(f64::MIN, f64::MAX)?;
            }
            dimension.peak = read.f64_in(0.0, 2.0 * MOST)?;
            for _ in 0..read.u64()? {
                let number = read.u64()?;
                let after = dimension.drops.back().is_none_or(|&last| last < number);
                if !after || newest.is_none_or(|newest| number > newest || newest - number > history as u64) {
                    return Err(read.corrupt("windows out of order"));
                }
                dimension.drops.push_back(number);
            }
        }
        read.finish()?;
        stream.restore();
        Ok(stream)
    }
}

fn fill<T: Copy>(
    read: &mut StateReader<'_>,
    into: &mut History<T>,
    value: impl Fn(u64) -> Option<T>,
) -> Result<()> {
    for _ in 0..into.all().len() {
        into.push(value(read.u64()?).ok_or_else(|| read.corrupt("a value out of range"))?);
    }
    Ok(())
}
