//! Whether a request may have reached its server, and how a transport and a caller that waits agree on it.

mod advice;
#[cfg(all(test, shuttle))]
mod models;

pub use advice::Advice;

use core::fmt;
use std::sync::Arc;

use crate::sync::atomic::{AtomicU8, Ordering};

/// Whether a server may have received a request, and so may have executed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Not one byte of it was sent.
    NotSent,
    /// It was sent in part or in full, or nothing is known about it.
    PossiblySent,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "nothing was sent",
            Self::PossiblySent => "the server may have executed the request",
        })
    }
}

/// A request extension by which a transport tells whether it has begun to send the request.
///
/// Errors cannot carry this through middleware, which boxes or replaces them. Clones share one state:
/// keep one clone, and put another into [`http::Request::extensions_mut`]. The transport and the
/// caller decide by compare-and-swap, so exactly one of them wins:
/// - The transport calls [`take`](Self::take) as soon as it has the request, and
///   [`begin`](Self::begin) right before it writes the first byte. If either returns `false`, the
///   caller has given up and the transport sends nothing.
/// - The caller calls [`abandon`](Self::abandon) when it stops waiting, whatever the reason. After
///   [`Delivery::NotSent`] the transport cannot begin any more.
///
/// A transport that does not know this type leaves the state as it is, which counts as
/// [`Delivery::PossiblySent`]. Once begun it stays begun, also if middleware sends the request again.
///
/// [`http::Request::extensions_mut`]: https://docs.rs/http/1/http/request/struct.Request.html#method.extensions_mut
///
/// ```
/// use bankezy_crypto::{Delivery, DeliveryTracker};
///
/// let tracker = DeliveryTracker::new();
/// assert!(tracker.take()); // the transport, which then connects
/// assert_eq!(tracker.abandon(), Delivery::NotSent); // the caller, at its deadline
/// assert!(!tracker.begin(), "the transport must not send it any more");
/// ```
#[derive(Clone, Default)]
pub struct DeliveryTracker {
    state: Arc<AtomicU8>,
}

/// No transport has taken the request.
const UNREPORTED: u8 = 0;
/// A transport that reports has it, and has sent nothing.
const TAKEN: u8 = 1;
/// The first byte may have been written.
const BEGUN: u8 = 2;
/// The caller gave up before the first byte.
const ABANDONED: u8 = 3;
/// The caller gave up without a report from any transport.
const ABANDONED_UNREPORTED: u8 = 4;

impl DeliveryTracker {
    /// A tracker of one request, which no transport has yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For a transport: takes the request and promises to call [`begin`](Self::begin) before the first
    /// byte. Returns `false` if the caller has given up.
    #[must_use = "a request that was given up is not to be sent"]
    pub fn take(&self) -> bool {
        match self.swap(UNREPORTED, TAKEN) {
            Ok(_) => true,
            Err(state) => matches!(state, TAKEN | BEGUN),
        }
    }

    /// For a transport: the first byte is written next. Returns `false` if the caller has given up.
    #[must_use = "a request that was given up is not to be sent"]
    pub fn begin(&self) -> bool {
        let begun = self.swap(TAKEN, BEGUN).or_else(|state| match state {
            UNREPORTED => self.swap(UNREPORTED, BEGUN),
            _ => Err(state),
        });
        match begun {
            Ok(_) => true,
            // Another clone may have taken it in between.
            Err(TAKEN) => self.begin(),
            Err(state) => state == BEGUN,
        }
    }

    /// For the caller: gives the request up, so that a transport that has not begun cannot begin any
    /// more. Later calls return the same.
    #[must_use]
    pub fn abandon(&self) -> Delivery {
        let abandoned = self.swap(TAKEN, ABANDONED).or_else(|state| match state {
            UNREPORTED => self.swap(UNREPORTED, ABANDONED_UNREPORTED),
            _ => Err(state),
        });
        match abandoned {
            Ok(TAKEN) | Err(ABANDONED) => Delivery::NotSent,
            // A transport took it in between.
            Err(TAKEN) => self.abandon(),
            Ok(_) | Err(_) => Delivery::PossiblySent,
        }
    }

    /// For a transport: whether the caller has given up.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        matches!(
            self.state.load(Ordering::Acquire),
            ABANDONED | ABANDONED_UNREPORTED
        )
    }

    fn swap(&self, from: u8, to: u8) -> Result<u8, u8> {
        self.state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
    }
}

impl fmt::Debug for DeliveryTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state.load(Ordering::Acquire) {
            UNREPORTED => "unreported",
            TAKEN => "taken",
            BEGUN => "begun",
            _ => "abandoned",
        };
        write!(f, "DeliveryTracker({state})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn a_transport_that_reports_nothing_counts_as_possibly_sent() {
        let silent = DeliveryTracker::new();
        assert_eq!(silent.abandon(), Delivery::PossiblySent);
        assert_eq!(silent.abandon(), Delivery::PossiblySent);
        // One that comes late obeys all the same.
        assert!(!silent.take() && !silent.begin());
    }

    #[test]
    fn what_was_abandoned_does_not_begin_and_what_has_begun_stays_begun() {
        let taken = DeliveryTracker::new();
        assert!(taken.take() && taken.take());
        assert_eq!(taken.abandon(), Delivery::NotSent);
        assert_eq!(taken.abandon(), Delivery::NotSent);
        assert!(!taken.take() && !taken.begin() && taken.is_abandoned());

        let begun = DeliveryTracker::new();
        assert!(begun.take() && begun.begin() && begun.begin());
        assert_eq!(begun.abandon(), Delivery::PossiblySent);
        assert!(!begun.is_abandoned());
        // As a retry in the middle would.
        assert!(begun.take());
        assert_eq!(begun.abandon(), Delivery::PossiblySent);

        let at_once = DeliveryTracker::new();
        assert!(at_once.begin());
        assert_eq!(at_once.abandon(), Delivery::PossiblySent);
    }

    #[test]
    fn exactly_one_side_wins() {
        for _ in 0..if cfg!(miri) { 20 } else { 2_000 } {
            let tracker = DeliveryTracker::new();
            assert!(tracker.take());
            let start = Barrier::new(2);
            let (begun, delivery) = thread::scope(|scope| {
                let transport = scope.spawn(|| {
                    start.wait();
                    tracker.begin()
                });
                start.wait();
                let delivery = tracker.abandon();
                (transport.join().unwrap(), delivery)
            });
            assert_eq!(begun, delivery == Delivery::PossiblySent);
        }
    }

    #[test]
    fn debug_shows_the_state_alone() {
        let tracker = DeliveryTracker::new();
        assert_eq!(format!("{tracker:?}"), "DeliveryTracker(unreported)");
        assert!(tracker.take());
        assert_eq!(format!("{tracker:?}"), "DeliveryTracker(taken)");
        assert!(tracker.begin());
        assert_eq!(format!("{tracker:?}"), "DeliveryTracker(begun)");
    }
}
