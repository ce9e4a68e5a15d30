//! What the clones of a cache share: the stores, and the requests in progress.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::providers::{TokenApi, TokenEntry, TokenKey, TokenStore};
use tokio::sync::Semaphore;
use tracing::debug;

use super::store::{MemoryStore, Tiers};
use crate::backoff::{Failed, MAX_DEADLINE};
use crate::in_flight::{InFlight, Outcome, Renewing};
use crate::sync::time::{Instant, timeout};
use crate::sync::{Mutex, lock};
use crate::{ProviderError, RefreshSettings, TokenClient, TokenProblem};

/// How many keys have requests in progress, failures and refusals that are remembered. A failure holds up to
/// 4 KiB of the provider's answer.
const MAX_KEYS: usize = 10_000;

/// How many requests are sent at once.
const MAX_REQUESTS: usize = 64;

/// How often a refused token is dropped at most: otherwise a server that refuses every token would lead to a
/// request for another one with each call.
const REFUSE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Shared<A: TokenApi, S> {
    pub(super) client: TokenClient<A>,
    pub(super) tiers: Tiers<A::Answer, S>,
    pub(super) settings: RefreshSettings,
    /// Locked briefly, never across an `await`, and not at all while the token needs no renewal.
    state: Mutex<State<A::Answer>>,
    requests: Arc<Semaphore>,
}

struct State<T> {
    tokens: HashMap<TokenKey, Renewing<T>>,
    /// Failures that affect every token.
    failed: Option<Failed>,
}

impl<A: TokenApi, S: TokenStore<A::Answer>> Shared<A, S> {
    pub(super) fn new(mut client: TokenClient<A>, store: S, settings: RefreshSettings) -> Self {
        client.transport.settings.tells_unclear = false;
        let (tokens, failed) = (HashMap::new(), None);
        Self {
            client,
            tiers: Tiers {
                store,
                memory: MemoryStore::default(),
                rests: Mutex::default(),
            },
            settings,
            state: Mutex::new(State { tokens, failed }),
            requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
        }
    }

    /// The stored token, unless it has expired. A store that fails counts as empty.
    pub(super) async fn held(&self, key: &TokenKey) -> Option<TokenEntry<A::Answer>> {
        let loaded = self.tiers.load(key).await.ok().flatten();
        loaded.filter(|entry| entry.lifetime().is_good(self.settings.now()))
    }

    /// The request for this token that is in progress, or one that starts now in its own task.
    pub(super) async fn fetch(
        self: &Arc<Self>,
        key: TokenKey,
        request: &Arc<A::Request>,
    ) -> Result<Arc<InFlight<A::Answer>>, ProviderError> {
        let begun = self.begin(key, request);
        if begun.is_err() {
            self.tiers.give_up(&key).await;
        }
        begun
    }

    fn begin(
        self: &Arc<Self>,
        key: TokenKey,
        request: &Arc<A::Request>,
    ) -> Result<Arc<InFlight<A::Answer>>, ProviderError> {
        let mut state = lock(&self.state);
        let State { tokens, failed } = &mut *state;
        let token = remembered(tokens, key).ok_or(TokenProblem::TooMany)?;
        if let Some(fetch) = token.in_progress()? {
            return Ok(fetch);
        }
        failed.as_ref().map_or(Ok(()), Failed::check)?;
        let (shared, request) = (Arc::clone(self), Arc::clone(request));
        let obtaining = async move {
            let turn = Arc::clone(&shared.requests).acquire_owned();
            let Ok(turn) = timeout(shared.settings.deadline, turn).await else {
                shared.tiers.give_up(&key).await;
                return Err(ProviderError::from(TokenProblem::TooMany));
            };
            Ok((shared.obtain(&key, &request).await, turn))
        };
        let shared = Arc::clone(self);
        // Whoever is next sees a failure of this one.
        let end = move |result| match result {
            Ok((result, _turn)) => shared.end(key, result),
            Err(error) => shared.end(key, Err(error)),
        };
        // Its turn, the store before and after the request, and a moment to report the result.
        let of_store = self.tiers.store.deadline().min(MAX_DEADLINE);
        let within = 2 * self.settings.deadline + 3 * of_store;
        let fetch = InFlight::start(within, obtaining, end);
        token.in_flight = Some(Arc::clone(&fetch));
        Ok(fetch)
    }

    /// Whether a refused token may be dropped now: not if one was dropped so lately that its successor stays.
    pub(super) fn may_drop(&self, key: TokenKey) -> bool {
        let mut state = lock(&self.state);
        let token = remembered(&mut state.tokens, key);
        let token = token.filter(|token| token.refused_within(REFUSE_EVERY).is_none());
        token
            .map(|token| token.refused_at = Some(Instant::now()))
            .is_some()
    }

    /// The token, and whether the provider gave it.
    async fn obtain(
        &self,
        key: &TokenKey,
        request: &A::Request,
    ) -> Result<(Arc<A::Answer>, bool), ProviderError> {
        // One may have arrived since the caller looked.
        let held = self.held(key).await;
        if let Some(entry) = held.filter(|it| !it.lifetime().is_due(self.settings.now())) {
            return Ok((entry.into_answer(), false));
        }
        let requested = self.request(key, request).await;
        if !matches!(requested, Ok((_, true))) {
            self.tiers.give_up(key).await;
        }
        requested.map(|(answer, _)| (answer, true))
    }

    /// The provider's answer, and whether it was saved.
    async fn request(
        &self,
        key: &TokenKey,
        request: &A::Request,
    ) -> Result<(Arc<A::Answer>, bool), ProviderError> {
        // Others may have found out while this waited for its turn.
        if let Some(failed) = &lock(&self.state).failed {
            failed.check()?;
        }
        let asked_at = self.settings.now();
        let calling = self.client.call_at(request, asked_at.time_of_day);
        let answer = timeout(self.settings.deadline, calling).await;
        let answer = Arc::new(answer.map_err(|_| TokenProblem::TimedOut)??);
        let lifetime = self.settings.lifetime((*answer).as_ref(), asked_at);
        if let Some(lifetime) = lifetime {
            if !lifetime.is_good(self.settings.now()) {
                return Err(TokenProblem::ExpiredOnArrival.into());
            }
            // Callers get the token even if the store does not take it.
            let entry = TokenEntry::new(Arc::clone(&answer), lifetime);
            self.tiers.save(key, &entry).await;
        }
        debug!(target: "bankezy_client", "token obtained");
        Ok((answer, lifetime.is_some()))
    }

    fn end(
        &self,
        key: TokenKey,
        result: Result<(Arc<A::Answer>, bool), ProviderError>,
    ) -> Outcome<A::Answer> {
        use ProviderError::{NoToken, Token};
        let mut state = lock(&self.state);
        let State { tokens, failed } = &mut *state;
        let token = tokens.entry(key).or_default();
        token.in_flight = None;
        let was_sent = match &result {
            Ok((_, was_sent)) => *was_sent,
            // Because of a failure that is counted, or without a turn.
            Err(error) => !matches!(error, NoToken { .. } | Token(TokenProblem::TooMany)),
        };
        let concerns_all = result.as_ref().err().map(ProviderError::concerns_all);
        let result = result.map(|(answer, _)| answer).map_err(Arc::new);
        if was_sent {
            let backoff = &self.settings.backoff;
            if concerns_all != Some(true) {
                Failed::count(&mut token.failed, &result, backoff, "no token obtained");
            }
            if concerns_all != Some(false) {
                Failed::count(failed, &result, backoff, "no token obtained");
            }
        }
        result
    }
}

/// What is remembered of a key; `None` if that would be too much.
fn remembered<T: Send + Sync + 'static>(
    tokens: &mut HashMap<TokenKey, Renewing<T>>,
    key: TokenKey,
) -> Option<&mut Renewing<T>> {
    if tokens.len() >= MAX_KEYS && !tokens.contains_key(&key) {
        tokens.retain(|_, token| !token.is_idle(REFUSE_EVERY));
        if tokens.len() >= MAX_KEYS {
            return None;
        }
    }
    Some(tokens.entry(key).or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_keys_is_bounded() {
        let key = |number: usize| TokenKey::of(&[&number.to_be_bytes()]).unwrap();
        let mut tokens = HashMap::<_, Renewing<()>>::new();
        for number in 0..2 * MAX_KEYS {
            assert!(remembered(&mut tokens, key(number)).is_some());
            assert!(tokens.len() <= MAX_KEYS);
        }
        for token in tokens.values_mut() {
            token.refused_at = Some(Instant::now());
        }
        tokens.reserve(MAX_KEYS);
        for number in 0..MAX_KEYS {
            let Some(token) = remembered(&mut tokens, key(number)) else {
                return assert_eq!(tokens.len(), MAX_KEYS);
            };
            token.refused_at = Some(Instant::now());
        }
        panic!("it takes any number of refused keys");
    }
}
