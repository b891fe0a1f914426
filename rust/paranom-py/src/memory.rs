//! What happens when memory runs out.
//!
//! Large amounts are asked for in ways that can be refused. Small ones, here and in the libraries below, cannot: a process
//! that does not get them aborts. So a reserve is kept. When a small amount cannot be had, the reserve is given back to the
//! system, the amount is taken from it, and all running calls end with `OutOfMemoryError` the next time that they look
//! whether they should stop. The next call takes the reserve anew.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use paranom::job::{is_memory_low, note_enough_memory, note_low_memory};

/// The reserve: as long as nothing is written to it, it takes addresses but no memory.
const RESERVE: Layout = Layout::new::<[u8; 32 << 20]>();
/// Larger amounts are asked for in ways that can be refused.
const SMALL: usize = 4 << 20;

static HELD: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

struct Reserving;

#[global_allocator]
static ALLOCATOR: Reserving = Reserving;

/// Takes the reserve, if it is not held. If it cannot be had, calls go on without.
pub(crate) fn take_reserve() {
    if !HELD.load(Ordering::Acquire).is_null() && !is_memory_low() {
        return;
    }
    // SAFETY: the layout is not empty.
    #[allow(unsafe_code)]
    let reserve = unsafe { System.alloc(RESERVE) };
    if reserve.is_null() {
        return;
    }
    note_enough_memory();
    free(HELD.swap(reserve, Ordering::AcqRel));
}

/// Gives the reserve back to the system, if `bytes` are few. Says whether to ask again.
#[cold]
fn give_way(bytes: usize) -> bool {
    if bytes > SMALL {
        return false;
    }
    let reserve = HELD.swap(ptr::null_mut(), Ordering::AcqRel);
    note_low_memory(bytes as u64);
    free(reserve)
}

fn free(reserve: *mut u8) -> bool {
    if reserve.is_null() {
        return false;
    }
    // SAFETY: `take_reserve` got it from there, with this layout; the swap gave it to one thread alone.
    #[allow(unsafe_code)]
    unsafe {
        System.dealloc(reserve, RESERVE);
    }
    true
}

// SAFETY: everything is done by the system's allocator; a request that failed is made once more.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Reserving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe {
            let memory = System.alloc(layout);
            if memory.is_null() && give_way(layout.size()) { System.alloc(layout) } else { memory }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            let memory = System.alloc_zeroed(layout);
            if memory.is_null() && give_way(layout.size()) { System.alloc_zeroed(layout) } else { memory }
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; where it fails, the old memory stays as it was.
        unsafe {
            let moved = System.realloc(memory, layout, size);
            if moved.is_null() && give_way(size) { System.realloc(memory, layout, size) } else { moved }
        }
    }
}
