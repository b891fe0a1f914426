//! The nearest reference window over all channels at once: the root of the mean squared difference of its cells from the
//! live window's, each channel in its unit.

use std::ops::Range;
use std::sync::Arc;

use super::config::Config;
use super::reference::unit;
use super::types::{Nearest, Snapshot, is_missing};
use crate::detect::nearest::{Guide, NearestIndex};
use crate::job::Job;

/// Scaled values end here: their squares can be summed.
const LARGEST: f64 = 1e60;

#[derive(Debug, Clone)]
pub(super) struct Joint {
    d: usize,
    m: usize,
    windows: usize,
    /// The reference as it came, row after row; missing values are NaN. It stays.
    reference: Arc<Vec<f64>>,
    /// Per channel: what its values are counted from, and in.
    centres: Arc<Vec<f64>>,
    units: Arc<Vec<f64>>,
    /// None: no reference window is complete.
    index: Option<Arc<NearestIndex>>,
    /// The last samples as they came, and scaled; m rows at most.
    live: Vec<f64>,
    scaled: Vec<f64>,
    /// The search is faster with it, and finds the same.
    guide: Guide,
}

impl Joint {
    pub(super) fn new(mut rows: Vec<f64>, config: &Config) -> Self {
        let (d, m) = (config.n_features, config.window);
        rows.iter_mut().filter(|x| is_missing(**x)).for_each(|x| *x = f64::NAN);
        let present = |j: usize| -> Vec<f64> {
            rows.iter().skip(j).step_by(d).copied().filter(|x| !x.is_nan()).collect()
        };
        let columns: Vec<Vec<f64>> = (0..d).map(present).collect();
        let centres: Vec<f64> = columns.iter().map(|column| column.first().copied().unwrap_or(0.0)).collect();
        let units: Vec<f64> = columns.iter().map(|column| unit(column, config.scale)).collect();
        let mut joint = Self {
            d,
            m,
            windows: config.windows(),
            reference: Arc::new(Vec::new()),
            centres: Arc::new(centres),
            units: Arc::new(units),
            index: None,
            live: Vec::new(),
            scaled: Vec::new(),
            guide: Guide::default(),
        };
        let scaled: Vec<f64> = rows.iter().enumerate().map(|(at, &x)| joint.scale(at % d, x)).collect();
        joint.index = NearestIndex::new(scaled, d, m, usize::MAX, &Job::new()).ok().map(Arc::new);
        joint.reference = Arc::new(rows);
        joint
    }

    fn scale(&self, j: usize, x: f64) -> f64 {
        ((x - self.centres[j]) / self.units[j]).clamp(-LARGEST, LARGEST)
    }

    fn take(&mut self, x: &[f64]) {
        let length = self.m * self.d;
        if self.live.len() == length {
            self.live.drain(..self.d);
            self.scaled.drain(..self.d);
        }
        for (j, &x) in x.iter().enumerate() {
            let x = if is_missing(x) { f64::NAN } else { x };
            self.live.push(x);
            self.scaled.push(self.scale(j, x));
        }
    }

    /// As `Distance::push`.
    pub(super) fn push(&mut self, x: &[f64], out: &mut [Option<Nearest>]) -> bool {
        self.take(x);
        if self.live.len() < self.m * self.d {
            return false;
        }
        let (index, guide) = (self.index.as_deref(), &mut self.guide);
        let nearest = index.and_then(|index| index.nearest(&self.scaled, 1, guide).map(|n| (index, n)));
        let Some((index, nearest)) = nearest else {
            out.fill(None);
            return true;
        };
        let mut parts = vec![0.0; self.d];
        for (at, (x, y)) in self.scaled.iter().zip(index.cells(nearest.start)).enumerate() {
            if !x.is_nan() {
                parts[at % self.d] += (x - y) * (x - y);
            }
        }
        let total: f64 = parts.iter().sum();
        let distance = (nearest.squared / self.scaled.len() as f64).sqrt();
        for (out, part) in out.iter_mut().zip(parts) {
            let value = if total > 0.0 { distance * (part / total) } else { 0.0 };
            *out = Some(Nearest { window: nearest.start as u64, value });
        }
        true
    }

    pub(super) fn has_missing(&self) -> bool {
        self.live.iter().any(|x| x.is_nan())
    }

    pub(super) fn numbers(&self) -> Range<u64> {
        0..self.windows as u64
    }

    pub(super) fn bytes(&self) -> usize {
        let floats = self.reference.len() + self.live.capacity() + self.scaled.capacity() + 2 * self.d;
        size_of::<f64>() * floats + self.index.as_ref().map_or(0, |index| index.bytes())
    }

    pub(super) fn snapshot(&self) -> Vec<Snapshot> {
        let column = |rows: &[f64], j: usize| rows.iter().skip(j).step_by(self.d).copied().collect();
        (0..self.d)
            .map(|j| Snapshot {
                reference: column(&self.reference, j),
                live: column(&self.live, j),
                unit: self.units[j],
                left: 0,
                until_rescale: self.reference.len() / self.d,
            })
            .collect()
    }

    pub(super) fn restore(parts: &[Snapshot], config: &Config) -> Option<Self> {
        let (length, seen) = (parts[0].reference.len(), parts[0].live.len());
        let fits = |part: &Snapshot| {
            part.reference.len() == length
                && part.live.len() == seen
                && part.left == 0
                && part.until_rescale == length
        };
        if seen > config.window || !parts.iter().all(fits) {
            return None;
        }
        let rows = (0..length).flat_map(|i| parts.iter().map(move |part| part.reference[i])).collect();
        let mut joint = Self::new(rows, config);
        if parts.iter().zip(joint.units.iter()).any(|(part, unit)| part.unit.to_bits() != unit.to_bits()) {
            return None;
        }
        for i in 0..seen {
            let row: Vec<f64> = parts.iter().map(|part| part.live[i]).collect();
            joint.take(&row);
        }
        Some(joint)
    }
}
