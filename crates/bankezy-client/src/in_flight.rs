//! Work under way that several wait for, in a task of its own: a caller that gives up does not end it.

use core::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout_at};

use super::{ProviderError, TokenProblem};

/// What the work brought, the same for all who wait.
pub(super) type Outcome<T> = Result<Arc<T>, Arc<ProviderError>>;

/// Work under way, seen by one who waits for it.
pub(super) struct InFlight<T> {
    outcome: watch::Receiver<Option<Outcome<T>>>,
    /// By when it has ended, unless its runtime stands still.
    ends: Instant,
}

impl<T: Send + Sync + 'static> InFlight<T> {
    /// Starts work that bounds itself to `within`. `end` makes of its result what those get who wait.
    pub(super) fn start<W: Send + 'static>(
        within: Duration,
        work: impl Future<Output = Result<W, ProviderError>> + Send + 'static,
        end: impl FnOnce(Result<W, ProviderError>) -> Outcome<T> + Send + 'static,
    ) -> Self {
        let (sender, outcome) = watch::channel(None);
        let ends = Instant::now() + within;
        tokio::spawn(async move {
            // A task of its own again, so that a panic is seen here.
            let result = match tokio::spawn(work).await {
                Ok(result) => result,
                Err(error) if error.is_panic() => Err(TokenProblem::Panicked.into()),
                // The runtime ends, and this with it.
                Err(_) => return,
            };
            if Instant::now() > ends {
                // The others have gone on without it.
                return;
            }
            sender.send_replace(Some(end(result)));
        });
        Self { outcome, ends }
    }

    /// Waits for the result.
    pub(super) async fn outcome(mut self) -> Outcome<T> {
        let ended = timeout_at(self.ends, self.outcome.wait_for(Option::is_some)).await;
        let lost = match ended {
            Ok(Ok(outcome)) => match &*outcome {
                Some(outcome) => return outcome.clone(),
                None => TokenProblem::Abandoned,
            },
            Ok(Err(_)) => TokenProblem::Abandoned,
            Err(_) => TokenProblem::TimedOut,
        };
        Err(Arc::new(lost.into()))
    }

    /// Whether the runtime that it ran on ended before it did, or stands still.
    pub(super) fn is_lost(&self) -> bool {
        self.outcome.has_changed().is_err() || Instant::now() > self.ends
    }
}

impl<T> Clone for InFlight<T> {
    fn clone(&self) -> Self {
        Self {
            outcome: self.outcome.clone(),
            ends: self.ends,
        }
    }
}
