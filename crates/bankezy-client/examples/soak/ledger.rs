//! What the server executed, by the reference in each call's body, beside what the caller learned.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

/// What the caller learned of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Learned {
    NotSent,
    Answered,
    /// The server may have executed it.
    Unknown,
}

struct Entry {
    is_once: bool,
    executed: u8,
    learned: Option<Learned>,
}

/// Shared with the emulator. References count up from 0, so that an entry takes three bytes.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Vec<Entry>>>);

/// The body of a call, which the emulator sends back.
#[derive(Deserialize)]
struct Body {
    reference: usize,
}

/// How many calls there were of each kind.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) once: u64,
    pub(crate) idempotent: u64,
    /// All executions.
    pub(crate) executed: u64,
    /// Calls that are not idempotent, executed more than once.
    pub(crate) twice: u64,
    /// Idempotent ones, for which that is right.
    pub(crate) repeated: u64,
    pub(crate) not_sent: u64,
    pub(crate) not_sent_but_executed: u64,
    pub(crate) answered: u64,
    pub(crate) answered_but_not_executed: u64,
    pub(crate) without_outcome: u64,
}

impl Ledger {
    /// The reference of a new call.
    pub(crate) fn open(&self, is_once: bool) -> usize {
        let mut entries = self.entries();
        entries.push(Entry {
            is_once,
            executed: 0,
            learned: None,
        });
        entries.len() - 1
    }

    /// For the emulator.
    pub(crate) fn executed(&self, body: &[u8]) {
        let Ok(body) = serde_json::from_slice::<Body>(body) else {
            return;
        };
        if let Some(entry) = self.entries().get_mut(body.reference) {
            entry.executed = entry.executed.saturating_add(1);
        }
    }

    pub(crate) fn close(&self, reference: usize, learned: Learned) {
        if let Some(entry) = self.entries().get_mut(reference) {
            entry.learned = Some(learned);
        }
    }

    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for entry in self.entries().iter() {
            let executed = u64::from(entry.executed);
            sums.once += u64::from(entry.is_once);
            sums.idempotent += u64::from(!entry.is_once);
            sums.executed += executed;
            sums.twice += u64::from(entry.is_once && executed > 1);
            sums.repeated += u64::from(!entry.is_once && executed > 1);
            match entry.learned {
                Some(Learned::NotSent) => {
                    sums.not_sent += 1;
                    sums.not_sent_but_executed += u64::from(executed > 0);
                }
                Some(Learned::Answered) => {
                    sums.answered += 1;
                    sums.answered_but_not_executed += u64::from(executed == 0);
                }
                Some(Learned::Unknown) => {}
                None => sums.without_outcome += 1,
            }
        }
        sums
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
