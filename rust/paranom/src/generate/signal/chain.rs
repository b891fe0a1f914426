//! A Markov chain over 2^64 rows that any row can be asked for: stationary, exact, refined by halving.
//!
//! Given the states a and b at the ends of 2 h rows, the middle is state k with a probability in proportion to
//! P^h[a, k] P^h[k, b]. So the states at row 0 and at row 2^64 are drawn first, then the middle, and so on down to the
//! row: 64 draws, most of which a tile's rows share. A transition of probability 0 never happens, since P^h[a, k] is
//! exactly 0 where no path leads.

use crate::Result;
use crate::generate::halving::{CUTS, Cut, TILE_BITS, cuts};
use crate::generate::rule::{At, Site};
use crate::random::{TILE, uniforms, uniforms_at};
use crate::spec::Field;

/// Most states: a table of their third power is kept for each length of an interval.
pub(super) const MOST: usize = 32;
/// Draws of the two ends.
const RIGHT: u8 = 65;
const LEFT: u8 = 66;

/// Probabilities of one step, row by row.
pub(super) type Matrix = Vec<Vec<f64>>;

#[derive(Debug)]
pub(super) struct Chain {
    states: usize,
    /// The stationary law, as ends of intervals.
    first: Vec<f64>,
    /// For the state at row 0, the law of that at row 2^64.
    last: Vec<Vec<f64>>,
    /// For intervals of 2^(level + 1) rows and both of their ends, the law of the middle: level, left, right, state.
    middles: Vec<Vec<f64>>,
    site: Site,
}

/// Reads probabilities: a list for each of `n` states, which sums to 1.
pub(super) fn read(field: &Field, n: usize) -> Result<Matrix> {
    let rows = field.list()?;
    if rows.len() != n {
        return Err(field.invalid(format!("must hold a list of probabilities for each of the {n} states")));
    }
    rows.iter()
        .map(|row| {
            let shares = row.numbers()?;
            if shares.len() != n {
                return Err(row.invalid(format!("must hold a probability for each of the {n} states")));
            }
            if shares.iter().any(|share| *share < 0.0) {
                return Err(row.invalid("must not hold negative probabilities"));
            }
            if (shares.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
                return Err(row.invalid("must hold probabilities that sum to 1"));
            }
            Ok(shares)
        })
        .collect()
}

/// Whether each state leads to every other one, in some number of steps.
pub(super) fn is_connected(step: &Matrix) -> bool {
    (0..step.len()).all(|from| {
        let mut seen = vec![false; step.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for (to, share) in step[at].iter().enumerate() {
                if *share > 0.0 && !std::mem::replace(&mut seen[to], true) {
                    open.push(to);
                }
            }
        }
        seen.iter().all(|seen| *seen)
    })
}

/// Rows that sum to 1, as well as floats can.
fn normalized(mut step: Matrix) -> Matrix {
    for row in &mut step {
        let sum: f64 = row.iter().sum();
        for share in row.iter_mut() {
            *share /= sum;
        }
    }
    step
}

/// The probabilities of twice as many steps.
fn squared(step: &Matrix) -> Matrix {
    let n = step.len();
    let mut square = vec![vec![0.0; n]; n];
    for (row, from) in square.iter_mut().zip(step) {
        for (share, through) in from.iter().zip(step) {
            for (sum, to) in row.iter_mut().zip(through) {
                *sum += share * to;
            }
        }
    }
    normalized(square)
}

/// Weights as ends of intervals of [0, 1): a uniform in [ends[k-1], ends[k]) means state k.
fn ends(weights: &[f64], out: &mut [f64]) {
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    for (end, weight) in out.iter_mut().zip(weights) {
        sum += weight;
        *end = sum / total;
    }
    // Rounding must not leave a gap; and ends that nothing leads to are never asked for.
    let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
    out[last..].fill(1.0);
}

fn ends_of(weights: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; weights.len()];
    ends(weights, &mut out);
    out
}

/// The state whose interval holds a uniform.
#[inline(always)]
fn pick(ends: &[f64], u: f64) -> usize {
    if ends.len() > 8 {
        return ends.partition_point(|end| *end <= u);
    }
    ends.iter().map(|end| usize::from(*end <= u)).sum()
}

impl Chain {
    /// A chain with these probabilities of one step; each state leads to every other one.
    pub(super) fn new(step: Matrix, site: Site) -> Self {
        let n = step.len();
        let step = normalized(step);
        // The same stationary law, and no period: half of the steps stay.
        let stay = |(at, row): (usize, &Vec<f64>)| -> Vec<f64> {
            row.iter().enumerate().map(|(to, share)| 0.5 * share + if to == at { 0.5 } else { 0.0 }).collect()
        };
        let mut lazy: Matrix = step.iter().enumerate().map(stay).collect();
        let mut power = step;
        let mut middles = Vec::with_capacity(64);
        for _ in 0..64 {
            lazy = squared(&lazy);
            let mut table = vec![0.0; n * n * n];
            let mut weights = vec![0.0; n];
            for left in 0..n {
                for right in 0..n {
                    for (k, weight) in weights.iter_mut().enumerate() {
                        *weight = power[left][k] * power[k][right];
                    }
                    ends(&weights, &mut table[(left * n + right) * n..][..n]);
                }
            }
            middles.push(table);
            power = squared(&power);
        }
        Self {
            states: n,
            first: ends_of(&lazy[0]),
            last: power.iter().map(|row| ends_of(row)).collect(),
            middles,
            site,
        }
    }

    /// The law of the middle of an interval of 2^bits rows.
    #[inline(always)]
    fn middle(&self, bits: u32, left: usize, right: usize) -> &[f64] {
        let n = self.states;
        &self.middles[bits as usize - 1][(left * n + right) * n..][..n]
    }

    /// The states at the two ends of the tile that begins with a row.
    fn tile_ends(&self, at: At, first: u64) -> (usize, usize) {
        let (mut sites, mut rows, mut draws) = ([0; CUTS + 2], [0; CUTS + 2], [0.0; CUTS + 2]);
        let ends = [(LEFT, 0), (RIGHT, 0)];
        let asked = cuts(first).map(|cut| (cut.bits as u8, cut.number)).chain(ends);
        for ((site, row), (draw, number)) in sites.iter_mut().zip(&mut rows).zip(asked) {
            (*site, *row) = (at.source(self.site.draw(draw)).site, number);
        }
        uniforms_at(at.source(self.site), &sites, &rows, &mut draws);
        let mut left = pick(&self.first, draws[CUTS]);
        let mut right = pick(&self.last[left], draws[CUTS + 1]);
        for (Cut { bits, second, .. }, u) in cuts(first).zip(draws) {
            let middle = pick(self.middle(bits, left, right), u);
            if second { left = middle } else { right = middle }
        }
        (left, right)
    }

    /// The states of the tile that holds `at.row`. A redraw has nothing to redraw: a row depends on its neighbours.
    pub(super) fn tile(&self, at: At) -> [u8; TILE + 1] {
        let first = at.row - at.row % TILE as u64;
        let at = At { attempt: 0, ..at };
        let mut walk = [0; TILE + 1];
        let (left, right) = self.tile_ends(at, first);
        (walk[0], walk[TILE]) = (left as u8, right as u8);
        for bits in (1..=TILE_BITS).rev() {
            let length = 1 << bits;
            let mut buffer = [0.0; TILE / 2];
            let drawn = &mut buffer[..TILE / length];
            uniforms(at.source(self.site.draw(bits as u8)), first >> bits, 0.0, 1.0, drawn);
            for (i, u) in drawn.iter().enumerate() {
                let (left, right) = (i * length, (i + 1) * length);
                let law = self.middle(bits, walk[left].into(), walk[right].into());
                walk[left + length / 2] = pick(law, *u) as u8;
            }
        }
        walk
    }
}
