//! A bank without a network, for unit tests.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bankezy_crypto::providers::bankezy::{AppSession, BankEzy, TokenAnswer, Version};
use bankezy_crypto::providers::{BaseUrl, Token};
use bankezy_crypto::{Channel, DeliveryTracker, PayloadCipher, PayloadSecret};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use tower_service::Service;

use super::error::SandboxError;

/// A bank for unit tests: a `tower` service without a network, to put below a client. It opens each call,
/// passes path and JSON to the test's function, and seals its answer. Clones are the same bank.
///
/// A [`Sandbox`](super::Sandbox) checks requests as BankEzy does and needs a runtime with I/O. Take this one
/// where a test is about the code above the client, and for what a sandbox cannot do at a chosen call.
///
/// ```
/// use bankezy_sandbox::{StubAnswer, StubBank};
/// use serde_json::json;
///
/// let bank = StubBank::new(|path, body| match path {
///     "/payments" => StubAnswer::from(json!({ "paid": body["amount"] })),
///     _ => StubAnswer::Lost,
/// })?;
/// // BankEzyClient::new(Transport::new(bank.clone()), bank.server()), and then:
/// assert_eq!(bank.calls().len(), 0);
/// # Ok::<(), bankezy_sandbox::SandboxError>(())
/// ```
#[derive(Clone)]
pub struct StubBank(Arc<Shared>);

struct Shared {
    cipher: Arc<PayloadCipher>,
    base: BaseUrl,
    answer: Box<Answer>,
    calls: Mutex<Vec<(String, Value)>>,
}

type Answer = dyn Fn(&str, &Value) -> StubAnswer + Send + Sync;

/// How a [`StubBank`] answers a call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StubAnswer {
    /// 200 with this JSON, sealed.
    Sealed(Value),
    /// This status with an unsealed text, as gateways answer.
    Plain(StatusCode, String),
    /// No answer: the connection is lost after the request was sent, so the bank may have executed it.
    Lost,
    /// No answer: the connection fails before anything is sent.
    NotSent,
}

impl From<Value> for StubAnswer {
    fn from(json: Value) -> Self {
        Self::Sealed(json)
    }
}

impl StubBank {
    /// A bank with a random key, which answers each call by this function of path and opened JSON.
    ///
    /// # Errors
    /// [`SandboxError::Crypto`] if the operating system has no random numbers.
    pub fn new<A: Into<StubAnswer>>(
        answer: impl Fn(&str, &Value) -> A + Send + Sync + 'static,
    ) -> Result<Self, SandboxError> {
        let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
        let base = BaseUrl::parse("https://stub.example").map_err(|_| REFUSED)?;
        Ok(Self(Arc::new(Shared {
            cipher: Arc::new(cipher),
            base,
            answer: Box::new(move |path: &str, body: &Value| answer(path, body).into()),
            calls: Mutex::default(),
        })))
    }

    /// The server to build a client for.
    ///
    /// # Errors
    /// None in practice: the server's settings are fixed.
    pub fn server(&self) -> Result<BankEzy, SandboxError> {
        let server = BankEzy::new(self.0.base.clone(), "stub-api-key", Version::V2);
        server.map_err(|_| REFUSED)
    }

    /// A session with this bank, as Get App Token returns one: for the login of a session keeper, or for calls
    /// without one. `expires_at` is that of its token.
    #[must_use]
    pub fn session(&self, expires_at: Option<SystemTime>) -> AppSession {
        let token = Token::new("stub-token".to_owned().into(), expires_at);
        let channel = Channel::from(Arc::clone(&self.0.cipher));
        AppSession::new(TokenAnswer::new(token), channel)
    }

    /// The calls so far: path and opened JSON of each, including those that got no answer, except for
    /// [`StubAnswer::NotSent`].
    #[must_use]
    pub fn calls(&self) -> Vec<(String, Value)> {
        let calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }
}

const REFUSED: SandboxError = SandboxError::Config {
    problem: "the stub's server",
};

impl Shared {
    async fn answer<B: Body>(&self, request: Request<B>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let broken = || io::Error::from(io::ErrorKind::ConnectionReset);
        let body = body.collect().await.map_err(|_| broken())?.to_bytes();
        let Some(json) = self.open(&body) else {
            let text = "the body could not be opened".to_owned();
            return Ok(plain(StatusCode::BAD_REQUEST, text));
        };
        let path = parts.uri.path();
        let answer = (self.answer)(path, &json);
        if answer == StubAnswer::NotSent {
            if let Some(tracker) = parts.extensions.get::<DeliveryTracker>() {
                // Taken and not begun: nothing was sent.
                let _ = tracker.take();
            }
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push((path.to_owned(), json));
        drop(calls);
        match answer {
            StubAnswer::Sealed(json) => {
                let sealed = self.cipher.seal(json.to_string().as_bytes());
                sealed
                    .map(|text| plain(StatusCode::OK, text))
                    .map_err(io::Error::other)
            }
            StubAnswer::Plain(status, text) => Ok(plain(status, text)),
            StubAnswer::Lost | StubAnswer::NotSent => Err(broken()),
        }
    }

    /// `None` if it is not sealed with the bank's key, or not JSON. An empty body is `null`.
    fn open(&self, body: &[u8]) -> Option<Value> {
        if body.is_empty() {
            return Some(Value::Null);
        }
        self.cipher.open_json(body).ok()
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let text_plain = http::HeaderValue::from_static("text/plain");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, text_plain);
    response
}

impl<B> Service<Request<B>> for StubBank
where
    B: Body<Data: Send> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { shared.answer(request).await })
    }
}

impl fmt::Debug for StubBank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StubBank([redacted])")
    }
}
