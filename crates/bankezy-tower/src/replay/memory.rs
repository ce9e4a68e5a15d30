//! Marks in the memory of this process.

use core::fmt;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::unavailable::Unavailable;
use super::store::{Mark, Recorded, ReplayStore};

/// Expired marks that are dropped for each one that is recorded: more than one, so that they become fewer, and
/// not all, so that no request waits for thousands.
const DROPPED_AT_ONCE: usize = 16;

/// Marks in the memory of this process: for a server that is one process, or whose senders each reach one.
///
/// A mark takes about 200 bytes. None is dropped while its message might be accepted: where there is no room,
/// requests are refused.
///
/// What earlier processes received is not known here. So messages whose timestamp is before the second in which
/// this store was made are refused. A sender whose clock is ahead can have stamped a message after that second
/// although an earlier process received it: where that matters, share a store.
pub struct MemoryMarks {
    capacity: usize,
    started: Duration,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    seen: HashSet<Arc<str>>,
    by_end: BinaryHeap<Reverse<Kept>>,
    /// How many of them are requests.
    requests: usize,
    /// The newest timestamp of what was dropped: nothing that is older can be told. It never goes back, whatever
    /// the clock does.
    forgotten: Option<Duration>,
}

/// Ordered by its end.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    end: Duration,
    newest: Duration,
    is_answer: bool,
    text: Arc<str>,
}

impl MemoryMarks {
    /// With room for `capacity` requests, and for the answers: at least the requests of a second times the seconds
    /// for which a mark is kept, which is the maximum age and three times the skew.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            capacity,
            // A timestamp may be in whole seconds, rounded down.
            started: Duration::from_secs(now.unwrap_or_default().as_secs()),
            marks: Mutex::default(),
        }
    }

    fn record_now(&self, mark: &Mark) -> Recorded {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.drop_expired(mark.times.now, self.capacity);
        if marks.seen.contains(mark.as_str()) {
            return Recorded::Seen;
        }
        if let Some(stamped) = mark.times.stamped
            && (stamped < self.started || Some(stamped) <= marks.forgotten)
        {
            return Recorded::TooOld;
        }
        // No limit on answers: but for a few a second, each follows a request that had room.
        if !mark.is_answer && marks.requests >= self.capacity {
            return Recorded::Full;
        }
        marks.keep(mark);
        Recorded::New
    }
}

impl Marks {
    fn keep(&mut self, mark: &Mark) {
        let text: Arc<str> = mark.as_str().into();
        self.seen.insert(Arc::clone(&text));
        self.requests += usize::from(!mark.is_answer);
        self.by_end.push(Reverse(Kept {
            end: mark.times.now.saturating_add(mark.times.keep_for),
            newest: mark.times.newest,
            is_answer: mark.is_answer,
            text,
        }));
    }

    /// Drops some of the marks that have expired, and as many as make room for a request.
    fn drop_expired(&mut self, now: Duration, capacity: usize) {
        let mut dropped = 0;
        while dropped < DROPPED_AT_ONCE || self.requests >= capacity {
            match self.by_end.peek() {
                Some(Reverse(kept)) if kept.end < now => {}
                _ => return,
            }
            if let Some(Reverse(kept)) = self.by_end.pop() {
                self.seen.remove(&kept.text);
                self.requests -= usize::from(!kept.is_answer);
                self.forgotten = self.forgotten.max(Some(kept.newest));
            }
            dropped += 1;
        }
    }
}

impl ReplayStore for MemoryMarks {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        Ok(self.record_now(mark))
    }
}

impl fmt::Debug for MemoryMarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryMarks")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
