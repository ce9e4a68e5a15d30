//! Refuses messages that were received before.

mod clock;
mod freshness;
mod memory;
mod store;

pub use freshness::Freshness;
pub use memory::MemoryMarks;
pub(super) use store::Kind;
pub use store::{Mark, Recorded, ReplayStore};

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bankezy_crypto::Error;
use tokio::time::timeout;

use super::form::nonce_and_tag;
use super::refusal::Refusal;
use freshness::{Rule, Times};
use store::ErasedStore;

const DEFAULT_CAPACITY: usize = 100_000;
const DEFAULT_STORE_DEADLINE: Duration = Duration::from_secs(1);

/// Refuses messages that were received before, for
/// [`SealedServerLayer::with_replay_guard`](super::SealedServerLayer::with_replay_guard).
///
/// A message that opened is recorded by its key, nonce and tag once the service is ready, right before it is called.
/// If it was recorded before, the answer is 409 with `{"code":"replayed"}`. That proves that the message was received,
/// and not that it was handled: the process may have ended, or the caller given up, in between. If it is not fresh, so
/// that it cannot be known any more, the answer is 409 with `{"code":"stale"}`. Answers are recorded too, so that
/// nobody can send one back as a request.
///
/// Up to [a number a second](super::SealedServerLayer::with_unauthenticated_rate) of these 409 are sealed. The others
/// are not, nor is any with [`seal_errors(false)`](super::SealedServerLayer::seal_errors) or to `HEAD`, whose answers
/// have no body.
///
/// If there is no room for a mark, or the store cannot be asked, the answer is 503. After that, or after any
/// other loss, a sender seals the message anew: it is another message then, and only the application can tell
/// that it is about the same payment, by its `referenceId`. Nor does the guard keep answers: a sender who missed
/// one has to ask for it.
///
/// If the system clock is set back, the guard's time goes on from the latest time at which it accepted a message. If
/// a message was accepted while the clock was ahead, others are refused as stale after it is set right, until the
/// process starts again.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use std::time::Duration;
///
/// use bankezy_crypto::{PayloadCipher, PayloadSecret};
/// use bankezy_tower::{ReplayGuard, SealedServerLayer};
///
/// // Callbacks without a timestamp: each sealed text is accepted once in a day.
/// let guard = ReplayGuard::without_freshness(Duration::from_secs(24 * 3600));
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let layer = SealedServerLayer::new(cipher).with_replay_guard(guard);
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
#[derive(Clone)]
pub struct ReplayGuard {
    rule: Rule,
    store: Arc<dyn ErasedStore>,
    store_deadline: Duration,
    times_full: Arc<AtomicU64>,
}

impl ReplayGuard {
    /// Accepts a fresh message once: its mark is kept for as long as it is fresh. Marks are kept in this process,
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
        Self::by_rule(Rule::Window(window))
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

    /// Refuses a message with 503 if the store has not answered by then. Marks are kept for this much longer.
    /// Default: 1 s.
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

    /// What has to be known of a request to record it.
    pub(super) fn receive(
        &self,
        key_id: &str,
        sealed: &[u8],
        payload: &[u8],
    ) -> Result<Received, Refusal> {
        Ok(Received {
            text: text(key_id, sealed)?,
            stamped: self.rule.stamp(payload),
        })
    }

    /// Records a request, which has to be fresh, and must not have been recorded before.
    pub(super) async fn record(&self, received: Received) -> Result<(), Refusal> {
        let times = self.rule.of_request(received.stamped);
        let times = times.ok_or(Refusal::Stale)?;
        match self.ask(received.text, Kind::Request, times).await? {
            Recorded::New => Ok(()),
            Recorded::Seen => Err(Refusal::Replayed),
            Recorded::TooOld => Err(Refusal::Stale),
            Recorded::Full => Err(Refusal::ReplayMarksFull),
        }
    }

    /// Records an answer that is about to be sent.
    pub(super) async fn record_answer(
        &self,
        kind: Kind,
        key_id: &str,
        sealed: &[u8],
        payload: &[u8],
    ) -> Result<(), Refusal> {
        let times = self.rule.of_answer(self.rule.stamp(payload));
        let text = text(key_id, sealed)?;
        match self.ask(text, kind, times).await? {
            Recorded::Full => Err(Refusal::ReplayMarksFull),
            // That is what it takes for it to be refused as a request.
            Recorded::New | Recorded::Seen | Recorded::TooOld => Ok(()),
        }
    }

    async fn ask(&self, text: Box<str>, kind: Kind, times: Times) -> Result<Recorded, Refusal> {
        // A message that is sent again can be judged fresh so long before the store looks for its mark.
        let keep_for = times.keep_for.saturating_add(self.store_deadline);
        let mark = Mark {
            text,
            kind,
            times: Times {
                keep_for: whole_millis(keep_for),
                ..times
            },
        };
        let recorded = timeout(self.store_deadline, self.store.record(&mark)).await;
        let recorded = recorded.map_err(|_| Refusal::ReplayStoreFailed)?;
        let recorded = recorded.map_err(|_| Refusal::ReplayStoreFailed)?;
        if recorded == Recorded::Full {
            self.times_full.fetch_add(1, Ordering::Relaxed);
        }
        Ok(recorded)
    }
}

/// A request that opened and is not recorded yet.
pub(super) struct Received {
    text: Box<str>,
    stamped: Option<Duration>,
}

/// Stores count milliseconds, and may refuse to keep something for none.
fn whole_millis(time: Duration) -> Duration {
    const MILLI: u32 = 1_000_000;
    let over = time.subsec_nanos() % MILLI;
    let missing = (MILLI - over) % MILLI;
    let whole = time.saturating_add(Duration::from_nanos(missing.into()));
    whole.max(Duration::from_millis(1))
}

/// Which key of a ring it was is left out: an answer may be sealed with another one than its request, and two
/// messages of one partner with the same nonce and tag are not to be expected.
fn text(key_id: &str, sealed: &[u8]) -> Result<Box<str>, Refusal> {
    let Some((nonce, tag)) = nonce_and_tag(sealed) else {
        // Only a caller's own opener opens what is no compact JWE.
        let error = Error::OpenFailed;
        return Err(Refusal::NotOpened { error });
    };
    Ok(format!("{key_id}.{nonce}.{tag}").into())
}

impl fmt::Debug for ReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayGuard")
            .field("rule", &self.rule)
            .field("store_deadline", &self.store_deadline)
            .finish_non_exhaustive()
    }
}
