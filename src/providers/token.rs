//! Tokens, opaque and wiped.

use core::fmt;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use crate::providers::{FieldProblem, RequestError};
use crate::secret::SecretText;

/// A token, kept as it came and wiped on drop.
pub struct Token {
    text: SecretText,
    token_type: Option<String>,
    expires_at: Option<SystemTime>,
}

impl Token {
    /// Takes over a token, such as one kept from an earlier run.
    #[must_use]
    pub fn new(text: SecretText, expires_at: Option<SystemTime>) -> Self {
        Self {
            text,
            token_type: None,
            expires_at,
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

    /// When it expires, where the provider said so.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
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
