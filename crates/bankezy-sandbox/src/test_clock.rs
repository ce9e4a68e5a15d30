//! A clock that stands still, for unit tests.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A clock that moves only when a test moves it: for the settings of a session keeper or a token cache, and for
/// everything else that takes a time of day. Clones are the same clock.
///
/// Waits, deadlines and back-off follow tokio's clock: pause it with `tokio::time::pause`, or with
/// `#[tokio::test(start_paused = true)]`.
///
/// ```
/// use std::time::Duration;
///
/// use bankezy_sandbox::TestClock;
///
/// let clock = TestClock::default();
/// let read = clock.reader(); // such as for `RefreshSettings::clock`
/// let start = read();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(read(), start + Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Mutex<SystemTime>>);

impl TestClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    /// The time that it shows.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it, also back, as happens to system clocks.
    pub fn set(&self, time: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// Moves it forward. It stays where it is if the time would be too large for the system.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(*now);
    }

    /// A function that reads it.
    pub fn reader(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static + use<> {
        let clock = self.clone();
        move || clock.now()
    }
}

/// A clock that shows the time at which it was made.
impl Default for TestClock {
    fn default() -> Self {
        Self::at(SystemTime::now())
    }
}
