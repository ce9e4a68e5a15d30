//! What tasks share and wait for. Under `--cfg shuttle` the tests run on the model checker's own types, which
//! try the orders in which tasks can come: see `.ci/models`.

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
