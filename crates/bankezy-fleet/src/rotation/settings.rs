//! How a ring of key files rotates.

use std::time::Duration;

use crate::budget::BudgetSettings;

/// How keys of files are used.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct RotationSettings {
    pub(super) overlap: Duration,
    pub(super) budget: BudgetSettings,
    pub(super) max_opening_keys: usize,
}

impl RotationSettings {
    /// How long a key that was replaced still opens. Default: 1 hour. At least three heartbeats: others seal with it for one
    /// more.
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// How the fleet divides the nonce budget of each key.
    pub fn budget(mut self, budget: BudgetSettings) -> Self {
        self.budget = budget;
        self
    }

    /// Keys beside the one to seal with that the ring takes at most, those without files among them. Default: 8.
    pub fn max_opening_keys(mut self, max: usize) -> Self {
        self.max_opening_keys = max;
        self
    }
}

impl Default for RotationSettings {
    fn default() -> Self {
        Self {
            overlap: Duration::from_secs(60 * 60),
            budget: BudgetSettings::default(),
            max_opening_keys: 8,
        }
    }
}
