//! Work under way that several wait for, in a task of its own: one who gives up does not end it.

use core::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout_at};

/// What the work brought, the same for all who wait.
pub(super) type Landed<T, E> = Result<Arc<T>, Arc<E>>;

/// Work under way, seen by one who waits for it.
pub(super) struct Flight<T, E> {
    landed: watch::Receiver<Option<Landed<T, E>>>,
    /// By when it has landed, unless its runtime stands still.
    ends: Instant,
}

impl<T, E> Flight<T, E>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Starts work that bounds itself to `within`. `land` is called with its result, or with `None`
    /// where it panicked, and gives what those get who wait.
    pub(super) fn start<W: Send + 'static>(
        within: Duration,
        work: impl Future<Output = W> + Send + 'static,
        land: impl FnOnce(Option<W>) -> Landed<T, E> + Send + 'static,
    ) -> Self {
        let (sender, landed) = watch::channel(None);
        let ends = Instant::now() + within;
        tokio::spawn(async move {
            // A task of its own again, so that a panic is seen here.
            let ended = match tokio::spawn(work).await {
                Ok(result) => Some(result),
                Err(error) if error.is_panic() => None,
                // The runtime ends, and this with it.
                Err(_) => return,
            };
            if Instant::now() > ends {
                // The others have gone on without it.
                return;
            }
            sender.send_replace(Some(land(ended)));
        });
        Self { landed, ends }
    }

    /// Waits for the result; `None` where the runtime that it ran on ended before it did, or stands
    /// still.
    pub(super) async fn landed(mut self) -> Option<Landed<T, E>> {
        let landed = timeout_at(self.ends, self.landed.wait_for(Option::is_some)).await;
        landed.ok()?.ok()?.clone()
    }

    /// Whether the runtime that it ran on ended before it did, or stands still.
    pub(super) fn is_lost(&self) -> bool {
        self.landed.has_changed().is_err() || Instant::now() > self.ends
    }
}

impl<T, E> Clone for Flight<T, E> {
    fn clone(&self) -> Self {
        Self {
            landed: self.landed.clone(),
            ends: self.ends,
        }
    }
}
