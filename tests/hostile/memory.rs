//! An allocator that notes what one thread asks for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// How many times.
    pub(crate) count: usize,
    /// The most at once, in bytes.
    pub(crate) largest: usize,
}

thread_local! {
    /// Of this thread only; constant and without a destructor, so that reading it allocates nothing.
    static ASKED: Cell<Asked> = const { Cell::new(Asked { count: 0, largest: 0 }) };
}

struct Noting;

#[global_allocator]
static ALLOCATOR: Noting = Noting;

fn note(size: usize) {
    // Gone at the very end of a thread, where nothing is measured.
    let _ = ASKED.try_with(|asked| {
        let Asked { count, largest } = asked.get();
        asked.set(Asked {
            count: count + 1,
            largest: largest.max(size),
        });
    });
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

/// What `work` asks for on this thread.
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (Asked, T) {
    ASKED.set(Asked::default());
    let result = work();
    (ASKED.get(), result)
}

#[test]
fn it_notes_the_largest() {
    let (asked, _) = measure(|| (vec![0_u8; 1000], vec![1_u8; 10]));
    assert_eq!(
        asked,
        Asked {
            count: 2,
            largest: 1000
        }
    );
}
