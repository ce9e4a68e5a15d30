//! What threads share. Under `--cfg shuttle` the tests run on the model checker's own types, which try the possible
//! orders of threads: see `.ci/models`.

#[cfg(not(all(test, shuttle)))]
pub(crate) use arc_swap::ArcSwap;
#[cfg(not(all(test, shuttle)))]
pub(crate) use core::sync::atomic;
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::{sync::Mutex, thread_local};

#[cfg(all(test, shuttle))]
pub(crate) use model::{ArcSwap, Mutex, atomic, check, thread_local};

#[cfg(all(test, shuttle))]
mod model {
    use std::sync::Arc;

    pub(crate) use shuttle::sync::{Mutex, atomic};
    pub(crate) use shuttle::thread_local;

    /// The model checker cannot observe the crate's own swap: a lock replaces it.
    pub(crate) struct ArcSwap<T>(shuttle::sync::RwLock<Arc<T>>);

    impl<T> ArcSwap<T> {
        pub(crate) fn from_pointee(value: T) -> Self {
            Self(shuttle::sync::RwLock::new(Arc::new(value)))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            Arc::clone(&self.0.read().unwrap())
        }

        pub(crate) fn store(&self, value: Arc<T>) {
            *self.0.write().unwrap() = value;
        }
    }

    /// Runs `model` in many orders of its threads, half of them with few changes of thread.
    pub(crate) fn check(model: impl Fn() + Send + Sync + 'static) {
        const TIMES: usize = 5_000;
        let model = Arc::new(model);
        let mut config = shuttle::Config::new();
        // The backends want more than the checker's own default.
        config.stack_size = 1 << 20;
        let at_random = shuttle::scheduler::RandomScheduler::new(TIMES);
        let again = Arc::clone(&model);
        shuttle::Runner::new(at_random, config.clone()).run(move || again());
        let with_few_changes = shuttle::scheduler::PctScheduler::new(3, TIMES);
        shuttle::Runner::new(with_few_changes, config).run(move || model());
    }
}
