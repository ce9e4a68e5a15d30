//! The asynchronous client, which is also a tower service for one exchange.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;

use bankezy_crypto::{Delivery, DeliveryTracker, SecretBytes};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use tower_service::Service;

use super::classify::classify;
use super::request::{Prepared, gave_up};
use crate::ClientError;
use crate::transport::{Answered, Answering, BoxError, Settings, Transport, answer, too_long};

/// An asynchronous HTTP client with a pool of connections.
///
/// Build one per process and clone it: clones share the pool. It needs a tokio runtime.
///
/// It is also a [`tower`](Service) service for use in middleware: one exchange within its deadline, without
/// retries (see [`Transport`]). It reports to the request's [`DeliveryTracker`], if there is one.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) pools: Arc<Pools>,
    pub(crate) settings: Settings,
}

/// Plain HTTP has its own pool, which uses no proxy.
pub(crate) struct Pools {
    pub(super) secure: reqwest::Client,
    pub(super) loopback: reqwest::Client,
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
        let exchange = move |request, sending, limits| -> Answering {
            let pools = Arc::clone(&pools);
            let call = |tracker| async move { pools.exchange(request, tracker, None).await };
            Box::pin(answer(call, sending, limits))
        };
        Self::over(exchange, settings)
    }
}

impl Service<Request<Full<Bytes>>> for Client {
    type Response = Response<BoxBody<Bytes, ClientError>>;
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ClientError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Full<Bytes>>) -> Self::Future {
        let (pools, max) = (Arc::clone(&self.pools), self.settings.max_response_len);
        let deadline = Some(self.settings.deadline);
        Box::pin(async move {
            let tracker = request.extensions_mut().remove().unwrap_or_default();
            let response = pools.exchange(request, tracker, deadline).await?;
            let broken = move |error: BoxError| match error.downcast() {
                Ok(error) => *error,
                Err(_) => too_long(max),
            };
            Ok(
                response.map(|body| match body.size_hint().lower() > max as u64 {
                    // Fails at once, after the head.
                    true => Limited::new(Full::from(" "), 0).map_err(broken).boxed(),
                    false => Limited::new(body, max).map_err(broken).boxed(),
                }),
            )
        })
    }
}

impl Pools {
    /// One exchange. Without a `deadline`, the caller has one.
    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        tracker: DeliveryTracker,
        deadline: Option<Duration>,
    ) -> Result<Response<impl Body<Data = Bytes, Error = ClientError> + use<>>, ClientError> {
        if !tracker.take() {
            return Err(gave_up());
        }
        let has_identity = self.has_identity;
        let prepared = Prepared::new(request, tracker, deadline)?;
        let pool = if prepared.plain {
            &self.loopback
        } else {
            &self.secure
        };
        let response = pool.execute(prepared.request).await;
        let response = response
            .map_err(|error| classify(&error, has_identity, prepared.exchange.abandon()))?;
        let response = Response::<reqwest::Body>::from(response);
        let broken = move |error| classify(&error, has_identity, Delivery::PossiblySent);
        Ok(response.map(|body| body.map_err(broken)))
    }
}
