//! An answer as a store holds it, with the times that say how long.

use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use subtle::ConstantTimeEq as _;

use crate::error::Error;
use crate::providers::sealed_storage::{MemberReader, MemberWriter, SealedStorage, Stored};
use crate::providers::{Lifetime, Token, TokenKey};

/// An answer as a token store holds it. Cheap to clone.
///
/// Where the answer has a [`SealedStorage`], so has the entry: a store outside of this process keeps that
/// and nothing else.
pub struct TokenEntry<T> {
    answer: Arc<T>,
    lifetime: Lifetime,
}

impl<T> TokenEntry<T> {
    /// An answer, and how long it may be used.
    #[must_use]
    pub fn new(answer: impl Into<Arc<T>>, lifetime: Lifetime) -> Self {
        let answer = answer.into();
        Self { answer, lifetime }
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

    /// How long it may be used.
    #[must_use]
    pub fn lifetime(&self) -> &Lifetime {
        &self.lifetime
    }

    /// When it expires, from which on a store need not keep it.
    #[must_use]
    pub fn good_until(&self) -> SystemTime {
        self.lifetime.good_until()
    }
}

impl<T: AsRef<Token>> TokenEntry<T> {
    /// Whether it holds this token. Takes constant time for tokens of one length.
    #[must_use]
    pub fn holds(&self, token: &Token) -> bool {
        let held = (*self.answer).as_ref().as_str().as_bytes();
        held.ct_eq(token.as_str().as_bytes()).into()
    }

    /// A digest that tells the entries of one key apart: a store outside of this process saves it with the
    /// sealed text, and removes an entry only if the digest is still the same.
    ///
    /// # Errors
    /// As for [`TokenKey::of`].
    pub fn tag(&self, key: &TokenKey) -> Result<[u8; 32], Error> {
        let token = (*self.answer).as_ref().as_str();
        Ok(*TokenKey::of(&[key.as_bytes(), token.as_bytes()])?.as_bytes())
    }
}

impl<T> Clone for TokenEntry<T> {
    fn clone(&self) -> Self {
        Self {
            answer: Arc::clone(&self.answer),
            lifetime: self.lifetime,
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
        members.time("dueAt", Some(self.lifetime.due_at()));
        members.time("usefulUntil", Some(self.lifetime.useful_until()));
        members.time("goodUntil", Some(self.lifetime.good_until()));
    }

    fn read(members: &MemberReader<'_>) -> Option<Self> {
        let [due_at, useful_until, good_until] = ["dueAt", "usefulUntil", "goodUntil"];
        Some(Self {
            answer: Arc::new(T::read(members)?),
            lifetime: Lifetime::stored(
                members.time(due_at)?,
                members.time(useful_until)?,
                members.time(good_until)?,
            ),
        })
    }
}
