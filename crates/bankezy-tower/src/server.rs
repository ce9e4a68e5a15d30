//! Middleware around a server's handlers: opens requests and seals answers.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bankezy_crypto::{Channel, DEFAULT_MAX_SEALED_LEN, Error, OpenedByKey};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use super::body::{self, Collected, NotCollected};
use super::error::{Refusal, refusal_of_answer, refusal_of_request};
use super::{DEFAULT_MAX_PLAIN_LEN, mark};

/// Opens the requests of a service and seals its answers.
///
/// The inner service gets the opened body as `application/json` with its length, in memory that wipes
/// itself, and the extension [`OpenedByKey`]. Its answer is sealed without its content type: answer with
/// JSON. With a [`KeyRing`](bankezy_crypto::KeyRing) the key that opened the request seals the answer.
///
/// These requests do not reach the service. They get a fixed text and the extension [`Refusal`]:
/// - 415 if the content type is not `text/plain`, or the body has a content coding;
/// - 413 as soon as the body exceeds its maximum length;
/// - 400 if the body does not open, for any reason, or ends early.
///
/// A `GET`, `HEAD` or `DELETE` with an empty body is passed on unchanged, with the extension
/// [`Unauthenticated`](super::Unauthenticated): anyone can have sent it. Its answer is sealed like any other.
/// Answers that never have a body (to `HEAD`, 1xx, 204, 205, 304) are passed on without one. Headers that
/// describe the plaintext, such as `ETag`, `Content-Range` and digests, are removed. An answer that cannot be
/// sealed, such as a part (206), becomes a 500 with a fixed text.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")]
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use bankezy_tower::SealedServerLayer;
/// use bankezy_crypto::{PayloadCipher, PayloadSecret};
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, Full};
/// use std::sync::Arc;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// let cipher = Arc::new(PayloadCipher::new(&PayloadSecret::generate()?)?);
/// let service = ServiceBuilder::new()
///     .layer(SealedServerLayer::new(Arc::clone(&cipher)).with_max_request_len(64 * 1024))
///     .service(service_fn(|request: http::Request<Full<Bytes>>| async {
///         Ok::<_, std::convert::Infallible>(http::Response::new(request.into_body())) // an echo
///     }));
///
/// let request = http::Request::post("/callback")
///     .header("content-type", "text/plain")
///     .body(cipher.seal(b"{}")?)?;
/// let answer = service.oneshot(request).await?.into_body().collect().await?.to_bytes();
/// assert_eq!(cipher.open(&answer)?.as_bytes(), b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SealedServerLayer {
    channel: Channel,
    max_request_len: usize,
    max_response_len: usize,
    seal_errors: bool,
}

impl SealedServerLayer {
    /// Takes the keys of both directions: a [`Channel`], a `PayloadCipher`, a `KeyRing`, an `Arc` of a cipher
    /// or key ring, or a pair of `PublicKeySealer` and `PrivateKeyOpener`.
    #[must_use]
    pub fn new(channel: impl Into<Channel>) -> Self {
        Self {
            channel: channel.into(),
            max_request_len: DEFAULT_MAX_SEALED_LEN,
            max_response_len: DEFAULT_MAX_PLAIN_LEN,
            seal_errors: true,
        }
    }

    /// Accepts sealed requests of at most `max` bytes. The limit of the keys applies as well. Default: 8 MiB.
    #[must_use]
    pub fn with_max_request_len(mut self, max: usize) -> Self {
        self.max_request_len = max;
        self
    }

    /// Seals answers of at most `max` bytes. Default: [`DEFAULT_MAX_PLAIN_LEN`].
    #[must_use]
    pub fn with_max_response_len(mut self, max: usize) -> Self {
        self.max_response_len = max;
        self
    }

    /// Whether answers with a status other than 2xx are sealed too. An unsealed answer can be read and changed
    /// in transit. Default: `true`.
    #[must_use]
    pub fn seal_errors(mut self, seal: bool) -> Self {
        self.seal_errors = seal;
        self
    }

    async fn answer<S, B, R>(
        self,
        mut inner: S,
        request: Request<B>,
    ) -> Result<Response<Full<Bytes>>, S::Error>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<R>>,
        B: Body,
        R: Body,
    {
        let method = request.method().clone();
        let request = match self.open(request).await {
            Ok(request) => request,
            Err(refusal) => return Ok(refusal.into_response()),
        };
        let by_key = request.extensions().get::<OpenedByKey>().cloned();
        let response = inner.call(request).await?;
        let sealed = self.seal(&method, by_key.as_ref(), response).await;
        Ok(sealed.unwrap_or_else(Refusal::into_response))
    }

    async fn open<B: Body>(&self, request: Request<B>) -> Result<Request<Full<Bytes>>, Refusal> {
        let (mut parts, body) = request.into_parts();
        let wrong_form = if !body::is_text_plain(&parts.headers) {
            Some(Refusal::ContentType)
        } else if body::is_coded(&parts.headers) {
            Some(Refusal::ContentEncoding)
        } else {
            None
        };
        let may_be_empty = body::may_be_empty(&parts.method);
        let max = match &wrong_form {
            None => self.max_request_len,
            // Accepted only if it is empty.
            Some(_) if may_be_empty => 0,
            Some(refusal) => return Err(refusal.clone()),
        };
        let body = match (body::collect(body, max).await, wrong_form) {
            (Ok(body), _) if may_be_empty && body.is_empty() => {
                mark(&mut parts.extensions, None);
                return Ok(Request::from_parts(parts, Full::new(Bytes::new())));
            }
            (_, Some(refusal)) => return Err(refusal),
            (collected, None) => collected.map_err(|error| refusal_of_request(&error, max))?,
        };
        let (opened, by_key) = self
            .channel
            .open_by_key(body.as_bytes().trim_ascii_end())
            .map_err(|error| {
                if let Error::SealedTooLong { max, .. } = error {
                    // The limit of the keys is lower.
                    return refusal_of_request(&NotCollected::TooLong, max);
                }
                Refusal::NotOpened { error }
            })?;
        body::describe(&mut parts.headers, body::JSON, opened.len());
        mark(&mut parts.extensions, Some(by_key));
        Ok(Request::from_parts(
            parts,
            Full::new(Bytes::from_owner(opened)),
        ))
    }

    async fn seal<R: Body>(
        &self,
        to: &Method,
        by_key: Option<&OpenedByKey>,
        response: Response<R>,
    ) -> Result<Response<Full<Bytes>>, Refusal> {
        let (mut parts, body) = response.into_parts();
        if [StatusCode::PARTIAL_CONTENT, StatusCode::SWITCHING_PROTOCOLS].contains(&parts.status) {
            return Err(Refusal::AnswerPartial);
        }
        if body::has_no_body(to, parts.status) {
            // They tell of the plaintext, which was not sealed.
            body::describe_nothing(&mut parts.headers);
            return Ok(Response::from_parts(parts, Full::default()));
        }
        let max = self.max_response_len;
        let collected = body::collect(body, max).await;
        let body: Collected = collected.map_err(|error| refusal_of_answer(&error, max))?;
        if !self.seal_errors && !parts.status.is_success() {
            return Ok(Response::from_parts(parts, Full::new(body.into_bytes())));
        }
        if body::is_coded(&parts.headers) {
            return Err(Refusal::AnswerEncoding);
        }
        let sealed = self
            .channel
            .seal_answer(by_key, body.as_bytes())
            .map_err(|error| Refusal::NotSealed { error })?;
        body::describe(&mut parts.headers, body::TEXT_PLAIN, sealed.len());
        Ok(Response::from_parts(parts, Full::new(sealed.into())))
    }
}

impl<S> Layer<S> for SealedServerLayer {
    type Service = SealedServer<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SealedServer {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose requests are opened and whose answers are sealed: see [`SealedServerLayer`].
#[derive(Debug, Clone)]
pub struct SealedServer<S> {
    inner: S,
    layer: SealedServerLayer,
}

impl<S, B, R> Service<Request<B>> for SealedServer<S>
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
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Call the service that was polled ready; its clone may not be ready.
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        Box::pin(self.layer.clone().answer(ready, request))
    }
}
