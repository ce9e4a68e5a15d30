//! The nonce budget of a key that several processes seal under, in shares.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use bankezy_crypto::PayloadCipher;
use tokio::time::sleep;
use tracing::warn;

use crate::connection::lock;
use crate::error::{FleetError, present};
use crate::fleet::Fleet;
use crate::metrics;
use crate::names::{is_name, unique};
use crate::scripts::script;
use crate::tokens::millis;

/// How often a process looks whether its share runs out.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Pause after a share that was not reserved.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How long a count outlives the last share that was reserved.
pub(crate) const KEEP_FOR: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Shares of the budget in hundredths at which an event is emitted: the last asks for another key.
const LEVELS: [u64; 3] = [50, 80, 95];

/// How a fleet divides the nonce budget of a key.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct BudgetSettings {
    pub(crate) share: u64,
    pub(crate) limit: u64,
}

impl BudgetSettings {
    /// Messages that a process reserves at a time. Default: 2^20. More than the limit counts as the limit.
    pub fn share(mut self, share: u64) -> Self {
        self.share = share.max(1);
        self
    }

    /// Messages that all processes together seal under the key. Default: 2^31, which leaves as much to the peer.
    /// More than 2^32 counts as 2^32.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = limit.min(1 << 32);
        self
    }
}

impl Default for BudgetSettings {
    fn default() -> Self {
        Self {
            share: 1 << 20,
            limit: 1 << 31,
        }
    }
}

/// What a fleet has reserved of the nonce budget of a key.
///
/// Each process reserves a share when it starts, and the next in the background when half of that is used. Without the
/// store it seals on until its share is spent, also one that starts then: its first share is counted later. The counts of
/// the store are of messages, not of nonces, which stay random: a write that the store loses costs one share of
/// accuracy and never a nonce.
///
/// When the fleet has reserved 50, 80 and 95 % of the limit, the process that reserved it emits an event at `warn` under
/// the target `bankezy_fleet`. At the limit no process gets another share, and each says so in an event: rotate the key
/// before.
///
/// Processes that end leave what is left of their shares unused: with the default 2,048 starts use up a key.
///
/// ```
/// use bankezy_crypto::{PayloadCipher, PayloadSecret};
/// use bankezy_fleet::{BudgetSettings, Fleet, FleetError};
///
/// # async fn run(fleet: &Fleet, secret: &PayloadSecret) -> Result<(), FleetError> {
/// let cipher = PayloadCipher::new(secret)?;
/// let settings = BudgetSettings::default().share(1 << 16); // for processes that start often
/// let (cipher, budget) = fleet.budget("payments-2026-11", cipher, settings).await?;
/// let body = cipher.seal(b"{}")?;
/// println!("{:?} of {} messages reserved", budget.last_total(), budget.limit());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct FleetBudget(Arc<Shared>);

struct Shared {
    fleet: Fleet,
    key_id: String,
    settings: BudgetSettings,
    /// As this process last heard.
    total: Mutex<Option<u64>>,
    /// The name of a reservation whose answer did not arrive: the store may have made it.
    request: Mutex<Option<String>>,
    /// Whether this process said that it is granted no share.
    has_said_spent: AtomicBool,
}

impl Fleet {
    /// Makes a cipher seal within the fleet's budget of its key, and reserves its first share, within the deadline of
    /// one operation. `key_id` is the key's name in the store, the same in all processes: an identifier, nothing secret.
    ///
    /// # Errors
    /// [`FleetError::Name`] if the name is empty or a URL. Without the store there is none.
    pub async fn budget(
        &self,
        key_id: impl Into<String>,
        cipher: PayloadCipher,
        settings: BudgetSettings,
    ) -> Result<(Arc<PayloadCipher>, FleetBudget), FleetError> {
        let key_id = key_id.into();
        if !is_name(&key_id) {
            return Err(FleetError::Name);
        }
        let used = cipher.nonce_budget().used();
        let cipher = Arc::new(cipher.with_nonce_budget(used));
        let budget = FleetBudget::begin(self, key_id, &cipher, settings).await;
        Ok((cipher, budget))
    }
}

/// What a reservation led to.
pub(crate) struct Reserved {
    pub(crate) total: u64,
    pub(crate) granted: bool,
}

impl FleetBudget {
    /// For a cipher whose budget is spent: it can seal once this has added a share.
    pub(crate) async fn begin(
        fleet: &Fleet,
        key_id: String,
        cipher: &Arc<PayloadCipher>,
        mut settings: BudgetSettings,
    ) -> Self {
        // A larger one would never be granted.
        settings.share = settings.share.min(settings.limit);
        let shared = Arc::new(Shared {
            fleet: fleet.clone(),
            key_id,
            settings,
            total: Mutex::default(),
            request: Mutex::default(),
            has_said_spent: AtomicBool::new(false),
        });
        let first = shared.reserve().await;
        // Without the store it seals its share all the same, and counts it later.
        if first.as_ref().map_or(true, |reserved| reserved.granted) {
            cipher.extend_budget(settings.share);
        }
        let keeping = keep_reserved(Arc::clone(&shared), Arc::downgrade(cipher), first.is_ok());
        tokio::spawn(keeping);
        Self(shared)
    }

    /// Messages that all processes have reserved, as this process last heard; `None` before the store was reached.
    #[must_use]
    pub fn last_total(&self) -> Option<u64> {
        *lock(&self.0.total)
    }

    /// Messages that all processes have reserved, by the store. What another program wrote there and is no count counts
    /// as 0: with the next reservation it begins anew.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn total(&self) -> Result<u64, FleetError> {
        let shared = &self.0.fleet.0;
        let name = shared.names.budget(&self.0.key_id);
        let get = async |connection: &mut _| {
            let mut get = redis::cmd("GET");
            get.arg(&name)
                .query_async::<Option<Vec<u8>>>(connection)
                .await
        };
        counted(shared.store.run("budget_total", get).await)
    }

    /// Messages that all processes together may seal.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.0.settings.limit
    }
}

/// Counts the first share if that is still to be done, and reserves each further one when half of the last is used. It
/// ends with the cipher.
async fn keep_reserved(shared: Arc<Shared>, cipher: Weak<PayloadCipher>, mut is_counted: bool) {
    let share = shared.settings.share;
    while let Some(held) = cipher.upgrade() {
        let is_due = held.nonce_budget().remaining() < share.div_ceil(2);
        drop(held);
        if is_counted && !is_due {
            sleep(LOOK_EVERY).await;
            continue;
        }
        match shared.reserve().await {
            Ok(_) if !is_counted => is_counted = true,
            Ok(reserved) if reserved.granted => {
                if let Some(held) = cipher.upgrade() {
                    held.extend_budget(share);
                }
            }
            _ => sleep(RETRY_AFTER).await,
        }
    }
}

impl Shared {
    async fn reserve(&self) -> Result<Reserved, FleetError> {
        let BudgetSettings { share, limit } = self.settings;
        let name = Some(self.key_id.as_str());
        let key = self.fleet.0.names.budget(&self.key_id);
        let request = lock(&self.request).get_or_insert_with(unique).clone();
        let reserved = reserve(&self.fleet, &key, name, &request, [share, limit], KEEP_FOR).await?;
        *lock(&self.request) = None;
        *lock(&self.total) = Some(reserved.total);
        #[expect(clippy::cast_precision_loss, reason = "a share to look at")]
        metrics::reserved(&self.key_id, reserved.total as f64 / limit.max(1) as f64);
        if reserved.granted {
            let before = reserved.total.saturating_sub(share);
            if let Some(percent) = passed(before, reserved.total, limit) {
                warn!(
                    target: "bankezy_fleet",
                    { key_id = self.key_id, percent, total = reserved.total },
                    "nonce budget of the fleet reserved",
                );
            }
        } else if !self.has_said_spent.swap(true, Ordering::Relaxed) {
            let total = reserved.total;
            warn!(
                target: "bankezy_fleet",
                { key_id = self.key_id, total, limit },
                "nonce budget of the fleet spent",
            );
        }
        Ok(reserved)
    }
}

/// Reserves messages in the store, unless that would pass the limit. A request of the same name is made once.
pub(crate) async fn reserve(
    fleet: &Fleet,
    key: &str,
    name: Option<&str>,
    request: &str,
    [messages, limit]: [u64; 2],
    keep_for: Duration,
) -> Result<Reserved, FleetError> {
    let shared = &fleet.0;
    let (budgets, request) = (shared.names.budgets(), shared.names.reservation(request));
    let reserve = async |connection: &mut _| {
        let script = script(include_str!("scripts/reserve.lua"));
        let mut call = script.key(key);
        call.key(&budgets).key(&request);
        call.arg(messages).arg(limit);
        call.arg(millis(keep_for)).arg(name.unwrap_or_default());
        call.invoke_async::<(u64, u8)>(connection).await
    };
    let (total, granted) = shared.store.run("budget_reserve", reserve).await?;
    Ok(Reserved {
        total,
        granted: granted == 1,
    })
}

/// What the store has as a count: the same as for the script that reserves.
pub(crate) fn counted(found: Result<Option<Vec<u8>>, FleetError>) -> Result<u64, FleetError> {
    let text = present(found)?.flatten().unwrap_or_default();
    let is_count = text.len() <= 15
        && text.iter().all(u8::is_ascii_digit)
        && (text == b"0" || !text.starts_with(b"0"));
    let number = str::from_utf8(&text).ok().and_then(|it| it.parse().ok());
    Ok(number.filter(|_| is_count).unwrap_or_default())
}

/// The highest level that the total has passed now.
fn passed(before: u64, total: u64, limit: u64) -> Option<u64> {
    let at = |level: &u64| u128::from(limit).saturating_mul((*level).into()) / 100;
    let is_passed = |level: &u64| u128::from(before) < at(level) && at(level) <= total.into();
    LEVELS.into_iter().rev().find(is_passed)
}

impl fmt::Debug for FleetBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetBudget")
            .field("key_id", &self.0.key_id)
            .field("settings", &self.0.settings)
            .field("last_total", &self.last_total())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_passed_by_one_share_alone() {
        let limit = 1 << 31;
        let share = 1 << 20;
        let levels: Vec<_> = (0..limit / share)
            .filter_map(|shares| passed(shares * share, (shares + 1) * share, limit))
            .collect();
        assert_eq!(levels, [50, 80, 95]);
        assert_eq!(passed(0, limit, limit), Some(95));
        assert_eq!(passed(0, 1, 0), None);
    }
}
