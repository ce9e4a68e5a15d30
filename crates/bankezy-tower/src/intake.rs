//! Reads the bodies of requests within limits on their number, their bytes and their time.

use std::sync::Arc;
use std::time::Duration;

use http_body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::timeout;

use super::body::{self, Cause, Collected, NotCollected};
use super::limits::semaphore;
use super::refusal::{Refusal, refusal_of_request};

pub(super) const DEFAULT_MAX_PENDING: usize = 1024;
pub(super) const DEFAULT_MAX_PENDING_BYTES: usize = 64 * 1024 * 1024;
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// The limits on requests that the service has not taken yet. Clones share what is taken.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    requests: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    deadline: Duration,
}

/// What a request takes of the limits until the service takes the request.
#[derive(Debug)]
pub(super) struct Pending {
    _request: OwnedSemaphorePermit,
    bytes: Option<OwnedSemaphorePermit>,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            requests: semaphore(DEFAULT_MAX_PENDING),
            bytes: semaphore(DEFAULT_MAX_PENDING_BYTES),
            deadline: DEFAULT_DEADLINE,
        }
    }
}

impl Intake {
    pub(super) fn set_max_requests(&mut self, max: usize) {
        self.requests = semaphore(max);
    }

    pub(super) fn set_max_bytes(&mut self, max: usize) {
        self.bytes = semaphore(max);
    }

    pub(super) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Reads a body of at most `max` bytes.
    pub(super) async fn read<B>(&self, body: B, max: usize) -> Result<(Collected, Pending), Refusal>
    where
        B: Body<Error: Into<Cause>>,
    {
        let request = Arc::clone(&self.requests).try_acquire_owned();
        let mut pending = Pending {
            _request: request.map_err(|_| Refusal::Overloaded)?,
            bytes: None,
        };
        let has_room = |len| self.take_bytes(&mut pending, len).is_ok();
        let reading = body::collect_counted(body, max, has_room, NotCollected::because_of);
        let read = timeout(self.deadline, reading).await;
        let read = read.map_err(|_| Refusal::RequestTimedOut)?;
        let body = read.map_err(|error| refusal_of_request(&error, max))?;
        Ok((body, pending))
    }

    /// Bytes count as they arrive: an announced length alone takes nothing from others.
    fn take_bytes(&self, pending: &mut Pending, len: usize) -> Result<(), TryAcquireError> {
        let len = u32::try_from(len).map_err(|_| TryAcquireError::NoPermits)?;
        let more = Arc::clone(&self.bytes).try_acquire_many_owned(len)?;
        match &mut pending.bytes {
            Some(bytes) => bytes.merge(more),
            None => pending.bytes = Some(more),
        }
        Ok(())
    }
}
