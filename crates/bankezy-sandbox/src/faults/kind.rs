//! The faults that can be injected.

use core::time::Duration;

/// A fault.
///
/// Where it says "instead", the call is not executed; otherwise it is, and its answer is changed. All of them work
/// for every provider, except `wrong-key` and `clear-200`, which are for sealed answers: providers other than BankEzy
/// refuse those with 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InjectedFault {
    /// `delay`: the answer is delayed. In the header, the amount is in milliseconds; at most a
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
    /// `html`: 200 with an HTML page instead, as a proxy may return it.
    HtmlPage,
    /// `cut-body`: half of the answer, then the connection is closed.
    CutBody,
    /// `wrong-key`: the answer is sealed under a random key that is then dropped.
    WrongKey,
    /// `clear-200`: the answer is not sealed. The answer of Get App Token never is, so this changes nothing there.
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
    /// `after-401`: the call is executed, and answered with 401 in clear text, as a proxy may do.
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

/// The longest delay of an answer.
pub(crate) const MAX_DELAY_MS: u64 = 60_000;
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

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

    /// What the header `X-Sandbox-Fault` asks for, or what is wrong with it.
    pub(crate) fn from_header(text: &str) -> Result<Self, String> {
        let (name, amount) = match text.split_once('=') {
            None => (text, None),
            Some((name, amount)) => (name, Some(amount.trim())),
        };
        let Some(kind) = Kind::named(name.trim()) else {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            return Err(format!(
                "unknown fault: expected one of {}",
                known.join(", ")
            ));
        };
        let amount = match (amount, kind.amount) {
            (None, _) => None,
            (Some(_), None) => {
                let name = kind.name;
                return Err(format!(
                    "the fault {name} takes no amount: leave out what follows {name}"
                ));
            }
            (Some(text), Some(Amount { unit, max, .. })) => {
                let amount = text.parse().ok().filter(|amount| *amount <= max);
                let name = kind.name;
                let needed =
                    || format!("the amount of {name} is a whole number of {unit}, at most {max}");
                Some(amount.ok_or_else(needed)?)
            }
        };
        Ok(kind.fault(amount))
    }

    /// Its delay, seconds or bytes.
    pub(crate) fn amount(self) -> Option<u64> {
        match self {
            Self::Delay(delay) => Some(u64::try_from(delay.as_millis()).unwrap_or(MAX_DELAY_MS)),
            Self::TooManyRequests { retry_after }
            | Self::ServiceUnavailable { retry_after }
            | Self::AfterTooManyRequests { retry_after }
            | Self::AfterServiceUnavailable { retry_after } => Some(retry_after),
            Self::HugeBody { bytes } => Some(bytes),
            _ => None,
        }
    }

    /// Its row in the table.
    pub(crate) fn kind(self) -> Option<&'static Kind> {
        Kind::named(self.name())
    }

    pub(crate) fn bounded(self) -> Self {
        match self {
            Self::Delay(delay) => Self::Delay(delay.min(Duration::from_millis(MAX_DELAY_MS))),
            Self::HugeBody { bytes } => Self::HugeBody {
                bytes: bytes.min(MAX_BYTES),
            },
            other => other,
        }
    }
}

/// A fault as the table of all faults has it.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    pub(crate) amount: Option<Amount>,
    /// Whether it needs a sealed answer.
    pub(crate) sealed_only: bool,
    make: fn(u64) -> InjectedFault,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// With an amount in milliseconds, seconds or bytes where it takes one.
    pub(crate) fn fault(&self, amount: Option<u64>) -> InjectedFault {
        let default = self.amount.map(|amount| amount.default);
        (self.make)(amount.or(default).unwrap_or_default()).bounded()
    }
}

/// Properties of a fault beside its name.
#[derive(Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) member: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) default: u64,
    pub(crate) max: u64,
}

const DELAY: Amount = Amount {
    member: "delayMs",
    unit: "ms",
    default: 1000,
    max: MAX_DELAY_MS,
};
const RETRY_AFTER: Amount = Amount {
    member: "retryAfter",
    unit: "s",
    default: 1,
    max: 31_536_000,
};
const BYTES: Amount = Amount {
    member: "bytes",
    unit: "bytes",
    default: 64 * 1024 * 1024,
    max: MAX_BYTES,
};

const fn plain(name: &'static str, does: &'static str, make: fn(u64) -> InjectedFault) -> Kind {
    Kind {
        name,
        does,
        amount: None,
        sealed_only: false,
        make,
    }
}

const fn with(amount: Amount, kind: Kind) -> Kind {
    Kind {
        amount: Some(amount),
        ..kind
    }
}

const fn sealed_only(kind: Kind) -> Kind {
    Kind {
        sealed_only: true,
        ..kind
    }
}

/// All faults.
pub(crate) static KINDS: &[Kind] = &[
    with(
        DELAY,
        plain("delay", "the answer is delayed", |ms| {
            InjectedFault::Delay(Duration::from_millis(ms))
        }),
    ),
    plain("401", "401 in plain text; not executed", |_| {
        InjectedFault::Unauthorized
    }),
    with(
        RETRY_AFTER,
        plain("429", "429 with Retry-After; not executed", |retry_after| {
            InjectedFault::TooManyRequests { retry_after }
        }),
    ),
    plain("500", "500 with an HTML body; not executed", |_| {
        InjectedFault::ServerError
    }),
    with(
        RETRY_AFTER,
        plain("503", "503 with Retry-After; not executed", |retry_after| {
            InjectedFault::ServiceUnavailable { retry_after }
        }),
    ),
    plain(
        "html",
        "200 with an HTML page, as from a proxy; not executed",
        |_| InjectedFault::HtmlPage,
    ),
    plain(
        "cut-body",
        "executed; half of the answer, then the connection is closed",
        |_| InjectedFault::CutBody,
    ),
    sealed_only(plain(
        "wrong-key",
        "executed; the answer is sealed under a key that the client does not have",
        |_| InjectedFault::WrongKey,
    )),
    sealed_only(plain(
        "clear-200",
        "executed; the answer is not sealed",
        |_| InjectedFault::Clear200,
    )),
    with(
        BYTES,
        plain(
            "huge-body",
            "executed; 200 with that many bytes of text",
            |bytes| InjectedFault::HugeBody { bytes },
        ),
    ),
    plain(
        "drop-before",
        "the connection is closed; not executed",
        |_| InjectedFault::DropBefore,
    ),
    plain(
        "drop-after",
        "executed; the connection is closed without an answer",
        |_| InjectedFault::DropAfter,
    ),
    plain(
        "after-401",
        "executed; answered with 401 in plain text",
        |_| InjectedFault::AfterUnauthorized,
    ),
    with(
        RETRY_AFTER,
        plain(
            "after-429",
            "executed; answered with 429 and Retry-After",
            |retry_after| InjectedFault::AfterTooManyRequests { retry_after },
        ),
    ),
    with(
        RETRY_AFTER,
        plain(
            "after-503",
            "executed; answered with 503 and Retry-After",
            |retry_after| InjectedFault::AfterServiceUnavailable { retry_after },
        ),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_names_its_fault_and_amounts_are_bounded() {
        assert_eq!(KINDS.len(), 15);
        let named = InjectedFault::from_header;
        for kind in KINDS {
            let fault = named(kind.name).unwrap();
            assert_eq!(fault.name(), kind.name);
            assert_eq!(fault.amount(), kind.amount.map(|amount| amount.default));
        }
        let delay = Duration::from_millis(5);
        assert_eq!(named(" delay = 5 "), Ok(InjectedFault::Delay(delay)));
        let largest = InjectedFault::HugeBody { bytes: MAX_BYTES };
        assert_eq!(named("huge-body=1073741824"), Ok(largest));
        for (text, problem) in [
            ("delay=60001", "a whole number of ms, at most 60000"),
            ("huge-body=99999999999", "at most 1073741824"),
            ("delay=x", "a whole number of ms"),
            ("delay=", "a whole number of ms"),
            ("401=5", "the fault 401 takes no amount"),
            ("404", "expected one of delay, 401, "),
            ("", "expected one of delay"),
        ] {
            let found = named(text).unwrap_err();
            assert!(found.contains(problem), "{text}: {found}");
        }
    }
}
