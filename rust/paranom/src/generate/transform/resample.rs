//! Resampling: the normal rule's signals are evaluated at other times; what is drawn in each row stays where it is.

use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::position::Position;
use crate::generate::rule::{At, Reads, Rule, Transform};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

#[derive(Debug)]
enum Resample {
    /// From the event's first row on, so many times as fast.
    Faster(Param),
    /// So many rows ahead.
    Ahead(Param),
    /// From the event's last row to its first.
    Backward,
    /// Ahead in the first half of the event, behind in the second: the larger, the farther.
    TimeWarp(Param),
}

pub(super) fn frequency_change(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let factor = Param::need(table, "factor", scope)?
        .within(|x| x > 0.0 && x <= 1000.0, "must be > 0 and <= 1000")?
        .not_per_row()?;
    Ok(Box::new(Resample::Faster(factor)))
}

pub(super) fn phase_shift(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Resample::Ahead(Param::need(table, "by", scope)?.not_per_row()?)))
}

#[allow(clippy::unnecessary_wraps)] // the signature of every kind
pub(super) fn reverse(_table: &Table, _scope: &Scope) -> Result<Box<dyn Transform>> {
    Ok(Box::new(Resample::Backward))
}

pub(super) fn time_warp(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let strength = Param::or(table, "strength", 0.9, scope)?
        .within(|x| (-1.0..=1.0).contains(&x), "must be from -1 to 1: beyond, time would run backwards")?
        .not_per_row()?;
    Ok(Box::new(Resample::TimeWarp(strength)))
}

impl Resample {
    /// Where the signals are evaluated for the j-th row.
    #[inline(always)]
    fn position(&self, at: At, amount: f64, j: usize) -> Position {
        let row = at.row + j as u64;
        let (start, stop) = at.event.map_or((row, row + 1), |event| (event.start, event.stop));
        let (offset, duration) = at.place(j);
        match self {
            Self::Faster(_) => Position::beside(start, offset * amount),
            Self::Ahead(_) => Position::beside(row, amount),
            Self::Backward => Position { row: stop - 1 - (row - start), part: 0.0 },
            Self::TimeWarp(_) => {
                // duration / 2 pi sin(2 pi u): its slope lies between -1 and 1, and it is 0 at both ends.
                let u = (offset + 1.0) / (duration + 1.0);
                let (sin, _) = fmath::sincos2pi(u - 0.5);
                let most = (duration + 1.0) / std::f64::consts::TAU;
                Position::beside(row, amount * (most * -sin))
            }
        }
    }
}

/// The positions of neighbouring rows.
struct Places<'a> {
    resample: &'a Resample,
    at: At<'a>,
    amount: f64,
    out: &'a mut [Position],
}

impl Kernel for Places<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (j, to) in self.out.iter_mut().enumerate() {
            *to = self.resample.position(self.at, self.amount, j);
        }
    }
}

impl Transform for Resample {
    fn reads(&self) -> Reads {
        Reads::Signals
    }

    fn keeps_states(&self) -> bool {
        true
    }

    fn shortest(&self) -> u64 {
        if let Self::Ahead(_) = self { 1 } else { 2 }
    }

    fn apply(&self, at: At, normal: &dyn Rule, values: &mut [f64]) {
        let amount = match self {
            Self::Faster(amount) | Self::Ahead(amount) | Self::TimeWarp(amount) => {
                amount.one(at).unwrap_or(0.0)
            }
            Self::Backward => 0.0,
        };
        let mut buffer = [Position::default(); TILE];
        let positions = &mut buffer[..values.len()];
        dispatch(Places { resample: self, at, amount, out: &mut *positions });
        normal.fill(At { event: None, positions: Some(positions), ..at }, values);
    }
}
