//! What the model checker has no types for, and how it is run.

use std::sync::Arc;

use shuttle::sync::RwLock;

/// The crate's own swap cannot be looked into: a lock in its place.
pub(crate) struct ArcSwapOption<T>(RwLock<Option<Arc<T>>>);

impl<T> ArcSwapOption<T> {
    pub(crate) fn empty() -> Self {
        Self(RwLock::new(None))
    }

    pub(crate) fn load_full(&self) -> Option<Arc<T>> {
        self.0.read().unwrap().clone()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        *self.0.write().unwrap() = value;
    }

    pub(crate) fn swap(&self, value: Option<Arc<T>>) -> Option<Arc<T>> {
        std::mem::replace(&mut *self.0.write().unwrap(), value)
    }
}

/// Runs `model` in many orders of its tasks, half of them with few changes of task.
pub(crate) fn check<F: Future<Output = ()> + Send + 'static>(
    model: impl Fn() -> F + Send + Sync + 'static,
) {
    const TIMES: usize = 2_000;
    let model = Arc::new(model);
    let mut config = shuttle::Config::new();
    // The backends want more than the checker's own default.
    config.stack_size = 1 << 20;
    let at_random = shuttle::scheduler::RandomScheduler::new(TIMES);
    let again = Arc::clone(&model);
    shuttle::Runner::new(at_random, config.clone()).run(move || shuttle::future::block_on(again()));
    let with_few_changes = shuttle::scheduler::PctScheduler::new(3, TIMES);
    shuttle::Runner::new(with_few_changes, config).run(move || shuttle::future::block_on(model()));
}
