//! Work under way that several wait for, in a task of its own: one who gives up does not end it.

use core::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

/// What the work brought, the same for all who wait.
pub(super) type Landed<T, E> = Result<Arc<T>, Arc<E>>;

/// Work under way, seen by one who waits for it.
pub(super) struct Flight<T, E>(watch::Receiver<Option<Landed<T, E>>>);

impl<T, E> Flight<T, E>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Starts the work. `land` is called with its result, or with `None` where it panicked, and
    /// gives what those get who wait.
    pub(super) fn start<W: Send + 'static>(
        work: impl Future<Output = W> + Send + 'static,
        land: impl FnOnce(Option<W>) -> Landed<T, E> + Send + 'static,
    ) -> Self {
        let (sender, flight) = watch::channel(None);
        tokio::spawn(async move {
            // A task of its own again, so that a panic is seen here.
            let ended = match tokio::spawn(work).await {
                Ok(result) => Some(result),
                Err(error) if error.is_panic() => None,
                // The runtime ends, and this with it.
                Err(_) => return,
            };
            sender.send_replace(Some(land(ended)));
        });
        Self(flight)
    }

    /// Waits for the result; `None` where the runtime that it ran on ended before it did.
    pub(super) async fn landed(mut self) -> Option<Landed<T, E>> {
        let landed = self.0.wait_for(Option::is_some).await;
        landed.ok()?.clone()
    }

    /// Whether the runtime that it ran on ended before it did.
    pub(super) fn is_lost(&self) -> bool {
        self.0.has_changed().is_err()
    }
}

impl<T, E> Clone for Flight<T, E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
