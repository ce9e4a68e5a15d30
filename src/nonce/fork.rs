//! Detects forks. One `unsafe` call, to register a handler.
#![cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "pthread_atfork has no safe wrapper; see SAFETY at the call"
    )
)]

/// How often the process has forked, as seen from this one; `None` if forks cannot be seen.
#[cfg(unix)]
pub(super) fn generation() -> Option<u64> {
    use core::sync::atomic::{AtomicU64, Ordering};
    use std::sync::OnceLock;

    static GENERATION: AtomicU64 = AtomicU64::new(0);
    static REGISTERED: OnceLock<bool> = OnceLock::new();

    extern "C" fn after_fork_in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }

    let registered = *REGISTERED.get_or_init(|| {
        // SAFETY: POSIX asks of `pthread_atfork` only that the handlers be functions of this type
        // that are there when a fork happens, and that the child's handler be async-signal-safe.
        // `after_fork_in_child` is a plain function of that type, lives as long as the code of
        // this crate (glibc and the BSDs drop the handlers of a library when it is unloaded),
        // does not unwind, and does one atomic add on a static, which is async-signal-safe.
        unsafe { libc::pthread_atfork(None, None, Some(after_fork_in_child)) == 0 }
    });
    // Relaxed is enough: the child starts with one thread, the one that ran the handler.
    registered.then(|| GENERATION.load(Ordering::Relaxed))
}

/// Other systems have no `fork`.
#[cfg(not(unix))]
pub(super) fn generation() -> Option<u64> {
    Some(0)
}
