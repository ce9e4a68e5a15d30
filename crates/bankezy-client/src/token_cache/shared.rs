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
use crate::backoff::{Backoff, Failed};
use crate::in_flight::{InFlight, Outcome};
use crate::{ProviderError, TokenClient, TokenError, TokenProblem};

type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// How long a store may take, so that one that hangs holds nobody up for long.
const STORE_DEADLINE: Duration = Duration::from_secs(1);

/// How many keys' failures are remembered. A failure keeps up to 4 KiB of what the provider said.
const MAX_FAILED: usize = 10_000;

pub(super) struct Shared<A: TokenApi, S> {
    pub(super) client: TokenClient<A>,
    pub(super) store: S,
    pub(super) settings: Settings,
    /// Held for moments, never across an `await`, and not at all where a token is at hand and not due.
    state: Mutex<State<A::Answer>>,
}

pub(super) struct Settings {
    pub(super) clock: Clock,
    pub(super) backoff: Backoff,
    pub(super) deadline: Duration,
    pub(super) unstated: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemTime::now),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            deadline: Duration::from_secs(60),
            unstated: None,
        }
    }
}

/// A token at hand.
pub(super) struct Held<T> {
    pub(super) answer: Arc<T>,
    pub(super) is_due: bool,
}

struct State<T> {
    /// As many as there are requests under way.
    fetches: HashMap<TokenKey, InFlight<T>>,
    failed: Cache<TokenKey, Failed>,
}

impl<A: TokenApi, S: TokenStore<A::Answer>> Shared<A, S> {
    pub(super) fn new(client: TokenClient<A>, store: S, settings: Settings) -> Self {
        Self {
            client,
            store,
            settings,
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

    fn now(&self) -> SystemTime {
        (self.settings.clock)()
    }

    /// What is held and not expired. A store that fails counts as empty.
    pub(super) async fn held(&self, key: &TokenKey) -> Option<Held<A::Answer>> {
        let loaded = in_time(self.store.load(key)).await;
        let entry = loaded.unwrap_or_else(|error| {
            warn!(
                target: "bankezy_client",
                { error.code = error.code() },
                "token not loaded from its store",
            );
            None
        });
        let now = self.now();
        entry.filter(|it| it.is_good(now)).map(|entry| Held {
            is_due: entry.is_due(now),
            answer: entry.into_answer(),
        })
    }

    /// The request for this token that is under way, or one that starts now, in a task of its own.
    pub(super) fn fetch(
        self: &Arc<Self>,
        key: TokenKey,
        request: &Arc<A::Request>,
    ) -> Result<InFlight<A::Answer>, TokenError> {
        let mut state = self.state();
        if let Some(fetch) = state.fetches.get(&key).filter(|it| !it.is_lost()) {
            return Ok(fetch.clone());
        }
        if let Some(failed) = state.failed.get(&key) {
            failed.check()?;
        }
        let (shared, request) = (Arc::clone(self), Arc::clone(request));
        let obtaining = async move { shared.obtain(&key, &request).await };
        let shared = Arc::clone(self);
        let within = self.longest() - STORE_DEADLINE;
        let fetch = InFlight::start(within, obtaining, move |result| shared.end(key, result));
        state.fetches.insert(key, fetch.clone());
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
        let now = self.now();
        if let Some(good_until) = self.good_until(&answer, now) {
            if good_until <= now {
                return Err(TokenProblem::ExpiredOnArrival.into());
            }
            let entry = TokenEntry::new(Arc::clone(&answer), now, good_until);
            self.hold(key, &entry).await;
        }
        debug!(target: "bankezy_client", "token obtained");
        Ok(answer)
    }

    /// `None` where nobody says how long it is good for.
    fn good_until(&self, answer: &A::Answer, now: SystemTime) -> Option<SystemTime> {
        let stated = answer.as_ref().expires_at();
        stated.or_else(|| now.checked_add(self.settings.unstated?))
    }

    /// Who waits for the token gets it, whether the store took it or not.
    async fn hold(&self, key: &TokenKey, entry: &TokenEntry<A::Answer>) {
        if let Err(error) = in_time(self.store.save(key, entry)).await {
            warn!(
                target: "bankezy_client",
                { error.code = error.code() },
                "token not saved in its store",
            );
        }
    }

    fn end(
        &self,
        key: TokenKey,
        result: Result<Arc<A::Answer>, ProviderError>,
    ) -> Outcome<A::Answer> {
        let mut state = self.state();
        state.fetches.remove(&key);
        result
            .inspect(|_| {
                state.failed.remove(&key);
            })
            .map_err(|failure| {
                let cause = Arc::new(failure);
                let before = state.failed.get(&key);
                let backoff = self.settings.backoff;
                let failed = backoff.failed(before, &cause, "no token obtained");
                state.failed.insert(key, failed);
                cause
            })
    }

    fn state(&self) -> MutexGuard<'_, State<A::Answer>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
