//! Thread pools that survive a `fork`.
//!
//! Rayon's global pool hangs in a forked child: its threads do not exist there. Ours are keyed by process id
//! and size, and found without a lock (a lock held while forking would stay locked in the child). The first few sizes
//! that are asked for are kept for the life of the process; a pool of another size lives for one call.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use rayon::prelude::*;

use crate::{Error, Result};

/// A pool, and the next one in the list. Entries are never removed.
struct Entry {
    pid: u32,
    threads: usize,
    pool: rayon::ThreadPool,
    next: *const Entry,
}

/// Most pools that a process keeps.
const MOST_KEPT: usize = 4;

static HEAD: AtomicPtr<Entry> = AtomicPtr::new(ptr::null_mut());

/// The number of threads to use: `threads`, else `PARANOM_NUM_THREADS`, else one per processor.
pub fn thread_count(threads: Option<usize>) -> Result<usize> {
    const MOST: usize = 1024;
    let (path, value) = match threads {
        Some(n) => ("threads", n.to_string()),
        None => match std::env::var("PARANOM_NUM_THREADS") {
            Ok(text) if !text.is_empty() => ("PARANOM_NUM_THREADS", text),
            _ => return Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        },
    };
    match value.parse::<usize>() {
        Ok(n) if (1..=MOST).contains(&n) => Ok(n),
        _ => Err(Error::invalid(path, value, format!("must be a whole number from 1 to {MOST}"))),
    }
}

/// Runs `work` inside a pool of `threads` threads of this process; rayon's parallel iterators in it use that pool.
pub fn run<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Result<R> {
    Ok(match pool(threads)? {
        Pool::Kept(pool) => pool.install(work),
        Pool::Own(pool) => pool.install(work),
    })
}

/// As [`run`], in a pool of the call's own. For work that waits for code that is not ours (a function of the user that takes
/// a lock, or starts work of its own): in a shared pool it would block others, and wait for them in turn. `host` runs
/// the body of a thread, which it is given.
pub fn run_alone<R: Send>(
    threads: usize,
    host: impl Fn(&mut (dyn FnMut() + Send)) + Sync,
    work: impl FnOnce() -> R + Send,
) -> Result<R> {
    let live = |thread: rayon::ThreadBuilder| {
        let mut thread = Some(thread);
        host(&mut || {
            if let Some(thread) = thread.take() {
                thread.run();
            }
        });
    };
    builder(threads).build_scoped(live, |pool| pool.install(work)).map_err(|why| refused(threads, &why))
}

/// Does `work` for each item: in parallel inside a pool, on the caller's own thread outside of any. (Handing small
/// work to a pool costs more than doing it, and its threads spin for a while before they sleep again.)
pub fn try_each<T: Send>(items: Vec<T>, work: impl Fn(T) -> Result<()> + Send + Sync) -> Result<()> {
    if rayon::current_thread_index().is_some() {
        items.into_par_iter().try_for_each(work)
    } else {
        items.into_iter().try_for_each(work)
    }
}

fn builder(threads: usize) -> rayon::ThreadPoolBuilder {
    rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("paranom-{i}"))
}

fn refused(threads: usize, why: &rayon::ThreadPoolBuildError) -> Error {
    Error::invalid("threads", threads, format!("must be fewer: the system refused them ({why})"))
}

/// A pool that is kept, or one that ends when it is dropped.
enum Pool {
    Kept(&'static rayon::ThreadPool),
    Own(rayon::ThreadPool),
}

fn pool(threads: usize) -> Result<Pool> {
    let pid = std::process::id();
    let mut head = HEAD.load(Ordering::Acquire);
    let mut at: *const Entry = head;
    let mut kept = 0;
    // SAFETY: entries are leaked boxes, never changed once published by the store below.
    #[allow(unsafe_code)]
    while let Some(entry) = unsafe { at.as_ref() } {
        if entry.pid == pid && entry.threads == threads {
            return Ok(Pool::Kept(&entry.pool));
        }
        kept += usize::from(entry.pid == pid);
        at = entry.next;
    }
    let pool = builder(threads).build().map_err(|why| refused(threads, &why))?;
    if kept >= MOST_KEPT {
        return Ok(Pool::Own(pool));
    }
    let entry: &'static mut Entry = Box::leak(Box::new(Entry { pid, threads, pool, next: head }));
    let raw: *mut Entry = entry;
    // Two threads may build the same pool at once; both are published, one is found from then on.
    while let Err(now) = HEAD.compare_exchange(head, raw, Ordering::AcqRel, Ordering::Acquire) {
        head = now;
        // SAFETY: not published yet, so no one else sees it.
        #[allow(unsafe_code)]
        unsafe {
            (*raw).next = head;
        }
    }
    // SAFETY: a leaked box.
    #[allow(unsafe_code)]
    Ok(Pool::Kept(unsafe { &(*raw).pool }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_has_the_size_asked_for_and_is_kept() {
        assert_eq!(run(3, rayon::current_num_threads), Ok(3));
        let kept = || match pool(3) {
            Ok(Pool::Kept(pool)) => pool,
            _ => panic!("the first sizes are kept"),
        };
        assert!(ptr::eq(kept(), kept()));
        // Whichever sizes other tests asked for: no more than the first few are kept.
        let kept = (2..40).filter(|&threads| matches!(pool(threads), Ok(Pool::Kept(_)))).count();
        assert!((1..=MOST_KEPT).contains(&kept), "{kept}");
        assert_eq!(run(37, rayon::current_num_threads), Ok(37));
    }

    #[test]
    fn thread_counts_are_checked() {
        assert!(thread_count(Some(0)).is_err());
        assert!(thread_count(Some(1 << 20)).is_err());
        assert_eq!(thread_count(Some(16)), Ok(16));
    }
}
