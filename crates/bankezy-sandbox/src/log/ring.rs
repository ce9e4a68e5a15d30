//! The newest exchanges, bounded by their number and their bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::record::LoggedExchange;

/// How much the request log keeps. New exchanges replace the oldest ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLimits {
    /// Most exchanges. Default: 10,000.
    pub exchanges: usize,
    /// Most memory, in bytes. Default: 16 MiB.
    pub bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            exchanges: 10_000,
            bytes: 16 * 1024 * 1024,
        }
    }
}

impl LogLimits {
    /// Most exchanges, and most memory in bytes.
    #[must_use]
    pub fn new(exchanges: usize, bytes: usize) -> Self {
        Self { exchanges, bytes }
    }
}

pub(crate) struct Ring {
    kept: VecDeque<(Arc<LoggedExchange>, usize)>,
    bytes: usize,
    limits: LogLimits,
    newest: u64,
    /// Numbers up to this one were removed on request, and do not count as missed.
    cleared: u64,
}

/// A part of the log.
pub(crate) struct Page {
    pub(crate) exchanges: Vec<Arc<LoggedExchange>>,
    /// The `since` of the next request.
    pub(crate) next: u64,
    /// First and last of the numbers that were replaced by newer ones.
    pub(crate) missed: Option<(u64, u64)>,
    pub(crate) more: bool,
}

impl Ring {
    pub(crate) fn new(limits: LogLimits) -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            limits,
            newest: 0,
            cleared: 0,
        }
    }

    /// Numbers an exchange and keeps it.
    pub(crate) fn push(&mut self, mut exchange: LoggedExchange) -> Arc<LoggedExchange> {
        self.newest += 1;
        exchange.number = self.newest;
        let size = exchange.size();
        let exchange = Arc::new(exchange);
        self.bytes += size;
        self.kept.push_back((Arc::clone(&exchange), size));
        while self.kept.len() > self.limits.exchanges || self.bytes > self.limits.bytes {
            let Some((_, size)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= size;
        }
        exchange
    }

    /// Whether anything is ever kept.
    pub(crate) fn keeps(&self) -> bool {
        self.limits.exchanges > 0
    }

    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    pub(crate) fn cleared(&self) -> u64 {
        self.cleared
    }

    /// The number of the oldest exchange that is kept.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.kept.front().map(|(exchange, _)| exchange.number)
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
        self.cleared = self.newest;
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Arc<LoggedExchange>> {
        let place = number.checked_sub(self.oldest()?)?;
        let found = self.kept.get(usize::try_from(place).ok()?);
        found.map(|(exchange, _)| exchange)
    }

    /// The exchanges after a number, oldest first.
    pub(crate) fn since(&self, since: u64, limit: usize) -> Page {
        let first = since.max(self.cleared).saturating_add(1);
        // If nothing is kept, that is everything after the newest.
        let oldest = self.oldest().unwrap_or(self.newest + 1);
        let missed = (first < oldest).then(|| (first, oldest - 1));
        let skipped = usize::try_from(first.saturating_sub(oldest)).unwrap_or(usize::MAX);
        let found = self.kept.iter().skip(skipped);
        let exchanges: Vec<_> = found.take(limit).map(|(one, _)| Arc::clone(one)).collect();
        let reached = missed.map_or(since.max(self.cleared), |(_, last)| last);
        let next = exchanges.last().map_or(reached, |last| last.number);
        Page {
            more: next < self.newest,
            exchanges,
            next,
            missed,
        }
    }

    /// The exchanges before a number, newest first.
    pub(crate) fn before(&self, before: u64, limit: usize) -> Page {
        let oldest = self.oldest().unwrap_or(self.newest + 1);
        let count = usize::try_from(before.saturating_sub(oldest)).unwrap_or(usize::MAX);
        let count = count.min(self.kept.len());
        let found = self.kept.iter().take(count).rev();
        let exchanges: Vec<_> = found.take(limit).map(|(one, _)| Arc::clone(one)).collect();
        Page {
            more: exchanges.len() < count,
            // A reader that goes back has all that is newer.
            next: self.newest,
            exchanges,
            missed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, SocketAddr};
    use core::time::Duration;
    use std::time::UNIX_EPOCH;

    use super::super::record::LoggedMessage;
    use super::*;

    fn exchange(text: usize) -> LoggedExchange {
        LoggedExchange {
            number: 0,
            time: UNIX_EPOCH,
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            method: "POST".to_owned(),
            path: "/".to_owned(),
            call: None,
            status: Some(200),
            duration: Duration::ZERO,
            fault: None,
            broken: None,
            notes: Vec::new(),
            token: None,
            request: LoggedMessage {
                text: "x".repeat(text),
                ..LoggedMessage::default()
            },
            response: None,
        }
    }

    fn numbers(page: &Page) -> Vec<u64> {
        page.exchanges.iter().map(|one| one.number).collect()
    }

    #[test]
    fn the_oldest_make_way_by_number_and_by_bytes() {
        let mut ring = Ring::new(LogLimits::new(3, usize::MAX));
        (0..5).for_each(|_| drop(ring.push(exchange(1))));
        assert_eq!(numbers(&ring.since(0, 10)), [3, 4, 5]);

        let mut ring = Ring::new(LogLimits::new(1000, 10_000));
        for _ in 0..100 {
            ring.push(exchange(1000));
            assert!(ring.bytes <= 10_000);
        }
        assert_eq!(ring.newest(), 100);
        assert!((90..100).contains(&ring.oldest().unwrap()));
        // One that does not fit leaves nothing behind.
        ring.push(exchange(10_000));
        assert_eq!((ring.oldest(), ring.bytes, ring.newest()), (None, 0, 101));
        assert_eq!(ring.since(0, 10).missed, Some((1, 101)));
        // What was removed on request is neither missed nor more.
        ring.clear();
        let page = ring.since(0, 10);
        assert_eq!((page.missed, page.next, page.more), (None, 101, false));
        assert_eq!(ring.since(0, 10).next, 101);
    }

    #[test]
    fn pages_go_forward_and_back_and_count_what_is_gone() {
        let mut ring = Ring::new(LogLimits::new(4, usize::MAX));
        (0..6).for_each(|_| drop(ring.push(exchange(1))));
        let page = ring.since(0, 2);
        assert_eq!((numbers(&page), page.next), (vec![3, 4], 4));
        assert_eq!((page.missed, page.more), (Some((1, 2)), true));
        let page = ring.since(4, 2);
        assert_eq!(
            (numbers(&page), page.missed, page.more),
            (vec![5, 6], None, false)
        );
        for since in [6, 7, u64::MAX] {
            let page = ring.since(since, 2);
            assert_eq!(
                (numbers(&page), page.next, page.more),
                (vec![], since, false)
            );
        }
        let page = ring.before(6, 2);
        assert_eq!((numbers(&page), page.more), (vec![5, 4], true));
        let page = ring.before(4, 2);
        assert_eq!((numbers(&page), page.more), (vec![3], false));
        assert_eq!(numbers(&ring.before(u64::MAX, 9)), [6, 5, 4, 3]);
        assert_eq!(numbers(&ring.before(0, 9)), [0; 0]);
        assert_eq!(ring.get(3).unwrap().number, 3);
        assert!(ring.get(2).is_none() && ring.get(7).is_none());

        ring.clear();
        let page = ring.since(0, 9);
        assert_eq!((numbers(&page), page.missed), (vec![], None));
        ring.push(exchange(1));
        assert_eq!(numbers(&ring.since(0, 9)), [7]);
    }
}
