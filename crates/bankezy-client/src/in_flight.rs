//! Work that several callers wait for, in its own task: a caller that gives up does not cancel it.

use core::future::Future;
use std::sync::Arc;

use crate::backoff::Failed;
use crate::sync::time::{Duration, Instant, timeout_at};
use crate::sync::{spawn, watch};
use crate::{ProviderError, TokenProblem};

/// The result of the work, the same for all who wait.
pub(super) type Outcome<T> = Result<Arc<T>, Arc<ProviderError>>;

/// What one request at a time obtains: the one in progress, and why none starts now.
pub(super) struct Renewing<T> {
    pub(super) in_flight: Option<Arc<InFlight<T>>>,
    pub(super) failed: Option<Failed>,
    /// When a refusal of what was obtained last led to a new request.
    pub(super) refused_at: Option<Instant>,
}

/// Work in progress, as seen by those who wait for it.
pub(super) struct InFlight<T> {
    outcome: watch::Receiver<Option<Outcome<T>>>,
    /// When it has ended at the latest, unless its runtime is blocked.
    ends: Instant,
}

impl<T: Send + Sync + 'static> Renewing<T> {
    /// The work in progress; `None` if some can start now, and the failure that it has to wait for if not.
    pub(super) fn in_progress(&self) -> Result<Option<Arc<InFlight<T>>>, ProviderError> {
        let in_flight = self.in_flight.as_ref().filter(|it| !it.is_lost());
        if let (None, Some(failed)) = (in_flight, &self.failed) {
            failed.check()?;
        }
        Ok(in_flight.cloned())
    }

    /// Whether nothing of it has to be remembered: no work, no wait after a failure, no refusal within `every`.
    pub(super) fn is_idle(&self, every: Duration) -> bool {
        let is_waiting = |failed: &Failed| failed.check().is_err();
        self.in_flight.is_none()
            && !self.failed.as_ref().is_some_and(is_waiting)
            && self.refused_within(every).is_none()
    }

    /// How long ago a refusal led to a new request, if that is less than `every`.
    pub(super) fn refused_within(&self, every: Duration) -> Option<Duration> {
        let since = self.refused_at.map(|at| at.elapsed());
        since.filter(|since| *since < every)
    }
}

impl<T> Default for Renewing<T> {
    fn default() -> Self {
        Self {
            in_flight: None,
            failed: None,
            refused_at: None,
        }
    }
}

impl<T: Send + Sync + 'static> InFlight<T> {
    /// Starts work that ends after `within` at the latest. `end` turns its result into the outcome.
    pub(super) fn start<W: Send + 'static>(
        within: Duration,
        work: impl Future<Output = Result<W, ProviderError>> + Send + 'static,
        end: impl FnOnce(Result<W, ProviderError>) -> Outcome<T> + Send + 'static,
    ) -> Arc<Self> {
        let (sender, outcome) = watch::channel(None);
        let ends = Instant::now() + within;
        spawn(async move {
            // A separate task, so that a panic is noticed here.
            let result = match spawn(work).await {
                Ok(result) => result,
                Err(error) if error.is_panic() => Err(TokenProblem::Panicked.into()),
                // The runtime is shutting down, which ends this task too.
                Err(_) => return,
            };
            if Instant::now() > ends {
                // Nobody waits for it any more.
                return;
            }
            sender.send_replace(Some(end(result)));
        });
        Arc::new(Self { outcome, ends })
    }

    /// Work that has already succeeded.
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

    /// Whether the runtime that it ran on has shut down, or is blocked.
    pub(super) fn is_lost(&self) -> bool {
        self.outcome.has_changed().is_err() || Instant::now() > self.ends
    }
}
