//! Adds normal noise: a change of variance.

use crate::Result;
use crate::generate::param::Param;
use crate::generate::rule::{At, Rule, Site, Transform};
use crate::generate::scope::Scope;
use crate::random::{TILE, normals};
use crate::spec::Table;

#[derive(Debug)]
struct Noise {
    std: Param,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Transform>> {
    let std = Param::need(table, "std", scope)?.within(|x| x >= 0.0, "must be >= 0")?;
    Ok(Box::new(Noise { std, site: scope.site(table)? }))
}

impl Transform for Noise {
    fn apply(&self, at: At, _normal: &dyn Rule, values: &mut [f64]) {
        let std = self.std.column(at, values.len());
        let mut buffer = [0.0; TILE];
        let drawn = &mut buffer[..values.len()];
        normals(at.source(self.site), at.row, 0.0, 1.0, drawn);
        for ((x, std), z) in values.iter_mut().zip(std).zip(drawn) {
            *x += std * *z;
        }
    }
}
