//! Pieces made in parallel, taken in order, few at a time.
//!
//! The thread that finishes the next piece in order hands it over, with those that wait behind it; so there are as many
//! threads as asked for, and all of them work. No thread begins a piece that is too far ahead: memory is bounded.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use paranom::job::Job;

use crate::error::{Error, Result};

/// Pieces that may be ahead of the one next in line, beyond one for each thread.
const AHEAD: u64 = 2;

struct Line<T> {
    /// The piece that is to be taken next.
    next: u64,
    ready: BTreeMap<u64, T>,
    /// Whether a thread is handing pieces over.
    taking: bool,
    error: Option<Error>,
    /// Whether all should stop: an error, or a panic.
    stopped: bool,
}

/// Makes `count` pieces on `threads` threads, this one included, and gives them to `take` in order.
///
/// A piece is made in two steps: `begin(number)`, one at a time and in order; `make(number, begun)`, in parallel. The
/// first error stops all, and cancels the job.
pub(crate) fn in_order<B, T: Send>(
    threads: usize,
    count: u64,
    job: &Job,
    begin: impl FnMut(u64) -> Result<B> + Send,
    make: impl Fn(u64, B) -> Result<T> + Sync,
    take: impl FnMut(T) -> Result<()> + Send,
) -> Result<()> {
    let threads = count.min(threads as u64);
    let line = Line { next: 0, ready: BTreeMap::new(), taking: false, error: None, stopped: false };
    let work = Work {
        count,
        limit: threads + AHEAD,
        job,
        line: Mutex::new(line),
        changed: Condvar::new(),
        begin: Mutex::new((0, begin)),
        take: Mutex::new(take),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            let spawned = thread::Builder::new().spawn_scoped(scope, || work.run(&make));
            if let Err(why) = spawned {
                let rule = format!("must be fewer: the system refused a thread ({why})");
                work.fail(paranom::Error::invalid("threads", "", rule).into());
                return;
            }
        }
        work.run(&make);
    });
    match unpoisoned(&work.line).error.take() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

struct Work<'a, T, F, G> {
    count: u64,
    limit: u64,
    job: &'a Job,
    line: Mutex<Line<T>>,
    changed: Condvar,
    begin: Mutex<(u64, F)>,
    take: Mutex<G>,
}

impl<T, F, G> Work<'_, T, F, G> {
    fn run<B>(&self, make: &impl Fn(u64, B) -> Result<T>)
    where
        F: FnMut(u64) -> Result<B>,
        G: FnMut(T) -> Result<()>,
    {
        let guard = StopOnPanic(self);
        let result = (|| {
            while let Some((number, begun)) = self.begin()? {
                let piece = make(number, begun)?;
                self.hand_over(number, piece)?;
            }
            Ok(())
        })();
        if let Err(error) = result {
            self.fail(error);
        }
        drop(guard);
    }

    /// Claims the next piece, once it is near enough to the one next in line.
    fn begin<B>(&self) -> Result<Option<(u64, B)>>
    where
        F: FnMut(u64) -> Result<B>,
    {
        let mut begin = unpoisoned(&self.begin);
        let (number, begin) = &mut *begin;
        let mut line = unpoisoned(&self.line);
        while !line.stopped && *number >= line.next + self.limit {
            line = self.changed.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        let stopped = line.stopped;
        drop(line);
        if stopped || *number == self.count {
            return Ok(None);
        }
        let mine = *number;
        *number += 1;
        Ok(Some((mine, begin(mine)?)))
    }

    fn hand_over(&self, number: u64, piece: T) -> Result<()>
    where
        G: FnMut(T) -> Result<()>,
    {
        let mut line = unpoisoned(&self.line);
        line.ready.insert(number, piece);
        if line.taking {
            return Ok(());
        }
        line.taking = true;
        let next = line.next;
        let mut waiting = line.ready.remove(&next);
        while let Some(piece) = waiting {
            drop(line);
            unpoisoned(&self.take)(piece)?;
            line = unpoisoned(&self.line);
            if line.stopped {
                break;
            }
            line.next += 1;
            self.changed.notify_all();
            let next = line.next;
            waiting = line.ready.remove(&next);
        }
        line.taking = false;
        Ok(())
    }

    fn fail(&self, error: Error) {
        let mut line = unpoisoned(&self.line);
        // Once stopped, the others report no more than that.
        if line.error.is_none() {
            line.error = Some(error);
        }
        line.stopped = true;
        self.job.cancel();
        self.changed.notify_all();
    }
}

/// Stops the others when a thread panics, so that none waits for it.
struct StopOnPanic<'a, 'b, T, F, G>(&'a Work<'b, T, F, G>);

impl<T, F, G> Drop for StopOnPanic<'_, '_, T, F, G> {
    fn drop(&mut self) {
        if thread::panicking() {
            unpoisoned(&self.0.line).stopped = true;
            self.0.job.cancel();
            self.0.changed.notify_all();
        }
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn pieces_come_in_order_and_few_are_ahead() {
        for threads in [1, 2, 5] {
            let (begun, mut taken) = (AtomicU64::new(0), Vec::new());
            let far = AtomicU64::new(0);
            let finished = AtomicU64::new(0);
            in_order(
                threads,
                200,
                &Job::new(),
                |number| {
                    begun.store(number, Ordering::SeqCst);
                    far.fetch_max(number - finished.load(Ordering::SeqCst), Ordering::SeqCst);
                    Ok(())
                },
                |number, ()| {
                    if number % 7 == 0 {
                        thread::sleep(std::time::Duration::from_micros(300));
                    }
                    Ok(number)
                },
                |number| {
                    taken.push(number);
                    finished.store(taken.len() as u64, Ordering::SeqCst);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(taken, (0..200).collect::<Vec<_>>());
            assert!(far.into_inner() <= threads as u64 + AHEAD);
        }
    }

    #[test]
    fn the_first_error_stops_all() {
        let job = Job::new();
        let result = in_order(
            3,
            1 << 40,
            &job,
            |_| Ok(()),
            |number, ()| if number == 50 { Err(Error::File("here".into())) } else { Ok(()) },
            |()| Ok(()),
        );
        assert_eq!(result.unwrap_err().to_string(), "here");
        assert!(job.check().is_err());
        let failing_take =
            in_order(2, 9, &Job::new(), |_| Ok(()), |_, ()| Ok(()), |()| Err(Error::File("there".into())));
        assert_eq!(failing_take.unwrap_err().to_string(), "there");
        let nothing = in_order(2, 0, &Job::new(), |_| Ok(()), |_, ()| Ok(()), |()| Ok(()));
        assert!(nothing.is_ok());
    }

    #[test]
    fn a_panic_leaves_no_thread_waiting() {
        let result = std::panic::catch_unwind(|| {
            in_order(
                3,
                1000,
                &Job::new(),
                |_| Ok(()),
                |number, ()| {
                    assert!(number != 20, "on purpose");
                    Ok(())
                },
                |()| Ok(()),
            )
        });
        assert!(result.is_err());
    }
}
