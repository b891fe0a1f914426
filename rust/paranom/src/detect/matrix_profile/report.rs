//! The exact distances of the neighbours that the sweep found, and the neighbours that it cannot find: duplicates and
//! constant windows.

use std::ops::Range;

use super::duplicates::{self, Duplicates};
use super::exact;
use super::metric::Distance;
use super::nearest::{NONE, Nearest, SharedNearest};
use super::profile::Neighbours;
use super::series::Series;
use super::settings::Settings;
use super::tasks;
use crate::Result;
use crate::job::Job;

/// What turns indices into distances to report.
pub(super) struct Report<'a> {
    series: &'a Series,
    reference: &'a Series,
    settings: &'a Settings,
    hashes: Vec<u64>,
    duplicates: Duplicates,
    /// The constant windows of `reference` and its other whole ones; both empty if the distance treats all alike.
    constant: Vec<u32>,
    varied: Vec<u32>,
}

impl<'a> Report<'a> {
    pub(super) fn new(series: &'a Series, reference: &'a Series, settings: &'a Settings) -> Result<Self> {
        let normalized = settings.distance == Distance::ZNormalized;
        let hashes = duplicates::hashes(reference);
        let eligible = |i: usize| reference.whole[i] && !(normalized && reference.constant(i));
        let duplicates = Duplicates::new(reference, &hashes, eligible)?;
        let (duplicates, hashes) = if std::ptr::eq(series, reference) {
            (duplicates.among_themselves(), hashes)
        } else {
            (duplicates, duplicates::hashes(series))
        };
        let windows = |constant: bool| -> Vec<u32> {
            let wanted = |i: &usize| normalized && reference.whole[*i] && reference.constant(*i) == constant;
            (0..reference.windows()).filter(wanted).map(|i| i as u32).collect()
        };
        let (constant, varied) = (windows(true), windows(false));
        Ok(Self { series, reference, settings, hashes, duplicates, constant, varied })
    }

    /// The exact distances and neighbours of all windows, nearest first. `range(i)` gives the windows of the reference
    /// that window i may have as neighbours.
    pub(super) fn neighbours(
        &self,
        cuts: &[Range<usize>],
        nearest: Vec<SharedNearest>,
        range: impl Fn(usize) -> Range<usize> + Sync,
        job: &Job,
    ) -> Result<Neighbours> {
        let (k, windows) = (self.settings.k, self.series.windows());
        let nearest: Vec<Nearest> = nearest.into_iter().map(SharedNearest::into_nearest).collect();
        let of_window = |i: usize, list: &mut Vec<(f64, u32)>, out: &mut Vec<(f64, u32)>| {
            let segment = cuts.partition_point(|r| r.end <= i);
            let places = (i - cuts[segment].start) * k..(i - cuts[segment].start + 1) * k;
            self.list(i, &nearest[segment].index[places], range(i), list);
            out.extend_from_slice(list);
            out.resize(out.len() + k - list.len(), (f64::INFINITY, NONE));
        };
        let list = tasks::for_windows(self.settings.threads, windows, job, of_window)?;
        Neighbours::from_list(&list, k)
    }

    /// Lists the nearest neighbours of window i: those that the sweep found, its duplicates, and the constant windows.
    fn list(&self, i: usize, found: &[u32], range: Range<usize>, list: &mut Vec<(f64, u32)>) {
        let Self { series, reference, settings, .. } = self;
        let k = settings.k;
        list.clear();
        if !series.whole[i] {
            return;
        }
        for &j in found.iter().filter(|&&j| j != NONE) {
            list.push((exact::between(settings.distance, series, i, reference, j as usize), j));
        }
        let constant = settings.distance == Distance::ZNormalized && series.constant(i);
        if !constant {
            let equal = self.duplicates.from(self.hashes[i], range.start).take_while(|&j| j < range.end);
            let equal = equal.filter(|&j| series.window(i) == reference.window(j));
            list.extend(equal.take(k).map(|j| (0.0, j as u32)));
        }
        let first = |of: &[u32]| -> Vec<u32> {
            let start = of.partition_point(|&j| (j as usize) < range.start);
            of[start..].iter().copied().take_while(|&j| (j as usize) < range.end).take(k).collect()
        };
        let unlike = (series.m as f64).sqrt();
        if !self.constant.is_empty() {
            let distance = if constant { 0.0 } else { unlike };
            list.extend(first(&self.constant).into_iter().map(|j| (distance, j)));
        }
        if constant {
            list.extend(first(&self.varied).into_iter().map(|j| (unlike, j)));
        }
        list.retain(|(d, _)| d.is_finite());
        list.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        list.dedup_by_key(|(_, j)| *j);
        list.truncate(k);
    }
}
