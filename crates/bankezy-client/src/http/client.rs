//! The asynchronous client, which is also a tower service for one exchange.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use bankezy_crypto::{Delivery, DeliveryTracker, SecretBytes};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use tower_service::Service;

use super::classify::classify;
use super::request::prepare;
use crate::ClientError;
use crate::sync::time::Instant;
use crate::transport::{Answered, Answering, Limits, Sending, Settings, Transport, answer};

/// An asynchronous HTTP client with a pool of connections.
///
/// Build one per process and clone it: clones share the pool. It needs a tokio runtime.
///
/// It is also a [`tower`](Service) service for use in middleware: one exchange within its deadline, without
/// retries (see [`Transport`]). It reports to the request's [`DeliveryTracker`], if there is one.
///
/// ```no_run
/// use std::time::Duration;
///
/// use bankezy_client::Client;
/// use bankezy_crypto::SecretBytes;
///
/// # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder().deadline(Duration::from_secs(10)).build()?;
/// let answer = client
///     .execute(|| {
///         let request = http::Request::get("https://api.example.com/status");
///         Ok::<_, Box<dyn std::error::Error>>(request.body(SecretBytes::new())?)
///     })
///     .await?;
/// println!("{}", answer.status()); // every status is an answer, 500 too
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) pools: Arc<Pools>,
    pub(crate) settings: Settings,
}

/// Plain HTTP has its own pool, which uses no proxy.
pub(crate) struct Pools {
    pub(super) secure: reqwest::Client,
    pub(super) plain: reqwest::Client,
    /// Whether a client certificate is configured.
    pub(super) has_identity: bool,
}

impl Client {
    /// Sends a request once, without retries, within the deadline; see [`Transport::send`].
    ///
    /// # Errors
    /// [`ClientError`]; its [`delivery`](ClientError::delivery) says whether the server may have
    /// received the request.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`Blocking`](crate::Blocking) needs none.
    pub async fn send(&self, request: Request<SecretBytes>) -> Result<Answered, ClientError> {
        Transport::from(self.clone()).send(request).await
    }

    /// Sends the request that `make` builds, and retries as the [`RetryPolicy`](crate::RetryPolicy) allows,
    /// within the deadline; see [`Transport::execute`].
    ///
    /// # Errors
    /// [`ClientError`] of the last attempt, converted to `E`, or the error of `make`.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`Blocking`](crate::Blocking) needs none.
    pub async fn execute<E: From<ClientError>>(
        &self,
        make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Answered, E> {
        Transport::from(self.clone()).execute(make).await
    }
}

/// With the client's deadline, retries and cap, which the transport's settings replace.
impl From<Client> for Transport {
    fn from(Client { pools, settings }: Client) -> Self {
        let exchange =
            move |request, sending, limits| Arc::clone(&pools).exchange(request, sending, limits);
        Self::over(exchange, settings)
    }
}

impl Service<Request<Full<Bytes>>> for Client {
    type Response = Response<Full<Bytes>>;
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ClientError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let deadline = Instant::now() + self.settings.deadline;
        let limits = (deadline, self.settings.clone());
        let answering = Arc::clone(&self.pools).exchange(request, Sending::default(), limits);
        Box::pin(async move {
            // Wiped when its last owner drops it.
            Ok(answering.await?.map(|it| Full::new(Bytes::from_owner(it))))
        })
    }
}

impl Pools {
    /// One exchange. Middleware may make several of one request, which has a tracker of its own then.
    fn exchange(
        self: Arc<Self>,
        request: Request<Full<Bytes>>,
        sending: Sending,
        limits: Limits,
    ) -> Answering {
        let call = |exchange: DeliveryTracker| async move {
            let (request, is_plain) = prepare(request, &exchange)?;
            let pool = if is_plain { &self.plain } else { &self.secure };
            let has_identity = self.has_identity;
            let response = pool.execute(request).await;
            let response =
                response.map_err(|error| classify(&error, has_identity, exchange.abandon()))?;
            let response = Response::<reqwest::Body>::from(response);
            let broken = move |error| classify(&error, has_identity, Delivery::PossiblySent);
            Ok::<_, ClientError>(response.map(|body| body.map_err(broken)))
        };
        Box::pin(answer(call, sending, limits))
    }
}
