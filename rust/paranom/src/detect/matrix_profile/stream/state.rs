//! Streams as bytes, and back: versioned, length-checked, checksummed, and safe to read from anyone.

use super::history::History;
use super::several::StreamingProfiles;
use super::streaming_profile::{MOST, StreamingProfile};
use crate::Result;
use crate::detect::state_envelope::{StateEnvelope, StateReader};

const ENVELOPE: StateEnvelope =
    StateEnvelope { magic: b"parnSMP\0", version: 2, what: "matrix profile state" };

/// More samples than any stream has (one per microsecond: nine years), so that what is loaded can go on for ever.
const LATEST: u64 = 1 << 48;

impl StreamingProfiles {
    /// Everything that later scores and discords depend on.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let first = &self.streams[0];
        for value in
            [self.streams.len() as u64, first.history as u64, first.dimensions.len() as u64, first.seen]
        {
            put(&mut out, value);
        }
        for (stream, recent) in self.streams.iter().zip(&self.recent) {
            stream.write(&mut out);
            for &(score, index) in recent.iter().flat_map(History::all) {
                put(&mut out, score.to_bits());
                put(&mut out, index as u64);
            }
        }
        ENVELOPE.wrap(&out)
    }

    /// The inverse of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut read = ENVELOPE.open(bytes)?;
        let (count, history, d, seen) = (read.size()?, read.size()?, read.size()?, read.u64()?);
        // Checked before any memory is taken: so many bytes must follow.
        let values = history.checked_mul(d).and_then(|values| values.checked_mul(count));
        if count == 0 || values.is_none_or(|values| values > read.remaining() / 16) || seen >= LATEST {
            return Err(read.corrupt("impossible sizes"));
        }
        let (mut streams, mut recent) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let stream = StreamingProfile::read(&mut read, history, d, seen)?;
            let mut levels = Self::nothing_recent(&stream)?;
            for level in &mut levels {
                for _ in 0..level.all().len() {
                    let (score, index) = (f64::from_bits(read.u64()?), read.u64()? as i64);
                    let known = (0.0..f64::INFINITY).contains(&score);
                    if known != (index >= 0) || score < 0.0 || !(-1..seen as i64).contains(&index) {
                        return Err(read.corrupt("a neighbour that never was"));
                    }
                    level.push((score, index));
                }
            }
            streams.push(stream);
            recent.push(levels);
        }
        let all = Self::of(streams, recent).map_err(|error| read.corrupt(error.to_string()))?;
        read.finish()?;
        Ok(all)
    }
}

fn put(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

impl StreamingProfile {
    /// Appends what only this stream knows.
    fn write(&self, out: &mut Vec<u8>) {
        put(out, self.m as u64);
        self.index.iter().for_each(|&index| put(out, index as u64));
        for dimension in &self.dimensions {
            dimension.x.all().iter().for_each(|x| put(out, x.to_bits()));
            dimension.missing.all().iter().for_each(|&missing| put(out, u64::from(missing)));
            dimension.covariance.iter().for_each(|c| put(out, c.to_bits()));
            put(out, dimension.peak.to_bits());
            put(out, dimension.drops.len() as u64);
            dimension.drops.iter().for_each(|&window| put(out, window));
        }
    }

    /// The inverse of [`Self::write`].
    fn read(read: &mut StateReader<'_>, history: usize, d: usize, seen: u64) -> Result<Self> {
        let window = read.size()?;
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
            fill(read, &mut dimension.x, |bits| Some(f64::from_bits(bits)).filter(|x| x.abs() <= MOST))?;
            fill(read, &mut dimension.missing, |bit| u8::try_from(bit).ok().filter(|&bit| bit < 2))?;
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
