//! Runs asynchronous code for callers without a runtime.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Arc, mpsc};
use std::task::Wake;
use std::thread;
use std::time::Instant;

use tokio::runtime::{self, Handle};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::unconstrained;

use crate::{ClientError, Setting};

/// A thread with a runtime, which does the I/O, the timers and what is spawned. It ends with the
/// last clone.
#[derive(Clone)]
pub(super) struct Driver {
    runtime: Handle,
    /// Nothing is sent: that it is there keeps the thread.
    _running: Sender<()>,
}

impl Driver {
    pub(super) fn start() -> Result<Self, ClientError> {
        let (running, mut ended) = channel(1);
        let (ready, started) = mpsc::sync_channel(1);
        // The runtime is made and dropped on its thread: dropping it within another one panics.
        let spawned = thread::Builder::new()
            .name("bankezy-client".to_owned())
            .spawn(move || {
                let runtime = runtime::Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .build();
                if let Ok(runtime) = runtime {
                    let _ = ready.send(runtime.handle().clone());
                    runtime.block_on(ended.recv());
                    runtime.shutdown_background();
                }
            });
        match (spawned, started.recv()) {
            (Ok(_), Ok(runtime)) => Ok(Self {
                runtime,
                _running: running,
            }),
            _ => Err(ClientError::Configuration {
                what: Setting::Thread,
            }),
        }
    }

    /// Waits on this thread for a future that the driver's thread brings forward; `None` where that
    /// takes longer than `limit`.
    ///
    /// Not the runtime's own `block_on`, which panics within another runtime.
    pub(super) fn wait<F: Future>(&self, future: F, limit: Duration) -> Option<F::Output> {
        let (wake, woken) = mpsc::sync_channel(1);
        let waker = Waker::from(Arc::new(Signal(wake)));
        let mut context = Context::from_waker(&waker);
        let started = Instant::now();
        let _entered = self.runtime.enter();
        // Within a task of another runtime the budget of that task would run out, and the future
        // would wait for that runtime while its thread waits here.
        let mut future = pin!(unconstrained(future));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Some(output);
            }
            let left = limit.saturating_sub(started.elapsed());
            woken.recv_timeout(left).ok()?;
        }
    }
}

struct Signal(mpsc::SyncSender<()>);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Where it is full, a wake-up is waiting already.
        let _ = self.0.try_send(());
    }
}
