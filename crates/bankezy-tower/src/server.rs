//! Middleware around a server's handlers: opens requests and seals answers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bankezy_crypto::Channel;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use super::DEFAULT_MAX_PLAIN_LEN;
use super::body::Cause;
use super::exchange::Settings;
use super::intake::Intake;
use super::keys::Keys;
use super::limits::Rate;
use super::lookup::LookedUpKeys;
use super::replay::ReplayGuard;

const DEFAULT_UNAUTHENTICATED_RATE: u32 = 10;

/// Of 64 MiB that may be pending, so that a few senders who stall do not take them all.
const DEFAULT_MAX_REQUEST_LEN: usize = 1024 * 1024;

/// Opens the requests of a service and seals its answers.
///
/// The inner service gets the opened body as `application/json` with its length, in memory that wipes
/// itself, and the extension [`OpenedByKey`](bankezy_crypto::OpenedByKey). Its answer is sealed without its
/// content type: answer with JSON. With a [`KeyRing`](bankezy_crypto::KeyRing) the key that opened the request
/// seals the answer.
///
/// These requests do not reach the service. They get a fixed text and the extension
/// [`Refusal`](super::Refusal):
/// - 415 if the content type is not `text/plain`, or the body has a content coding;
/// - 409 if a [replay guard](Self::with_replay_guard) is set and the request was received before, or is stale: the
///   one reason that is sealed, up to [a number a second](Self::with_unauthenticated_rate) and unless
///   [errors are not](Self::seal_errors);
/// - 413 as soon as the body exceeds its maximum length, or a limit around it such as
///   [`http_body_util::Limited`];
/// - 400 if the body does not open, for any reason, or ends early, or if there is none;
/// - 429 if [too many](Self::with_unauthenticated_rate) answers would be sealed for requests without a body;
/// - 503 if the body does not arrive within [its deadline](Self::with_read_deadline), or too many
///   [requests](Self::with_max_pending) or [bytes](Self::with_max_pending_bytes) of them are pending, or a
///   lookup of keys or a replay guard does not work.
///
/// # Pending requests
/// A request is pending until the inner service takes it. First its body is read and opened. Only then is
/// the inner service polled for readiness and called, so that senders who stall take no place of a
/// concurrency limit inside. They do take the places and bytes of pending requests, until the deadline: limit
/// connections, streams and slow senders in front of the layer. The layer itself is always ready: in place of the inner service's back-pressure,
/// the limits on pending requests refuse what is too much. They are shared by all clones of the layer and by
/// all services that it was applied to. The deadline covers the reading alone, and the wait for the inner service has
/// none: put a timeout for all of a request around the layer. It needs a tokio runtime with its timer enabled, as axum and hyper do.
///
/// # Bodies that are not sealed
/// Where [`allow_empty`](Self::allow_empty) is set and keys are not looked up, a `GET`, `HEAD` or `DELETE` with an empty body is passed on
/// unchanged, with the extension [`Unauthenticated`](super::Unauthenticated): anyone can have sent it. Its
/// answer is sealed like any other, up to [a number a second](Self::with_unauthenticated_rate).
///
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
    settings: Arc<Settings>,
}

impl SealedServerLayer {
    /// Takes the keys of both directions: a [`Channel`], a `PayloadCipher`, a `KeyRing`, an `Arc` of a cipher
    /// or key ring, or a pair of `PublicKeySealer` and `PrivateKeyOpener`.
    #[must_use]
    pub fn new(channel: impl Into<Channel>) -> Self {
        Self::with_keys(Keys::Same {
            channel: channel.into(),
            key_id: None,
        })
    }

    /// The same, with a name for the keys, which is no secret. A [replay guard](Self::with_replay_guard) tells by it
    /// whose messages are alike: if layers share a guard, those with the same keys need the same name, and those
    /// with other keys another one. The names that a [lookup](Self::from_lookup) gives count as well. The name of
    /// [`new`](Self::new) is empty.
    ///
    /// If keys share a name, someone who has one of them can use up a message under another.
    #[must_use]
    pub fn new_with_key_id(key_id: impl Into<Arc<str>>, channel: impl Into<Channel>) -> Self {
        Self::with_keys(Keys::Same {
            channel: channel.into(),
            key_id: Some(key_id.into()),
        })
    }

    /// Looks up the keys of each request, for several partners behind one address. The lookup follows the
    /// checks of headers and length. The handler gets the principal as an extension; the keys that opened the
    /// request seal its answer.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc-rs")] {
    /// use axum::routing::post;
    /// use axum::{Extension, Router};
    /// use bankezy_tower::{KeyLookup, LookedUpKeys, SealedServerLayer};
    ///
    /// #[derive(Clone)]
    /// struct Partner(String);
    ///
    /// async fn settled(Extension(partner): Extension<Partner>) -> String {
    ///     format!(r#"{{"partner":"{}"}}"#, partner.0)
    /// }
    ///
    /// fn router(partners: impl KeyLookup<Principal = Partner>) -> Result<Router, bankezy_crypto::Error> {
    ///     let layer = SealedServerLayer::from_lookup(LookedUpKeys::new(partners)?);
    ///     Ok(Router::new().route("/callbacks/settled", post(settled)).layer(layer))
    /// }
    /// # }
    /// ```
    ///
    /// A request whose keys are not found, or that names none or several, is answered like one that does not
    /// open. Where the lookup fails or is late, the answer is 503. Requests without a body are refused, also with
    /// [`allow_empty`](Self::allow_empty): nothing proves who sent them, and an answer could show whether the keys
    /// were found.
    #[must_use]
    pub fn from_lookup(keys: LookedUpKeys) -> Self {
        Self::with_keys(Keys::LookedUp(keys))
    }

    fn with_keys(keys: Keys) -> Self {
        Self {
            settings: Arc::new(Settings {
                keys,
                replay: None,
                intake: Intake::default(),
                max_request_len: DEFAULT_MAX_REQUEST_LEN,
                max_response_len: DEFAULT_MAX_PLAIN_LEN,
                seal_errors: true,
                allow_empty: false,
                allow_preflight: false,
                empty_rate: Rate::per_second(DEFAULT_UNAUTHENTICATED_RATE),
                replayed_rate: Rate::per_second(DEFAULT_UNAUTHENTICATED_RATE),
            }),
        }
    }

    /// Accepts sealed requests of at most `max` bytes. The limit of the keys applies as well. Default: 1 MiB. Raise
    /// [`with_max_pending_bytes`](Self::with_max_pending_bytes) as well: senders who stall hold as many bytes as they
    /// have sent.
    #[must_use]
    pub fn with_max_request_len(mut self, max: usize) -> Self {
        self.set().max_request_len = max;
        self
    }

    /// Seals answers of at most `max` bytes. Default: [`DEFAULT_MAX_PLAIN_LEN`].
    #[must_use]
    pub fn with_max_response_len(mut self, max: usize) -> Self {
        self.set().max_response_len = max;
        self
    }

    /// Accepts at most `max` pending requests: those whose bodies are being read, and those that were opened
    /// and wait for the inner service. More are refused with 503. Default: 1024.
    #[must_use]
    pub fn with_max_pending(mut self, max: usize) -> Self {
        self.set().intake.set_max_requests(max);
        self
    }

    /// Accepts at most `max` bytes of pending requests, counted as they arrive. A request that needs more is
    /// refused with 503, so this should be a multiple of the maximum length of a request. Default: 64 MiB.
    #[must_use]
    pub fn with_max_pending_bytes(mut self, max: usize) -> Self {
        self.set().intake.set_max_bytes(max);
        self
    }

    /// Refuses a request with 503 if its body has not arrived by then. Default: 10 s.
    #[must_use]
    pub fn with_read_deadline(mut self, deadline: Duration) -> Self {
        self.set().intake.set_deadline(deadline);
        self
    }

    /// Whether answers with a status other than 2xx are sealed too. An unsealed answer can be read and changed
    /// in transit. Default: `true`.
    #[must_use]
    pub fn seal_errors(mut self, seal: bool) -> Self {
        self.set().seal_errors = seal;
        self
    }

    /// Refuses messages that were received before. Default: none. The layer then accepts a message as often as
    /// it is sent, and each time seals an answer.
    ///
    /// A sealed text names no route: one that was sent to one route opens at another. So give all layers with the
    /// same keys clones of one guard, which share its marks. Layers that share a guard have to name their keys alike:
    /// see [`new_with_key_id`](Self::new_with_key_id).
    ///
    /// ```
    /// # use bankezy_tower::SealedServerLayer;
    /// use bankezy_tower::{Freshness, MemoryMarks, ReplayGuard};
    /// use std::time::{Duration, SystemTime, UNIX_EPOCH};
    ///
    /// fn sent_at(payload: &[u8]) -> Option<SystemTime> {
    ///     let payload: serde_json::Value = serde_json::from_slice(payload).ok()?;
    ///     UNIX_EPOCH.checked_add(Duration::from_millis(payload["sentAt"].as_u64()?))
    /// }
    ///
    /// fn guarded(layer: SealedServerLayer) -> SealedServerLayer {
    ///     let guard = ReplayGuard::new(Freshness::by_timestamp(sent_at));
    ///     layer.with_replay_guard(guard.with_store(MemoryMarks::new(500_000)))
    /// }
    /// ```
    #[must_use]
    pub fn with_replay_guard(mut self, guard: ReplayGuard) -> Self {
        self.set().replay = Some(guard);
        self
    }

    /// Passes on a `GET`, `HEAD` or `DELETE` with an empty body, which anyone can send. Allow it only for routes
    /// that need it:
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc-rs")] {
    /// use axum::Router;
    /// use axum::routing::{get, post};
    /// # use bankezy_crypto::{PayloadCipher, PayloadSecret};
    /// # use bankezy_tower::SealedServerLayer;
    /// # let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
    /// let sealed = SealedServerLayer::new(cipher);
    /// let app: Router = Router::new()
    ///     .route("/rates", get(async || "{}").layer(sealed.clone().allow_empty()))
    ///     .route("/callbacks/settled", post(async || "{}").layer(sealed));
    /// # }
    /// # Ok::<(), bankezy_crypto::Error>(())
    /// ```
    ///
    /// By default such requests are refused with 400, and always where keys are
    /// [looked up](Self::from_lookup). A [CORS preflight](Self::allow_preflight) is another matter.
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.set().allow_empty = true;
        self
    }

    /// Passes on CORS preflight requests, and answers to them, unchanged and unsealed: `OPTIONS` with `Origin`
    /// and `Access-Control-Request-Method`, and without a body. It is for a CORS layer inside of this one. One
    /// outside of it needs no setting and keeps such requests away from handlers. By default they are refused
    /// with 415.
    #[must_use]
    pub fn allow_preflight(mut self) -> Self {
        self.set().allow_preflight = true;
        self
    }

    /// Seals this many answers a second on average to requests without a body, and up to as many more at once after a
    /// pause, and the same to requests that the [replay guard](Self::with_replay_guard) refuses: anyone can send them. More requests without a body are
    /// refused with 429 before the inner service is called; with 0, only `HEAD` passes, whose answers are not
    /// sealed. More refusals of the guard are sent unsealed. Each sealed answer takes one of the key's 2^31 nonces,
    /// so a stranger with 10,000 requests a second could otherwise use them up in 2.5 days. Default: 10, at
    /// which they last for more than 3 years.
    #[must_use]
    pub fn with_unauthenticated_rate(mut self, per_second: u32) -> Self {
        let settings = self.set();
        settings.empty_rate = Rate::per_second(per_second);
        settings.replayed_rate = Rate::per_second(per_second);
        self
    }

    fn set(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

impl<S> Layer<S> for SealedServerLayer {
    type Service = SealedServer<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SealedServer {
            inner,
            settings: Arc::clone(&self.settings),
        }
    }
}

/// A service whose requests are opened and whose answers are sealed: see [`SealedServerLayer`].
#[derive(Debug, Clone)]
pub struct SealedServer<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B, R> Service<Request<B>> for SealedServer<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Cause> + Send,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    /// Always ready: the inner service is polled once a request has been opened.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = self.inner.clone();
        Box::pin(Arc::clone(&self.settings).answer(inner, request))
    }
}
