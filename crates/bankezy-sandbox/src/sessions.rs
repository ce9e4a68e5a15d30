//! Tokens, and the sessions that they belong to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::channel::SessionKeys;
use super::tokens::{TokenForm, TokenFormat, TokenId};

/// The session of a token; a renewed token has the same one.
pub(crate) struct Session {
    pub(crate) reference: Arc<str>,
    /// `None` for a session of Get App Token.
    pub(crate) account: Option<String>,
    /// Also its number in the log and the API.
    pub(crate) login_id: u64,
    pub(crate) keys: Arc<SessionKeys>,
}

impl Session {
    /// The name of its key in the log and the API.
    pub(crate) fn key_name(&self) -> String {
        format!("session {}", self.login_id)
    }
}

/// Why a token does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenStatus {
    Unknown,
    Expired,
    Renewed,
    Invalidated,
    /// Strict mode only: with or without `Bearer `, unlike when it was issued.
    OtherForm {
        with_prefix: bool,
    },
}

impl TokenStatus {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "X-API-TOKEN is not valid",
            Self::Expired => "X-API-TOKEN has expired",
            Self::Renewed => "X-API-TOKEN has been renewed",
            Self::Invalidated => "X-API-TOKEN has been invalidated",
            Self::OtherForm { with_prefix: true } => {
                "X-API-TOKEN has `Bearer `, which it was issued without"
            }
            Self::OtherForm { with_prefix: false } => {
                "X-API-TOKEN lacks `Bearer `, which it was issued with"
            }
        }
    }

    /// For the log, after "found".
    pub(crate) fn found(self) -> &'static str {
        match self {
            Self::Unknown => "one that is not valid: never issued, or forgotten by a reset",
            Self::Expired => "one that has expired",
            Self::Renewed => "one that has been renewed: use the newer token",
            Self::Invalidated => "one that has been invalidated",
            Self::OtherForm { with_prefix: true } => {
                "one in another form: it has `Bearer `, which it was issued without"
            }
            Self::OtherForm { with_prefix: false } => {
                "one in another form: it lacks `Bearer `, which it was issued with"
            }
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Renewed => "renewed",
            Self::Invalidated => "invalidated",
            Self::OtherForm { .. } => "other-form",
        }
    }
}

pub(crate) struct Sessions {
    by_id: HashMap<TokenId, Entry>,
    /// Oldest first.
    order: VecDeque<TokenId>,
    /// The tokens of each reference, oldest first. Never empty.
    by_reference: HashMap<Arc<str>, VecDeque<TokenId>>,
    max: usize,
    last_number: u64,
}

/// A token that is remembered.
pub(crate) struct Entry {
    /// Counts from 1.
    pub(crate) number: u64,
    pub(crate) session: Arc<Session>,
    /// The call that issued it.
    pub(crate) call: &'static str,
    /// Milliseconds since the epoch.
    pub(crate) issued_at: u64,
    /// Milliseconds since the epoch.
    pub(crate) expires_at: u64,
    pub(crate) form: TokenForm,
    /// `None` while it works, apart from its expiry.
    ended: Option<TokenStatus>,
}

impl Entry {
    /// Its number is given when it is inserted.
    pub(crate) fn new(
        session: Arc<Session>,
        call: &'static str,
        times: [u64; 2],
        form: TokenForm,
    ) -> Self {
        let [issued_at, expires_at] = times;
        Self {
            number: 0,
            session,
            call,
            issued_at,
            expires_at,
            form,
            ended: None,
        }
    }

    /// Why it does not work at this time, if it does not.
    pub(crate) fn ended(&self, now: u64) -> Option<TokenStatus> {
        let expired = (self.expires_at <= now).then_some(TokenStatus::Expired);
        self.ended.or(expired)
    }

    pub(crate) fn format_name(&self) -> &'static str {
        match self.form.format {
            TokenFormat::Jwt => "jwt",
            TokenFormat::Jwe => "jwe",
        }
    }
}

impl Sessions {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            by_id: HashMap::new(),
            order: VecDeque::new(),
            by_reference: HashMap::new(),
            max,
            last_number: 0,
        }
    }

    /// Returns the number of the token.
    pub(crate) fn insert(&mut self, id: TokenId, mut entry: Entry) -> u64 {
        while self.order.len() >= self.max {
            self.forget_oldest();
        }
        self.last_number += 1;
        entry.number = self.last_number;
        self.order.push_back(id);
        let of_reference = self
            .by_reference
            .entry(Arc::clone(&entry.session.reference));
        of_reference
            .and_modify(|tokens| tokens.push_back(id))
            // Without room for more, which few need.
            .or_insert_with(|| VecDeque::from([id]));
        self.by_id.insert(id, entry);
        self.last_number
    }

    fn forget_oldest(&mut self) {
        let oldest = self.order.pop_front();
        let Some(entry) = oldest.and_then(|id| self.by_id.remove(&id)) else {
            return;
        };
        let reference = &entry.session.reference;
        if let Some(tokens) = self.by_reference.get_mut(reference) {
            // It is the first: both lists have the oldest first.
            tokens.pop_front();
            if tokens.is_empty() {
                self.by_reference.remove(reference);
            }
        }
    }

    pub(crate) fn live(&self, id: TokenId, now: u64) -> Result<&Entry, TokenStatus> {
        let entry = self.by_id.get(&id).ok_or(TokenStatus::Unknown)?;
        entry.ended(now).map_or(Ok(entry), Err)
    }

    /// A token that is remembered, whether it is valid or not.
    pub(crate) fn get(&self, id: TokenId) -> Option<&Entry> {
        self.by_id.get(&id)
    }

    /// Ends a token that has been renewed.
    pub(crate) fn end_renewed(
        &mut self,
        old: TokenId,
        now: u64,
    ) -> Result<Arc<Session>, TokenStatus> {
        let session = Arc::clone(&self.live(old, now)?.session);
        if let Some(entry) = self.by_id.get_mut(&old) {
            entry.ended = Some(TokenStatus::Renewed);
        }
        Ok(session)
    }

    pub(crate) fn invalidate(&mut self, reference: &str) -> Option<u64> {
        let mut found = None;
        for id in self.by_reference.get(reference)? {
            if let Some(entry) = self.by_id.get_mut(id)
                && entry.ended.is_none()
            {
                entry.ended = Some(TokenStatus::Invalidated);
                found = found.max(Some(entry.expires_at));
            }
        }
        found
    }

    /// Whether a token was issued for this reference, and is not forgotten yet.
    pub(crate) fn has_reference(&self, reference: &str) -> bool {
        self.by_reference.contains_key(reference)
    }

    pub(crate) fn clear(&mut self) {
        self.by_id.clear();
        self.order.clear();
        self.by_reference.clear();
    }

    /// The newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().rev().filter_map(|id| self.by_id.get(id))
    }

    /// Sessions by their number, with the tokens that are remembered of each.
    pub(crate) fn by_number(&self) -> BTreeMap<u64, (&Arc<Session>, Vec<u64>)> {
        let mut sessions = BTreeMap::new();
        for entry in self.order.iter().filter_map(|id| self.by_id.get(id)) {
            let (_, tokens) = sessions
                .entry(entry.session.login_id)
                .or_insert_with(|| (&entry.session, Vec::new()));
            tokens.push(entry.number);
        }
        sessions
    }

    /// Ends those of the tokens that work. Returns how many there are, and how many were ended.
    pub(crate) fn end(
        &mut self,
        is_meant: impl Fn(&Entry) -> bool,
        status: TokenStatus,
        now: u64,
    ) -> (usize, usize) {
        let (mut found, mut ended) = (0, 0);
        for entry in self.by_id.values_mut().filter(|entry| is_meant(entry)) {
            found += 1;
            if entry.ended(now).is_none() {
                entry.ended = Some(status);
                ended += 1;
            }
            if status == TokenStatus::Expired {
                entry.expires_at = entry.expires_at.min(now);
            }
        }
        (found, ended)
    }
}
