//! Wraps the clients for code without an async runtime.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::process;
use std::sync::{Arc, mpsc};
use std::task::Wake;
use std::thread::{self, Thread};
use std::time::Instant;

use bankezy_crypto::Delivery;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::{JoinHandle, unconstrained};

use super::transport::timed_out;
use super::{ClientError, ClientErrorKind, Setting};

/// How long the thread may be blocked while a call waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client of this crate for code without an async runtime: each call blocks the calling thread.
///
/// A background thread does the I/O and ends when the last clone is dropped. Clones are as cheap as those of
/// `T`. It also works inside a runtime, where it blocks the calling thread like any blocking call. The child
/// of a `fork` does not have the background thread, and each call in it fails: build the client after the
/// fork.
///
/// ```no_run
/// use bankezy_client::{BankEzyClient, Client, SessionKeeper};
/// use bankezy_crypto::providers::{BaseUrl, bankezy::*};
/// use bankezy_crypto::{Derivation, KeyPair};
///
/// let base = BaseUrl::parse("https://api.example.com/kong")?;
/// let server = BankEzy::new(base, "api-key", Version::V2)?;
/// let client = Client::builder().build_blocking()?;
/// let bankezy = client.map(|client| BankEzyClient::new(client, server));
/// let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
/// let pair = KeyPair::generate()?;
/// let session = bankezy
///     .run(async |bankezy| bankezy.app_token(&credentials, pair, &Derivation::Sha256).await)?;
/// println!("{:?}", session.answer.token.expires_at());
///
/// // A keeper's login is an async closure here too. It runs on the background thread, so what blocks
/// // belongs into `tokio::task::spawn_blocking`.
/// let keeper = bankezy.map(|client| {
///     SessionKeeper::new(client, |client| async move {
///         let credentials = AppCredentials { api_key: "app-key", secret: "app-secret" };
///         let pair = KeyPair::generate()?;
///         Ok(client.app_token(&credentials, pair, &Derivation::Sha256).await?.into())
///     })
/// });
/// let answer: serde_json::Value = keeper.run(async |keeper| keeper.call("/pay", &100).await)?;
/// println!("{}", Outcome::of(&answer)); // its codes: `Ok` says only that the answer opened
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Blocking<T> {
    inner: T,
    driver: Driver,
}

impl<T> Blocking<T> {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`ClientErrorKind::Configuration`](crate::ClientErrorKind::Configuration) if the thread could not be started.
    pub fn new(inner: T) -> Result<Self, ClientError> {
        let driver = Driver::start()?;
        Ok(Self { inner, driver })
    }

    /// Turns the client into another one, which uses the same thread.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Blocking<U> {
        Blocking {
            inner: make(self.inner),
            driver: self.driver,
        }
    }

    /// Makes one call and waits for it. The closure runs on the calling thread.
    ///
    /// # Errors
    /// The error of the call; [`ClientErrorKind::ThreadEnded`](crate::ClientErrorKind::ThreadEnded) if the
    /// background thread has ended, and [`ClientErrorKind::Timeout`](crate::ClientErrorKind::Timeout) if it
    /// is blocked for 10 s.
    pub fn run<R, E: From<ClientError>>(
        &self,
        call: impl AsyncFnOnce(&T) -> Result<R, E>,
    ) -> Result<R, E> {
        self.driver.wait(call(&self.inner), PATIENCE)?
    }
}

/// How often a waiting call checks that the driver's thread is still running.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// A thread with a runtime, which does the I/O and timers and runs spawned tasks. It ends when the last
/// clone is dropped.
#[derive(Debug, Clone)]
struct Driver {
    runtime: Handle,
    /// The child of a fork does not have the thread.
    process: u32,
    /// Nothing is sent: the thread runs as long as a sender exists, and drops the receiver when it ends.
    running: Sender<()>,
}

impl Driver {
    fn start() -> Result<Self, ClientError> {
        let (running, mut ended) = channel(1);
        let (give, given) = mpsc::sync_channel::<Runtime>(1);
        let thread = thread::Builder::new().name("bankezy-client".to_owned());
        let run = move || {
            // Dropped on its own thread: dropping it inside another runtime panics.
            if let Ok(runtime) = given.recv() {
                runtime.block_on(ended.recv());
                runtime.shutdown_background();
            }
        };
        thread.spawn(run).map_err(|_| Setting::Thread)?;
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_all().build().map_err(|_| Setting::Thread)?;
        let (handle, process) = (runtime.handle().clone(), process::id());
        // The thread waits for it.
        let _ = give.send(runtime);
        Ok(Self {
            runtime: handle,
            process,
            running,
        })
    }

    /// Polls a future on this thread while the driver's thread does its I/O, and until that thread has been
    /// blocked for so long that the future's own deadline cannot be relied on.
    ///
    /// The runtime's own `block_on` would panic inside another runtime.
    fn wait<F: Future>(&self, future: F, patience: Duration) -> Result<F::Output, ClientError> {
        if self.has_ended() {
            return Err(ended(Delivery::NotSent));
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        // A task that does nothing ends at once, unless the thread is blocked.
        let mut probe: Option<(JoinHandle<()>, Instant)> = None;
        let _entered = self.runtime.enter();
        // Inside a task of another runtime the future would use up that task's budget, then wait for that
        // runtime, whose thread is blocked here.
        let mut future = pin!(unconstrained(future));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Ok(output);
            }
            // May return early: the future is then polled once more than needed.
            thread::park_timeout(LOOKS_EVERY);
            if self.has_ended() {
                return Err(ended(Delivery::PossiblySent));
            }
            match &probe {
                Some((task, since)) if !task.is_finished() => {
                    if since.elapsed() > patience {
                        return Err(timed_out(Delivery::PossiblySent));
                    }
                }
                _ => probe = Some((self.runtime.spawn(async {}), Instant::now())),
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.running.is_closed() || self.process != process::id()
    }
}

fn ended(delivery: Delivery) -> ClientError {
    ClientError::new(ClientErrorKind::ThreadEnded, delivery)
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::pending;

    const LIMIT: Duration = Duration::from_millis(300);

    fn ended<T>(delivery: Delivery) -> Result<T, ClientError> {
        Err(super::ended(delivery))
    }

    #[test]
    fn a_call_on_a_thread_that_has_ended_fails_at_once() {
        let mut driver = Driver::start().unwrap();
        assert_eq!(driver.wait(async { 1 }, LIMIT), Ok(1));
        let (running, receiver) = channel(1);
        driver.running = running;
        let during = driver.clone();
        let waiting = thread::spawn(move || during.wait(pending::<()>(), Duration::from_secs(60)));
        thread::sleep(LIMIT / 3);
        drop(receiver);
        assert_eq!(waiting.join().unwrap(), ended(Delivery::PossiblySent));
        let late = driver.wait(async { 1 }, LIMIT);
        assert_eq!(late, ended(Delivery::NotSent));
    }

    #[test]
    fn a_thread_that_stands_still_holds_nobody_up() {
        let driver = Driver::start().unwrap();
        driver.runtime.spawn(async { thread::sleep(20 * LIMIT) });
        let waited = driver.wait(async { tokio::time::sleep(LIMIT / 10).await }, LIMIT);
        assert_eq!(
            waited,
            Err(ClientError::new(
                ClientErrorKind::Timeout,
                Delivery::PossiblySent
            ))
        );
    }

    #[test]
    fn the_child_of_a_fork_has_no_thread() {
        let mut driver = Driver::start().unwrap();
        driver.process = driver.process.wrapping_add(1);
        let called = driver.wait(pending::<()>(), LIMIT);
        assert_eq!(called, ended(Delivery::NotSent));
    }
}
