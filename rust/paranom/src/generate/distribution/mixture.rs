//! A mixture: in each row the value of one of several rules, by weight.

use super::weights;
use crate::Result;
use crate::generate::column::Gives;
use crate::generate::rule::{At, Rule, Site, span};
use crate::generate::scope::Scope;
use crate::generate::states;
use crate::random::{TILE, uniforms};
use crate::spec::Table;

#[derive(Debug)]
struct Mixture {
    of: Vec<Box<dyn Rule>>,
    ends: Vec<f64>,
    gives: Gives,
    site: Site,
}

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let list = table.need("of")?;
    let of = list.list()?.iter().map(|rule| scope.rule_or_states(rule)).collect::<Result<Vec<_>>>()?;
    if of.is_empty() {
        return Err(list.invalid("must hold at least one rule"));
    }
    let ends = weights::ends(table, of.len(), "rules")?;
    let gives = states::common(&list.path, of.iter().map(|rule| rule.gives()))?;
    Ok(Box::new(Mixture { of, ends, gives, site: scope.site(table)? }))
}

impl Mixture {
    fn possible(&self) -> impl Iterator<Item = &dyn Rule> {
        weights::possible(&self.ends).map(|i| &*self.of[i])
    }
}

impl Rule for Mixture {
    fn fill(&self, at: At, out: &mut [f64]) {
        let n = out.len();
        let mut which = [0.0; TILE];
        let mut term = [0.0; TILE];
        uniforms(at.source(self.site), at.row, 0.0, 1.0, &mut which[..n]);
        let mut from = 0.0;
        for (rule, &end) in self.of.iter().zip(&self.ends) {
            let mine = |u: f64| from <= u && u < end;
            if which[..n].iter().any(|u| mine(*u)) {
                rule.fill(at, &mut term[..n]);
                for ((x, term), u) in out.iter_mut().zip(term).zip(which) {
                    *x = if mine(u) { term } else { *x };
                }
            }
            from = end;
        }
    }

    fn gives(&self) -> Gives {
        self.gives
    }

    fn support(&self) -> Option<u64> {
        self.possible().try_fold(0_u64, |all, rule| Some(all.saturating_add(rule.support()?)))
    }

    fn below(&self) -> Option<f64> {
        let end = |rule: &dyn Rule| rule.below().unwrap_or(rule.bounds().1);
        let most = self.possible().map(end).fold(f64::NEG_INFINITY, f64::max);
        self.possible().all(|rule| rule.below().is_some() || rule.bounds().1 < most).then_some(most)
    }

    fn bounds(&self) -> (f64, f64) {
        span(self.possible().map(Rule::bounds))
    }
}
