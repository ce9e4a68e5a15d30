//! What is left of the nonce budgets of keys.

use core::fmt;

use bankezy_crypto::NonceBudget;
use metrics::{Gauge, gauge};

use crate::catalog::BUDGET;

/// Gauges of what is left of the nonce budgets of named keys. Only keys that are added have one, under a name of your
/// choice: a process with a key for each session would otherwise have as many gauges.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use std::sync::Arc;
///
/// use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret};
/// use bankezy_metrics::NonceBudgets;
///
/// let ring = KeyRing::new("2026-11", PayloadCipher::new(&PayloadSecret::generate()?)?);
/// let ring = Arc::new(ring);
/// let in_gauge = Arc::clone(&ring);
/// // For a ring, it is always the newest key's.
/// let budgets = NonceBudgets::new().with("partner-a", move || in_gauge.nonce_budget());
/// // Before each scrape, or every few seconds:
/// budgets.record();
/// # }
/// # Ok::<(), bankezy_crypto::Error>(())
/// ```
#[derive(Default)]
pub struct NonceBudgets(Vec<(String, Box<Read>)>);

type Read = dyn Fn() -> NonceBudget + Send + Sync;

impl NonceBudgets {
    /// Without any key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key. `name` becomes the label `key`; `read` is called by each [`record`](Self::record).
    #[must_use]
    pub fn with(
        mut self,
        name: impl Into<String>,
        read: impl Fn() -> NonceBudget + Send + Sync + 'static,
    ) -> Self {
        self.0.push((name.into(), Box::new(read)));
        self
    }

    /// Sets the gauges.
    pub fn record(&self) {
        for (name, read) in &self.0 {
            let gauge: Gauge = gauge!(BUDGET, "key" => name.clone());
            gauge.set(read().remaining_share());
        }
    }
}

impl fmt::Debug for NonceBudgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}
