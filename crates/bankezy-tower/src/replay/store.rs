//! Where marks of messages are kept.

use core::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::super::unavailable::Unavailable;
use super::freshness::Times;

/// What tells one message from all others: the key, its nonce and its tag. And how long a store has to remember
/// it. `Debug` shows nothing of the message.
#[derive(Clone)]
pub struct Mark {
    pub(super) text: Box<str>,
    pub(super) kind: Kind,
    pub(super) times: Times,
}

/// What kind of message a mark is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Request,
    /// To a request that was recorded.
    Answer,
    /// To a request that anyone can send: without a body, or replayed.
    AnswerToStranger,
}

impl Mark {
    /// ASCII text that is the same for the same message and for no other, but for the key's identifier in front,
    /// which is the caller's.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How long a store has to remember it, from now on: whole milliseconds, at least one.
    #[must_use]
    pub fn keep_for(&self) -> Duration {
        self.times.keep_for
    }

    /// Whether it is an answer that was sealed here, and not a request that was received. It is recorded so that
    /// nobody can send it back as a request.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.kind != Kind::Request
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mark")
            .field("kind", &self.kind)
            .field("keep_for", &self.keep_for())
            .finish_non_exhaustive()
    }
}

/// What a [`ReplayStore`] says of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recorded {
    /// It was not there. It is now.
    New,
    /// It was there already.
    Seen,
    /// It was not there, and there is no room for it. It is not there now either.
    Full,
    /// It is from a time that the store does not know of, so that it cannot say whether it was there.
    TooOld,
}

/// Marks of messages, kept for as long as those might be accepted: in this process
/// ([`MemoryMarks`](super::MemoryMarks)), or in a store that processes share.
///
/// All guards on one store need the same rule, and those of one process clones of one [`Freshness`](super::Freshness),
/// which share its time: a mark is kept for as long as the guard that recorded it asks for, and a guard that accepts
/// older messages would accept one again.
///
/// In Redis, for instance, it is one command, `SET key 1 NX PX milliseconds`: `OK` is [`Recorded::New`], nil is
/// [`Recorded::Seen`], and an error, also that of a full memory, is [`Unavailable`]. The milliseconds are those of
/// [`Mark::keep_for`]. Set it to keep what it has when its memory is full (`noeviction`), and not to take writes
/// without a replica (`min-replicas-to-write`). It still replicates after it has answered, so a failover can lose
/// the latest marks. A mark that is lost or dropped early lets its message pass again.
pub trait ReplayStore: Send + Sync + 'static {
    /// Looks whether a mark is there and records it, both in one atomic step.
    fn record(&self, mark: &Mark) -> impl Future<Output = Result<Recorded, Unavailable>> + Send;
}

impl<S: ReplayStore> ReplayStore for Arc<S> {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        self.as_ref().record(mark).await
    }
}

pub(super) type Recording<'a> =
    Pin<Box<dyn Future<Output = Result<Recorded, Unavailable>> + Send + 'a>>;

/// The same, for any type of store.
pub(super) trait ErasedStore: Send + Sync {
    fn record<'a>(&'a self, mark: &'a Mark) -> Recording<'a>;
}

impl<S: ReplayStore> ErasedStore for S {
    fn record<'a>(&'a self, mark: &'a Mark) -> Recording<'a> {
        Box::pin(ReplayStore::record(self, mark))
    }
}
