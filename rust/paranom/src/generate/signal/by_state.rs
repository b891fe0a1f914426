//! A rule for each state of another variable.

use std::sync::{Arc, OnceLock};

use crate::Result;
use crate::generate::binding::{Binding, Expects, StateTable};
use crate::generate::column::Gives;
use crate::generate::rule::{At, Rule, span};
use crate::generate::scope::Scope;
use crate::generate::states;
use crate::generate::view::Reference;
use crate::random::TILE;
use crate::spec::Table;

#[derive(Debug)]
struct ByState {
    reference: Reference,
    rules: Vec<Box<dyn Rule>>,
    /// Which rule each state has.
    places: Arc<OnceLock<Vec<usize>>>,
    gives: Gives,
}

/// Most rows of a lag.
const MOST_LAG: i128 = 1 << 40;

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let lag = table.whole_or("lag", 0, MOST_LAG, 0)? as u64;
    let variable = scope.variable(&table.need("variable")?)?;
    if scope.per_event() {
        return Err(table.invalid("must not be drawn once per event: states belong to rows"));
    }
    let values = table.need("values")?;
    let by_name = values.table()?;
    let (mut names, mut rules) = (Vec::new(), Vec::new());
    for (name, rule) in by_name.all() {
        names.push(name.to_owned());
        rules.push(scope.rule_or_states(&rule)?);
    }
    by_name.finish()?;
    let other = table.get("other").map(|rule| scope.rule_or_states(&rule)).transpose()?;
    let has_other = other.is_some();
    rules.extend(other);
    if rules.is_empty() {
        return Err(values.invalid("must have a rule for each state"));
    }
    let gives = states::common(&values.path, rules.iter().map(|rule| rule.gives()))?;
    let places = Arc::new(OnceLock::new());
    let states = StateTable { names: names.into(), other: has_other, places: places.clone() };
    scope.bind(Binding { variable, path: table.path.clone(), expects: Expects::States(states) });
    scope.refer((variable, lag));
    Ok(Box::new(ByState { reference: (variable, lag), rules, places, gives }))
}

impl Rule for ByState {
    fn fill(&self, at: At, out: &mut [f64]) {
        let n = out.len();
        out.fill(f64::NAN);
        let (Some(view), Some(places)) = (at.view, self.places.get()) else { return };
        let mut buffer = [0.0; TILE];
        let states = &mut buffer[..n];
        view.fill(self.reference, at.row, states);
        // A state that is missing has no rule.
        let place = |state: f64| if state >= 0.0 { places.get(state as usize).copied() } else { None };
        let mut wanted = [usize::MAX; TILE];
        for (wanted, state) in wanted.iter_mut().zip(&*states) {
            *wanted = place(*state).unwrap_or(usize::MAX);
        }
        let mut term = [0.0; TILE];
        for (number, rule) in self.rules.iter().enumerate() {
            if wanted[..n].contains(&number) {
                rule.fill(at, &mut term[..n]);
                for ((x, term), wanted) in out.iter_mut().zip(term).zip(wanted) {
                    *x = if wanted == number { term } else { *x };
                }
            }
        }
    }

    fn gives(&self) -> Gives {
        self.gives
    }

    fn bounds(&self) -> (f64, f64) {
        span(self.rules.iter().map(|rule| rule.bounds()))
    }

    fn support(&self) -> Option<u64> {
        self.rules.iter().try_fold(0_u64, |all, rule| Some(all.saturating_add(rule.support()?)))
    }
}
