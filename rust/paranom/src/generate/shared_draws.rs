//! Draws that rules of several variables may share.

use super::rule::{At, Site};
use super::scope::Scope;
use crate::Result;
use crate::random::{Key, Source};
use crate::spec::Table;

/// Where a rule's draws come from: the variable's own random numbers, or those of a named group. Another try leaves
/// them as they are.
#[derive(Debug)]
pub struct SharedDraws {
    group: Option<Key>,
    site: Site,
}

impl SharedDraws {
    /// Reads `group`. Groups of different kinds of rules have nothing in common, whatever their names.
    pub fn parse(table: &Table, scope: &Scope, kind: &str) -> Result<Self> {
        let name = table.get("group").map(|field| field.text()).transpose()?;
        Ok(match name {
            Some(name) => Self {
                group: Some(Key::new(scope.basis().seed, kind, name)),
                site: Site::new(scope.anomalous(), scope.per_event(), 0),
            },
            None => Self { group: None, site: scope.fixed_site(table)? },
        })
    }

    /// The draws for a variable's rows.
    pub fn source(&self, at: At) -> Source {
        At { key: self.group.unwrap_or(at.key), attempt: 0, ..at }.source(self.site)
    }

    /// Further draws for a variable's rows.
    pub fn second_source(&self, at: At) -> Source {
        At { key: self.group.unwrap_or(at.key), attempt: 0, ..at }.source(self.site.draw(1))
    }
}
