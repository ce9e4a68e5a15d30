//! Names in the store, and random values that are no secrets.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use bankezy_crypto::providers::TokenKey;
use rand::TryRng as _;
use rand::rngs::SysRng;
use redis::Pipeline;

/// Names begin with that of the fleet. What one script touches has one hash tag, so that it would be in one slot.
#[derive(Debug, Clone)]
pub(crate) struct Names(Arc<str>);

/// What is read of a record at most, and the longest that is written. A longer one, which no fleet wrote, would take until the
/// deadline and make the store count as away.
pub(crate) const MAX_RECORD: usize = 1 << 20;

/// The names of a token's record, of the lock for its login, and of its fencing counter.
pub(crate) struct TokenNames {
    /// Asks for the record and for what is left of its life. Made once: a process may read a token often.
    pub(crate) load: Pipeline,
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
        let record = of("token");
        let mut load = redis::pipe();
        // In this order: if another record is written in between, its life is not taken for longer than it is.
        load.cmd("PTTL").arg(&record);
        load.cmd("GETRANGE").arg(&record).arg(0).arg(MAX_RECORD);
        TokenNames {
            load,
            record,
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

    pub(crate) fn reservation(&self, request: &str) -> String {
        format!("{}:{{budgets}}-reserved:{request}", self.0)
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

    /// A pattern of the names of all tokens and logins: their kinds begin so, and no others.
    pub(crate) fn tokens_and_locks(&self) -> String {
        let escaped: String = self.0.chars().flat_map(|c| ['\\', c]).collect();
        format!("{escaped}:[tl]o*")
    }

    pub(crate) fn is_lock(&self, name: &[u8]) -> bool {
        let kind = name.strip_prefix(self.0.as_bytes());
        kind.is_some_and(|kind| kind.starts_with(b":lock:"))
    }

    /// Which key each ring is to seal with.
    pub(crate) fn newest(&self) -> String {
        format!("{}:{{members}}:newest", self.0)
    }
}

/// Whether it can be written into the store, where names are in clear. A URL may hold a password, and so may one without its
/// scheme.
pub(crate) fn is_name(name: &str) -> bool {
    let user = name.split_once('@').map_or("", |(user, _)| user);
    !name.is_empty() && !name.contains("://") && !user.contains(':')
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| match nibble {
        0..10 => b'0' + nibble,
        _ => b'a' + (nibble & 0xf) - 10,
    };
    let digits = |byte: &u8| [byte >> 4, byte & 0xf].map(digit);
    // With all of its room at once.
    let mut text = Vec::with_capacity(bytes.len() * 2);
    bytes.iter().for_each(|byte| text.extend(digits(byte)));
    // They are ASCII.
    String::from_utf8(text).unwrap_or_default()
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
