//! What the clones of a cache share: the store, and the requests under way.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::{TokenApi, TokenEntry, TokenKey};
use quick_cache::unsync::Cache;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::{StoreError, TokenStore};
use crate::backoff::Failed;
use crate::in_flight::InFlight;
use crate::settings::Settings;
use crate::{ProviderError, TokenClient, TokenProblem};

/// How long a store may take, so that one that hangs holds nobody up for long.
const STORE_DEADLINE: Duration = Duration::from_secs(1);

/// How many keys' failures are remembered. A failure keeps up to 4 KiB of what the provider said.
const MAX_FAILED: usize = 10_000;

pub(super) struct Shared<A: TokenApi, S> {
    pub(super) client: TokenClient<A>,
    pub(super) store: S,
    settings: Settings,
    /// How long to hold a token whose lifetime nobody states.
    unstated: Option<Duration>,
    /// Held for moments, never across an `await`, and not at all where a token is at hand and not due.
    state: Mutex<State<A::Answer>>,
}

/// A token at hand.
pub(super) struct Held<T> {
    pub(super) answer: Arc<T>,
    pub(super) is_due: bool,
}

struct State<T> {
    /// As many as there are requests under way.
    fetches: HashMap<TokenKey, Arc<InFlight<T>>>,
    failed: Cache<TokenKey, Failed>,
}

impl<A: TokenApi, S: TokenStore<A::Answer>> Shared<A, S> {
    pub(super) fn new(
        client: TokenClient<A>,
        store: S,
        settings: Settings,
        unstated: Option<Duration>,
    ) -> Self {
        Self {
            client,
            store,
            settings,
            unstated,
            state: Mutex::new(State {
                fetches: HashMap::new(),
                failed: Cache::new(MAX_FAILED),
            }),
        }
    }

    /// The longest that a caller waits: the store is asked first, then before and after the request,
    /// whose task may take a moment more to say so.
    pub(super) fn longest(&self) -> Duration {
        self.settings.deadline + 4 * STORE_DEADLINE
    }

    /// What is held and not expired. A store that fails counts as empty.
    pub(super) async fn held(&self, key: &TokenKey) -> Option<Held<A::Answer>> {
        let entry = match in_time(self.store.load(key)).await {
            Ok(entry) => entry?,
            Err(error) => {
                trace_failure(&error, "token not loaded from its store");
                return None;
            }
        };
        let now = self.settings.now();
        entry.is_good(now).then(|| Held {
            is_due: entry.is_due(now),
            answer: entry.into_answer(),
        })
    }

    /// The request for this token that is under way, or one that starts now, in a task of its own.
    pub(super) fn fetch(
        self: &Arc<Self>,
        key: TokenKey,
        request: &Arc<A::Request>,
    ) -> Result<Arc<InFlight<A::Answer>>, ProviderError> {
        let mut state = self.state();
        if let Some(fetch) = state.fetches.get(&key).filter(|it| !it.is_lost()) {
            return Ok(Arc::clone(fetch));
        }
        if let Some(failed) = state.failed.get(&key) {
            failed.check()?;
        }
        let (shared, request) = (Arc::clone(self), Arc::clone(request));
        let obtaining = async move { shared.obtain(&key, &request).await };
        let shared = Arc::clone(self);
        let within = self.longest() - STORE_DEADLINE;
        let fetch = InFlight::start(within, obtaining, move |result| shared.end(key, result));
        state.fetches.insert(key, Arc::clone(&fetch));
        Ok(fetch)
    }

    async fn obtain(
        &self,
        key: &TokenKey,
        request: &A::Request,
    ) -> Result<Arc<A::Answer>, ProviderError> {
        // One may have come since the caller looked.
        if let Some(held) = self.held(key).await.filter(|it| !it.is_due) {
            return Ok(held.answer);
        }
        let calling = self.client.call_by(request, &*self.settings.clock);
        let answer = timeout(self.settings.deadline, calling)
            .await
            .map_err(|_| TokenProblem::TimedOut)??;
        let answer = Arc::new(answer);
        let now = self.settings.now();
        if let Some(good_until) = self.good_until(&answer, now) {
            if good_until <= now {
                return Err(TokenProblem::ExpiredOnArrival.into());
            }
            let entry = TokenEntry::new(Arc::clone(&answer), now, good_until);
            // Who waits for the token gets it, whether the store took it or not.
            if let Err(error) = in_time(self.store.save(key, &entry)).await {
                trace_failure(&error, "token not saved in its store");
            }
        }
        debug!(target: "bankezy_client", "token obtained");
        Ok(answer)
    }

    /// `None` where nobody says how long it is good for.
    fn good_until(&self, answer: &A::Answer, now: SystemTime) -> Option<SystemTime> {
        let stated = answer.as_ref().expires_at();
        stated.or_else(|| now.checked_add(self.unstated?))
    }

    fn end(
        &self,
        key: TokenKey,
        result: Result<Arc<A::Answer>, ProviderError>,
    ) -> Result<Arc<A::Answer>, Arc<ProviderError>> {
        let mut state = self.state();
        state.fetches.remove(&key);
        let cause = match result {
            Ok(answer) => {
                state.failed.remove(&key);
                return Ok(answer);
            }
            Err(failure) => Arc::new(failure),
        };
        let (before, backoff) = (state.failed.get(&key), &self.settings.backoff);
        let failed = Failed::after(before, &cause, backoff, "no token obtained");
        state.failed.insert(key, failed);
        Err(cause)
    }

    fn state(&self) -> MutexGuard<'_, State<A::Answer>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trace_failure(error: &StoreError, what: &'static str) {
    warn!(target: "bankezy_client", { error.code = error.code() }, "{what}");
}

/// What a store does, or that it took too long.
pub(super) async fn in_time<T>(
    working: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let mut working = pin!(working);
    // Memory answers at once: that takes neither a timer nor a runtime.
    let at_once = poll_fn(|context| Poll::Ready(working.as_mut().poll(context))).await;
    if let Poll::Ready(result) = at_once {
        return result;
    }
    timeout(STORE_DEADLINE, working)
        .await
        .unwrap_or(Err(StoreError::TimedOut))
}
