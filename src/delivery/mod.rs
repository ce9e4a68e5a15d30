//! Whether a request may have reached its server, and how a transport and a caller that waits agree on it.

mod advice;
#[cfg(all(test, shuttle))]
mod models;

pub use advice::Advice;

use core::fmt;
use std::sync::Arc;

use crate::sync::atomic::{AtomicU8, AtomicU32, Ordering};

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
/// Errors cannot carry this through middleware, which boxes or replaces them. The caller keeps the tracker that
/// [`new`](Self::new) made, and puts a clone of it into [`http::Request::extensions_mut`]. They share one state, on
/// which transport and caller decide by compare-and-swap, so exactly one of them wins:
/// - The transport calls [`take`](Self::take) on the tracker in its request as soon as it has the request, and
///   [`begin`](Self::begin) right before it writes the first byte. If either returns `false`, the
///   caller has given up and the transport sends nothing.
/// - The caller calls [`abandon`](Self::abandon) when it stops waiting, whatever the reason. After
///   [`Delivery::NotSent`] the transport cannot begin any more.
///
/// A clone of a request has a clone of the tracker, and each of these copies counts by itself. Only if transports took
/// every copy and began with none, nothing was sent. A copy that nobody took counts as [`Delivery::PossiblySent`],
/// also after it was dropped: a transport that does not know this type may have sent it. Once begun it stays
/// begun, also if middleware sends the request again.
///
/// What middleware has to do:
/// - If it hands its request or clones of it on, such as a timeout or a failover: nothing. A clone that is never used,
///   such as the last one of a retry layer, makes "not sent" into "possibly sent".
/// - If it fails before it hands its request on: take the tracker in that request, without a clone of it, and drop both.
/// - If it sends another request, without the extensions of its own: clone the tracker, take the clone, and begin with
///   it right before the other request is sent. Nothing else knows of that request.
///
/// [`http::Request::extensions_mut`]: https://docs.rs/http/1/http/request/struct.Request.html#method.extensions_mut
///
/// ```
/// use bankezy_crypto::{Delivery, DeliveryTracker};
///
/// let tracker = DeliveryTracker::new();
/// let in_request = tracker.clone();
/// assert!(in_request.take()); // the transport, which then connects
/// assert_eq!(tracker.abandon(), Delivery::NotSent); // the caller, at its deadline
/// assert!(!in_request.begin(), "the transport must not send it any more");
///
/// let tracker = DeliveryTracker::new();
/// let [first, _second] = [tracker.clone(), tracker.clone()];
/// assert!(first.take());
/// assert_eq!(tracker.abandon(), Delivery::PossiblySent); // nothing is known of the second copy
/// ```
pub struct DeliveryTracker {
    /// The state, plus [`COPY`] for each copy that no transport took. One word, so that one swap decides.
    shared: Arc<AtomicU32>,
    role: AtomicU8,
}

/// No transport has taken the request.
const UNREPORTED: u32 = 0;
/// A transport that reports has it, and has sent nothing.
const TAKEN: u32 = 1;
/// The first byte may have been written.
const BEGUN: u32 = 2;
/// The caller gave up before the first byte.
const ABANDONED: u32 = 3;
/// The caller gave up, and some copy was not reported on.
const ABANDONED_UNREPORTED: u32 = 4;
/// The bits of the state.
const STATE: u32 = 7;
/// Above the state: one copy that no transport took. Later states have no use for the count.
const COPY: u32 = 8;

/// The tracker that the caller keeps.
const OF_CALLER: u8 = 0;
/// The tracker in a copy of the request that no transport took.
const OF_COPY: u8 = 1;
/// The tracker of a transport, with all its clones.
const OF_TRANSPORT: u8 = 2;

impl DeliveryTracker {
    /// A tracker of one request, for its caller to keep. No transport has the request yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(AtomicU32::new(UNREPORTED)),
            role: AtomicU8::new(OF_CALLER),
        }
    }

    /// For a transport: takes this copy of the request and promises to call [`begin`](Self::begin) before the first
    /// byte. Clones made from now on are the transport's own. Returns `false` if the caller has given up.
    #[must_use = "a request that was given up is not to be sent"]
    pub fn take(&self) -> bool {
        let (acq_rel, acquire) = (Ordering::AcqRel, Ordering::Acquire);
        let role = &self.role;
        let was_copy = role.compare_exchange(OF_COPY, OF_TRANSPORT, acq_rel, acquire);
        let copies = if was_copy.is_ok() { COPY } else { 0 };
        let taken = self.update(|shared| (shared.wrapping_sub(copies) & !STATE) | TAKEN);
        matches!(taken, Ok(_) | Err(BEGUN))
    }

    /// For a transport: the first byte is written next. Returns `false` if the caller has given up.
    #[must_use = "a request that was given up is not to be sent"]
    pub fn begin(&self) -> bool {
        matches!(self.update(|_| BEGUN), Ok(_) | Err(BEGUN))
    }

    /// For the caller: gives the request up, so that a transport that has not begun cannot begin any
    /// more. Later calls return the same.
    #[must_use]
    pub fn abandon(&self) -> Delivery {
        let before = self.update(|shared| match shared {
            TAKEN => ABANDONED,
            _ => ABANDONED_UNREPORTED,
        });
        match before {
            Ok(TAKEN) | Err(ABANDONED) => Delivery::NotSent,
            Ok(_) | Err(_) => Delivery::PossiblySent,
        }
    }

    /// For a transport: whether the caller has given up.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        matches!(self.state(), ABANDONED | ABANDONED_UNREPORTED)
    }

    fn state(&self) -> u32 {
        self.shared.load(Ordering::Acquire) & STATE
    }

    /// Swaps what is shared, and returns what it was. If the request was begun or given up, it stays as it is, and
    /// its state is the error.
    fn update(&self, next: impl Fn(u32) -> u32) -> Result<u32, u32> {
        let is_open = |shared| matches!(shared & STATE, UNREPORTED | TAKEN);
        let next = |shared| is_open(shared).then(|| next(shared));
        let (acq_rel, acquire) = (Ordering::AcqRel, Ordering::Acquire);
        let updated = self.shared.fetch_update(acq_rel, acquire, next);
        updated.map_err(|shared| shared & STATE)
    }
}

impl Default for DeliveryTracker {
    fn default() -> Self {
        Self::new()
    }
}

/// A copy for another request, or another tracker of the transport that took this one.
impl Clone for DeliveryTracker {
    fn clone(&self) -> Self {
        let mut role = self.role.load(Ordering::Acquire);
        if role != OF_TRANSPORT {
            role = OF_COPY;
            // There is room for half a billion copies, and one more must not empty the count.
            let _ = self.update(|shared| shared.checked_add(COPY).unwrap_or(shared));
        }
        Self {
            shared: Arc::clone(&self.shared),
            role: AtomicU8::new(role),
        }
    }
}

impl fmt::Debug for DeliveryTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state() {
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
        let (caller, taken) = of_request();
        assert!(taken.take() && taken.take());
        assert_eq!(caller.abandon(), Delivery::NotSent);
        assert_eq!(caller.abandon(), Delivery::NotSent);
        let late = caller.clone();
        assert!(!late.take() && !late.begin() && !taken.take() && !taken.begin());
        assert!(late.is_abandoned());
        assert_eq!(caller.abandon(), Delivery::NotSent);

        let (caller, begun) = of_request();
        assert!(begun.take() && begun.begin() && begun.begin());
        assert_eq!(caller.abandon(), Delivery::PossiblySent);
        assert!(!begun.is_abandoned());
        // As a retry in the middle would.
        let again = caller.clone();
        assert!(again.take() && begun.take());
        assert_eq!(caller.abandon(), Delivery::PossiblySent);

        let (caller, at_once) = of_request();
        assert!(at_once.begin());
        assert_eq!(caller.abandon(), Delivery::PossiblySent);
    }

    /// The tracker of a caller, and that in its request.
    fn of_request() -> (DeliveryTracker, DeliveryTracker) {
        let caller = DeliveryTracker::new();
        let in_request = caller.clone();
        (caller, in_request)
    }

    #[test]
    fn a_copy_that_no_transport_took_may_have_been_sent() {
        // As in a failover, in both orders: the other copy goes to a service that sends and drops it.
        for takes_first in [true, false] {
            let (caller, first) = of_request();
            let second = first.clone();
            let (taken, left) = if takes_first {
                (first, second)
            } else {
                (second, first)
            };
            assert!(taken.take() && taken.take());
            drop(left);
            assert_eq!(caller.abandon(), Delivery::PossiblySent);
            assert!(!taken.begin());
        }

        // The caller sends the same request once more.
        let (caller, first) = of_request();
        assert!(first.take());
        drop(caller.clone());
        assert_eq!(caller.abandon(), Delivery::PossiblySent);

        // The caller's own tracker is no copy, whoever takes it.
        let (caller, left) = of_request();
        assert!(caller.take());
        drop(left);
        assert_eq!(caller.abandon(), Delivery::PossiblySent);
    }

    #[test]
    fn copies_that_transports_took_all_and_did_not_begin_were_not_sent() {
        let (caller, first) = of_request();
        let copies = [first.clone(), caller.clone(), first];
        assert!(copies.iter().all(DeliveryTracker::take));
        // A transport answers for clones of what it took.
        let _of_transport = copies[0].clone().clone();
        assert_eq!(caller.abandon(), Delivery::NotSent);

        // Whoever is the last to take or begin.
        let (caller, first) = of_request();
        let second = first.clone();
        assert!(first.take() && first.begin() && second.take());
        assert_eq!(caller.abandon(), Delivery::PossiblySent);
    }

    #[test]
    fn the_count_of_copies_does_not_run_over() {
        let (caller, first) = of_request();
        caller.shared.store(!STATE, Ordering::SeqCst);
        let _one_more = first.clone();
        assert!(caller.take());
        assert_eq!(caller.abandon(), Delivery::PossiblySent);
    }

    #[test]
    fn exactly_one_side_wins() {
        for _ in 0..if cfg!(miri) { 20 } else { 2_000 } {
            let (caller, taken) = of_request();
            assert!(taken.take());
            let start = Barrier::new(2);
            let (begun, delivery) = thread::scope(|scope| {
                let transport = scope.spawn(|| {
                    start.wait();
                    taken.begin()
                });
                start.wait();
                let delivery = caller.abandon();
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
