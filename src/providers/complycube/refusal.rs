//! How ComplyCube refuses.

use core::fmt;

use crate::codec::json::Object;
use crate::providers::plain_error::kept;
use crate::secret::SecretText;

/// `{"type":"invalid_request","message":"'clientId' is invalid","param":"clientId"}`. Nothing of it is
/// authenticated.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// `type`.
    pub kind: ErrorKind,
    /// `param`, where there is one.
    pub param: Option<Param>,
    /// `message`, up to 4096 characters: check it before logging it.
    pub unauthenticated_message: SecretText,
}

/// What `type` says, by the samples on the documentation's page on errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `invalid_request`, with 400.
    InvalidRequest,
    /// `unauthorized`, with 401 and 403.
    Unauthorized,
    /// `resource_not_found`, with 404.
    ResourceNotFound,
    /// `rate_limit_exceeded`, with 429.
    RateLimitExceeded,
    /// `internal_server_error`, with 500.
    InternalServerError,
    /// Another text: [`PlainError::unauthenticated_text`](crate::providers::PlainError) has it.
    Other,
}

/// Which member of the request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Param {
    /// `clientId`.
    ClientId,
    /// `referrer`.
    Referrer,
    /// `appId`.
    AppId,
    /// Another text: [`PlainError::unauthenticated_text`](crate::providers::PlainError) has it.
    Other,
}

impl Refusal {
    /// A refusal from its parts, for example for tests.
    #[must_use]
    pub fn new(kind: ErrorKind, param: Option<Param>, unauthenticated_message: SecretText) -> Self {
        Self {
            kind,
            param,
            unauthenticated_message,
        }
    }

    /// `None` for what is not in this form: `type` and `message` are needed.
    pub(super) fn read(members: &Object<'_>) -> Option<Self> {
        let text = |member| members.text(member).ok().flatten();
        Some(Self {
            kind: ErrorKind::from_name(&text("type")?),
            unauthenticated_message: kept(members.secret_text("message").ok()??.as_str()),
            param: text("param").map(|name| Param::from_name(&name)),
        })
    }
}

impl ErrorKind {
    const DOCUMENTED: [Self; 5] = [
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::ResourceNotFound,
        Self::RateLimitExceeded,
        Self::InternalServerError,
    ];

    /// Its documented text.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidRequest => "invalid_request",
            Self::Unauthorized => "unauthorized",
            Self::ResourceNotFound => "resource_not_found",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::InternalServerError => "internal_server_error",
            Self::Other => return None,
        })
    }

    fn from_name(name: &str) -> Self {
        let named = |kind: &Self| kind.name() == Some(name);
        Self::DOCUMENTED
            .into_iter()
            .find(named)
            .unwrap_or(Self::Other)
    }
}

impl Param {
    const DOCUMENTED: [Self; 3] = [Self::ClientId, Self::Referrer, Self::AppId];

    /// The name of the member.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::ClientId => "clientId",
            Self::Referrer => "referrer",
            Self::AppId => "appId",
            Self::Other => return None,
        })
    }

    fn from_name(name: &str) -> Self {
        let named = |param: &Self| param.name() == Some(name);
        Self::DOCUMENTED
            .into_iter()
            .find(named)
            .unwrap_or(Self::Other)
    }
}

impl fmt::Display for Refusal {
    /// Texts that are not documented are not shown: they may be anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name().unwrap_or("another type"))?;
        match self.param.map(Param::name) {
            Some(Some(name)) => write!(f, ": check `{name}`"),
            Some(None) => f.write_str(": another param"),
            None => Ok(()),
        }
    }
}
