//! Student's t: a normal with heavy tails. By the polar formula of Bailey (1994), which rejects nothing: with u and v
//! uniform, sqrt(df (u^(-2/df) - 1)) cos(2 pi v). For large df it is Box and Muller's formula.

use super::location::Location;
use crate::Result;
use crate::fmath;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site};
use crate::generate::scope::Scope;
use crate::random::{TILE, uniforms};
use crate::simd::{Kernel, dispatch};
use crate::spec::Table;

#[derive(Debug)]
struct StudentT {
    df: Param,
    location: Location,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    // Below, values would leave what a float holds.
    let df = Param::need(table, "df", scope)?
        .within(|x| (0.2..=1e300).contains(&x), "must be from 0.2 to 1e300")?;
    let location = Location::parse(table, scope)?;
    Ok(Box::new(StudentT { df, location, site: scope.site(table)? }))
}

struct Draw<'a> {
    out: &'a mut [f64],
    turn: &'a [f64],
    df: &'a [f64],
}

impl Kernel for Draw<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((x, &turn), &df) in self.out.iter_mut().zip(self.turn).zip(self.df) {
            let square = df * fmath::expm1(2.0 / df * -fmath::ln(1.0 - *x));
            let (_, cos) = fmath::sincos2pi(turn - 0.5);
            *x = square.sqrt() * cos;
        }
    }
}

impl Rule for StudentT {
    fn fill(&self, at: At, out: &mut [f64]) {
        let df = self.df.column(at, out.len());
        let mut turn = [0.0; TILE];
        uniforms(at.source(self.site), at.row, 0.0, 1.0, out);
        uniforms(at.source(self.site.draw(1)), at.row, 0.0, 1.0, &mut turn[..out.len()]);
        dispatch(Draw { out, turn: &turn, df: &df });
        self.location.apply(at, out);
    }
}
