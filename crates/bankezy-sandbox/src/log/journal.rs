//! The log that requests write and readers follow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::record::LoggedExchange;
use super::ring::{LogLimits, Ring};

/// Gets each exchange once it has ended.
pub(crate) type OnExchange = Arc<dyn Fn(&LoggedExchange) + Send + Sync>;

pub(crate) struct Journal {
    ring: Mutex<Ring>,
    changed: watch::Sender<()>,
    on_exchange: Option<OnExchange>,
}

impl Journal {
    pub(crate) fn new(limits: LogLimits, on_exchange: Option<OnExchange>) -> Self {
        Self {
            ring: Mutex::new(Ring::new(limits)),
            changed: watch::Sender::new(()),
            on_exchange,
        }
    }

    pub(crate) fn push(&self, exchange: LoggedExchange) {
        let exchange = self.ring().push(exchange);
        if let Some(tell) = &self.on_exchange {
            tell(&exchange);
        }
        self.changed.send_replace(());
    }

    pub(crate) fn clear(&self) {
        self.ring().clear();
        self.changed.send_replace(());
    }

    /// To read it. Held for a moment only.
    pub(crate) fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notified of each change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
