//! Keeps a copy of memory at the moment it is freed, so that it can be searched afterwards, when a message's own key
//! is known too.
//!
//! Rust's memory passes through the allocator below. C's passes through `free`, which this program
//! defines on Linux with glibc: AWS-LC, linked into it, calls this one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::secrets::Secrets;

/// Set to see on standard error which call freed a secret.
const TRACE: &str = "WIPING_TRACE";

static WATCHING: Mutex<()> = Mutex::new(());
static KEEPING: AtomicBool = AtomicBool::new(false);
static KEPT: Mutex<Vec<Block>> = Mutex::new(Vec::new());

thread_local! {
    /// What the keeping itself frees is not kept. Constant and without a destructor, so that reading it allocates
    /// nothing.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

struct Block {
    memory: Vec<u8>,
    by: Option<Backtrace>,
}

/// The right to watch, which one test at a time has: what any thread frees is kept.
pub(crate) struct Watch(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

/// What was freed.
pub(crate) struct Freed(Vec<Block>);

impl Watch {
    pub(crate) fn begin() -> Self {
        Self(WATCHING.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does the work and keeps what it frees, not including its result.
    pub(crate) fn freed<T>(&self, work: impl FnOnce() -> T) -> (T, Freed) {
        kept().clear();
        let keeping = Keeping::begin();
        let result = work();
        drop(keeping);
        let blocks = std::mem::take(&mut *kept());
        (result, Freed(blocks))
    }

    /// The names of the secrets that are left in memory that the work frees, including its result.
    pub(crate) fn left<T>(&self, secrets: &Secrets, work: impl FnOnce() -> T) -> Left {
        self.freed(|| drop(work())).1.holding(secrets)
    }
}

pub(crate) type Left = BTreeSet<&'static str>;

impl Freed {
    pub(crate) fn holding(&self, secrets: &Secrets) -> Left {
        let mut left = Left::new();
        for block in &self.0 {
            let found = secrets.found_in(&block.memory);
            if let (false, Some(by)) = (found.is_empty(), &block.by) {
                eprintln!(
                    "{found:?} in {} bytes given back by\n{by}",
                    block.memory.len()
                );
            }
            left.extend(found);
        }
        left
    }
}

/// Keeps until it is dropped, by a panic too.
struct Keeping;

impl Keeping {
    fn begin() -> Self {
        KEEPING.store(true, Ordering::SeqCst);
        Self
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        KEEPING.store(false, Ordering::SeqCst);
    }
}

fn kept() -> MutexGuard<'static, Vec<Block>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at memory that is about to go, and clears it, so that it is not kept a second time.
#[expect(unsafe_code, reason = "what is about to be freed has no safe wrapper")]
/// # Safety
/// `memory` is valid for `len` initialised bytes that nobody else uses.
unsafe fn keep(memory: *mut u8, len: usize) {
    // SAFETY: as the caller promises.
    let memory = unsafe { slice::from_raw_parts_mut(memory, len) };
    if KEEPING.load(Ordering::Relaxed) && !BUSY.replace(true) {
        if memory.iter().any(|byte| *byte != 0) {
            let by = std::env::var_os(TRACE).map(|_| Backtrace::force_capture());
            let memory = memory.to_vec();
            kept().push(Block { memory, by });
        }
        BUSY.set(false);
    }
    memory.fill(0);
    black_box(memory.as_ptr());
}

struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is handed on to the system's allocator, with the same layout for a block's
// whole life. Blocks are zeroed at first, so that all of a block can be read before it goes.
// `realloc` is the provided one, which allocates, copies and deallocates: memory that would have
// grown or shrunk in place is looked at as if it had moved.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe {
            keep(memory, layout.size());
            System.dealloc(memory, layout);
        }
    }
}

/// C's memory: replaces the C library's own function.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library is called")]
mod c {
    use std::ffi::c_void;

    unsafe extern "C" {
        fn __libc_free(memory: *mut c_void);
        fn malloc_usable_size(memory: *mut c_void) -> usize;
    }

    /// # Safety
    /// As for the C library's.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(memory: *mut c_void) {
        if !memory.is_null() {
            // SAFETY: the caller gives the block up, and all of its usable size can be read. It is zero where nobody
            // wrote: what was there before was cleared here when it was freed.
            unsafe { super::keep(memory.cast(), malloc_usable_size(memory)) };
        }
        // SAFETY: passed on unchanged, to the function that this one replaces.
        unsafe { __libc_free(memory) }
    }
}
