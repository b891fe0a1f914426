//! The values of other variables, as a rule that refers to them sees them.
//!
//! A reference reads its source as it is in that row, anomalies included: so the effects of an anomaly, and its labels,
//! reach the variables that depend on its own. The plan gives the values. What normal rules refer to is computed once for
//! each block; other values are computed tile by tile, once for all that read them there: so the work grows with the
//! number of variables and references, however they are chained.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::block::by_tile;
use crate::job::Job;
use crate::random::TILE;

/// What a value refers to: a variable by its position, so many rows before.
pub type Reference = (usize, u64);

/// Columns that are referred to, each of so many rows before those that are wanted.
type Columns = BTreeMap<Reference, Vec<f64>>;

/// Gives the values of any variable: a plan.
pub trait FillVariable: fmt::Debug + Sync {
    /// What the normal rule of a variable refers to.
    fn sources(&self, variable: usize) -> &[Reference];

    /// The tiles that a tile reads, but for those that its events choose themselves.
    fn tiles_read(&self, tile: Tile, job: &Job) -> Vec<Tile>;

    /// Fills `out` with the values of a variable from a row on; `view` gives those of the variables it refers to.
    fn fill_variable(&self, variable: usize, row: u64, view: &View, out: &mut [f64]);
}

/// A tile of a variable: [`TILE`] rows, with anomalies or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// The variable, by position.
    pub variable: usize,
    /// Whether anomalies are left out.
    pub clean: bool,
    /// Its first row is `number * TILE`.
    pub number: u64,
}

/// Tiles that are computed already. One block has them for itself; the columns of the block are filled in parallel.
#[derive(Debug, Default)]
pub struct Tiles(Mutex<BTreeMap<Tile, Arc<[f64; TILE]>>>);

/// Most tiles that are kept: 64 MB. Far more than neighbouring tiles of one variable need.
const MOST_TILES: usize = 1 << 14;

impl Tiles {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Tile, Arc<[f64; TILE]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, tile: Tile) -> Option<Arc<[f64; TILE]>> {
        self.known().get(&tile).cloned()
    }

    fn keep(&self, tile: Tile, values: Arc<[f64; TILE]>) {
        let mut known = self.known();
        if known.len() >= MOST_TILES {
            known.clear();
        }
        known.insert(tile, values);
    }
}

/// The values of all variables, with anomalies or without.
#[derive(Debug, Clone, Copy)]
pub struct AllVariables<'a> {
    plan: &'a dyn FillVariable,
    /// Whether anomalies are left out.
    pub clean: bool,
    /// Says when to stop.
    pub job: &'a Job,
    tiles: &'a Tiles,
}

impl<'a> AllVariables<'a> {
    /// The variables of a plan.
    pub fn new(plan: &'a dyn FillVariable, clean: bool, job: &'a Job, tiles: &'a Tiles) -> Self {
        Self { plan, clean, job, tiles }
    }

    /// The same variables without anomalies.
    pub fn cleaned(self) -> Self {
        Self { clean: true, ..self }
    }

    /// The columns that these variables refer to in the `len` rows from `row` on.
    pub fn columns(self, variables: impl Iterator<Item = usize>, row: u64, len: usize) -> Columns {
        let mut columns = Columns::new();
        variables.for_each(|variable| self.prepare((variable, 0), row, len, &mut columns));
        columns
    }

    /// Fills the columns that a variable refers to, sources first.
    fn prepare(self, (variable, back): Reference, row: u64, len: usize, columns: &mut Columns) {
        for &(source, lag) in self.plan.sources(variable) {
            let reference = (source, back.saturating_add(lag));
            // Of cancelled work, nothing is delivered.
            if columns.contains_key(&reference) || self.job.check().is_err() {
                continue;
            }
            self.prepare(reference, row, len, columns);
            let mut column = vec![0.0; len];
            let first = i128::from(row) - i128::from(reference.1);
            clamped(first, &mut column, |row_there, out| {
                let view = View { all: self, columns, row, back: reference.1, decoupled: None };
                self.plan.fill_variable(source, row_there, &view, out);
            });
            columns.insert(reference, column);
        }
    }

    /// Fills `out` with the values of a variable from a row on. Before row 0 it has the value of row 0, and beyond the
    /// last row that of the last.
    pub fn fill(self, variable: usize, row: i128, out: &mut [f64]) {
        clamped(row, out, |row, out| {
            by_tile(row, out, |row, out| {
                let from = (row % TILE as u64) as usize;
                let tile = self.tile(Tile { variable, clean: self.clean, number: row / TILE as u64 });
                out.copy_from_slice(&tile[from..from + out.len()]);
            });
        });
    }

    /// The values of a tile. What it reads is computed before it, one tile after the other: so the stack does not grow
    /// with the number of variables.
    fn tile(self, wanted: Tile) -> Arc<[f64; TILE]> {
        let mut open = vec![(wanted, false)];
        while let Some((tile, is_ready)) = open.pop() {
            // Of cancelled work, nothing is delivered.
            if self.job.check().is_err() {
                break;
            }
            if let Some(known) = self.tiles.get(tile) {
                if open.is_empty() {
                    return known;
                }
            } else if is_ready {
                let values = self.compute(tile);
                self.tiles.keep(tile, values.clone());
                if open.is_empty() {
                    return values;
                }
            } else {
                open.push((tile, true));
                open.extend(self.plan.tiles_read(tile, self.job).into_iter().map(|tile| (tile, false)));
            }
        }
        Arc::new([f64::NAN; TILE])
    }

    fn compute(self, tile: Tile) -> Arc<[f64; TILE]> {
        let mut values = Arc::new([0.0; TILE]);
        let row = tile.number * TILE as u64;
        let all = Self { clean: tile.clean, ..self };
        let view = View { all, columns: &Columns::new(), row, back: 0, decoupled: None };
        if let Some(out) = Arc::get_mut(&mut values) {
            self.plan.fill_variable(tile.variable, row, &view, out);
        }
        values
    }

    /// As [`Self::fill`], of these rows alone: for places that nothing else reads.
    pub fn fill_alone(self, variable: usize, row: i128, out: &mut [f64]) {
        clamped(row, out, |row, out| {
            let columns = self.columns(std::iter::once(variable), row, out.len());
            let view = View { all: self, columns: &columns, row, back: 0, decoupled: None };
            self.plan.fill_variable(variable, row, &view, out);
        });
    }
}

/// Fills `out` for rows from `first` on. Rows before 0 have the value of row 0, and those beyond the last row its value.
fn clamped(first: i128, out: &mut [f64], fill: impl FnOnce(u64, &mut [f64])) {
    let axis = |row: i128| row.clamp(0, u64::MAX.into());
    let (from, last) = (axis(first), axis(first + out.len() as i128 - 1));
    let n = (last - from) as usize + 1;
    if n == out.len() {
        return fill(from as u64, out);
    }
    let mut inside = vec![0.0; n];
    fill(from as u64, &mut inside);
    for (j, x) in out.iter_mut().enumerate() {
        *x = inside[(axis(first + j as i128) - from) as usize];
    }
}

/// Other variables, as a variable's rules see them.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// All of them.
    pub all: AllVariables<'a>,
    /// Their columns that are computed already.
    pub columns: &'a Columns,
    /// The first row that the columns were computed for.
    pub row: u64,
    /// How many rows before those the variable's rows are.
    pub back: u64,
    /// A variable that is seen so many rows later, without its anomalies.
    pub decoupled: Option<(usize, i128)>,
}

impl View<'_> {
    /// Fills `out` with a variable's values `lag` rows before the rows from `row` on.
    pub fn fill(&self, (source, lag): Reference, row: u64, out: &mut [f64]) {
        let there = i128::from(row) - i128::from(lag);
        match self.decoupled {
            Some((variable, by)) if variable == source => {
                self.all.cleaned().fill_alone(source, there.saturating_add(by), out);
            }
            _ => match self.known((source, lag), row, out.len()) {
                Some(known) => out.copy_from_slice(known),
                None => self.all.fill(source, there, out),
            },
        }
    }

    /// The same, if it is computed already.
    fn known(&self, (source, lag): Reference, row: u64, len: usize) -> Option<&[f64]> {
        let column = self.columns.get(&(source, self.back.checked_add(lag)?))?;
        let from = row.checked_add(self.back)?.checked_sub(self.row)? as usize;
        column.get(from..from.checked_add(len)?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::generate::Plan;
    use crate::spec::Value;

    /// A plan whose values are counted as they are computed for other variables.
    #[derive(Debug)]
    struct Counted(Plan, AtomicU64);

    impl FillVariable for Counted {
        fn sources(&self, variable: usize) -> &[Reference] {
            self.0.sources(variable)
        }

        fn tiles_read(&self, tile: Tile, job: &Job) -> Vec<Tile> {
            self.0.tiles_read(tile, job)
        }

        fn fill_variable(&self, variable: usize, row: u64, view: &View, out: &mut [f64]) {
            self.1.fetch_add(out.len() as u64, Ordering::Relaxed);
            self.0.fill_variable(variable, row, view, out);
        }
    }

    fn table(entries: &[(&str, Value)]) -> Value {
        Value::Table(entries.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
    }

    fn part(kind: &str, entries: &[(&str, Value)]) -> Value {
        let kind = ("kind", Value::Text(kind.into()));
        table(&[&[kind], entries].concat())
    }

    /// A chain of `n` variables, each a part of the one before, with anomalies that read others.
    fn chain(n: usize, anomalous: impl Fn(&str) -> Value) -> Plan {
        let name = |i: usize| format!("v{i}");
        let normal = part("normal", &[("mean", Value::Number(0.0)), ("std", Value::Number(1.0))]);
        let smooth = part("smooth", &[("window", Value::Whole(511))]);
        let mut variables =
            vec![(name(0), part("stochastic", &[("normal", normal.clone()), ("anomalous", smooth)]))];
        for i in 1..n {
            let before =
                |lag| part("ref", &[("variable", Value::Text(name(i - 1))), ("lag", Value::Whole(lag))]);
            let sum = part("sum", &[("of", Value::List(vec![before(i as i128), before(0), normal.clone()]))]);
            variables.push((
                name(i),
                part("stochastic", &[("normal", sum), ("anomalous", anomalous(&name(i - 1)))]),
            ));
        }
        let often = table(&[
            ("frequency", Value::Number(0.3)),
            ("duration", Value::List(vec![Value::Whole(1), Value::Whole(5)])),
        ]);
        let spec = table(&[("variables", Value::Table(variables)), ("anomalies", Value::List(vec![often]))]);
        Plan::new(&spec).unwrap()
    }

    /// Values computed to give `rows` rows of the last of `n` variables.
    fn work(n: usize, rows: usize, anomalous: impl Fn(&str) -> Value) -> u64 {
        let plan = Counted(chain(n, anomalous), AtomicU64::new(0));
        let (job, tiles) = (Job::new(), Tiles::default());
        let all = AllVariables::new(&plan, false, &job, &tiles);
        all.columns(std::iter::once(n - 1), 10_000, rows);
        let mut out = vec![0.0; rows];
        all.fill(n - 1, 10_000, &mut out);
        plan.1.into_inner()
    }

    #[test]
    fn chains_of_references_cost_what_they_hold() {
        let text = |name: &str| Value::Text(name.into());
        let smooth = |_: &str| part("smooth", &[("window", Value::Whole(511))]);
        let swap = |before: &str| part("swap", &[("variable", text(before))]);
        let refer = |before: &str| part("ref", &[("variable", text(before)), ("lag", Value::Whole(3))]);
        let kinds: [&dyn Fn(&str) -> Value; 3] = [&smooth, &swap, &refer];
        for kind in kinds {
            for n in [2, 4, 8, 12] {
                // Each variable: a tile or two more on both sides than the one that reads it, with anomalies and without;
                // and a column for each lag.
                let (n64, tile) = (n as u64, TILE as u64);
                let (tiles, lags) = (2 * (2 * n64 + 4) * tile, 1000 * n64 * n64);
                let counted = work(n, 1000, kind);
                assert!(counted <= n64 * (tiles + lags), "{n} variables: {counted} values");
            }
        }
    }
}
