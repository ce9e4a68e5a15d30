//! An allocator that counts, for the whole test binary.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Of this thread only, so that the test harness and other tests do not count. Constant and
    /// without a destructor: reading it does not allocate.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// Bytes that are allocated and not given back.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: usize) {
    // Gone at the very end of a thread, where nothing is measured.
    let _ = ALLOCATIONS.try_with(|counter| counter.set(counter.get() + 1));
    live(bytes.cast_signed());
}

fn live(bytes: isize) {
    let _ = LIVE.try_with(|live| live.set(live.get() + bytes));
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        live(-layout.size().cast_signed());
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        live(-layout.size().cast_signed());
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Allocations of this thread while `work` runs; dropping its result does not count.
pub(crate) fn allocations<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = ALLOCATIONS.get();
    let result = work();
    (ALLOCATIONS.get() - before, result)
}

/// Bytes that `work` allocates on this thread and leaves allocated, its result among them.
#[allow(dead_code, reason = "not every test binary asks")]
pub(crate) fn kept<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = LIVE.get();
    let result = work();
    (usize::try_from(LIVE.get() - before).unwrap(), result)
}
