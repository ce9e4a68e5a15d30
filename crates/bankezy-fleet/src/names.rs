//! Names in the store, and random values that are no secrets.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use bankezy_crypto::providers::TokenKey;
use rand::TryRng as _;
use rand::rngs::SysRng;

/// Names begin with that of the fleet. What one script touches has one hash tag, so that it would be in one slot.
#[derive(Debug, Clone)]
pub(crate) struct Names(Arc<str>);

/// The names of a token's record, of the lock for its login, and of its fencing counter.
#[derive(Debug, Clone)]
pub(crate) struct TokenNames {
    pub(crate) record: String,
    pub(crate) lock: String,
    pub(crate) fence: String,
}

impl Names {
    pub(crate) fn new(fleet: &str) -> Self {
        Self(fleet.into())
    }

    /// `wrapping` is a digest of the wrapping key. Nobody without that can tell which token a record is of, or find that of a known request. A new
    /// wrapping key gives new names: its first use costs a login.
    pub(crate) fn token(&self, wrapping: &[u8; 32], key: &TokenKey) -> TokenNames {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, wrapping);
        let mut context = hmac::Context::with_key(&secret);
        context.update(b"bankezy-fleet name ");
        context.update(key.as_bytes());
        let name = hex(context.sign().as_ref());
        let of = |kind: &str| format!("{}:{kind}:{{{name}}}", self.0);
        TokenNames {
            record: of("token"),
            lock: of("lock"),
            fence: of("fence"),
        }
    }

    pub(crate) fn budget(&self, key_id: &str) -> String {
        format!("{}:{{budgets}}:{key_id}", self.0)
    }

    /// The names and limits of all budgets.
    pub(crate) fn budgets(&self) -> String {
        format!("{}:{{budgets}}", self.0)
    }

    pub(crate) fn replay(&self, mark: &str) -> String {
        format!("{}:replay:{mark}", self.0)
    }

    pub(crate) fn members(&self) -> String {
        format!("{}:{{members}}", self.0)
    }

    pub(crate) fn reports(&self) -> String {
        format!("{}:{{members}}:reports", self.0)
    }

    /// A pattern of all names of a kind.
    pub(crate) fn all(&self, kind: &str) -> String {
        let escaped: String = self.0.chars().flat_map(|c| ['\\', c]).collect();
        format!("{escaped}:{kind}:*")
    }

    /// Which key each ring is to seal with.
    pub(crate) fn newest(&self) -> String {
        format!("{}:{{members}}:newest", self.0)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(digit).collect()
}

/// An identifier that no other process has.
pub(crate) fn unique() -> String {
    hex(&[random().to_be_bytes(), random().to_be_bytes()].concat())
}

/// A random time. Without randomness it is the longest one, which is a wait as good as any.
pub(crate) fn up_to(longest: Duration) -> Duration {
    let part = u32::try_from(random() >> 32).unwrap_or(u32::MAX);
    longest.mul_f64(f64::from(part) / f64::from(u32::MAX))
}

fn random() -> u64 {
    SysRng.try_next_u64().unwrap_or(u64::MAX)
}
