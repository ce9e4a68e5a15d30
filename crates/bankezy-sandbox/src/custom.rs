//! Routes of your own.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::Value;

/// Answers the opened JSON of a call.
pub(crate) type Answering = Arc<dyn Fn(&Value, &Surroundings<'_>) -> Value + Send + Sync>;

/// What an answer can use beside the request.
pub(crate) struct Surroundings<'a> {
    /// Milliseconds since the epoch.
    pub(crate) now: u64,
    /// Notes something in the log.
    pub(crate) note: &'a dyn Fn(String),
}

/// The key of a [`CustomRoute`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RouteKey {
    /// The key of the session that `X-API-TOKEN` names; `X-API-KEY` is needed too.
    #[default]
    Session,
    /// The static payload secret; `X-API-KEY` is needed, a token is not.
    Static,
    /// None: plain JSON both ways, without credentials.
    Clear,
}

/// A route of your own: a method, a path, and what answers.
///
/// The documentation shows no such API: its design is up to you. Its calls are subject to [faults](super::Faults) and
/// count as [`Echo`](super::EmulatedEndpoint::Echo). For GET, DELETE and OPTIONS without a body the request is
/// `null`.
#[derive(Clone)]
pub struct CustomRoute {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) status: StatusCode,
    pub(crate) key: RouteKey,
    pub(crate) delay: Duration,
    pub(crate) answer: Answering,
}

impl CustomRoute {
    /// POST of a path such as `/payments`, answered with status 200 and what `answer` makes of the opened JSON, under
    /// the key of the session.
    #[must_use]
    pub fn new(
        path: impl Into<String>,
        answer: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        Self::of(path, Arc::new(move |request, _| answer(request)))
    }

    pub(crate) fn of(path: impl Into<String>, answer: Answering) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            status: StatusCode::OK,
            key: RouteKey::default(),
            delay: Duration::ZERO,
            answer,
        }
    }

    /// The HTTP method. Default: POST.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The HTTP status of the answer. Default: 200.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The key of its bodies. Default: that of the session.
    #[must_use]
    pub fn key(mut self, key: RouteKey) -> Self {
        self.key = key;
        self
    }

    /// How long each answer is delayed. Default: not at all.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl fmt::Debug for CustomRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomRoute")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("status", &self.status)
            .field("key", &self.key)
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}
