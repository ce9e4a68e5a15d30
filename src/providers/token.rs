//! Tokens, opaque and wiped.

use core::fmt;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use crate::providers::{FieldProblem, RequestError, ServerHeaders};
use crate::secret::SecretText;

/// A token, kept as it came and wiped on drop.
pub struct Token {
    text: SecretText,
    token_type: Option<String>,
    expires_at: Option<SystemTime>,
    /// The provider's clock when it answered, if the expiry is a time of that clock.
    stated_at: Option<SystemTime>,
    headers: OnceLock<ServerHeaders>,
}

/// What a `Date` leaves out at most.
const SECOND: Duration = Duration::from_secs(1);

/// By how much a `Date` may lengthen the lifetime at most of a token that is valid by our clock.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

/// With so little left by our clock, a token that was just issued shows that our clock is ahead.
const MINUTE: Duration = Duration::from_secs(60);

/// Longest lifetime that a `Date` may give to such a token.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

impl Token {
    /// Takes over a token, such as one kept from an earlier run.
    #[must_use]
    pub fn new(text: SecretText, expires_at: Option<SystemTime>) -> Self {
        Self {
            text,
            token_type: None,
            expires_at,
            stated_at: None,
            headers: OnceLock::new(),
        }
    }

    /// With the type that the provider states, such as `Bearer`.
    #[must_use]
    pub fn with_token_type(mut self, token_type: impl Into<String>) -> Self {
        self.token_type = Some(token_type.into());
        self
    }

    /// The token, byte for byte as the provider wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Its type, such as `Bearer`, where the provider states one apart from the token: how a call
    /// that the token is for names it in `Authorization`.
    #[must_use]
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }

    /// Headers of the answer that it came with, such as the server's request id. `None` if no transport kept them, as
    /// for a token from a store.
    #[must_use]
    pub fn server_headers(&self) -> Option<&ServerHeaders> {
        self.headers.get()
    }

    /// For a transport: keeps headers of the answer with the token. Only the first are kept.
    pub fn keep_server_headers(&self, headers: ServerHeaders) {
        let _ = self.headers.set(headers);
    }

    /// When it expires, where the provider said so.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// When it expires by our clock, for a request that was sent at `asked_at`. A time that the provider states by
    /// its own clock is corrected by how far that clock, the `Date` of the answer, is from ours: rather too early
    /// than too late, by a second and the time that the answer took.
    ///
    /// A `Date` that would lengthen the lifetime by more than 5 minutes is not believed, since a wrong one must not keep a
    /// token in use. The exception is a token that has expired by our clock, or has at most a minute left: servers give no
    /// such tokens, so our clock is ahead, and the token is used for the lifetime between `Date` and expiry, if that is
    /// at most 24 hours.
    #[must_use]
    pub fn expires_by(&self, asked_at: SystemTime) -> Option<SystemTime> {
        let (expires_at, stated_at) = (self.expires_at?, self.stated_at);
        let Some(stated_at) = stated_at.and_then(|at| at.checked_add(SECOND)) else {
            return Some(expires_at);
        };
        let lifetime = match expires_at.duration_since(stated_at) {
            Ok(lifetime) => lifetime,
            Err(past) => return asked_at.checked_sub(past.duration()),
        };
        let corrected = asked_at.checked_add(lifetime)?;
        let is_plausible = expires_at.checked_add(MAX_SKEW) >= Some(corrected)
            || (asked_at.checked_add(MINUTE) >= Some(expires_at) && lifetime <= MAX_LIFETIME);
        Some(if is_plausible { corrected } else { expires_at })
    }

    /// Its expiry is a time of the provider's clock, which showed this when it answered.
    pub(crate) fn stated_at(mut self, clock: Option<SystemTime>) -> Self {
        self.stated_at = clock;
        self
    }

    /// Remaining lifetime at `now`: zero if it has expired, `None` where the provider
    /// stated no expiry.
    #[must_use]
    pub fn remaining(&self, now: SystemTime) -> Option<Duration> {
        let expires_at = self.expires_at?;
        Some(expires_at.duration_since(now).unwrap_or_default())
    }

    /// The time after `since` at which a token expires. `None` after the year 9999, where dates of RFC 3339
    /// end: a number as large as that says "never", in whatever unit.
    pub(crate) fn expiry(since: SystemTime, after: Duration) -> Option<SystemTime> {
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(253_402_300_800))?;
        since.checked_add(after).filter(|expiry| *expiry < end)
    }

    /// As the value of a header, marked so that clients do not log it.
    pub(crate) fn header(&self, name: &'static str) -> Result<HeaderValue, RequestError> {
        sensitive(self.as_str(), name)
    }
}

impl AsRef<Self> for Token {
    /// For providers whose answer is the token and nothing else.
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// A secret as the value of a header.
pub(crate) fn sensitive(text: &str, name: &'static str) -> Result<HeaderValue, RequestError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| RequestError::field(name, FieldProblem::NotAHeaderValue))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn an_expiry_by_the_providers_clock_is_corrected_by_its_date() {
        let token = |expires_at, clock| {
            let token = Token::new("t".to_owned().into(), expires_at);
            token.stated_at(clock).expires_by(at(10_000))
        };
        for clock in [9_701, 10_000, 500_000] {
            let expires_at = Some(at(clock + 3_600));
            let expected = Some(at(10_000 + 3_599));
            assert_eq!(token(expires_at, Some(at(clock))), expected, "{clock}");
        }
        assert_eq!(token(Some(at(13_600)), None), Some(at(13_600)));
        assert_eq!(token(Some(at(9_500)), Some(at(10_000))), Some(at(9_499)));
        // What would lengthen it by more than 5 minutes, although it is valid by our clock.
        for clock in [6_461, 9_698] {
            let expires_at = Some(at(clock + 3_600));
            assert_eq!(token(expires_at, Some(at(clock))), expires_at, "{clock}");
        }
        // Our clock is ahead by more than that, and the token would be of no use: its lifetime counts, up to 24 h.
        for (clock, lifetime) in [(0, 3_600), (6_400, 3_600), (6_460, 3_600), (9_400, 300)] {
            let found = token(Some(at(clock + lifetime)), Some(at(clock)));
            assert_eq!(found, Some(at(10_000 + lifetime - 1)), "{clock}");
        }
        let day = 24 * 3_600;
        let late = |lifetime| {
            let token = Token::new("t".to_owned().into(), Some(at(lifetime)));
            token.stated_at(Some(at(0))).expires_by(at(1_000_000))
        };
        assert_eq!(late(day + 1), Some(at(1_000_000 + day)));
        assert_eq!(late(day + 2), Some(at(day + 2)));
        // It has expired by the server's clock as well.
        let expired = token(Some(at(500)), Some(at(1_000)));
        assert!(expired.is_some_and(|it| it < at(10_000)), "{expired:?}");
        assert_eq!(token(None, Some(at(1_000))), None);
    }
}
