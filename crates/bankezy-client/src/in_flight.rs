//! Work under way that several wait for, in a task of its own: a caller that gives up does not end it.

use core::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout_at};

use super::{ProviderError, TokenProblem};

/// What the work brought, the same for all who wait.
type Outcome<T> = Result<Arc<T>, Arc<ProviderError>>;

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
    ) -> Arc<Self> {
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
        Arc::new(Self { outcome, ends })
    }

    /// Work that has ended well.
    pub(super) fn ended(value: Arc<T>) -> Arc<Self> {
        let outcome = watch::channel(Some(Ok(value))).1;
        let ends = Instant::now();
        Arc::new(Self { outcome, ends })
    }

    /// Waits for the result.
    pub(super) async fn outcome(&self) -> Result<Arc<T>, ProviderError> {
        let mut outcome = self.outcome.clone();
        let ended = timeout_at(self.ends, outcome.wait_for(Option::is_some)).await;
        let outcome = match ended.map(|seen| seen.ok().and_then(|outcome| outcome.clone())) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(Arc::new(TokenProblem::Abandoned.into())),
            Err(_) => Err(Arc::new(TokenProblem::TimedOut.into())),
        };
        outcome.map_err(|cause| ProviderError::no_token(cause, None))
    }

    /// Whether the runtime that it ran on ended before it did, or stands still.
    pub(super) fn is_lost(&self) -> bool {
        self.outcome.has_changed().is_err() || Instant::now() > self.ends
    }
}
