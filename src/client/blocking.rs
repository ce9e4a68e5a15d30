//! The client for code without a runtime.

use core::convert::Infallible;
use core::fmt;
use core::time::Duration;
use std::sync::{Arc, mpsc};
use std::thread;

use http::{Request, Response};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::call::{Call, Next};
use super::{Client, ClientBuilder, ClientError, Prepared, RetryPolicy, Sent, Setting};
use crate::secret::SecretBytes;

/// What the thread may take to say that the deadline has passed.
const GRACE: Duration = Duration::from_millis(500);

/// The same as [`Client`], for code without a runtime: each call blocks its thread.
///
/// It has a thread of its own that does the I/O. Cheap to clone and to share between threads; the
/// thread ends with the last clone. It also works from within a runtime, where it blocks the thread
/// it is called on, as any blocking call does. After a `fork` the child has no such thread: build
/// the client after it.
///
/// ```no_run
/// use bankezy_crypto::SecretBytes;
/// use bankezy_crypto::client::BlockingClient;
///
/// let client = BlockingClient::builder().build_blocking()?;
/// let request = http::Request::get("https://api.example.com/").body(SecretBytes::new())?;
/// println!("{}", client.send(request)?.status());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BlockingClient {
    client: Client,
    jobs: UnboundedSender<Job>,
}

struct Job {
    prepared: Prepared,
    deadline: Instant,
    answer: mpsc::SyncSender<Result<Response<SecretBytes>, ClientError>>,
}

impl BlockingClient {
    /// Starts a client; finish with [`build_blocking`](ClientBuilder::build_blocking).
    #[must_use]
    pub fn builder() -> ClientBuilder {
        Client::builder()
    }

    /// Sends a request once and never again, within the deadline; see [`Client::send`].
    ///
    /// # Errors
    /// [`ClientError`]; its [`sent`](ClientError::sent) says whether the server can have seen it.
    pub fn send(
        &self,
        request: Request<SecretBytes>,
    ) -> Result<Response<SecretBytes>, ClientError> {
        let mut request = Some(request);
        let make = || Ok::<_, Infallible>(request.take().unwrap_or_default());
        self.run(RetryPolicy::none(), make)
    }

    /// Sends what `make` makes, and again where the [`RetryPolicy`] allows it, within the deadline;
    /// see [`Client::execute`]. `make` is called on this thread.
    ///
    /// # Errors
    /// [`ClientError`] of the last attempt, and [`ClientError::RequestBuild`] with what `make`
    /// failed with.
    pub fn execute<E>(
        &self,
        make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Response<SecretBytes>, ClientError<E>> {
        self.run(self.client.shared.settings.retries, make)
    }

    pub(super) fn start(client: Client) -> Result<Self, ClientError> {
        let (jobs, queue) = unbounded_channel();
        let (ready, started) = mpsc::sync_channel(1);
        let shared = client.clone();
        // The runtime is made and dropped on its thread: dropping it within another one panics.
        let spawned = thread::Builder::new()
            .name("bankezy-client".to_owned())
            .spawn(move || {
                let runtime = runtime::Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .build();
                let _ = ready.send(runtime.is_ok());
                if let Ok(runtime) = runtime {
                    runtime.block_on(work(shared, queue));
                    runtime.shutdown_background();
                }
            });
        match spawned.is_ok() && started.recv() == Ok(true) {
            true => Ok(Self { client, jobs }),
            false => Err(ClientError::Configuration {
                what: Setting::Thread,
            }),
        }
    }

    fn run<E>(
        &self,
        retries: RetryPolicy,
        mut make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Response<SecretBytes>, ClientError<E>> {
        let mut call = Call::new(retries, self.client.shared.settings.deadline);
        let _entered = call.span().entered();
        loop {
            let prepared = call.prepare(&mut make)?;
            let summary = prepared.summary();
            let result = self.attempt(prepared, call.deadline());
            match call.judge(&summary, result) {
                Next::Done(result) => return result.map_err(ClientError::widen),
                Next::Again(wait) => thread::sleep(wait),
            }
        }
    }

    fn attempt(
        &self,
        prepared: Prepared,
        deadline: Instant,
    ) -> Result<Response<SecretBytes>, ClientError> {
        let (answer, result) = mpsc::sync_channel(1);
        let job = Job {
            prepared,
            deadline,
            answer,
        };
        if self.jobs.send(job).is_err() {
            return Err(ClientError::Interrupted { sent: Sent::No });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match result.recv_timeout(left + GRACE) {
            Ok(result) => result,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(ClientError::Timeout { sent: Sent::Maybe }),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(ClientError::Interrupted { sent: Sent::Maybe })
            }
        }
    }
}

async fn work(client: Client, mut queue: UnboundedReceiver<Job>) {
    while let Some(job) = queue.recv().await {
        let shared = Arc::clone(&client.shared);
        tokio::spawn(async move {
            let result = shared.transport.run(job.prepared, job.deadline).await;
            // Nobody waits any more: there is nobody to tell.
            let _ = job.answer.send(result);
        });
    }
}

impl fmt::Debug for BlockingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingClient").field(&self.client).finish()
    }
}
