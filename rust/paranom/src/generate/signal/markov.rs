//! States that follow each other: a Markov chain, and regimes that last for a while.
//!
//! How long a regime lasts is the sum of `shape` geometric times: the regime passes through as many phases, which look
//! the same. So regimes are a Markov chain of phases, and any row is found at once.

use super::chain::{self, Chain, Matrix};
use crate::error::refuse_unless;
use crate::generate::column::Gives;
use crate::generate::rule::{At, Rule, Successors, span_of};
use crate::generate::scope::Scope;
use crate::generate::states;
use crate::random::TILE;
use crate::spec::{Field, Table, Value};
use crate::{Error, Result};

#[derive(Debug)]
struct Markov {
    chain: Chain,
    /// The value of each state of the chain.
    values: Vec<f64>,
    gives: Gives,
    /// The different values, and which of them never follow on each.
    successors: Successors,
}

/// Most rows that a regime lasts on average.
const MOST_DWELL: f64 = (1_u64 << 40) as f64;

pub(super) fn markov(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let (values, gives) = read_states(&table.need("states")?, scope)?;
    let field = table.need("transitions")?;
    let step = chain::read(&field, values.len())?;
    refuse_apart(&field, &step)?;
    let successors = Successors::new(&values, |from, to| step[from][to] > 0.0);
    Ok(Box::new(Markov { chain: Chain::new(step, scope.fixed_site(table)?), values, gives, successors }))
}

pub(super) fn regimes(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("states")?;
    let (values, gives) = read_states(&list, scope)?;
    let n = values.len();
    if n < 2 {
        return Err(list.invalid("must hold at least two states"));
    }
    let shape = table.whole_or("shape", 1, chain::MOST as i128, 1)? as usize;
    refuse_unless(
        n * shape <= chain::MOST,
        &format!("{}.shape", table.path),
        shape,
        &format!("must be so small that states times shape are at most {}", chain::MOST),
    )?;
    let dwell = read_dwell(&table.need("dwell")?, n, shape)?;
    let next = match table.get("transitions") {
        None => {
            let share = |from: usize, to: usize| if from == to { 0.0 } else { 1.0 / (n - 1) as f64 };
            (0..n).map(|from| (0..n).map(|to| share(from, to)).collect()).collect()
        }
        Some(field) => {
            let next = chain::read(&field, n)?;
            if let Some(at) = (0..n).find(|&at| next[at][at] > 0.0) {
                let path = format!("{}[{at}][{at}]", field.path);
                return Err(Error::invalid(path, next[at][at], "must be 0: a regime ends with another one"));
            }
            refuse_apart(&field, &next)?;
            next
        }
    };
    let step = phases(&next, &dwell, shape);
    let successors = Successors::new(&values, |from, to| from == to || next[from][to] > 0.0);
    let values = values.iter().flat_map(|value| std::iter::repeat_n(*value, shape)).collect();
    Ok(Box::new(Markov { chain: Chain::new(step, scope.fixed_site(table)?), values, gives, successors }))
}

fn read_states(list: &Field, scope: &Scope) -> Result<(Vec<f64>, Gives)> {
    let (values, gives) = states::read(list, scope)?;
    if values.len() > chain::MOST {
        return Err(list.invalid(format!("must hold at most {} states", chain::MOST)));
    }
    if let Some(at) = (1..values.len()).find(|&at| values[..at].contains(&values[at])) {
        return Err(list.invalid(format!("must hold each state once, and number {at} is there twice")));
    }
    Ok((values, gives))
}

fn refuse_apart(field: &Field, step: &Matrix) -> Result<()> {
    if chain::is_connected(step) {
        return Ok(());
    }
    Err(field.invalid("must lead from each state to every other one, in some number of steps"))
}

/// Rows that each regime lasts on average: one number, or one for each.
fn read_dwell(field: &Field, n: usize, shape: usize) -> Result<Vec<f64>> {
    let dwell = match field.value {
        Value::List(_) | Value::Series(_) => field.numbers()?,
        _ => vec![field.number()?; n],
    };
    if dwell.len() != n {
        return Err(field.invalid(format!("must be a number of rows, or one for each of the {n} states")));
    }
    if let Some(rows) = dwell.iter().find(|rows| !(shape as f64..=MOST_DWELL).contains(*rows)) {
        let rule = format!("must be from {shape} (the shape: each phase lasts a row at least) to 2^40 rows");
        return Err(Error::invalid(&field.path, rows, rule));
    }
    Ok(dwell)
}

/// The chain of phases: a phase ends in each row with the same probability, and the last one ends its regime.
fn phases(next: &Matrix, dwell: &[f64], shape: usize) -> Matrix {
    let n = next.len();
    let mut step = vec![vec![0.0; n * shape]; n * shape];
    for from in 0..n {
        let ends = shape as f64 / dwell[from];
        for phase in 0..shape {
            let row = &mut step[from * shape + phase];
            row[from * shape + phase] = 1.0 - ends;
            if phase + 1 < shape {
                row[from * shape + phase + 1] = ends;
            } else {
                for to in (0..n).filter(|to| *to != from) {
                    row[to * shape] = ends * next[from][to];
                }
            }
        }
    }
    step
}

impl Rule for Markov {
    fn fill(&self, at: At, out: &mut [f64]) {
        let tile = self.chain.tile(at);
        let offset = (at.row % TILE as u64) as usize;
        for (x, state) in out.iter_mut().zip(&tile[offset..TILE]) {
            *x = self.values[usize::from(*state)];
        }
    }

    fn gives(&self) -> Gives {
        self.gives
    }

    fn is_held(&self) -> bool {
        true
    }

    fn successors(&self) -> Option<&Successors> {
        Some(&self.successors)
    }

    fn support(&self) -> Option<u64> {
        Some(self.successors.values.len() as u64)
    }

    fn bounds(&self) -> (f64, f64) {
        span_of(&self.values)
    }
}
