//! An answer as a store holds it.

use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::providers::SealedForm;
use crate::providers::sealed_form::{Form, Read, Written};

/// An answer as a [`TokenStore`](super::TokenStore) holds it. Cheap to clone.
///
/// Where the answer has a [`SealedForm`], so has the entry: a store outside of this process keeps that
/// and nothing else.
pub struct TokenEntry<T> {
    pub(super) answer: Arc<T>,
    due_at: SystemTime,
    good_until: SystemTime,
}

impl<T> TokenEntry<T> {
    /// Held from `now` on: due when a fifth of the life that is left is left, early enough for a few
    /// attempts.
    pub(super) fn new(answer: Arc<T>, now: SystemTime, good_until: SystemTime) -> Self {
        let life = good_until.duration_since(now).unwrap_or_default();
        Self {
            answer,
            due_at: good_until.checked_sub(life / 5).unwrap_or(good_until),
            good_until,
        }
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> &T {
        &self.answer
    }

    /// When it expires, from which on a store need not keep it.
    #[must_use]
    pub fn good_until(&self) -> SystemTime {
        self.good_until
    }

    pub(super) fn is_good(&self, now: SystemTime) -> bool {
        now < self.good_until
    }

    pub(super) fn is_due(&self, now: SystemTime) -> bool {
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

impl<T: SealedForm> SealedForm for TokenEntry<T> {}

impl<T: SealedForm> Form for TokenEntry<T> {
    fn write<'a>(&'a self, members: &mut Written<'a>) {
        self.answer.write(members);
        members.time("dueAt", Some(self.due_at));
        members.time("goodUntil", Some(self.good_until));
    }

    fn read(members: &Read<'_>) -> Option<Self> {
        Some(Self {
            answer: Arc::new(T::read(members)?),
            due_at: members.time("dueAt")?,
            good_until: members.time("goodUntil")?,
        })
    }
}
