//! A heartbeat: the waves P, Q, R, S and T as bumps along the cycle (after McSharry et al. 2003).

use super::phase::{Phase, Phases};
use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::position::Position;
use crate::generate::rule::{At, Rule};
use crate::generate::scope::Scope;
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

/// Place in the cycle (in cycles, the R wave at 0), width (in cycles), height (R = 1).
const WAVES: [(f64, f64, f64); 5] = [
    (-0.194, 0.040, 0.12),
    (-0.042, 0.016, -0.17),
    (0.0, 0.016, 1.0),
    (0.042, 0.016, -0.25),
    (0.278, 0.064, 0.25),
];

#[derive(Debug)]
struct Ecg {
    phase: Phase,
    amplitude: Param,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let phase = Phase::parse(table, scope, 0, None)?;
    let amplitude = Param::or(table, "amplitude", 1.0, scope)?;
    Ok(Box::new(Ecg { phase, amplitude }))
}

struct Draw<'a> {
    phases: Phases,
    out: &'a mut [f64],
}

impl Kernel for Draw<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for j in 0..self.out.len() {
            self.out[j] = beat(self.phases.centred(j));
        }
    }
}

/// The heart at a place of its cycle.
#[inline(always)]
fn beat(v: f64) -> f64 {
    let mut sum = 0.0;
    for (place, width, height) in WAVES {
        let z = (v - place) / width;
        sum += height * fmath::exp(-0.5 * (z * z));
    }
    sum
}

impl Rule for Ecg {
    fn fill(&self, at: At, out: &mut [f64]) {
        let amplitude = self.amplitude.column(at, out.len());
        dispatch(Draw { phases: self.phase.at(at), out });
        for (x, amplitude) in out.iter_mut().zip(amplitude) {
            *x *= amplitude;
        }
    }

    fn fill_at(&self, at: At, positions: &[Position], out: &mut [f64]) {
        let cycles = self.phase.cycles(at);
        let amplitude = self.amplitude.column(At { positions: Some(positions), ..at }, out.len());
        for ((x, to), amplitude) in out.iter_mut().zip(positions).zip(amplitude) {
            *x = beat(cycles.phase(*to).centred(0)) * amplitude;
        }
    }
}
