//! A parameter of a rule: a number, or a distribution that is drawn once per event or anew in each row.

use std::sync::Arc;

use super::rule::{At, Rule};
use super::scope::Scope;
use crate::Result;
use crate::error::refuse_unless;
use crate::random::TILE;
use crate::spec::{Table, Value};

/// A parameter.
#[derive(Debug)]
pub struct Param {
    source: From,
    path: String,
}

#[derive(Debug)]
enum From {
    Fixed(f64),
    /// Drawn once per event, addressed by the event's number.
    Event(Arc<dyn Rule>),
    /// Drawn anew in each row.
    Row(Box<dyn Rule>),
}

impl Param {
    /// Reads a parameter that must be there.
    pub fn need(table: &Table, name: &str, scope: &Scope) -> Result<Self> {
        table.need(name)?;
        Self::or(table, name, f64::NAN, scope)
    }

    /// Reads a parameter, or takes its default.
    pub fn or(table: &Table, name: &str, default: f64, scope: &Scope) -> Result<Self> {
        let Some(field) = table.get(name) else {
            return Ok(Self { source: From::Fixed(table.number_or(name, default)?), path: name.into() });
        };
        let path = field.path.clone();
        if let Value::Whole(_) | Value::Number(_) = field.value {
            return Ok(Self { source: From::Fixed(field.number()?), path });
        }
        let Value::Table(_) = field.value else { return Err(field.wrong("a number or a rule")) };
        let inner = field.table()?;
        let each_row =
            matches!(inner.get("kind"), Some(kind) if *kind.value == Value::Text("each_row".into()));
        let source = if each_row {
            inner.need("kind")?.text()?;
            let of = inner.need("of")?;
            if scope.per_event() {
                return Err(field
                    .invalid("must not be drawn in each row: it is part of what is drawn once per event"));
            }
            let rule = scope.rule(&of)?;
            inner.finish()?;
            From::Row(rule)
        } else if scope.anomalous() {
            let rule: Arc<dyn Rule> = scope.once_per_event(|| scope.rule(&field))?.into();
            scope.note_drawn(&path, &rule);
            From::Event(rule)
        } else {
            From::Row(scope.rule(&field)?)
        };
        Ok(Self { source, path })
    }

    /// Refuses a parameter that may leave a range, its ends included or not.
    pub fn within(self, ok: impl Fn(f64) -> bool, rule: &str) -> Result<Self> {
        let (low, high) = self.bounds();
        refuse_unless(ok(low), &self.path, low, rule)?;
        refuse_unless(ok(high), &self.path, high, rule)?;
        Ok(self)
    }

    /// Refuses a parameter that is drawn anew in each row.
    pub fn not_per_row(self) -> Result<Self> {
        refuse_unless(
            !matches!(self.source, From::Row(_)),
            &self.path,
            "a distribution",
            "must be a number here (in an anomalous rule it may be drawn once per event)",
        )?;
        Ok(self)
    }

    /// Refuses a pair that is not in order.
    pub fn less(low: &Self, high: &Self) -> Result<()> {
        let (most, least) = (low.bounds().1, high.bounds().0);
        refuse_unless(most < least, &high.path, least, &format!("must be > {} ({most})", name(&low.path)))
    }

    /// The range of the parameter's values.
    pub fn bounds(&self) -> (f64, f64) {
        match &self.source {
            From::Fixed(x) => (*x, *x),
            From::Event(rule) => rule.bounds(),
            From::Row(rule) => rule.bounds(),
        }
    }

    /// How many different values it can have at most, when that is known.
    pub fn support(&self) -> Option<u64> {
        match &self.source {
            From::Fixed(_) => Some(1),
            From::Event(rule) => rule.support(),
            From::Row(rule) => rule.support(),
        }
    }

    /// The number, if it is the same for all rows of `at`.
    pub fn one(&self, at: At) -> Option<f64> {
        match &self.source {
            From::Fixed(x) => Some(*x),
            From::Event(rule) => Some(once(&**rule, at)),
            From::Row(_) => None,
        }
    }

    /// The numbers for `n` rows, row by row.
    pub fn column(&self, at: At, n: usize) -> [f64; TILE] {
        let mut column = [0.0; TILE];
        match (&self.source, self.one(at)) {
            (From::Row(rule), _) => rule.fill(at, &mut column[..n]),
            (_, Some(value)) => column[..n].fill(value),
            (_, None) => {}
        }
        column
    }
}

/// What a rule gives for the event of `at`: one number.
pub fn once(rule: &dyn Rule, at: At) -> f64 {
    let mut value = [0.0];
    // Redraws of a row leave the event as it is.
    let row = at.event.map_or(0, |event| event.number);
    rule.fill(At { row, attempt: 0, positions: None, ..at }, &mut value);
    value[0]
}

fn name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
