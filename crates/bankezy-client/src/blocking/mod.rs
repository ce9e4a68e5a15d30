//! The client for code without a runtime.

mod bankezy;
mod driver;
mod session;

pub use bankezy::BlockingBankEzyClient;
pub use session::BlockingSessionKeeper;

use core::fmt;
use core::time::Duration;

use bankezy_crypto::SecretBytes;
use http::{Request, Response};

use self::driver::Driver;
use super::{Client, ClientError, Delivery};

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
/// use bankezy_client::BlockingClient;
///
/// let client = BlockingClient::builder().build_blocking()?;
/// let request = http::Request::get("https://api.example.com/").body(SecretBytes::new())?;
/// println!("{}", client.send(request)?.status());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BlockingClient {
    client: Client,
    driver: Driver,
}

impl BlockingClient {
    /// Sends a request once and never again, within the deadline; see [`Client::send`].
    ///
    /// # Errors
    /// [`ClientError`]; its [`delivery`](ClientError::delivery) says whether the server may have received it.
    pub fn send(
        &self,
        request: Request<SecretBytes>,
    ) -> Result<Response<SecretBytes>, ClientError> {
        self.wait(self.client.send(request))
    }

    /// Sends what `make` makes, and again where the [`RetryPolicy`](super::RetryPolicy) allows it,
    /// within the deadline; see [`Client::execute`]. `make` is called on this thread.
    ///
    /// # Errors
    /// [`ClientError`] of the last attempt, and [`ClientError::RequestBuild`] with what `make`
    /// failed with.
    pub fn execute<E>(
        &self,
        make: impl FnMut() -> Result<Request<SecretBytes>, E>,
    ) -> Result<Response<SecretBytes>, ClientError<E>> {
        self.wait(self.client.execute(make))
    }

    pub(super) fn start(client: Client) -> Result<Self, ClientError> {
        let driver = Driver::start()?;
        Ok(Self { client, driver })
    }

    fn wait<T, E>(
        &self,
        call: impl Future<Output = Result<T, ClientError<E>>>,
    ) -> Result<T, ClientError<E>> {
        let limit = self.client.settings().deadline + GRACE;
        let late = ClientError::Timeout {
            delivery: Delivery::PossiblySent,
        };
        self.driver.wait(call, limit).unwrap_or(Err(late))
    }
}

impl fmt::Debug for BlockingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingClient").field(&self.client).finish()
    }
}
