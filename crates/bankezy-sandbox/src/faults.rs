//! Faults on request.

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use serde_json::Value;

/// One thing that goes wrong.
///
/// Where it says "instead", the call is not executed; otherwise it is, and its answer is spoiled.
/// Every provider knows all of them but `wrong-key` and `clear-200`, which are for answers that are
/// sealed: other providers than BankEzy refuse those with 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InjectedFault {
    /// `delay`: the answer comes later. In the header, the amount is in milliseconds; at most a
    /// minute.
    Delay(Duration),
    /// `401`: 401 in clear text instead.
    Unauthorized,
    /// `429`: 429 in clear text instead.
    TooManyRequests {
        /// `Retry-After`, in seconds.
        retry_after: u64,
    },
    /// `500`: 500 with an HTML body instead.
    ServerError,
    /// `503`: 503 in clear text instead.
    ServiceUnavailable {
        /// `Retry-After`, in seconds.
        retry_after: u64,
    },
    /// `html`: 200 with an HTML page instead, as a proxy in between may give it.
    HtmlPage,
    /// `cut-body`: half of the answer, then the connection is closed.
    CutBody,
    /// `wrong-key`: the answer is sealed under a random key that is then dropped.
    WrongKey,
    /// `clear-200`: the answer is not sealed. The answer of Get App Token never is, so nothing
    /// goes wrong there.
    Clear200,
    /// `huge-body`: 200 with that many bytes of text, without `Content-Length`.
    HugeBody {
        /// Length, in bytes: at most 1 GiB.
        bytes: u64,
    },
    /// `drop-before`: the connection is closed instead.
    DropBefore,
    /// `drop-after`: the call is executed, and the connection closed without an answer.
    DropAfter,
    /// `after-401`: the call is executed, and answered with 401 in clear text, as something between client
    /// and server may do.
    AfterUnauthorized,
    /// `after-429`: the call is executed, and answered with 429 in clear text.
    AfterTooManyRequests {
        /// `Retry-After`, in seconds.
        retry_after: u64,
    },
    /// `after-503`: the call is executed, and answered with 503 in clear text.
    AfterServiceUnavailable {
        /// `Retry-After`, in seconds.
        retry_after: u64,
    },
}

const MAX_DELAY_MS: u64 = 60_000;
const MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// Injections that wait at once; more are refused.
const MAX_WAITING: usize = 1000;

impl InjectedFault {
    /// Its name in the header and at `/sandbox/faults`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Unauthorized => "401",
            Self::TooManyRequests { .. } => "429",
            Self::ServerError => "500",
            Self::ServiceUnavailable { .. } => "503",
            Self::HtmlPage => "html",
            Self::CutBody => "cut-body",
            Self::WrongKey => "wrong-key",
            Self::Clear200 => "clear-200",
            Self::HugeBody { .. } => "huge-body",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::AfterUnauthorized => "after-401",
            Self::AfterTooManyRequests { .. } => "after-429",
            Self::AfterServiceUnavailable { .. } => "after-503",
        }
    }

    /// By name, with an amount in milliseconds, seconds or bytes where it takes one.
    fn named(name: &str, amount: Option<u64>) -> Option<Self> {
        let fault = match name {
            "delay" => Self::Delay(Duration::from_millis(amount.unwrap_or(1000))),
            "401" => Self::Unauthorized,
            "429" => Self::TooManyRequests {
                retry_after: amount.unwrap_or(1),
            },
            "500" => Self::ServerError,
            "503" => Self::ServiceUnavailable {
                retry_after: amount.unwrap_or(1),
            },
            "html" => Self::HtmlPage,
            "cut-body" => Self::CutBody,
            "wrong-key" => Self::WrongKey,
            "clear-200" => Self::Clear200,
            "huge-body" => Self::HugeBody {
                bytes: amount.unwrap_or(64 * 1024 * 1024),
            },
            "drop-before" => Self::DropBefore,
            "drop-after" => Self::DropAfter,
            "after-401" => Self::AfterUnauthorized,
            "after-429" => Self::AfterTooManyRequests {
                retry_after: amount.unwrap_or(1),
            },
            "after-503" => Self::AfterServiceUnavailable {
                retry_after: amount.unwrap_or(1),
            },
            _ => return None,
        };
        Some(fault.bounded())
    }

    fn bounded(self) -> Self {
        match self {
            Self::Delay(delay) => Self::Delay(delay.min(Duration::from_millis(MAX_DELAY_MS))),
            Self::HugeBody { bytes } => Self::HugeBody {
                bytes: bytes.min(MAX_BYTES),
            },
            other => other,
        }
    }
}

/// Injects faults into a running emulator. Clones stand for the same emulator.
#[derive(Clone)]
pub struct Faults {
    waiting: Arc<Mutex<VecDeque<Waiting>>>,
    prefix: Arc<str>,
}

struct Waiting {
    fault: InjectedFault,
    times: u32,
    path: Option<String>,
}

impl Faults {
    pub(super) fn new(prefix: String) -> Self {
        Self {
            waiting: Arc::default(),
            prefix: prefix.into(),
        }
    }

    /// The next `times` requests of any path meet this fault. Faults injected earlier come first.
    /// Beyond 1,000 injections that wait, it does nothing.
    pub fn inject(&self, fault: InjectedFault, times: u32) {
        self.push(fault, times, None);
    }

    /// The next `times` requests of this path, with the prefix or without, meet this fault.
    pub fn inject_at(&self, path: impl Into<String>, fault: InjectedFault, times: u32) {
        self.push(fault, times, Some(path.into()));
    }

    /// Takes back what was injected.
    pub fn clear(&self) {
        self.waiting().clear();
    }

    /// How many faults are still to come.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.waiting()
            .iter()
            .map(|waiting| u64::from(waiting.times))
            .sum()
    }

    /// The fault for a request: its header decides, then what was injected.
    pub(super) fn take(
        &self,
        headers: &HeaderMap,
        path: &str,
    ) -> Result<Option<InjectedFault>, &'static str> {
        if let Some(value) = headers.get("x-sandbox-fault") {
            let text = value.to_str().unwrap_or_default();
            return from_header(text)
                .map(Some)
                .ok_or("X-Sandbox-Fault names no fault");
        }
        let mut waiting = self.waiting();
        let Some(place) = waiting.iter().position(|waiting| {
            waiting.path.as_deref().is_none_or(|wanted| {
                path == wanted || path.strip_prefix(&*self.prefix) == Some(wanted)
            })
        }) else {
            return Ok(None);
        };
        let fault = waiting.get_mut(place).map(|waiting| {
            waiting.times -= 1;
            (waiting.fault, waiting.times)
        });
        if let Some((_, 0)) = fault {
            waiting.remove(place);
        }
        Ok(fault.map(|(fault, _)| fault))
    }

    /// Does what was posted to `/sandbox/faults`.
    pub(super) fn control(&self, body: &[u8]) -> Result<(), &'static str> {
        let order: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
        let name = order
            .get("fault")
            .and_then(Value::as_str)
            .ok_or("`fault` is not a string")?;
        if name == "none" {
            self.clear();
            return Ok(());
        }
        let number = |member: &str| match order.get(member) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or("an amount is not a number"),
        };
        let amount = match name {
            "delay" => number("delayMs")?,
            "429" | "503" | "after-429" | "after-503" => number("retryAfter")?,
            "huge-body" => number("bytes")?,
            _ => None,
        };
        let fault = InjectedFault::named(name, amount).ok_or("`fault` names no fault")?;
        let times =
            u32::try_from(number("times")?.unwrap_or(1)).map_err(|_| "`times` is too big")?;
        let path = match order.get("path") {
            None | Some(Value::Null) => None,
            Some(Value::String(path)) => Some(path.clone()),
            Some(_) => return Err("`path` is not a string"),
        };
        match self.push(fault, times, path) {
            true => Ok(()),
            false => Err("too many faults are waiting"),
        }
    }

    fn push(&self, fault: InjectedFault, times: u32, path: Option<String>) -> bool {
        let mut waiting = self.waiting();
        if times > 0 && waiting.len() < MAX_WAITING {
            waiting.push_back(Waiting {
                fault: fault.bounded(),
                times,
                path,
            });
            return true;
        }
        times == 0
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faults({} pending)", self.pending())
    }
}

fn from_header(text: &str) -> Option<InjectedFault> {
    let (name, amount) = match text.split_once('=') {
        None => (text, None),
        Some((name, amount)) => (name, Some(amount.trim().parse().ok()?)),
    };
    InjectedFault::named(name.trim(), amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_names_its_fault_and_amounts_are_bounded() {
        for name in [
            "delay",
            "401",
            "429",
            "500",
            "503",
            "html",
            "cut-body",
            "wrong-key",
            "clear-200",
            "huge-body",
            "drop-before",
            "drop-after",
            "after-401",
            "after-429",
            "after-503",
        ] {
            assert_eq!(from_header(name).unwrap().name(), name);
        }
        let delay = Duration::from_millis(5);
        assert_eq!(from_header("delay=5"), Some(InjectedFault::Delay(delay)));
        let longest = InjectedFault::Delay(Duration::from_secs(60));
        assert_eq!(from_header("delay=99999999999"), Some(longest));
        let largest = InjectedFault::HugeBody { bytes: MAX_BYTES };
        assert_eq!(from_header("huge-body=99999999999"), Some(largest));
        assert_eq!(from_header("delay=x"), None);
        assert_eq!(from_header("404"), None);
    }

    #[test]
    fn a_fault_waits_for_its_path_and_comes_as_often_as_asked() {
        let faults = Faults::new("/kong".to_owned());
        let none = HeaderMap::new();
        faults.inject_at("/a", InjectedFault::ServerError, 2);
        faults.inject(InjectedFault::Unauthorized, 1);
        let take = |path| faults.take(&none, path).unwrap();
        assert_eq!(take("/kong/a"), Some(InjectedFault::ServerError));
        assert_eq!(take("/kong/b"), Some(InjectedFault::Unauthorized));
        assert_eq!(take("/kong/b"), None);
        assert_eq!(faults.pending(), 1);
        assert_eq!(take("/a"), Some(InjectedFault::ServerError));
        assert_eq!(take("/a"), None);
    }
}
