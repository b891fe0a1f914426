//! Reading a spec strictly: every value is taken by name and checked; a value that nothing takes is an error.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Arc;

use super::Value;
use crate::{Error, Result};

/// The canonical spec: what was read, defaults filled in, one line for each value. Specs that mean the same have the
/// same.
#[derive(Debug, Default)]
pub struct Canonical {
    lines: RefCell<String>,
    series: RefCell<Vec<Arc<[f64]>>>,
}

impl Canonical {
    fn line(&self, path: &str, value: impl std::fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.lines.borrow_mut(), "{path} = {value:?}");
    }

    /// The lines that a list of pairs would have, without the time that each line by itself would take.
    fn pairs(&self, path: &str, pairs: &[[i64; 2]]) {
        let lines = &mut *self.lines.borrow_mut();
        let mut digits = [0; 20];
        let mut push = |lines: &mut String, x: u64| lines.push_str(decimal(x, &mut digits));
        for (i, pair) in (0..).zip(pairs) {
            for (end, &x) in ["][0] = ", "][1] = "].iter().zip(pair) {
                lines.push_str(path);
                lines.push('[');
                push(lines, i);
                lines.push_str(end);
                if x < 0 {
                    lines.push('-');
                }
                push(lines, x.unsigned_abs());
                lines.push('\n');
            }
        }
    }

    /// The lines and, apart, the recorded series in the order of their lines.
    pub fn finish(self) -> (String, Vec<Arc<[f64]>>) {
        (self.lines.into_inner(), self.series.into_inner())
    }
}

/// A value in its place.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// Where it stands.
    pub path: String,
    /// What stands there.
    pub value: &'a Value,
    canonical: &'a Canonical,
}

impl<'a> Field<'a> {
    /// The root of a spec.
    pub fn root(value: &'a Value, canonical: &'a Canonical) -> Self {
        Self { path: String::new(), value, canonical }
    }

    /// The error for a value of another type than is wanted.
    pub fn wrong(&self, wanted: &str) -> Error {
        Error::WrongType {
            path: self.path.clone(),
            found: format!("{} ({})", self.value, self.value.type_name()),
            wanted: wanted.into(),
        }
    }

    /// An error about this value.
    pub fn invalid(&self, rule: impl Into<String>) -> Error {
        Error::invalid(self.path.clone(), self.value, rule)
    }

    /// A finite number.
    pub fn number(&self) -> Result<f64> {
        let number = match *self.value {
            Value::Number(x) => x,
            Value::Whole(x) => x as f64,
            _ => return Err(self.wrong("a number")),
        };
        if !number.is_finite() {
            return Err(self.invalid("must be a finite number"));
        }
        self.canonical.line(&self.path, number);
        Ok(number)
    }

    /// A whole number in a range; a number without a fraction will do.
    pub fn whole(&self, least: i128, most: i128) -> Result<i128> {
        let whole = match *self.value {
            Value::Whole(x) => x,
            // A number too large saturates, and is out of range.
            Value::Number(x) if x == x.trunc() => x as i128,
            Value::Number(_) => return Err(self.invalid("must be a whole number")),
            _ => return Err(self.wrong("a whole number")),
        };
        if !(least..=most).contains(&whole) {
            return Err(self.invalid(format!("must be from {least} to {most}")));
        }
        self.canonical.line(&self.path, whole);
        Ok(whole)
    }

    /// true or false
    pub fn flag(&self) -> Result<bool> {
        match *self.value {
            Value::Bool(x) => {
                self.canonical.line(&self.path, x);
                Ok(x)
            }
            _ => Err(self.wrong("true or false")),
        }
    }

    /// A text.
    pub fn text(&self) -> Result<&'a str> {
        match self.value {
            Value::Text(x) => {
                self.canonical.line(&self.path, x);
                Ok(x)
            }
            _ => Err(self.wrong("a text")),
        }
    }

    /// A recorded series, or a list of numbers; NaN is a missing value.
    pub fn series(&self) -> Result<Arc<[f64]>> {
        let series: Arc<[f64]> = match self.value {
            Value::Series(x) => x.clone(),
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(i, item)| match *item {
                    Value::Number(x) => Ok(x),
                    Value::Whole(x) => Ok(x as f64),
                    _ => Err(self.item(i, item).wrong("a number")),
                })
                .collect::<Result<_>>()?,
            _ => return Err(self.wrong("an array of numbers")),
        };
        self.canonical.line(&self.path, format_args!("series of {}", series.len()));
        self.canonical.series.borrow_mut().push(series.clone());
        Ok(series)
    }

    /// The finite numbers of a list or an array.
    pub fn numbers(&self) -> Result<Vec<f64>> {
        if let Value::Series(series) = self.value {
            let number = |(i, x): (usize, &f64)| {
                Field {
                    path: format!("{}[{i}]", self.path),
                    value: &Value::Number(*x),
                    canonical: self.canonical,
                }
                .number()
            };
            return series.iter().enumerate().map(number).collect();
        }
        self.list()?.iter().map(Self::number).collect()
    }

    /// Pairs of whole numbers, from `least` to `most`, of a list of lists or of an array; `rule` for what is no pair.
    pub fn pairs(&self, least: i128, most: i128, rule: &str) -> Result<Vec<(i128, i128)>> {
        if let Value::Pairs(pairs) = self.value {
            let in_range = |x: &i64| (least..=most).contains(&i128::from(*x));
            if let Some((i, pair)) = pairs.iter().enumerate().find(|(_, pair)| !pair.iter().all(in_range)) {
                let j = usize::from(in_range(&pair[0]));
                let path = format!("{}[{i}][{j}]", self.path);
                return Err(Error::invalid(path, pair[j], format!("must be from {least} to {most}")));
            }
            self.canonical.pairs(&self.path, pairs);
            return Ok(pairs.iter().map(|&[a, b]| (a.into(), b.into())).collect());
        }
        let read = |item: &Field| {
            let ends = item.list()?;
            let [start, stop] = &ends[..] else { return Err(item.invalid(rule)) };
            Ok((start.whole(least, most)?, stop.whole(least, most)?))
        };
        self.list()?.iter().map(read).collect()
    }

    /// Something of a type that only this process knows.
    pub fn handle<T: Clone + 'static>(&self, wanted: &str) -> Result<T> {
        match self.value {
            Value::Handle(handle) => match handle.item.downcast_ref::<T>() {
                Some(item) => {
                    self.canonical.line(&self.path, handle);
                    Ok(item.clone())
                }
                None => Err(self.wrong(wanted)),
            },
            _ => Err(self.wrong(wanted)),
        }
    }

    fn item(&self, index: usize, value: &'a Value) -> Field<'a> {
        Field { path: format!("{}[{index}]", self.path), value, canonical: self.canonical }
    }

    /// The items of a list.
    pub fn list(&self) -> Result<Vec<Field<'a>>> {
        match self.value {
            Value::List(items) => Ok(items.iter().enumerate().map(|(i, x)| self.item(i, x)).collect()),
            _ => Err(self.wrong("a list")),
        }
    }

    /// The named values of a table.
    pub fn table(&self) -> Result<Table<'a>> {
        match self.value {
            Value::Table(entries) => Ok(Table {
                path: self.path.clone(),
                entries,
                known: RefCell::default(),
                canonical: self.canonical,
            }),
            _ => Err(self.wrong("a table")),
        }
    }
}

/// Named values, each taken once by the name that the reader knows.
#[derive(Debug)]
pub struct Table<'a> {
    /// Where it stands.
    pub path: String,
    entries: &'a [(String, Value)],
    known: RefCell<Vec<String>>,
    canonical: &'a Canonical,
}

impl<'a> Table<'a> {
    fn join(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    /// A value that may be absent.
    pub fn get(&self, name: &str) -> Option<Field<'a>> {
        self.known.borrow_mut().push(name.into());
        let (_, value) = self.entries.iter().find(|(key, _)| key == name)?;
        Some(Field { path: self.join(name), value, canonical: self.canonical })
    }

    /// What stands under a name, without taking it.
    pub fn peek(&self, name: &str) -> Option<&'a Value> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A value that must be there.
    pub fn need(&self, name: &str) -> Result<Field<'a>> {
        self.get(name).ok_or_else(|| Error::invalid(self.join(name), "", "must be given"))
    }

    /// All values, under the names the user gave.
    pub fn all(&self) -> Vec<(&'a str, Field<'a>)> {
        self.entries
            .iter()
            .map(|(name, value)| {
                self.known.borrow_mut().push(name.clone());
                let path = self.join(&quoted(name));
                (name.as_str(), Field { path, value, canonical: self.canonical })
            })
            .collect()
    }

    /// A finite number, or its default.
    pub fn number_or(&self, name: &str, default: f64) -> Result<f64> {
        match self.get(name) {
            Some(field) => field.number(),
            None => {
                self.canonical.line(&self.join(name), default);
                Ok(default)
            }
        }
    }

    /// A whole number in a range, or its default.
    pub fn whole_or(&self, name: &str, least: i128, most: i128, default: i128) -> Result<i128> {
        match self.get(name) {
            Some(field) => field.whole(least, most),
            None => {
                self.canonical.line(&self.join(name), default);
                Ok(default)
            }
        }
    }

    /// true or false, or its default.
    pub fn flag_or(&self, name: &str, default: bool) -> Result<bool> {
        match self.get(name) {
            Some(field) => field.flag(),
            None => {
                self.canonical.line(&self.join(name), default);
                Ok(default)
            }
        }
    }

    /// A flag that is false unless it is given. Then alone it has a line in the canonical spec: so a flag
    /// that is new leaves fingerprints as they were.
    pub fn flag(&self, name: &str) -> Result<bool> {
        self.get(name).map_or(Ok(false), |field| field.flag())
    }

    /// An error about the table as a whole.
    pub fn invalid(&self, rule: impl Into<String>) -> Error {
        Error::invalid(self.path.clone(), "", rule)
    }

    /// Refuses names that the reader does not know.
    pub fn finish(self) -> Result<()> {
        let known = self.known.into_inner();
        for (name, _) in self.entries {
            if !known.contains(name) {
                let mut names: Vec<_> = known.iter().filter(|x| *x != "kind").map(String::as_str).collect();
                names.sort_unstable();
                names.dedup();
                let place = if self.path.is_empty() { "the spec" } else { &self.path };
                return Err(Error::invalid(
                    place,
                    format!("{name:?}"),
                    format!("must have no other names than {}", names.join(", ")),
                ));
            }
        }
        Ok(())
    }
}

/// A name as it is written in a path: quoted where it would be ambiguous.
fn quoted(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if plain { name.into() } else { format!("{name:?}") }
}

/// A whole number as text.
fn decimal(x: u64, digits: &mut [u8; 20]) -> &str {
    let mut rest = x;
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[first..]).unwrap_or_default()
}
