//! The values of other variables, as a rule that refers to them sees them.
//!
//! A reference reads its source as it is in that row, anomalies included: so the effects of an anomaly, and its labels,
//! reach the variables that depend on its own. The plan gives the values. What normal rules refer to is computed once for
//! each block; other values are computed tile by tile, once for all that read them there: so the work grows with the
//! number of variables and references, however they are chained.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
            let (mut row, mut out) = (row, out);
            while !out.is_empty() {
                let from = (row % TILE as u64) as usize;
                let take = out.len().min(TILE - from);
                let (now, later) = std::mem::take(&mut out).split_at_mut(take);
                let tile = self.tile(Tile { variable, clean: self.clean, number: row / TILE as u64 });
                now.copy_from_slice(&tile[from..from + take]);
                row = row.wrapping_add(take as u64);
                out = later;
            }
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
