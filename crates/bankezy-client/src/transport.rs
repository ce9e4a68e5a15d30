//! Sends over any tower service, with a deadline, retries and a cap on the answer.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::time::Duration;
use std::error::Error;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use bankezy_crypto::providers::{
    CallError, CallOptions, RequestError, ServerHeaders, ServiceError, is_reflected,
};
use bankezy_crypto::{Advice, Delivery, DeliveryTracker, SecretBytes};
use bytes::{Buf as _, Bytes};
use http::{HeaderName, Request, Response, Uri};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tower_service::Service;
use tracing::{Instrument as _, warn};

use super::backoff::MAX_DEADLINE;
use super::call::Call;
use super::sync::time::{Instant, sleep, timeout_at};
use super::{ClientError, ClientErrorKind, ProviderError, RetryPolicy};

/// Default maximum time of a call with all its attempts: 30 s.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// Default maximum length of the body of an answer, in bytes: the longest sealed text that a cipher opens
/// by default, plus 64 KiB for what may surround it.
pub const DEFAULT_MAX_RESPONSE_LEN: usize = 8 * 1024 * 1024 + 64 * 1024;

/// How much is allocated at most because `Content-Length` announces it.
const MAX_INITIAL_CAPACITY: usize = 64 * 1024;

/// Sends requests over any HTTP stack: a [`Client`](crate::Client), or any [`tower`](tower_service)
/// service. Cheap to clone; [`BankEzyClient`](crate::BankEzyClient) and
/// [`TokenClient`](crate::TokenClient) work over it.
///
/// It builds a new request for each attempt (sealed with its own nonce), enforces one deadline for the
/// whole call, retries only what is safe to retry, and limits the length of the answer. The request
/// extension [`DeliveryTracker`] tells it whether anything was sent, since middleware boxes errors. A
/// service that does not use the extension counts as having sent every request that it was given. So does each clone of
/// a request that no [`Client`](crate::Client) got, whether middleware gave it to another service, as a failover does,
/// or to none: behind a retry layer, a failure to connect counts as possibly sent and is not repeated here. Middleware
/// that sends another request in place of the one that it was given, without its extensions, has to take and begin
/// through the tracker: see [`DeliveryTracker`]. So nothing is retried over a service unless [`retries`](Self::retries)
/// says so.
///
/// `Transport::from(client)` starts with the deadline, retries and length limit of the client, and those set on the
/// `Transport` replace them, also if they are longer. A client inside middleware applies its own connect timeout,
/// deadline and length limit as well; set retries on the `Transport`.
///
/// ```
/// use std::time::Duration;
///
/// use bankezy_client::{Client, RetryPolicy, Transport};
/// use tower::ServiceBuilder;
///
/// # fn transport() -> Result<Transport, bankezy_client::ClientError> {
/// let service = ServiceBuilder::new()
///     .concurrency_limit(8) // while a call waits for a permit, nothing is sent
///     .timeout(Duration::from_secs(5))
///     .service(Client::builder().build()?);
/// let transport = Transport::new(service)
///     .deadline(Duration::from_secs(20))
///     .retries(RetryPolicy::default()); // none, unless set: these layers send nothing else
/// # Ok(transport)
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Transport {
    /// Shared by all clones, and replaced as a whole.
    exchange: Arc<ArcSwap<Box<Exchange>>>,
    pub(crate) settings: Settings,
}

/// The settings of every call.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) deadline: Duration,
    pub(crate) retries: RetryPolicy,
    pub(crate) max_response_len: usize,
    /// Whether [`ask`](Transport::ask) calls [`told`]: not for calls that are part of another.
    pub(crate) tells_unclear: bool,
    pub(crate) kept_headers: Arc<[HeaderName]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: DEFAULT_DEADLINE,
            retries: RetryPolicy::default(),
            max_response_len: DEFAULT_MAX_RESPONSE_LEN,
            tells_unclear: true,
            kept_headers: ServerHeaders::DEFAULT.into(),
        }
    }
}

impl Settings {
    /// The headers of an answer that are kept.
    pub(crate) fn kept<B>(&self, answer: &Response<B>) -> ServerHeaders {
        ServerHeaders::of(answer, &self.kept_headers)
    }
}

impl Transport {
    /// Sends over a service, without retries unless [`retries`](Self::retries) allows them: what middleware sent in
    /// another way cannot be known. Each call uses a clone of the service and waits until that clone is ready. Until then
    /// the request counts as not sent.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let exchange =
            move |mut request: Request<Full<Bytes>>, sending, limits: Limits| -> Answering {
                // Call the clone that was polled ready.
                let mut service = service.clone();
                Box::pin(async move {
                    let ready =
                        timeout_at(limits.0, poll_fn(|context| service.poll_ready(context)));
                    let ready = ready.await.map_err(|_| timed_out(Delivery::NotSent))?;
                    ready.map_err(|error| failed(error.into(), Delivery::NotSent))?;
                    let call = |tracker| {
                        request.extensions_mut().insert::<DeliveryTracker>(tracker);
                        service.call(request)
                    };
                    answer(call, sending, limits).await
                })
            };
        Self::over(exchange, Settings::default()).retries(RetryPolicy::none())
    }

    pub(crate) fn over(
        exchange: impl Fn(Request<Full<Bytes>>, Sending, Limits) -> Answering + Send + Sync + 'static,
        settings: Settings,
    ) -> Self {
        let exchange = Arc::new(ArcSwap::from_pointee(Box::new(exchange) as Box<Exchange>));
        Self { exchange, settings }
    }

    /// Sends over another service from now on, such as a [`Client`](crate::Client) with new certificates or roots:
    /// this transport and all its clones, and so whatever was made from them. Keep a clone for this. Sessions and
    /// tokens are kept, calls under way end over the old service, and the settings of each clone stay, not those of `with`.
    pub fn replace(&self, with: impl Into<Self>) {
        self.exchange.store(with.into().exchange.load_full());
    }

    /// Maximum time of a call with all its attempts, at most 24 hours. Default:
    /// [`DEFAULT_DEADLINE`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// When [`execute`](Self::execute) retries. Default: that of the [`Client`](crate::Client) that this was made
    /// from, and [`RetryPolicy::none`] for a service. Set retries only over middleware that reports whatever it sends:
    /// see [`DeliveryTracker`].
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Maximum length of the body of an answer, in bytes. Default: [`DEFAULT_MAX_RESPONSE_LEN`].
    pub fn max_response_len(mut self, max: usize) -> Self {
        self.settings.max_response_len = max;
        self
    }

    /// Which headers of an answer [`BankEzyClient::call_with_headers`](crate::BankEzyClient::call_with_headers)
    /// and [`ProviderError::server_headers`] give. Default: [`ServerHeaders::DEFAULT`].
    pub fn kept_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.settings.kept_headers = names.into_iter().collect();
        self
    }

    /// Sends a request once, without retries, within the deadline.
    ///
    /// Every status is a response, including a redirect, a 401 or a 500. Dropping the future abandons the
    /// request; the server may still execute it.
    ///
    /// # Errors
    /// [`ClientError`]; its [`delivery`](ClientError::delivery) says whether the server may have
    /// received the request.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`Blocking`](crate::Blocking) needs none.
    pub async fn send(&self, request: Request<SecretBytes>) -> Result<Answered, ClientError> {
        let mut request = Some(request);
        let make = || Ok(request.take().unwrap_or_default());
        let once = self.clone().retries(RetryPolicy::none());
        once.execute(make).await
    }

    /// Sends the request that `make` builds, and retries as the [`RetryPolicy`] allows, within the
    /// deadline.
    ///
    /// `make` is called once for each attempt: seal in it, so that each attempt has a fresh nonce. Dropping
    /// the future abandons the request; the server may still execute it.
    ///
    /// # Errors
    /// [`ClientError`] of the last attempt, converted to `E`: its [`delivery`](ClientError::delivery) is that of all
    /// attempts together. Or the error of `make`, unless an attempt before it was answered: then it returns that
    /// answer, since the server may have executed the request.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn execute<E: From<ClientError>>(
        &self,
        mut make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Answered, E> {
        let mut call = Call::new(self.settings.retries, self.settings.deadline);
        let span = call.span.clone();
        async {
            let mut answered = None;
            loop {
                let request = match make() {
                    Ok(request) => request,
                    Err(error) => {
                        call.has_ended = true;
                        // An earlier attempt was sent, which an error of `make` would not say.
                        return answered.ok_or(error);
                    }
                };
                call.begin(&request);
                let mut result = self.attempt(request, &call).await;
                let Some(wait) = call.judge(&mut result) else {
                    let before = answered.map(|it| self.settings.kept(&it));
                    let before = before.unwrap_or_default();
                    return Ok(result.map_err(|error| error.with_headers(before))?);
                };
                answered = result.ok().or(answered);
                sleep(wait).await;
            }
        }
        .instrument(span)
        .await
    }

    /// Makes a call to a provider and reads its answer, with the headers that are kept of it.
    pub(crate) async fn ask<T>(
        &self,
        options: &CallOptions,
        mut make: impl FnMut() -> Result<Request<SecretBytes>, RequestError>,
        read: impl FnOnce(&Answered) -> Result<T, CallError>,
    ) -> Result<(T, ServerHeaders), ProviderError> {
        let mut uri = Uri::default();
        let make = || {
            let mut request = make()?;
            options.apply(&mut request)?;
            uri = request.uri().clone();
            Ok::<_, ProviderError>(request)
        };
        let response = self.execute(make).await?;
        let headers = self.settings.kept(&response);
        match read(&response) {
            Ok(answer) => Ok((answer, headers)),
            Err(error) => {
                warn!(target: "bankezy_client", { error.code = error.code() }, "answer not accepted");
                let error = ProviderError::Answer(error, headers);
                Err(told(error, uri.host(), self.settings.tells_unclear))
            }
        }
    }

    async fn attempt(
        &self,
        request: Request<SecretBytes>,
        call: &Call,
    ) -> Result<Answered, ClientError> {
        // No time may be left, such as after a slow closure.
        if Instant::now() >= call.deadline {
            return Err(timed_out(Delivery::NotSent));
        }
        // Wiped when its last owner drops it.
        let request = request.map(Bytes::from_owner);
        let sent = request.body().clone();
        let limits = (call.deadline, self.settings.clone());
        let exchange = self.exchange.load()(request.map(Full::new), call.sending.clone(), limits);
        let response = exchange.await?;
        if is_reflected(&sent, response.body().as_bytes()) {
            let error = ClientError::new(ClientErrorKind::Reflected, Delivery::PossiblySent);
            return Err(error.with_headers(self.settings.kept(&response)));
        }
        Ok(response)
    }
}

type BoxError = Box<dyn Error + Send + Sync>;
pub(crate) type Answered = Response<SecretBytes>;

pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Answered, ClientError>> + Send>>;

/// One exchange over a service.
type Exchange = dyn Fn(Request<Full<Bytes>>, Sending, Limits) -> Answering + Send + Sync;

/// The deadline, and the settings for the answer.
pub(crate) type Limits = (Instant, Settings);

/// Set once a service has the request.
pub(crate) type Sending = Arc<OnceLock<DeliveryTracker>>;

/// Sends by `call`, which gets the tracker of the request, and reads the answer.
pub(crate) async fn answer<B, E, F>(
    call: impl FnOnce(DeliveryTracker) -> F,
    sending: Sending,
    (deadline, settings): Limits,
) -> Result<Answered, ClientError>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Error: Into<BoxError>>,
    E: Into<BoxError>,
{
    let tracker = sending.get_or_init(DeliveryTracker::new);
    let mut head = Response::default();
    let answering = async {
        let response = call(tracker.clone()).await;
        let response = response.map_err(|error| failed(error.into(), tracker.abandon()))?;
        let (parts, body) = response.into_parts();
        head = Response::from_parts(parts, ());
        collect(body, settings.max_response_len).await
    };
    let body = timeout_at(deadline, answering).await;
    match body.unwrap_or_else(|_| Err(timed_out(tracker.abandon()))) {
        Ok(body) => Ok(head.map(|()| body)),
        Err(error) => Err(error.with_headers(settings.kept(&head))),
    }
}

/// Reads the whole answer, or fails as soon as it exceeds the cap.
async fn collect<B: Body<Error: Into<BoxError>>>(
    body: B,
    max: usize,
) -> Result<SecretBytes, ClientError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let kind = ClientErrorKind::ResponseTooLong { max };
    let too_long = || Err(ClientError::new(kind.clone(), Delivery::PossiblySent));
    if announced > max {
        return too_long();
    }
    let mut body = pin!(body);
    let mut collected = SecretBytes::with_capacity(announced.min(MAX_INITIAL_CAPACITY));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failed(error.into(), Delivery::PossiblySent))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if data.remaining() > max - collected.as_bytes().len() {
            return too_long();
        }
        // Appending to memory does not fail.
        let _ = collected.write_all(&data.copy_to_bytes(data.remaining()));
    }
    Ok(collected)
}

/// Leaves an event if the answer to a call leaves its outcome open. Without an answer, `attempt ended` tells.
pub(super) fn told(error: ProviderError, host: Option<&str>, is_last: bool) -> ProviderError {
    let is_answer = matches!(error, ProviderError::Answer(..));
    if is_last && is_answer && error.advice() == Advice::AskByReference {
        warn!(target: "bankezy_client", { server.address = host, error.code = error.code() }, "outcome unknown");
    }
    error
}

pub(super) fn timed_out(delivery: Delivery) -> ClientError {
    ClientError::new(ClientErrorKind::Timeout, delivery)
}

/// An error of this crate's client stays as it is, unless middleware may have sent the request in another way as well.
/// That it was sent is believed of a request of the middleware's own, too, of which the tracker knows nothing.
fn failed(error: BoxError, delivery: Delivery) -> ClientError {
    match error.downcast_ref::<ClientError>() {
        Some(ours) if [delivery, Delivery::PossiblySent].contains(&ours.delivery()) => ours.clone(),
        _ => ClientError::new(ClientErrorKind::Service(ServiceError::new(error)), delivery),
    }
}
