//! Refuses messages that were received before.

mod freshness;
mod memory;
mod store;

pub use freshness::Freshness;
pub use memory::MemoryMarks;
pub use store::{Mark, Recorded, ReplayStore};

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bankezy_crypto::Error;
use tokio::time::{Instant, timeout};

use super::refusal::Refusal;
use freshness::{Rule, Times};
use store::ErasedStore;

const DEFAULT_CAPACITY: usize = 100_000;
const DEFAULT_STORE_DEADLINE: Duration = Duration::from_secs(1);

/// Refuses messages that were received before, for
/// [`SealedServerLayer::with_replay_guard`](super::SealedServerLayer::with_replay_guard).
///
/// A message that opened is recorded by its key, nonce and tag before the handler is called. If it was recorded
/// before, the answer is 409 with `{"code":"replayed"}`. If it is not fresh, so that it cannot be known any more,
/// the answer is 409 with `{"code":"stale"}`. Both are sealed, up to
/// [a number a second](super::SealedServerLayer::with_unauthenticated_rate); more are refused with 429. Answers
/// are recorded too, so that nobody can send one back as a request.
///
/// If there is no room for a mark, or the store cannot be asked, the answer is 503. After that, or after any
/// other loss, a sender seals the message anew: it is another message then, and only the application can tell
/// that it is about the same payment, by its `referenceId`. Nor does the guard keep answers: a sender who missed
/// one has to ask for it.
#[derive(Clone)]
pub struct ReplayGuard {
    rule: Rule,
    store: Arc<dyn ErasedStore>,
    store_deadline: Duration,
    times_full: Arc<AtomicU64>,
}

impl ReplayGuard {
    /// Accepts a fresh message once: for as long as it is fresh, its mark is kept. Marks are kept in this process,
    /// for up to 100,000 requests.
    #[must_use]
    pub fn new(freshness: Freshness) -> Self {
        Self::by_rule(Rule::Fresh(freshness))
    }

    /// For messages without a timestamp: a message is accepted once within `window`. Later it is accepted again,
    /// and so it is after a new start, unless a store is shared and keeps it. Marks are kept in this process, for
    /// up to 100,000 requests.
    #[must_use]
    pub fn without_freshness(window: Duration) -> Self {
        let started = Instant::now();
        Self::by_rule(Rule::Window { window, started })
    }

    fn by_rule(rule: Rule) -> Self {
        Self {
            rule,
            store: Arc::new(MemoryMarks::new(DEFAULT_CAPACITY)),
            store_deadline: DEFAULT_STORE_DEADLINE,
            times_full: Arc::default(),
        }
    }

    /// Keeps marks here: in [`MemoryMarks`] with another capacity, or in a store that processes share.
    #[must_use]
    pub fn with_store(mut self, store: impl ReplayStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Refuses a message with 503 if the store has not answered by then. Default: 1 s.
    #[must_use]
    pub fn with_store_deadline(mut self, deadline: Duration) -> Self {
        self.store_deadline = deadline;
        self
    }

    /// How often there was no room for a mark, over all clones.
    #[must_use]
    pub fn times_full(&self) -> u64 {
        self.times_full.load(Ordering::Relaxed)
    }

    /// The mark of a request, if it is fresh.
    pub(super) fn mark(
        &self,
        key_id: &str,
        sealed: &[u8],
        payload: &[u8],
    ) -> Result<Mark, Refusal> {
        let times = self.rule.of_request(payload).ok_or(Refusal::Stale)?;
        mark(key_id, sealed, times, false)
    }

    /// Records a request, which must not have been there.
    pub(super) async fn record(&self, mark: &Mark) -> Result<(), Refusal> {
        match self.ask(mark).await? {
            Recorded::New => Ok(()),
            Recorded::Seen => Err(Refusal::Replayed),
            Recorded::TooOld => Err(Refusal::Stale),
            Recorded::Full => Err(Refusal::ReplayMarksFull),
        }
    }

    /// Records an answer that is about to be sent.
    pub(super) async fn record_answer(&self, key_id: &str, sealed: &str) -> Result<(), Refusal> {
        let mark = mark(key_id, sealed.as_bytes(), self.rule.of_answer(), true)?;
        match self.ask(&mark).await? {
            Recorded::Full => Err(Refusal::ReplayMarksFull),
            // That is what it takes for it to be refused as a request.
            Recorded::New | Recorded::Seen | Recorded::TooOld => Ok(()),
        }
    }

    async fn ask(&self, mark: &Mark) -> Result<Recorded, Refusal> {
        let recorded = timeout(self.store_deadline, self.store.record(mark)).await;
        let recorded = recorded.map_err(|_| Refusal::ReplayStoreFailed)?;
        let recorded = recorded.map_err(|_| Refusal::ReplayStoreFailed)?;
        if recorded == Recorded::Full {
            self.times_full.fetch_add(1, Ordering::Relaxed);
        }
        Ok(recorded)
    }
}

/// Which key of a ring it was is left out: an answer may be sealed with another one than its request, and two
/// messages of one partner with the same nonce and tag are not to be expected.
fn mark(key_id: &str, sealed: &[u8], times: Times, is_answer: bool) -> Result<Mark, Refusal> {
    let Some((nonce, tag)) = nonce_and_tag(sealed) else {
        // Only a caller's own opener opens what is no compact JWE.
        let error = Error::OpenFailed;
        return Err(Refusal::NotOpened { error });
    };
    Ok(Mark {
        text: format!("{key_id}.{nonce}.{tag}").into(),
        is_answer,
        times,
    })
}

/// The third and the fifth part of a compact JWE. The fourth can be long and is not searched.
fn nonce_and_tag(sealed: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let mut parts = sealed.splitn(4, |byte| *byte == b'.').skip(2);
    let (nonce, rest) = (parts.next()?, parts.next()?);
    let mut parts = rest.rsplitn(2, |byte| *byte == b'.');
    let (tag, _ciphertext) = (parts.next()?, parts.next()?);
    let text = String::from_utf8_lossy;
    Some((text(nonce), text(tag)))
}

impl fmt::Debug for ReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayGuard")
            .field("rule", &self.rule)
            .field("store_deadline", &self.store_deadline)
            .finish_non_exhaustive()
    }
}
