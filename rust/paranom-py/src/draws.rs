//! Random numbers for a function of the user.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use paranom::random::{Source, normal, scale, unit, word};
use pyo3::prelude::*;

use crate::errors::spec_error;

/// Random numbers addressed by (seed, variable, row, try, how many were drawn before).
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Draws {
    source: Source,
    row: AtomicU64,
    draw: AtomicU32,
}

impl Draws {
    /// The draws of a source.
    pub(crate) fn new(source: Source) -> Self {
        Self { source, row: AtomicU64::new(0), draw: AtomicU32::new(0) }
    }

    /// Moves on to a row.
    pub(crate) fn go_to(&self, row: u64) {
        self.row.store(row, Relaxed);
        self.draw.store(0, Relaxed);
    }

    fn next(&self) -> (Source, u64) {
        // In one step: threads that share this object draw different numbers.
        let draw = self.draw.fetch_add(1, Relaxed);
        let site = self.source.site | (draw % paranom::generate::MOST_DRAWS);
        (Source { site, ..self.source }, self.row.load(Relaxed))
    }

    fn unit(&self) -> f64 {
        let (source, row) = self.next();
        unit(word(source, row))
    }

    fn below(&self, n: u64) -> u64 {
        let (source, row) = self.next();
        scale(word(source, row), n)
    }
}

#[pymethods]
impl Draws {
    /// A number in [0, 1), 53 random bits.
    fn random(&self) -> f64 {
        self.unit()
    }

    /// A number in [low, high).
    #[pyo3(signature = (low = 0.0, high = 1.0))]
    fn uniform(&self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// A normal number.
    #[pyo3(signature = (mean = 0.0, std = 1.0))]
    fn normal(&self, mean: f64, std: f64) -> f64 {
        let (source, row) = self.next();
        mean + std * normal(source, row)
    }

    /// A whole number in [low, high), or in [0, low) without high.
    #[pyo3(signature = (low, high = None))]
    fn integers(&self, low: i64, high: Option<i64>) -> PyResult<i64> {
        let (low, high) = high.map_or((0, low), |high| (low, high));
        let width = i128::from(high) - i128::from(low);
        if width < 1 {
            return Err(spec_error("high", format!("must be > low ({low})"), Some(high.to_string())));
        }
        Ok((i128::from(low) + i128::from(self.below(width as u64))) as i64)
    }

    /// One of the items of a sequence, all equally likely.
    fn choice<'py>(&self, items: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let n = items.len()?;
        if n == 0 {
            return Err(spec_error("items", "must hold at least one", None));
        }
        items.get_item(self.below(n as u64))
    }
}
