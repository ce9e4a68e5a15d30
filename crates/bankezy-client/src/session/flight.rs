//! A login or renewal under way: one at a time, whoever waits.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout_at};

use super::{LoginError, Session};

pub(super) type Landed = Result<Arc<Session>, Arc<LoginError>>;

/// A login or renewal under way, seen by one who waits for it.
#[derive(Clone)]
pub(super) struct Flight {
    landed: watch::Receiver<Option<Landed>>,
    /// By when it has landed, unless its runtime stands still.
    ends: Instant,
}

/// What a task may take to say that the deadline has passed.
const GRACE: Duration = Duration::from_millis(500);

impl Flight {
    /// To land by `deadline`.
    pub(super) fn new(landed: watch::Receiver<Option<Landed>>, deadline: Instant) -> Self {
        Self {
            landed,
            ends: deadline + GRACE,
        }
    }

    /// Whether those who wait have gone on without it.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() > self.ends
    }

    pub(super) async fn landed(mut self) -> Landed {
        match timeout_at(self.ends, self.landed.wait_for(Option::is_some)).await {
            Ok(Ok(landed)) => match landed.as_ref() {
                Some(landed) => landed.clone(),
                None => Err(Arc::new(LoginError::Abandoned)),
            },
            Ok(Err(_)) => Err(Arc::new(LoginError::Abandoned)),
            Err(_) => Err(Arc::new(LoginError::TimedOut)),
        }
    }

    /// Whether the runtime that it ran on ended before it did, or stands still.
    pub(super) fn is_lost(&self) -> bool {
        self.landed.has_changed().is_err() || self.is_late()
    }
}
