//! The asynchronous client, and one exchange of it as a tower service.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use bankezy_crypto::{DeliveryTracker, SecretBytes};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower_service::Service;

use super::classify::classify;
use super::request::{Prepared, gave_up};
use super::response::ResponseBody;
use crate::ClientError;
use crate::transport::{Settings, Transport};

/// An asynchronous HTTP client with a pool of connections.
///
/// Make one per process and clone it: clones share the pool. It runs on tokio.
///
/// It is also a [`tower`](Service) service for one exchange, within its deadline and without retries,
/// to be used in middleware: see [`Transport`]. As such it reports to the request's
/// [`DeliveryTracker`], if there is one.
#[derive(Clone)]
pub struct Client {
    connections: Connections,
    transport: Transport,
}

/// One exchange over a pool of connections. Plain HTTP has a pool of its own, which uses no proxy.
#[derive(Clone)]
struct Connections {
    pools: Arc<Pools>,
    settings: Settings,
}

struct Pools {
    secure: reqwest::Client,
    loopback: reqwest::Client,
}

type Exchange = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, ClientError>> + Send>>;

impl Client {
    pub(super) fn new(
        secure: reqwest::Client,
        loopback: reqwest::Client,
        settings: Settings,
    ) -> Self {
        let connections = Connections {
            pools: Arc::new(Pools { secure, loopback }),
            settings,
        };
        Self {
            transport: Transport::with_settings(connections.clone(), settings),
            connections,
        }
    }

    /// Sends a request once and never again, within the deadline; see [`Transport::send`].
    ///
    /// # Errors
    /// [`ClientError`]; its [`delivery`](ClientError::delivery) says whether the server may have
    /// received the request.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`BlockingClient`](crate::BlockingClient) needs none.
    pub async fn send(
        &self,
        request: Request<SecretBytes>,
    ) -> Result<Response<SecretBytes>, ClientError> {
        self.transport.send(request).await
    }

    /// Sends what `make` makes, and again where the [`RetryPolicy`](crate::RetryPolicy) allows it, within the deadline;
    /// see [`Transport::execute`].
    ///
    /// # Errors
    /// [`ClientError`] of the last attempt, and [`ClientError::RequestBuild`] with what `make`
    /// failed with.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`BlockingClient`](crate::BlockingClient) needs none.
    pub async fn execute<E>(
        &self,
        make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Response<SecretBytes>, ClientError<E>> {
        self.transport.execute(make).await
    }

    pub(crate) fn settings(&self) -> Settings {
        self.transport.settings()
    }
}

/// Takes over the client's deadline, retries and cap.
impl From<Client> for Transport {
    fn from(client: Client) -> Self {
        client.transport
    }
}

impl Service<Request<Full<Bytes>>> for Client {
    type Response = Response<ResponseBody>;
    type Error = ClientError;
    type Future = Exchange;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Exchange {
        self.connections.call(request)
    }
}

impl Service<Request<Full<Bytes>>> for Connections {
    type Response = Response<ResponseBody>;
    type Error = ClientError;
    type Future = Exchange;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Exchange {
        Box::pin(self.clone().exchange(request))
    }
}

impl Connections {
    async fn exchange(
        self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<ResponseBody>, ClientError> {
        let of_request = request.extensions_mut().remove::<DeliveryTracker>();
        if of_request.as_ref().is_some_and(|tracker| !tracker.take()) {
            return Err(gave_up());
        }
        let prepared = Prepared::new(request, of_request, self.settings.deadline)?;
        let pool = if prepared.plain {
            &self.pools.loopback
        } else {
            &self.pools.secure
        };
        let response = pool.execute(prepared.request).await;
        let response = response.map_err(|error| classify(&error, prepared.exchange.abandon()))?;
        let response = Response::<reqwest::Body>::from(response);
        Ok(response.map(|body| ResponseBody::new(body, self.settings.max_response_len)))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings {
            deadline,
            retries,
            max_response_len,
        } = self.settings();
        f.debug_struct("Client")
            .field("deadline", &deadline)
            .field("retries", &retries)
            .field("max_response_len", &max_response_len)
            .finish_non_exhaustive()
    }
}
