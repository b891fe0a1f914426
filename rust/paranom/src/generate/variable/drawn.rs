//! What an event has drawn for itself: the parameters of its rule.

use super::definition::Variable;
use crate::generate::event::Event;
use crate::generate::param::once;
use crate::generate::rule::At;

impl Variable {
    /// The parameters that an event draws here: their places in the rule, like `by` or `of[1].mean`, and their values.
    pub fn drawn(&self, event: &Event) -> impl Iterator<Item = (&str, f64)> {
        let at = At {
            key: self.key,
            row: event.start,
            attempt: 0,
            event: Some(event),
            positions: None,
            view: None,
        };
        let rules = self.effects[event.anomaly].iter().flat_map(|effect| &effect.rule.drawn);
        rules.map(move |(place, rule)| (place.as_str(), once(&**rule, at)))
    }
}
