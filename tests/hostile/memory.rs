//! An allocator that records what one thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What was allocated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// How many times.
    pub(crate) count: usize,
    /// The most at once, in bytes.
    pub(crate) largest: usize,
    /// The most that was held at any time, in bytes.
    pub(crate) peak: usize,
    /// What is held now. Earlier memory may be freed, so it may be negative.
    live: isize,
}

thread_local! {
    /// Of this thread only; constant and without a destructor, so that reading it allocates nothing.
    static ASKED: Cell<Asked> = const { Cell::new(Asked { count: 0, largest: 0, peak: 0, live: 0 }) };
}

struct Noting;

#[global_allocator]
static ALLOCATOR: Noting = Noting;

fn note(size: usize, freed: usize) {
    // Gone at the very end of a thread, where nothing is measured.
    let _ = ASKED.try_with(|asked| {
        let mut now = asked.get();
        now.live += size.cast_signed() - freed.cast_signed();
        now.peak = now.peak.max(usize::try_from(now.live).unwrap_or(0));
        if size > 0 {
            now.count += 1;
            now.largest = now.largest.max(size);
        }
        asked.set(now);
    });
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size, layout.size());
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0, layout.size());
        unsafe { System.dealloc(memory, layout) }
    }
}

/// What `work` allocates on this thread.
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (Asked, T) {
    ASKED.set(Asked::default());
    let result = work();
    (ASKED.get(), result)
}

#[test]
fn it_notes_the_largest_and_the_peak() {
    let (asked, _) = measure(|| {
        drop(vec![0_u8; 900]);
        (vec![0_u8; 1000], vec![1_u8; 10])
    });
    assert_eq!((asked.count, asked.largest), (3, 1000));
    assert_eq!(asked.peak, 1010);
    let (asked, _) = measure(|| {
        let mut grown = vec![0_u8; 100];
        grown.reserve_exact(400);
        drop(grown);
        vec![0_u8; 10]
    });
    assert_eq!(asked.peak, 500);
    let many = || (0..100).map(|_| vec![0_u8; 100]).collect::<Vec<_>>();
    assert!(measure(many).0.peak >= 10_000);
}
