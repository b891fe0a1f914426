//! C functions as callbacks: they run on the worker threads, and hold no lock.
//!
//! A function is called for one run of rows at a time: a tile of [`TILE`] rows for normal values, and for anomalous
//! ones the rows of one event in one tile. It is always the whole run, whatever rows are wanted, so a row's value does
//! not depend on them.

use super::callback::{Call, Callback, Granularity, Run};
use crate::Result;
use crate::random::{TILE, words};

/// What a function must be: row, n, event, offset, duration, attempt, random, out.
///
/// It writes `n` values to `out`, those of the rows from `row` on. They lie in one event (its id, the offset of the
/// first row in it, its duration in rows), or in none (-1, 0, 0). `random` holds 64 random bits for each row, those of
/// the given attempt. It must not write elsewhere, not unwind, and may be called from several threads at once.
// SAFETY: a caller has arrays of n items for `random` and `out`.
pub type Function = unsafe extern "C" fn(i64, i64, i64, i64, i64, i64, *const u64, *mut f64);

/// A C function that gives values of a variable.
#[derive(Debug)]
pub struct Native {
    function: Function,
    name: String,
    allow_nan: bool,
}

impl Native {
    /// A function, under the name that messages show.
    ///
    /// # Safety
    /// The function must be what [`Function`] says, and stay where it is as long as this lives.
    #[allow(unsafe_code)]
    pub unsafe fn new(function: Function, name: String, allow_nan: bool) -> Self {
        Self { function, name, allow_nan }
    }

    /// Calls the function for a whole run; `out` has its length.
    fn call_once(&self, call: &Call, run: &Run, random: &mut [u64; TILE], out: &mut [f64]) {
        let random = &mut random[..out.len()];
        words(call.source(0), run.row, random);
        let (event, offset, duration) = run.event.map_or((-1, 0, 0), |event| {
            (event.id as i64, (run.row - event.start) as i64, (event.stop - event.start) as i64)
        });
        let (row, n) = (run.row as i64, out.len() as i64);
        // SAFETY: `new` was promised what the function is; both arrays have n items.
        #[allow(unsafe_code)]
        unsafe {
            (self.function)(
                row,
                n,
                event,
                offset,
                duration,
                i64::from(call.attempt),
                random.as_ptr(),
                out.as_mut_ptr(),
            );
        }
    }
}

/// The whole run that a row lies in.
fn whole_run(run: &Run, row: u64) -> Run {
    let first = row - row % TILE as u64;
    let (from, to) = run.event.map_or((first, first + TILE as u64), |event| {
        (first.max(event.start), (first + TILE as u64).min(event.stop))
    });
    Run { row: from, len: (to - from) as usize, event: run.event }
}

impl Callback for Native {
    fn granularity(&self) -> Granularity {
        Granularity::Run
    }

    fn call(&self, call: &Call, out: &mut [f64]) -> Result<()> {
        let mut random = [0; TILE];
        let mut values = [0.0; TILE];
        let mut held = None;
        let mut out = out;
        for run in call.runs {
            call.job.check()?;
            let mut row = run.row;
            let end = run.row + run.len as u64;
            while row < end {
                let whole = whole_run(run, row);
                let skip = (row - whole.row) as usize;
                let take = (whole.len - skip).min((end - row) as usize);
                let (now, later) = out.split_at_mut(take);
                if take == whole.len {
                    self.call_once(call, &whole, &mut random, now);
                } else {
                    // Rows drawn anew often lie side by side.
                    if held != Some(whole) {
                        self.call_once(call, &whole, &mut random, &mut values[..whole.len]);
                        held = Some(whole);
                    }
                    now.copy_from_slice(&values[skip..skip + take]);
                }
                // All of them, without a jump in between: that is quicker.
                if !self.allow_nan && now.iter().fold(false, |nan, x| nan | x.is_nan()) {
                    let j = now.iter().take_while(|x| !x.is_nan()).count();
                    return Err(call.nan(row + j as u64, &self.name));
                }
                out = later;
                row += take as u64;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::event::Event;

    #[test]
    fn runs_are_whole() {
        let run = |event| Run { row: 700, len: 3, event };
        let normal = whole_run(&run(None), 701);
        assert_eq!((normal.row, normal.len), (512, 512));
        let event = Event { start: 600, stop: 3000, anomaly: 0, number: 4, id: 4 };
        let first = whole_run(&run(Some(event)), 701);
        assert_eq!((first.row, first.len), (600, 424));
        let second = whole_run(&run(Some(event)), 1024);
        assert_eq!((second.row, second.len), (1024, 512));
    }
}
