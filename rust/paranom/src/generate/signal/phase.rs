//! The phase of a periodic signal, exact at any row.
//!
//! The frequency is kept as a fraction of 2^128, so that row * frequency (modulo 1) is integer arithmetic: at row 2^63
//! the phase is as good as at row 0, and it never depends on how many rows are asked for. Periods and phases are
//! numbers of rows and of cycles.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::position::Position;
use crate::generate::rule::At;
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::spec::Table;

/// Period and phase shift of a periodic signal.
#[derive(Debug)]
pub(super) struct Phase {
    period: Param,
    shift: Param,
    /// A quarter of a cycle, for the cosine.
    lead: u64,
}

/// The phases of neighbouring rows, in units of 2^-64 cycles: `first`, then one `step` per row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phases {
    first: u64,
    step: u64,
}

impl Phase {
    pub(super) fn parse(table: &Table, scope: &Scope, lead: u64, period: Option<f64>) -> Result<Self> {
        let period = match period {
            Some(default) => Param::or(table, "period", default, scope)?,
            None => Param::need(table, "period", scope)?,
        };
        let period = period.within(|x| x >= 1e-6, "must be >= 1e-6")?.not_per_row()?;
        let shift = Param::or(table, "phase", 0.0, scope)?.not_per_row()?;
        Ok(Self { period, shift, lead })
    }

    /// The phases from `at.row` on. Parameters that vary from row to row are refused at parse time.
    pub(super) fn at(&self, at: At) -> Phases {
        let cycles = self.cycles(at);
        let first = cycles.phase(Position { row: at.row, part: 0.0 }).first;
        Phases { first, step: cycles.step() }
    }

    /// The phases anywhere.
    pub(super) fn cycles(&self, at: At) -> Cycles {
        let period = self.period.one(at).unwrap_or(1.0);
        let shift = self.shift.one(at).unwrap_or(0.0);
        Cycles { inverse: inverse(period), shift: fraction(shift).wrapping_add(self.lead) }
    }
}

/// Cycles along the row axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cycles {
    /// Cycles per row, in units of 2^-128.
    inverse: u128,
    shift: u64,
}

impl Cycles {
    fn step(self) -> u64 {
        (self.inverse >> 64) as u64
    }

    /// The phase at a place; for one row.
    pub(super) fn phase(self, to: Position) -> Phases {
        Phases::one(self.first(to))
    }

    /// The phase at a place, in units of 2^-64 cycles.
    #[inline(always)]
    pub(super) fn first(self, to: Position) -> u64 {
        // Exact at the start of the tile, whichever row of it is asked for: slices agree.
        let offset = to.row % TILE as u64;
        let tile = (self.inverse.wrapping_mul(u128::from(to.row - offset)) >> 64) as u64;
        let first = tile.wrapping_add(self.step().wrapping_mul(offset)).wrapping_add(self.shift);
        let part = u128::from((to.part * 4_294_967_296.0) as u64);
        let beyond = ((u128::from(self.step()) * part) >> 32) as u64;
        first.wrapping_add(beyond)
    }
}

impl Phases {
    /// That of one row.
    #[inline(always)]
    pub(super) fn one(first: u64) -> Self {
        Self { first, step: 0 }
    }

    /// The phase of the j-th row in units of 2^-64 cycles.
    #[inline(always)]
    pub(super) fn cycle(self, j: usize) -> u64 {
        // The step is rounded down to 2^-64: over a tile that errs by 2^-55 cycles at most.
        self.first.wrapping_add(self.step.wrapping_mul(j as u64))
    }

    /// The phase of the j-th row in [0, 1), to 52 bits, [`NUDGE`] ahead.
    #[inline(always)]
    pub(super) fn unit(self, j: usize) -> f64 {
        f64::from_bits((self.cycle(j).wrapping_add(NUDGE) >> 12) | 0x3ff0_0000_0000_0000) - 1.0
    }

    /// The phase of the j-th row in [-1/2, 1/2), to 52 bits.
    #[inline(always)]
    pub(super) fn centred(self, j: usize) -> f64 {
        f64::from_bits((self.cycle(j).wrapping_add(1 << 63) >> 12) | 0x3ff0_0000_0000_0000) - 1.5
    }
}

/// A share of a cycle, or its default.
pub(super) fn share(table: &Table, name: &str, default: f64) -> Result<f64> {
    let Some(field) = table.get(name) else { return table.number_or(name, default) };
    let share = field.number()?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(field.invalid("must be from 0 to 1")) }
}

/// 2^-51 cycles: more than a phase errs by rounding, so that a row meant to be at an edge (where a cycle begins, or
/// at 3/10 of it) never comes out just below it.
const NUDGE: u64 = 1 << 13;

const _: () = assert!(TILE <= 512, "the error of Phases::cycle grows with the tile");

/// The fractional part of a number, in units of 2^-64.
fn fraction(x: f64) -> u64 {
    ((x - x.floor()) * 18_446_744_073_709_551_616.0) as u64
}

/// 2^128 / period, rounded down, modulo 2^128: by long division, since a float holds the period exactly.
fn inverse(period: f64) -> u128 {
    let bits = period.to_bits();
    let exponent = (bits >> 52) as i32 - 1075; // period = mantissa * 2^exponent; periods are normal numbers
    let mantissa = (bits & 0x000f_ffff_ffff_ffff) | 0x0010_0000_0000_0000;
    let mut quotient = 0_u128;
    let mut remainder = 1_u64;
    let mut left = 128 - exponent;
    while left > 0 {
        // As many bits as one division of the processor gives.
        let bits = left.min(64);
        let wide = u128::from(remainder) << bits;
        let part = wide / u128::from(mantissa);
        remainder = (wide - part * u128::from(mantissa)) as u64;
        quotient = (quotient << bits) | part;
        left -= bits;
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverses_are_exact() {
        assert_eq!(inverse(2.0), 1 << 127);
        assert_eq!(inverse(1.0), 0, "a whole cycle per row is no cycle");
        assert_eq!(inverse(3.0), u128::MAX / 3);
        assert_eq!(inverse(300.0), (1_u128 << 127) / 150);
        assert_eq!(inverse(0.75), u128::MAX / 3, "whole cycles are dropped");
        assert_eq!(inverse(1e300), 0);
    }

    #[test]
    fn an_inverse_is_that_of_division_bit_by_bit() {
        let mut period = 1e-6_f64;
        for i in 0..2000 {
            period *= if i % 7 == 0 { 1.71 } else { 1.003_7 };
            let bits = period.to_bits();
            let mantissa = (bits & 0x000f_ffff_ffff_ffff) | 0x0010_0000_0000_0000;
            let (mut quotient, mut remainder) = (0_u128, 1_u64);
            for _ in 0..128 - ((bits >> 52) as i32 - 1075) {
                remainder <<= 1;
                quotient = (quotient << 1) | u128::from(remainder >= mantissa);
                remainder -= if remainder >= mantissa { mantissa } else { 0 };
            }
            assert_eq!(inverse(period), quotient, "{period}");
        }
    }

    #[test]
    fn edges_are_not_missed() {
        for period in [3_u64, 7, 10, 49, 300, 1440] {
            let inverse = inverse(period as f64);
            for row in [period, 17 * period, 1_000_003 * period] {
                let tile = row - row % TILE as u64;
                let first = (inverse.wrapping_mul(u128::from(tile)) >> 64) as u64;
                let phases = Phases { first, step: (inverse >> 64) as u64 };
                assert!(phases.unit((row - tile) as usize) < 1e-9, "row {row} of period {period}");
            }
        }
    }

    #[test]
    fn fractions_of_negative_shifts() {
        assert_eq!(fraction(-0.25), 3 << 62);
        assert_eq!(fraction(7.5), 1 << 63);
    }
}
