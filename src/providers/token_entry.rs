//! An answer as a store holds it, with the times that say how long.

use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::providers::sealed_storage::{MemberReader, MemberWriter, SealedStorage, Stored};

/// An answer as a token store holds it. Cheap to clone.
///
/// Where the answer has a [`SealedStorage`], so has the entry: a store outside of this process keeps that
/// and nothing else.
pub struct TokenEntry<T> {
    answer: Arc<T>,
    due_at: SystemTime,
    good_until: SystemTime,
}

impl<T> TokenEntry<T> {
    /// An answer held from `now` until it expires at `good_until`. It is due for renewal when a fifth of
    /// that time is left, early enough for a few attempts.
    #[must_use]
    pub fn new(answer: impl Into<Arc<T>>, now: SystemTime, good_until: SystemTime) -> Self {
        let life = good_until.duration_since(now).unwrap_or_default();
        let last_fifth = life.checked_div(5).unwrap_or_default();
        Self {
            answer: answer.into(),
            due_at: good_until.checked_sub(last_fifth).unwrap_or(good_until),
            good_until,
        }
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> &T {
        &self.answer
    }

    /// The answer, shared with the store.
    #[must_use]
    pub fn into_answer(self) -> Arc<T> {
        self.answer
    }

    /// When it expires, from which on a store need not keep it.
    #[must_use]
    pub fn good_until(&self) -> SystemTime {
        self.good_until
    }

    /// Whether it has not expired at `now`.
    #[must_use]
    pub fn is_good(&self, now: SystemTime) -> bool {
        now < self.good_until
    }

    /// Whether it should be renewed at `now`.
    #[must_use]
    pub fn is_due(&self, now: SystemTime) -> bool {
        self.due_at <= now
    }
}

impl<T> Clone for TokenEntry<T> {
    fn clone(&self) -> Self {
        Self {
            answer: Arc::clone(&self.answer),
            due_at: self.due_at,
            good_until: self.good_until,
        }
    }
}

impl<T> fmt::Debug for TokenEntry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenEntry([redacted])")
    }
}

impl<T: SealedStorage> SealedStorage for TokenEntry<T> {}

impl<T: SealedStorage> Stored for TokenEntry<T> {
    fn write<'a>(&'a self, members: &mut MemberWriter<'a>) {
        self.answer.write(members);
        members.time("dueAt", Some(self.due_at));
        members.time("goodUntil", Some(self.good_until));
    }

    fn read(members: &MemberReader<'_>) -> Option<Self> {
        Some(Self {
            answer: Arc::new(T::read(members)?),
            due_at: members.time("dueAt")?,
            good_until: members.time("goodUntil")?,
        })
    }
}
