//! Walks along a sequential variable, row after row.

use super::definition::Variable;
use super::sequence::{Sequence, Walk};
use super::want::Want;
use crate::Result;
use crate::generate::block::BLOCK;
use crate::generate::callback::{Past, Run};
use crate::generate::effect::Action;
use crate::generate::event::{Event, touching};
use crate::generate::rule::Reads;

/// The last `most` of some values and those after them.
fn last(most: usize, before: &[f64], after: &[f64]) -> Vec<f64> {
    let new = &after[after.len().saturating_sub(most)..];
    let old = &before[before.len().saturating_sub(most - new.len())..];
    [old, new].concat()
}

impl Variable {
    /// Fills rows of one block, after a warmup.
    pub(super) fn fill_warm(&self, sequence: Sequence, row: u64, want: &Want, out: &mut [f64]) -> Result<()> {
        let want = Want { events: want.around, ..*want };
        let mut walk = sequence.begin(row);
        self.walk_to(row, sequence, &mut walk, &want)?;
        self.walk(sequence, &mut walk, &want, out)?;
        Ok(())
    }

    /// Walks up to a row. The values are dropped.
    fn walk_to(&self, row: u64, sequence: Sequence, walk: &mut Walk, want: &Want) -> Result<()> {
        while walk.next < row {
            let take = (row - walk.next).min(BLOCK as u64) as usize;
            self.walk(sequence, walk, want, &mut vec![0.0; take])?;
        }
        Ok(())
    }

    /// Walks the next rows and fills `out` with their values; `want.events` are at least those that touch them. Gives
    /// the normal values.
    pub fn walk(
        &self,
        sequence: Sequence,
        walk: &mut Walk,
        want: &Want,
        out: &mut [f64],
    ) -> Result<Vec<f64>> {
        let want = Want { attempt: 0, ..*want };
        let most = sequence.previous;
        let row = walk.next;
        self.call_next(None, row, Past { values: &walk.chain, most }, &want, out)?;
        let chain = out.to_vec();
        let mut calm = chain.clone();
        let mut first = None;
        let end = row + out.len() as u64;
        for event in touching(want.events, row, end - 1) {
            let Some(effect) = &self.effects[event.anomaly] else { continue };
            let (from, to) = (event.start.max(row), event.stop.min(end));
            let (done, now) = out[..(to - row) as usize].split_at_mut((from - row) as usize);
            let (before, done) =
                if effect.decoy { (&walk.calm, &calm[..done.len()]) } else { (&walk.column, &*done) };
            match &effect.rule.action {
                Action::Call(_) if effect.onset.is_some() => {
                    // It sees the values with the part of the effect that is there: one row after the other.
                    let mut seen = last(most, before, done);
                    for (row, x) in (from..to).zip(now.iter_mut().map(std::slice::from_mut)) {
                        let normal = x.to_vec();
                        self.call_next(Some(event), row, Past { values: &seen, most }, &want, x)?;
                        effect.ramp_in(event, row, &normal, x);
                        seen = last(most, &seen, x);
                    }
                }
                Action::Call(_) => {
                    let seen = last(most, before, done);
                    self.call_next(Some(event), from, Past { values: &seen, most }, &want, now)?;
                }
                Action::Change(change) if change.reads() == Reads::FirstRow => {
                    let normal = match walk.first {
                        _ if event.start >= row => chain[(event.start - row) as usize],
                        Some((start, normal)) if start == event.start => normal,
                        _ => self.normal_at(event.start, sequence, &want)?,
                    };
                    first = (event.stop > end).then_some((event.start, normal));
                    self.apply_after_first(effect, event, from, normal, &want, now);
                }
                _ => self.apply_after_first(effect, event, from, 0.0, &want, now),
            }
            if effect.decoy {
                calm[(from - row) as usize..(to - row) as usize].copy_from_slice(now);
            }
        }
        walk.chain = last(most, &walk.chain, &chain);
        walk.column = last(most, &walk.column, out);
        walk.calm = last(most, &walk.calm, &calm);
        walk.first = first;
        walk.next = end;
        Ok(chain)
    }

    /// The normal value of one row.
    fn normal_at(&self, row: u64, sequence: Sequence, want: &Want) -> Result<f64> {
        let want = Want { events: &[], ..*want };
        let mut walk = sequence.begin(row);
        let mut value = [0.0];
        self.walk_to(row, sequence, &mut walk, &want)?;
        self.walk(sequence, &mut walk, &want, &mut value)?;
        Ok(value[0])
    }

    /// Calls the function of an event, or else the normal one, for neighbouring rows.
    fn call_next(
        &self,
        event: Option<&Event>,
        row: u64,
        past: Past,
        want: &Want,
        out: &mut [f64],
    ) -> Result<()> {
        let Some(function) = self.function(event) else { return Ok(()) };
        let run = Run { row, len: out.len(), event: event.copied() };
        function.call(&self.call_for(event.is_some(), &[run], Some(past), want), out)
    }
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn the_last_values_come_oldest_first() {
        assert_eq!(last(3, &[], &[]), [0.0; 0]);
        assert_eq!(last(3, &[1.0, 2.0], &[]), [1.0, 2.0]);
        assert_eq!(last(3, &[1.0, 2.0], &[3.0, 4.0]), [2.0, 3.0, 4.0]);
        assert_eq!(last(2, &[1.0], &[3.0, 4.0, 5.0]), [4.0, 5.0]);
    }
}
