//! The asynchronous client.

use core::convert::Infallible;
use core::fmt;
use std::sync::Arc;

use bankezy_crypto::SecretBytes;
use http::{Request, Response};
use tracing::Instrument as _;

use super::call::{Call, Next, Settings};
use super::transport::Transport;
use super::{ClientError, RetryPolicy};

/// An asynchronous HTTP client with a pool of connections.
///
/// Make one per process and clone it: clones share the pool. It runs on tokio.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) transport: Transport,
    pub(super) settings: Settings,
}

impl Client {
    /// Sends a request once and never again, within the deadline.
    ///
    /// Any status is a response, also a redirect, a 401 or a 500. Dropping the future gives the
    /// request up; the server may then have executed it.
    ///
    /// # Errors
    /// [`ClientError`]; its [`sent`](ClientError::sent) says whether the server can have seen it.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`BlockingClient`](super::BlockingClient) needs none.
    pub async fn send(
        &self,
        request: Request<SecretBytes>,
    ) -> Result<Response<SecretBytes>, ClientError> {
        let mut request = Some(request);
        let make = || Ok::<_, Infallible>(request.take().unwrap_or_default());
        self.run(RetryPolicy::none(), make).await
    }

    /// Sends what `make` makes, and again where the [`RetryPolicy`] allows it, within the deadline.
    ///
    /// `make` is called once an attempt: seal in it, so that each attempt has a fresh nonce. Dropping
    /// the future gives the request up; the server may then have executed it.
    ///
    /// # Errors
    /// [`ClientError`] of the last attempt, and [`ClientError::RequestBuild`] with what `make`
    /// failed with.
    ///
    /// # Panics
    /// Outside of a tokio runtime. [`BlockingClient`](super::BlockingClient) needs none.
    pub async fn execute<E>(
        &self,
        make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Response<SecretBytes>, ClientError<E>> {
        self.run(self.shared.settings.retries, make).await
    }

    async fn run<E>(
        &self,
        retries: RetryPolicy,
        mut make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Response<SecretBytes>, ClientError<E>> {
        let mut call = Call::new(retries, self.shared.settings.deadline);
        let span = call.span();
        async {
            loop {
                let prepared = call.prepare(&mut make)?;
                let summary = prepared.summary();
                let result = self.shared.transport.run(prepared, call.deadline()).await;
                match call.judge(&summary, result) {
                    Next::Done(result) => return result.map_err(ClientError::widen),
                    Next::Again(wait) => tokio::time::sleep(wait).await,
                }
            }
        }
        .instrument(span)
        .await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("deadline", &self.shared.settings.deadline)
            .field("retries", &self.shared.settings.retries)
            .field(
                "max_response_len",
                &self.shared.transport.max_response_len(),
            )
            .finish_non_exhaustive()
    }
}
