//! Values that are lost: NaN, which replaces a variable's values after everything else is computed. Whatever reads the
//! variable (a reference, a function, uniqueness) sees the values as they were; labels stay, too.

use std::ops::Range;
use std::sync::Arc;

use super::basis::Basis;
use super::event::Event;
use super::parse;
use super::rule::{At, Rule, Site};
use super::schedule::{Placing, Schedule, Timing};
use super::view::{Reference, View};
use crate::Result;
use crate::random::{Key, Stream, TILE, uniforms};
use crate::spec::{Field, Table};

/// When the values of a variable are lost.
#[derive(Debug)]
pub enum Dropouts {
    /// In runs of rows.
    Runs(Schedule),
    /// Each for itself.
    Each {
        /// Which variable's, or that of whole rows.
        key: Key,
        /// How likely.
        chance: Arc<Chance>,
    },
}

/// How likely a value is lost.
#[derive(Debug)]
pub struct Chance {
    rule: Box<dyn Rule>,
    /// Where it is drawn whether it is.
    site: Site,
    /// What the chance depends on.
    references: Vec<Reference>,
}

/// When values are lost, before it is said of which variable.
#[derive(Debug, Clone)]
pub struct Losses {
    way: Way,
    /// Whether the values of all variables are lost together.
    pub together: bool,
}

#[derive(Debug, Clone)]
enum Way {
    Runs(Timing),
    Each(Arc<Chance>),
}

/// What a chance takes the place of.
const TIMING: [&str; 6] = ["frequency", "count", "within", "events", "duration", "gap"];

impl Losses {
    /// Reads when values are lost.
    pub fn parse(field: &Field, names: &Arc<[String]>, basis: &Basis) -> Result<Self> {
        let table = field.table()?;
        if let Some(difficulty) = table.get("difficulty") {
            return Err(difficulty
                .invalid("must go with anomalies: a missing value is neither hard nor easy to find"));
        }
        let together = table.flag("together")?;
        let way = match table.get("chance") {
            Some(field) => Way::Each(Arc::new(read_chance(&table, &field, names, basis)?)),
            None => {
                let timing = Timing::parse(&table)?;
                match timing.placing {
                    Placing::Frequency(share)
                        if basis.stream != Stream::One && timing.longest == 1 && timing.gap == 0 =>
                    {
                        Way::Each(Arc::new(Chance::of(share)))
                    }
                    _ => Way::Runs(timing),
                }
            }
        };
        table.finish()?;
        Ok(Self { way, together })
    }

    /// Those of the variable with a name: drawn for it alone, or for whole rows.
    pub fn of(&self, basis: &Basis, name: &str) -> Result<Dropouts> {
        let key = Key::new(basis.seed, "missing", if self.together { "" } else { name });
        Ok(match &self.way {
            Way::Runs(timing) => {
                Dropouts::Runs(Schedule::new(key, basis.stream, vec![timing.clone()], None)?)
            }
            Way::Each(chance) => Dropouts::Each { key, chance: chance.clone() },
        })
    }
}

/// Reads the rule of a chance.
fn read_chance(table: &Table, field: &Field, names: &Arc<[String]>, basis: &Basis) -> Result<Chance> {
    if let Some(field) = TIMING.iter().find_map(|name| table.get(name)) {
        return Err(field.invalid("must not stand beside a chance: then each value is lost for itself"));
    }
    let scope = parse::scope(false, names, basis);
    let site = scope.fixed_site(table)?;
    let rule = scope.rule(field)?;
    if scope.most_rows().is_some() {
        return Err(field.invalid("must be a rule that has values for all rows"));
    }
    Ok(Chance { rule, site, references: scope.references() })
}

impl Chance {
    fn of(share: f64) -> Self {
        let rule = super::fixed::fixed(share);
        Self { rule, site: Site::new(false, false, 0), references: Vec::new() }
    }

    /// Calls `lose` with each run of rows, which lie in one tile, whose value is lost.
    fn each(&self, at: At, len: usize, mut lose: impl FnMut(Range<usize>)) {
        let (mut chances, mut draws) = ([0.0; TILE], [0.0; TILE]);
        self.rule.fill(at, &mut chances[..len]);
        uniforms(at.source(self.site), at.row, 0.0, 1.0, &mut draws[..len]);
        for j in 0..len {
            if draws[j] < chances[j] {
                lose(j..j + 1);
            }
        }
    }
}

impl Dropouts {
    /// What it depends on whether values are lost.
    pub fn references(&self) -> &[Reference] {
        match self {
            Self::Runs(_) => &[],
            Self::Each { chance, .. } => &chance.references,
        }
    }

    /// Calls `lose` with each run of lost rows among the `len` rows from `row` on, counted from there.
    pub fn each(&self, row: u64, len: usize, view: &View, mut lose: impl FnMut(Range<usize>)) {
        let Some(more) = (len as u64).checked_sub(1) else { return };
        let last = row + more;
        match self {
            Self::Runs(schedule) => {
                for Event { start, stop, .. } in schedule.events(row, last, &mut |_| true, &mut Vec::new()) {
                    lose((start.max(row) - row) as usize..((stop - 1).min(last) - row) as usize + 1);
                }
            }
            Self::Each { key, chance } => {
                let mut done = 0;
                while done < len {
                    let row = row + done as u64;
                    let take = (len - done).min(TILE - (row % TILE as u64) as usize);
                    let at =
                        At { key: *key, row, attempt: 0, event: None, positions: None, view: Some(view) };
                    chance.each(at, take, |lost| lose(done + lost.start..done + lost.end));
                    done += take;
                }
            }
        }
    }
}
