//! A time zone: what local clocks show, and when that changes.

use crate::Result;
use crate::spec::{Field, Table};

/// A time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// From when on local clocks are ahead of UTC by how much, in nanoseconds since 1970 and in nanoseconds; rising.
    offsets: Vec<(i64, i64)>,
}

/// No offset is longer, in nanoseconds.
const LONGEST: i128 = 26 * 3_600_000_000_000;

impl Zone {
    /// Reads the zone of a clock, if it has one.
    pub fn parse(table: &Table) -> Result<Option<Self>> {
        let (Some(name), Some(field)) = (table.get("zone"), table.get("offsets")) else {
            return match table.get("zone").or(table.get("offsets")) {
                Some(field) => Err(field.invalid("must go with both zone and offsets")),
                None => Ok(None),
            };
        };
        let mut offsets = Vec::new();
        for item in field.list()? {
            let pair = item.list()?;
            let [from, offset] = &pair[..] else { return Err(item.invalid("must be a pair [from, offset]")) };
            let from = from.whole(i64::MIN.into(), i64::MAX.into())? as i64;
            offsets.push((from, offset.whole(-LONGEST, LONGEST)? as i64));
        }
        let rises = offsets.windows(2).all(|pair: &[(i64, i64)]| pair[0].0 < pair[1].0);
        if offsets.first().is_none_or(|(from, _)| *from != i64::MIN) || !rises {
            return Err(field.invalid("must rise, and begin with -2^63"));
        }
        Ok(Some(Self { name: name.text()?.into(), offsets }))
    }

    /// Whether the zone that a field names is this one.
    pub fn is(&self, name: &Field) -> Result<bool> {
        Ok(name.text()? == self.name)
    }

    /// The number of the offset that holds at a time.
    fn at(&self, time: i128) -> usize {
        self.offsets.partition_point(|(from, _)| i128::from(*from) <= time).max(1) - 1
    }

    /// When the offset of a number ends.
    fn end(&self, number: usize) -> i128 {
        self.offsets.get(number + 1).map_or(i128::MAX, |(from, _)| (*from).into())
    }

    /// The offset at a time, and the times from which and up to which it holds.
    pub fn offset(&self, time: i128) -> (i128, i128, i128) {
        let number = self.at(time);
        let (from, offset) = self.offsets[number];
        let from = if number == 0 { i128::MIN } else { from.into() };
        (offset.into(), from, self.end(number))
    }

    /// The time when local clocks first show something; as much later as clocks are put forward, if they never do.
    pub fn time_of(&self, local: i128) -> i128 {
        let first = self.at(local - LONGEST);
        for number in first..self.offsets.len() {
            let time = local - i128::from(self.offsets[number].1);
            if time < self.end(number) {
                let skipped = number > first && time < i128::from(self.offsets[number].0);
                return if skipped { local - i128::from(self.offsets[number - 1].1) } else { time };
            }
        }
        local
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_put_forward_and_back() {
        let zone = Zone { name: "z".into(), offsets: vec![(i64::MIN, 10), (100, 20), (200, 10)] };
        // From 110 on clocks show 120; at 220 they are put back to 210.
        assert_eq!(zone.time_of(109), 99);
        assert_eq!(zone.time_of(110), 100, "shown 10 later, as 120");
        assert_eq!(zone.time_of(119), 109);
        assert_eq!(zone.time_of(120), 100);
        assert_eq!(zone.time_of(215), 195, "the first time");
        assert_eq!(zone.time_of(220), 210);
        assert_eq!(zone.offset(99), (10, i128::MIN, 100));
        assert_eq!(zone.offset(100), (20, 100, 200));
    }
}
