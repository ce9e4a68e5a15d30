//! Middleware around an HTTP client: seals requests and opens answers.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bankezy_crypto::{Channel, DEFAULT_MAX_SEALED_LEN, DeliveryTracker, Error, HeaderProblem};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use super::body::{self, NotCollected};
use super::error::MiddlewareError;
use super::{DEFAULT_MAX_PLAIN_LEN, mark};

/// Seals the requests to a service, such as an HTTP client, and opens its answers.
///
/// The body of a request should be JSON. It is sealed and sent as `text/plain`. The empty body of a `GET`,
/// `HEAD` or `DELETE` is left unchanged. Headers such as `X-API-KEY` are up to the caller.
///
/// An answer is one of:
/// - sealed, with any status: opened and returned as `application/json` in memory that wipes itself, with
///   the extension [`OpenedByKey`](bankezy_crypto::OpenedByKey);
/// - 4xx or 5xx and not sealed: returned unchanged, with the extension
///   [`Unauthenticated`](super::Unauthenticated), since anyone between client and server may have written
///   it;
/// - an answer that never has a body (to `HEAD`, 1xx, 204, 205, 304): the same;
/// - anything else, such as an unencrypted 200 or the sealed request itself: [`MiddlewareError`].
///
/// The request's extensions are passed on to the service, so a [`DeliveryTracker`] among them says whether
/// anything was sent. If sealing fails, it says that nothing was.
///
/// The body of a request is read after the inner service was reserved, as `tower`'s contract has it. So hand on
/// bodies that are complete: one that stalls holds a place of a concurrency limit inside.
///
/// No [`ReplayGuard`](super::ReplayGuard) records the requests that it seals. A server layer with the same keys would
/// open one that is sent back.
///
/// A retry layer outside of this layer seals each attempt anew; one inside sends the same sealed text again.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")]
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use bankezy_tower::{MiddlewareError, SealedClientLayer};
/// use bankezy_crypto::{PayloadCipher, PayloadSecret};
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let client = ServiceBuilder::new()
///     .layer(SealedClientLayer::new(cipher))
///     // In place of an HTTP client such as hyper-util's; this one answers without encryption.
///     .service(service_fn(|_: http::Request<Full<Bytes>>| async {
///         Ok::<_, std::io::Error>(http::Response::new(Full::<Bytes>::from("{}")))
///     }));
///
/// let request = http::Request::post("https://bank.example/echo").body(Full::<Bytes>::from("{}"))?;
/// let refused = client.oneshot(request).await.unwrap_err();
/// assert!(matches!(refused, MiddlewareError::NotSealed { status } if status == 200));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SealedClientLayer {
    channel: Channel,
    max_request_len: usize,
    max_response_len: usize,
}

impl SealedClientLayer {
    /// Takes the keys of both directions: a [`Channel`], a `PayloadCipher`, a `KeyRing`, an `Arc` of a cipher
    /// or key ring, or a pair of `PublicKeySealer` and `PrivateKeyOpener`.
    #[must_use]
    pub fn new(channel: impl Into<Channel>) -> Self {
        Self {
            channel: channel.into(),
            max_request_len: DEFAULT_MAX_PLAIN_LEN,
            max_response_len: DEFAULT_MAX_SEALED_LEN,
        }
    }

    /// Seals requests of at most `max` bytes. Default: [`DEFAULT_MAX_PLAIN_LEN`].
    #[must_use]
    pub fn with_max_request_len(mut self, max: usize) -> Self {
        self.max_request_len = max;
        self
    }

    /// Accepts sealed answers of at most `max` bytes. The limit of the keys applies as well. Default: 8 MiB.
    #[must_use]
    pub fn with_max_response_len(mut self, max: usize) -> Self {
        self.max_response_len = max;
        self
    }

    async fn ask<S, B, R>(
        self,
        mut inner: S,
        request: Request<B>,
    ) -> Result<Response<Full<Bytes>>, MiddlewareError<S::Error>>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<R>>,
        B: Body,
        R: Body,
    {
        let method = request.method().clone();
        let (mut parts, body) = request.into_parts();
        let sealed = self.seal(&mut parts, body).await.inspect_err(|_| {
            // The caller learns that nothing was sent: the request was taken but never begun.
            let _ = parts.extensions.get().map(DeliveryTracker::take);
        })?;
        let request = Request::from_parts(parts, Full::new(sealed.clone()));
        let response = inner.call(request).await;
        let response = response.map_err(MiddlewareError::Service)?;
        self.open(&method, &sealed, response).await
    }

    /// The sealed text to send, which the headers describe then: empty if nothing was sealed.
    async fn seal<B: Body, E>(
        &self,
        parts: &mut Parts,
        body: B,
    ) -> Result<Bytes, MiddlewareError<E>> {
        let max = self.max_request_len;
        let body = body::collect(body, max)
            .await
            .map_err(|error| match error {
                NotCollected::TooLong => MiddlewareError::RequestTooLong { max },
                _ => MiddlewareError::RequestBody,
            })?;
        if body.is_empty() && body::may_be_empty(&parts.method) {
            return Ok(Bytes::new());
        }
        if body::is_coded(&parts.headers) {
            return Err(MiddlewareError::RequestEncoding);
        }
        let mut sealed = Vec::new();
        self.channel
            .seal_to_bytes(body.as_bytes(), &mut sealed)
            .map_err(|error| MiddlewareError::Seal { error })?;
        body::describe(&mut parts.headers, body::TEXT_PLAIN, sealed.len());
        Ok(Bytes::from(sealed))
    }

    async fn open<R: Body, E>(
        &self,
        to: &Method,
        sent: &Bytes,
        response: Response<R>,
    ) -> Result<Response<Full<Bytes>>, MiddlewareError<E>> {
        let (mut parts, body) = response.into_parts();
        let status = parts.status;
        if body::has_no_body(to, status) {
            mark(&mut parts.extensions, None);
            return Ok(Response::from_parts(parts, Full::default()));
        }
        let max = self.max_response_len;
        let body = body::collect(body, max)
            .await
            .map_err(|error| match error {
                NotCollected::TooLong => MiddlewareError::ResponseTooLong { status, max },
                _ => MiddlewareError::ResponseBody { status },
            })?;
        // Both directions have one key, so it would open.
        if !sent.is_empty() && body.as_bytes().trim_ascii() == sent {
            return Err(MiddlewareError::Reflected { status });
        }
        match self.channel.open_by_key(body.as_bytes().trim_ascii_end()) {
            Ok((opened, by_key)) => {
                body::describe(&mut parts.headers, body::JSON, opened.len());
                mark(&mut parts.extensions, Some(by_key));
                let body = Full::new(Bytes::from_owner(opened));
                Ok(Response::from_parts(parts, body))
            }
            Err(error) if !has_sealed_form(&error) => {
                if !status.is_client_error() && !status.is_server_error() {
                    return Err(MiddlewareError::NotSealed { status });
                }
                mark(&mut parts.extensions, None);
                Ok(Response::from_parts(parts, Full::new(body.into_bytes())))
            }
            Err(error) => Err(MiddlewareError::Open { status, error }),
        }
    }
}

/// Whether the refused text is a compact JWE. The content type is not checked: BankEzy does not document
/// that of its answers.
fn has_sealed_form(refused: &Error) -> bool {
    !matches!(
        refused,
        Error::Malformed { .. }
            | Error::Header {
                problem: HeaderProblem::NotJsonObject,
                ..
            }
    )
}

impl<S> Layer<S> for SealedClientLayer {
    type Service = SealedClient<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SealedClient {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose requests are sealed and whose answers are opened: see [`SealedClientLayer`].
#[derive(Debug, Clone)]
pub struct SealedClient<S> {
    inner: S,
    layer: SealedClientLayer,
}

impl<S, B, R> Service<Request<B>> for SealedClient<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = MiddlewareError<S::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner
            .poll_ready(context)
            .map_err(MiddlewareError::Service)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Call the service that was polled ready; its clone may not be ready.
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        Box::pin(self.layer.clone().ask(ready, request))
    }
}
