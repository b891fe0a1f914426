//! The published program's loop over a finished recording, on the same core.

use super::config::{Config, Shared};
use super::process::Process;
use crate::error::try_filled;
use crate::job::Job;
use crate::{Error, Result};

/// What the program returns, per window: placeholders 0, -1 and -1 while a process fills its reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// 1: anomaly.
    pub flags: Vec<i8>,
    /// Weighted scores.
    pub scores: Vec<f64>,
    /// d per window.
    pub contributions: Vec<f64>,
}

/// Runs the program over `rows` (n rows of d): a process begins at each index of `start_index`, everything waits
/// while it takes its M samples, and from then on the process with the smallest score owns a window, which is
/// stamped with its first sample. `labels`, per window, are fed back at every step.
pub fn replay(
    config: &Config,
    rows: &[f64],
    start_index: &[usize],
    labels: Option<&[bool]>,
    job: &Job,
) -> Result<Replay> {
    config.check()?;
    let mut shared = Shared::new(config.clone());
    shared.config.max_weights = usize::MAX; // the program forgets none
    let (d, m, reference) = (config.n_features, config.window, config.reference);
    let n = rows.len() / d;
    // The program never scores the last window.
    let steps = n.saturating_sub(m);
    check_starts(start_index, reference)?;
    if let Some(labels) = labels.filter(|labels| labels.len() < steps) {
        let rule = format!("must have one value per window: {steps}");
        return Err(Error::invalid("labels", labels.len(), rule));
    }
    if steps > 0 && steps < reference {
        return Err(Error::invalid(
            "X",
            n,
            format!("must have at least reference + window = {} columns", reference + m),
        ));
    }
    let row = |i: usize| &rows[i * d..(i + 1) * d];
    let mut out = Replay {
        flags: try_filled(0, steps)?,
        scores: try_filled(-1.0, steps)?,
        contributions: try_filled(-1.0, steps * d)?,
    };
    let mut processes: Vec<Process> = Vec::new();
    let mut pushed = 0;
    let mut t = 0;
    while t < steps {
        job.step(1)?;
        if start_index.contains(&t) {
            // A recording that ends within the reference of a later process: that one never scores.
            if t + reference > n {
                break;
            }
            let mut process = Process::new(config);
            for i in t..t + reference {
                process.push(row(i), config);
            }
            processes.push(process);
            t += reference;
            continue;
        }
        let mut scores = vec![0.0; processes.len()];
        while pushed < t + m {
            for (i, process) in processes.iter_mut().enumerate() {
                // A process scores what comes after its own reference.
                if pushed >= start_index[i] + reference && process.push(row(pushed), config) {
                    scores[i] = process.score(config);
                }
            }
            pushed += 1;
        }
        let mut owner = 0;
        for i in 1..processes.len() {
            if scores[i] <= scores[owner] {
                owner = i;
            }
        }
        // The program stores the contributions of its last process, whichever owns the window.
        if let Some(last) = processes.last() {
            last.contributions(config, &mut out.contributions[t * d..(t + 1) * d]);
        }
        let process = &mut processes[owner];
        // A lone process goes by the global time; several count their own steps, from one on.
        let now = if start_index.len() > 1 { process.step(config) + 1 } else { t as u64 } as f64;
        let outcome = process.decide(scores[owner], t as u64, now, &shared);
        out.scores[t] = outcome.score;
        out.flags[t] = i8::from(outcome.is_anomaly);
        if let Some(labels) = labels {
            let flagged = outcome.is_anomaly;
            process.author_feedback(flagged && !labels[t], flagged && labels[t], now, t as u64, config);
        }
        t += 1;
    }
    Ok(out)
}

fn check_starts(start_index: &[usize], reference: usize) -> Result<()> {
    if start_index.first() != Some(&0) {
        let value = start_index.first().map_or("()".into(), ToString::to_string);
        return Err(Error::invalid(
            "start_index[0]",
            value,
            "must be 0: there is no process before the first",
        ));
    }
    for (i, pair) in start_index.windows(2).enumerate() {
        if pair[1] < pair[0].saturating_add(reference) {
            let rule = format!(
                "must be at least {}: a process fills its reference first",
                pair[0].saturating_add(reference)
            );
            return Err(Error::invalid(format!("start_index[{}]", i + 1), pair[1], rule));
        }
    }
    Ok(())
}
