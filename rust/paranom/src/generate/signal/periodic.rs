//! Sine, cosine, square and sawtooth.

use super::phase::{Phase, Phases, share};
use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::position::Position;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::random::TILE;
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

/// A shape of one cycle, mostly between -1 and 1.
pub(super) trait Wave: std::fmt::Debug + Send + Sync {
    fn value(&self, phases: Phases, j: usize) -> f64;

    /// The largest size of a value.
    fn most(&self) -> f64 {
        1.0
    }
}

#[derive(Debug)]
struct Sine;
impl Wave for Sine {
    #[inline(always)]
    fn value(&self, phases: Phases, j: usize) -> f64 {
        fmath::sincos2pi(phases.centred(j)).0
    }
}

/// High for the first `duty` of the cycle.
#[derive(Debug)]
struct Square {
    duty: f64,
}
impl Wave for Square {
    #[inline(always)]
    fn value(&self, phases: Phases, j: usize) -> f64 {
        if phases.unit(j) < self.duty { 1.0 } else { -1.0 }
    }
}

/// Rises from -1 to 1.
#[derive(Debug)]
struct Sawtooth;
impl Wave for Sawtooth {
    #[inline(always)]
    fn value(&self, phases: Phases, j: usize) -> f64 {
        2.0 * phases.unit(j) - 1.0
    }
}

#[derive(Debug)]
struct Periodic<W> {
    wave: W,
    phase: Phase,
    amplitude: Param,
}

/// Reads a signal of a shape; `period` is the default.
pub(super) fn parse<W: Wave + 'static>(
    table: &Table,
    scope: &Scope,
    wave: W,
    period: Option<f64>,
) -> Result<Box<dyn Rule>> {
    with_phase(table, scope, wave, Phase::parse(table, scope, 0, period)?)
}

fn with_phase<W: Wave + 'static>(
    table: &Table,
    scope: &Scope,
    wave: W,
    phase: Phase,
) -> Result<Box<dyn Rule>> {
    let amplitude = Param::or(table, "amplitude", 1.0, scope)?;
    Ok(Box::new(Periodic { wave, phase, amplitude }))
}

pub(super) fn sine(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    parse(table, scope, Sine, None)
}

pub(super) fn cosine(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    with_phase(table, scope, Sine, Phase::parse(table, scope, 1 << 62, None)?)
}

pub(super) fn square(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let duty = share(table, "duty", 0.5)?;
    parse(table, scope, Square { duty }, None)
}

pub(super) fn sawtooth(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    parse(table, scope, Sawtooth, None)
}

struct Draw<'a, W> {
    wave: &'a W,
    phases: Phases,
    amplitude: f64,
    out: &'a mut [f64],
}

impl<W: Wave> Kernel for Draw<'_, W> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for j in 0..self.out.len() {
            self.out[j] = self.amplitude * self.wave.value(self.phases, j);
        }
    }
}

/// Rows with a phase of their own each, in units of 2^-64 cycles.
struct Elsewhere<'a, W> {
    wave: &'a W,
    phases: &'a [u64],
    amplitude: &'a [f64],
    out: &'a mut [f64],
}

impl<W: Wave> Kernel for Elsewhere<'_, W> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((x, &phase), amplitude) in self.out.iter_mut().zip(self.phases).zip(self.amplitude) {
            *x = amplitude * self.wave.value(Phases::one(phase), 0);
        }
    }
}

impl<W: Wave> Rule for Periodic<W> {
    fn fill(&self, at: At, out: &mut [f64]) {
        let (wave, phases) = (&self.wave, self.phase.at(at));
        if let Some(amplitude) = self.amplitude.one(at) {
            dispatch(Draw { wave, phases, amplitude, out });
        } else {
            let amplitude = self.amplitude.column(at, out.len());
            dispatch(Draw { wave, phases, amplitude: 1.0, out });
            for (x, amplitude) in out.iter_mut().zip(amplitude) {
                *x *= amplitude;
            }
        }
    }

    fn fill_at(&self, at: At, positions: &[Position], out: &mut [f64]) {
        let cycles = self.phase.cycles(at);
        let amplitude = self.amplitude.column(At { positions: Some(positions), ..at }, out.len());
        let mut buffer = [0; TILE];
        let phases = &mut buffer[..out.len()];
        for (phase, to) in phases.iter_mut().zip(positions) {
            *phase = cycles.first(*to);
        }
        dispatch(Elsewhere { wave: &self.wave, phases, amplitude: &amplitude, out });
    }

    fn bounds(&self) -> (f64, f64) {
        let (low, high) = self.amplitude.bounds();
        let most = low.abs().max(high.abs()) * self.wave.most();
        (-most, most)
    }
}
