//! Samples of many processes at once, in parallel over processes.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::config::{ProcessName, Processes, Shared};
use super::detector::{Ramp, unknown};
use super::process::Process;
use super::types::{Outcome, Scores};
use crate::job::Job;
use crate::{Error, Result, pool};

/// Processes that a task takes: their steps are too short to hand out one by one.
const TASK: usize = 64;
/// Processes between the turns in which one is prefetched.
const AHEAD: usize = 2;

/// The rows of one process, in order; its position among all processes; the process.
type Work<'a> = (&'a [u32], usize, &'a mut Process);

/// What a task found: the row, the position of its process and the outcome; contributions, d per outcome.
type Found = (Vec<(usize, usize, Outcome)>, Vec<f64>);

impl Ramp {
    /// One sample for each of many processes (row i is of process `keys[i]`); rows of one process are taken in
    /// order. The same numbers as that many updates, whatever the number of threads. With a `job` it can be cancelled,
    /// and then leaves the detector as it was: that costs a copy of the processes.
    pub fn update_many(
        &mut self,
        keys: &[ProcessName],
        rows: &[f64],
        threads: Option<usize>,
        job: Option<&Job>,
    ) -> Result<Scores> {
        self.check_rows(rows)?;
        let rows_at_once = self.block();
        let threads = pool::thread_count(threads)?;
        self.check_keys(keys)?;
        let order = order_by_process(keys);
        let same = |a: &u32, b: &u32| keys[*a as usize] == keys[*b as usize];
        let groups: Vec<&[u32]> = order.chunk_by(same).collect();
        let mut before = self.begin(keys, &groups, job.is_some());
        let Self { shared, processes, .. } = self;
        let mut work = pair(keys, &groups, processes);
        let found: Result<Vec<Found>> = pool::run(threads, || {
            work.par_chunks_mut(TASK).map(|task| run(task, rows, shared, rows_at_once, job)).collect()
        })?;
        match found {
            Ok(found) => Ok(gather(found, keys.len(), self.config().n_features)),
            Err(error) => {
                for group in &groups {
                    self.processes.remove(&keys[group[0] as usize]);
                }
                self.processes.append(&mut before);
                Err(error)
            }
        }
    }

    fn check_keys(&self, keys: &[ProcessName]) -> Result<()> {
        match &self.config().processes {
            Processes::Infer => {
                Err(Error::invalid("processes", "", "must not be given when processes are inferred"))
            }
            Processes::Fixed(_) => match keys.iter().find(|key| !self.processes.contains_key(key)) {
                Some(key) => Err(unknown(key, &self.processes)),
                None => Ok(()),
            },
            Processes::Named => Ok(()),
        }
    }

    /// Begins new processes, and returns copies of the others if `keep` says so.
    fn begin(
        &mut self,
        keys: &[ProcessName],
        groups: &[&[u32]],
        keep: bool,
    ) -> BTreeMap<ProcessName, Process> {
        let mut before = BTreeMap::new();
        for group in groups {
            let key = &keys[group[0] as usize];
            match self.processes.get(key) {
                None => {
                    self.processes.insert(key.clone(), Process::new(&self.shared.config));
                }
                Some(process) if keep => {
                    before.insert(key.clone(), process.clone());
                }
                Some(_) => {}
            }
        }
        before
    }
}

/// The rows' positions in the order of their processes, those of one process ascending.
fn order_by_process(keys: &[ProcessName]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    if !keys.is_sorted() {
        order.sort_by(|&a, &b| keys[a as usize].cmp(&keys[b as usize]));
    }
    order
}

/// Each group of rows with its process. Both are in the order of keys, so one walk pairs them.
fn pair<'a>(
    keys: &[ProcessName],
    groups: &[&'a [u32]],
    processes: &'a mut BTreeMap<ProcessName, Process>,
) -> Vec<Work<'a>> {
    let mut next = groups.iter().peekable();
    let mut work = Vec::with_capacity(groups.len());
    for (owner, (key, process)) in processes.iter_mut().enumerate() {
        if let Some(group) = next.next_if(|group| &keys[group[0] as usize] == key) {
            work.push((*group, owner, process));
        }
    }
    work
}

/// Gives the processes of a task their rows.
fn run(
    task: &mut [Work<'_>],
    rows: &[f64],
    shared: &Shared,
    rows_at_once: usize,
    job: Option<&Job>,
) -> Result<Found> {
    let d = shared.config.n_features;
    let (mut outcomes, mut contributions) = (Vec::new(), Vec::new());
    let mut shares = vec![0.0; d];
    for at in 0..task.len() {
        // Processes are seldom in the cache: each is prefetched in turns, well ahead.
        for turn in 0..3 {
            if let Some((_, _, process)) = task.get(at + AHEAD * (3 - turn)) {
                process.prefetch(turn);
            }
        }
        let (group, owner, process) = &mut task[at];
        for block in group.chunks(rows_at_once) {
            for &i in block {
                let i = i as usize;
                if let Some(outcome) = process.update(&rows[i * d..(i + 1) * d], shared, &mut shares) {
                    outcomes.push((i, *owner, outcome));
                    contributions.extend_from_slice(&shares);
                }
            }
            job.map_or(Ok(()), |job| job.step(block.len() as u64))?;
        }
    }
    Ok((outcomes, contributions))
}

/// The outcomes of all tasks, by row.
fn gather(found: Vec<Found>, n: usize, d: usize) -> Scores {
    let mut scores = Scores::blank(n, d);
    for (outcomes, contributions) in found {
        for ((i, owner, outcome), shares) in outcomes.iter().zip(contributions.chunks_exact(d)) {
            scores.set(*i, outcome, *owner, shares);
        }
    }
    scores
}
