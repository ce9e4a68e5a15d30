//! What tasks share and wait for. Under `--cfg shuttle` the tests run on the model checker's own types, which
//! try the orders in which tasks can come: see `.ci/models`.

use std::sync::PoisonError;

#[cfg(not(all(test, shuttle)))]
pub(crate) use {
    arc_swap::ArcSwapOption,
    std::sync::{Mutex, MutexGuard},
    tokio::{spawn, sync::watch, time},
};

#[cfg(all(test, shuttle))]
pub(crate) use {
    model::{ArcSwapOption, check},
    shuttle::sync::{Mutex, MutexGuard},
    shuttle_tokio::{spawn, sync::watch, time},
};

#[cfg(all(test, shuttle))]
mod model;

/// Locks, also after a panic of another holder.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
