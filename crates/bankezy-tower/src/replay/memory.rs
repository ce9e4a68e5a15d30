//! Marks in the memory of this process.

use core::fmt;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::super::unavailable::Unavailable;
use super::store::{Kind, Mark, Recorded, ReplayStore};

/// Expired marks that are dropped for each one that is recorded: more than one, so that they become fewer, and
/// not all, so that no request waits for thousands.
const DROPPED_AT_ONCE: usize = 16;

/// Marks in the memory of this process: for a server that is one process, or whose senders each reach one.
///
/// A mark takes about 200 bytes. It expires by the monotonic clock, and none is dropped before: when the store is
/// full, requests are refused.
///
/// The store does not know what earlier processes received. So messages are refused whose timestamp is not after
/// the time at which the store was made: timestamps in whole seconds during the whole second of the start. A
/// sender whose clock is ahead can have stamped a message after that time although an earlier process received it:
/// where that matters, share a store.
pub struct MemoryMarks {
    capacity: usize,
    begun: Instant,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    seen: HashSet<Arc<str>>,
    by_end: BinaryHeap<Reverse<Kept>>,
    requests: usize,
    answers: usize,
    answers_to_strangers: usize,
}

/// Ordered by its end, which counts from the beginning of the store.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    end: Duration,
    kind: Kind,
    text: Arc<str>,
}

impl MemoryMarks {
    /// Keeps the marks of at most `capacity` requests, of twice as many answers to them, and of `capacity` answers to
    /// strangers: at most four times `capacity`. Set it to at least the requests of a second times the seconds for
    /// which a mark is kept ([`Mark::keep_for`]).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            begun: Instant::now(),
            marks: Mutex::default(),
        }
    }

    fn record_now(&self, mark: &Mark) -> Recorded {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.begun.elapsed();
        marks.drop_expired(now, mark.kind, self.capacity);
        if marks.seen.contains(mark.as_str()) {
            return Recorded::Seen;
        }
        if let Some(stamp) = &mark.times.stamp {
            // When this store was made, by the guard's clock as it is now: it may have been wrong then.
            let begun = stamp.now.saturating_sub(now);
            if stamp.stamped <= begun {
                return Recorded::TooOld;
            }
        }
        if marks.is_full(mark.kind, self.capacity) {
            return Recorded::Full;
        }
        marks.keep(mark, now);
        Recorded::New
    }
}

impl Marks {
    /// Each kind has its own limit: strangers must not use up that of requests, nor requests that of the answers to
    /// those that were handled.
    fn count(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Request => &mut self.requests,
            Kind::Answer => &mut self.answers,
            Kind::AnswerToStranger => &mut self.answers_to_strangers,
        }
    }

    /// Answers get twice the limit: those to requests whose marks are kept, and those to requests whose marks expired
    /// while their handlers ran. It is enough unless a handler takes longer than marks are kept.
    fn is_full(&mut self, kind: Kind, capacity: usize) -> bool {
        let max = match kind {
            Kind::Answer => capacity.saturating_mul(2),
            Kind::Request | Kind::AnswerToStranger => capacity,
        };
        *self.count(kind) >= max
    }

    fn keep(&mut self, mark: &Mark, now: Duration) {
        let text: Arc<str> = mark.as_str().into();
        self.seen.insert(Arc::clone(&text));
        *self.count(mark.kind) += 1;
        self.by_end.push(Reverse(Kept {
            end: now.saturating_add(mark.times.keep_for),
            kind: mark.kind,
            text,
        }));
    }

    /// Drops some of the marks that have expired, and as many as make room for one of this kind.
    fn drop_expired(&mut self, now: Duration, kind: Kind, capacity: usize) {
        let mut dropped = 0;
        while dropped < DROPPED_AT_ONCE || self.is_full(kind, capacity) {
            match self.by_end.peek() {
                Some(Reverse(kept)) if kept.end < now => {}
                _ => return,
            }
            if let Some(Reverse(kept)) = self.by_end.pop() {
                self.seen.remove(&kept.text);
                *self.count(kept.kind) -= 1;
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
