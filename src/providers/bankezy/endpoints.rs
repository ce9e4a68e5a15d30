//! Where the calls are, as documented, each overridable.

use core::fmt;
use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Method};

use crate::providers::CallOptions;

/// The version of paths that a server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// The first, such as `/token-service/client/server/new/token`.
    V1,
    /// The second, such as `/token-service/client/server/new/v2/token`.
    V2,
}

/// A call of the token service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// Get Token, under the static payload secret.
    GetToken,
    /// Onboarding user token.
    OnboardingToken,
    /// Get App Token, which exchanges keys.
    AppToken,
    /// Renew.
    Renew,
    /// Invalidate.
    Invalidate,
}

/// Method and path of a call, and what the caller states about it: by default it is sent once.
///
/// ```
/// use bankezy_crypto::providers::bankezy::Endpoint;
/// use http::{HeaderName, HeaderValue};
///
/// let trace = HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
/// // The server recognizes the `referenceId` in the body, so the call may be sent again.
/// let payments = Endpoint::from("/payments")
///     .idempotent()
///     .header(HeaderName::from_static("traceparent"), trace);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// `POST` unless overridden: the documentation says `GET` for Get Token, but gives it a body,
    /// and all its samples use `POST`.
    pub method: Method,
    /// Path after the base URL, with its leading slash.
    pub path: Cow<'static, str>,
    /// What the caller states about the call.
    pub options: CallOptions,
}

impl fmt::Debug for Endpoint {
    /// Without the path, which can hold identifiers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("method", &self.method)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// An endpoint of your own.
    #[must_use]
    pub fn new(method: Method, path: impl Into<Cow<'static, str>>) -> Self {
        Self {
            method,
            path: path.into(),
            options: CallOptions::new(),
        }
    }

    /// As [`CallOptions::idempotent`]: the call may be sent again.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.options = self.options.idempotent();
        self
    }

    /// As [`CallOptions::header`]: a header of the caller's.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.options = self.options.header(name, value);
        self
    }

    /// As [`CallOptions::allow_empty`]: a success without a body is the JSON `null`.
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.options = self.options.allow_empty();
        self
    }
}

impl From<&str> for Endpoint {
    /// `POST` to a path.
    fn from(path: &str) -> Self {
        Self::new(Method::POST, path.to_owned())
    }
}

impl From<&String> for Endpoint {
    /// `POST` to a path.
    fn from(path: &String) -> Self {
        path.as_str().into()
    }
}

impl From<String> for Endpoint {
    /// `POST` to a path.
    fn from(path: String) -> Self {
        Self::new(Method::POST, path)
    }
}

pub(super) struct Endpoints([Endpoint; 5]);

impl Endpoints {
    pub(super) fn of(version: Version) -> Self {
        use Call::{AppToken, GetToken, Invalidate, OnboardingToken, Renew};
        Self(
            [GetToken, OnboardingToken, AppToken, Renew, Invalidate].map(|call| {
                Endpoint::new(
                    Method::POST,
                    match (call, version) {
                        (GetToken, Version::V1) => "/token-service/client/server/new/token",
                        (GetToken, Version::V2) => "/token-service/client/server/new/v2/token",
                        // Documented in one version only.
                        (OnboardingToken, _) => "/onboarding/user/token",
                        (AppToken, Version::V1) => "/token-service/new/token",
                        (AppToken, Version::V2) => "/token-service/new/v2/token",
                        // Its page's sample has `/token-service/client/app/renew/token` instead.
                        (Renew, Version::V1) => "/token-service/client/server/renewtoken",
                        (Renew, Version::V2) => "/token-service/client/app/renew/v2/token",
                        (Invalidate, Version::V1) => {
                            "/token-service/client/server/invalidate/token"
                        }
                        (Invalidate, Version::V2) => {
                            "/token-service/client/server/invalidate/v2/token"
                        }
                    },
                )
            }),
        )
    }

    pub(super) fn get(&self, call: Call) -> &Endpoint {
        let [get_token, onboarding_token, app_token, renew, invalidate] = &self.0;
        match call {
            Call::GetToken => get_token,
            Call::OnboardingToken => onboarding_token,
            Call::AppToken => app_token,
            Call::Renew => renew,
            Call::Invalidate => invalidate,
        }
    }

    pub(super) fn set(&mut self, call: Call, endpoint: Endpoint) {
        let [get_token, onboarding_token, app_token, renew, invalidate] = &mut self.0;
        *match call {
            Call::GetToken => get_token,
            Call::OnboardingToken => onboarding_token,
            Call::AppToken => app_token,
            Call::Renew => renew,
            Call::Invalidate => invalidate,
        } = endpoint;
    }
}
