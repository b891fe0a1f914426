//! What a vectorized function is called with: arrays with an item for each row.

use paranom::generate::{Call, Run, Time};

/// The rows, their times and their events.
pub(crate) struct CallArrays {
    pub row: Vec<i64>,
    pub t: Times,
    /// Ids, offsets and durations; none in a normal function.
    pub events: Option<(Vec<i64>, Vec<i64>, Vec<i64>)>,
}

pub(crate) enum Times {
    Rows,
    Numbers(Vec<f64>),
    Wholes(Vec<i64>),
    Datetimes(Vec<i64>),
}

impl CallArrays {
    pub(crate) fn new(call: &Call, rows: usize) -> Self {
        let mut row = Vec::with_capacity(rows);
        for run in call.runs {
            let first = run.row as i64;
            row.extend(first..first + run.len as i64);
        }
        let events = call.anomalous.then(|| {
            let (mut id, mut offset, mut duration) =
                (Vec::with_capacity(rows), Vec::with_capacity(rows), Vec::with_capacity(rows));
            for (run, event) in call.runs.iter().filter_map(|run| Some((run, run.event?))) {
                let since = (run.row - event.start) as i64;
                offset.extend(since..since + run.len as i64);
                id.resize(offset.len(), event.id as i64);
                duration.resize(offset.len(), (event.stop - event.start) as i64);
            }
            (id, offset, duration)
        });
        let t = match call.time {
            Time::Row => Times::Rows,
            Time::Number(clock) => {
                let mut t = vec![0.0; rows];
                each_run(call.runs, &mut t, |row, out| clock.fill(row, out));
                Times::Numbers(t)
            }
            Time::Whole(clock) => {
                let mut t = vec![0; rows];
                each_run(call.runs, &mut t, |row, out| clock.fill(row, out));
                Times::Wholes(t)
            }
            Time::Datetime(clock) => {
                let mut t = vec![0; rows];
                each_run(call.runs, &mut t, |row, out| clock.fill(row, out));
                Times::Datetimes(t)
            }
        };
        Self { row, t, events }
    }
}

/// Fills `out`, which holds something for each row of the runs, part by run.
fn each_run<T>(runs: &[Run], out: &mut [T], mut fill: impl FnMut(u64, &mut [T])) {
    let mut out = out;
    for run in runs {
        let (now, later) = out.split_at_mut(run.len);
        fill(run.row, now);
        out = later;
    }
}
