//! The asynchronous client, and one exchange of it as a tower service.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::error::Error;
use std::sync::Arc;

use bankezy_crypto::{Delivery, DeliveryTracker, SecretBytes};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use tower_service::Service;

use super::classify::classify;
use super::request::{Prepared, gave_up};
use crate::ClientError;
use crate::transport::{Settings, Transport, too_long};

/// An asynchronous HTTP client with a pool of connections.
///
/// Make one per process and clone it: clones share the pool. It runs on tokio.
///
/// It is also a [`tower`](Service) service for one exchange, within its deadline and without retries,
/// to be used in middleware: see [`Transport`]. As such it reports to the request's
/// [`DeliveryTracker`], if there is one.
#[derive(Clone)]
pub struct Client {
    pools: Arc<Pools>,
    pub(crate) settings: Settings,
}

/// Plain HTTP has a pool of its own, which uses no proxy.
pub(super) struct Pools {
    pub(super) secure: reqwest::Client,
    pub(super) loopback: reqwest::Client,
    /// Whether a client certificate is configured.
    pub(super) has_identity: bool,
}

impl Client {
    pub(super) fn new(pools: Pools, settings: Settings) -> Self {
        let pools = Arc::new(pools);
        Self { pools, settings }
    }

    /// Sends a request once and never again, within the deadline; see [`Transport::send`].
    ///
    /// # Errors
    /// [`ClientError`]; its [`delivery`](ClientError::delivery) says whether the server may have
    /// received the request.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`Blocking`](crate::Blocking) needs none.
    pub async fn send(
        &self,
        request: Request<SecretBytes>,
    ) -> Result<Response<SecretBytes>, ClientError> {
        Transport::from(self.clone()).send(request).await
    }

    /// Sends what `make` makes, and again where the [`RetryPolicy`](crate::RetryPolicy) allows it, within the deadline;
    /// see [`Transport::execute`].
    ///
    /// # Errors
    /// [`ClientError`] of the last attempt, as an `E`, or what `make` failed with.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`Blocking`](crate::Blocking) needs none.
    pub async fn execute<E: From<ClientError>>(
        &self,
        make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Response<SecretBytes>, E> {
        Transport::from(self.clone()).execute(make).await
    }
}

/// Takes over the client's deadline, retries and cap.
impl From<Client> for Transport {
    fn from(client: Client) -> Self {
        let settings = client.settings;
        Self::new(client).with_settings(settings)
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
        let client = self.clone();
        Box::pin(async move {
            let of_request = request.extensions_mut().remove::<DeliveryTracker>();
            if of_request.as_ref().is_some_and(|tracker| !tracker.take()) {
                return Err(gave_up());
            }
            let (max, has_identity) = (client.settings.max_response_len, client.pools.has_identity);
            let prepared = Prepared::new(request, of_request, client.settings.deadline)?;
            let pool = if prepared.plain {
                &client.pools.loopback
            } else {
                &client.pools.secure
            };
            let response = pool
                .execute(prepared.request)
                .await
                .map_err(|error| classify(&error, has_identity, prepared.exchange.abandon()))?;
            if response.content_length() > Some(max as u64) {
                return Err(too_long(max));
            }
            let broken = move |error: Box<dyn Error + Send + Sync>| {
                if error.is::<LengthLimitError>() {
                    return too_long(max);
                }
                classify(&*error, has_identity, Delivery::PossiblySent)
            };
            let response = Response::<reqwest::Body>::from(response);
            Ok(response.map(|body| Limited::new(body, max).map_err(broken).boxed()))
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
