//! What the clones of a cache share: the store, and the requests in progress.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bankezy_crypto::providers::{TokenApi, TokenEntry, TokenKey};
use tracing::{debug, warn};

use super::{StoreError, TokenStore};
use crate::in_flight::{InFlight, Outcome, Renewing};
use crate::sync::time::{Instant, timeout};
use crate::sync::{Mutex, MutexGuard};
use crate::{ProviderError, RefreshSettings, TokenClient, TokenProblem};

/// How long a store may take, so that one that hangs does not block callers for long.
const STORE_DEADLINE: Duration = Duration::from_secs(1);

/// How many keys' failures and refusals are remembered. A failure holds up to 4 KiB of the provider's answer.
const MAX_KEYS: usize = 10_000;

/// How often a refused token is dropped at most: otherwise a server that refuses every token would lead to a
/// request for another one with each call.
const REFUSE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Shared<A: TokenApi, S> {
    pub(super) client: TokenClient<A>,
    pub(super) store: S,
    settings: RefreshSettings,
    /// Locked briefly, never across an `await`, and not at all if there is a token that is not due.
    state: Mutex<HashMap<TokenKey, Renewing<A::Answer>>>,
}

impl<A: TokenApi, S: TokenStore<A::Answer>> Shared<A, S> {
    pub(super) fn new(client: TokenClient<A>, store: S, settings: RefreshSettings) -> Self {
        Self {
            client,
            store,
            settings,
            state: Mutex::default(),
        }
    }

    /// The stored token, unless it has expired. A store that fails counts as empty.
    pub(super) async fn held(&self, key: &TokenKey) -> Option<TokenEntry<A::Answer>> {
        let loaded = in_time(self.store.load(key)).await;
        let entry = loaded.unwrap_or_else(|error| {
            trace_failure(&error, "token not loaded from its store");
            None
        });
        entry.filter(|entry| entry.is_good(self.settings.now()))
    }

    pub(super) fn is_due(&self, entry: &TokenEntry<A::Answer>) -> bool {
        entry.is_due(self.settings.now())
    }

    /// The request for this token that is in progress, or one that starts now in its own task.
    pub(super) fn fetch(
        self: &Arc<Self>,
        key: TokenKey,
        request: &Arc<A::Request>,
    ) -> Result<Arc<InFlight<A::Answer>>, ProviderError> {
        let mut state = self.state();
        if state.len() >= MAX_KEYS {
            state.retain(|_, token| token.in_flight.is_some());
        }
        let token = state.entry(key).or_default();
        if let Some(fetch) = token.in_progress()? {
            return Ok(fetch);
        }
        let (shared, request) = (Arc::clone(self), Arc::clone(request));
        let obtaining = async move { shared.obtain(&key, &request).await };
        let shared = Arc::clone(self);
        // The store before and after the request, and a moment to report the result.
        let within = self.settings.deadline + 3 * STORE_DEADLINE;
        let fetch = InFlight::start(within, obtaining, move |result| shared.end(key, result));
        token.in_flight = Some(Arc::clone(&fetch));
        Ok(fetch)
    }

    /// Whether a refused token was dropped so lately that its successor stays.
    pub(super) fn dropped_lately(&self, key: &TokenKey) -> bool {
        let state = self.state();
        let token = state.get(key);
        token.is_some_and(|token| token.refused_within(REFUSE_EVERY).is_some())
    }

    pub(super) fn dropped(&self, key: TokenKey) {
        self.state().entry(key).or_default().refused_at = Some(Instant::now());
    }

    async fn obtain(
        &self,
        key: &TokenKey,
        request: &A::Request,
    ) -> Result<Arc<A::Answer>, ProviderError> {
        // One may have arrived since the caller looked.
        if let Some(entry) = self.held(key).await.filter(|it| !self.is_due(it)) {
            return Ok(entry.into_answer());
        }
        let calling = self.client.call_by(request, &*self.settings.clock);
        let answer = timeout(self.settings.deadline, calling)
            .await
            .map_err(|_| TokenProblem::TimedOut)??;
        let answer = Arc::new(answer);
        let now = self.settings.now();
        if let Some(good_until) = self.settings.expiry((*answer).as_ref(), now) {
            if good_until <= now {
                return Err(TokenProblem::ExpiredOnArrival.into());
            }
            let entry = TokenEntry::new(Arc::clone(&answer), now, good_until);
            // Callers get the token even if the store did not take it.
            if let Err(error) = in_time(self.store.save(key, &entry)).await {
                trace_failure(&error, "token not saved in its store");
            }
        }
        debug!(target: "bankezy_client", "token obtained");
        Ok(answer)
    }

    fn end(
        &self,
        key: TokenKey,
        result: Result<Arc<A::Answer>, ProviderError>,
    ) -> Outcome<A::Answer> {
        let mut state = self.state();
        let (token, backoff) = (state.entry(key).or_default(), &self.settings.backoff);
        token.end(result, backoff, "no token obtained")
    }

    fn state(&self) -> MutexGuard<'_, HashMap<TokenKey, Renewing<A::Answer>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trace_failure(error: &StoreError, what: &'static str) {
    warn!(target: "bankezy_client", { error.code = error.code() }, "{what}");
}

/// Gives a store a deadline.
pub(super) async fn in_time<T>(
    working: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let mut working = pin!(working);
    // Memory answers at once, without a timer or a runtime.
    let at_once = poll_fn(|context| Poll::Ready(working.as_mut().poll(context))).await;
    if let Poll::Ready(result) = at_once {
        return result;
    }
    timeout(STORE_DEADLINE, working)
        .await
        .unwrap_or(Err(StoreError::TimedOut))
}
