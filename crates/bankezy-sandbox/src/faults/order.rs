//! What is posted to set a fault.

use core::fmt;
use core::time::Duration;

use super::kind::{InjectedFault, KINDS, Kind, MAX_DELAY_MS};
use super::target::{Known, Target};
use crate::members::{MemberError, Members};

/// A fault to set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) fault: InjectedFault,
    /// Before the fault.
    pub(crate) delay: Option<Duration>,
    /// `None`: until it is cleared.
    pub(crate) count: Option<u32>,
    pub(crate) target: Target,
    pub(crate) probability: f64,
}

/// Why a fault is not set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OrderError {
    Member(MemberError),
    UnknownFault,
    UnknownPath {
        known: Vec<String>,
    },
    UnknownCall {
        known: Vec<String>,
    },
    PathAndCall,
    /// An amount of another fault.
    Foreign {
        member: &'static str,
        fault: &'static str,
    },
    SealedOnly {
        fault: &'static str,
    },
    TooMany {
        max: usize,
    },
}

/// The amounts of all faults.
const AMOUNTS: [&str; 3] = ["delayMs", "retryAfter", "bytes"];

impl Order {
    /// Once, at the next request.
    pub(crate) fn new(target: Target, fault: InjectedFault) -> Self {
        Self {
            fault,
            delay: None,
            count: Some(1),
            target,
            probability: 1.0,
        }
    }

    /// `count` is the name of the member that says how often.
    pub(crate) fn parse(
        members: &Members,
        known: &Known,
        count: &'static str,
    ) -> Result<Self, OrderError> {
        let name: String = members.required("fault", "the name of a fault")?;
        let kind = Kind::named(&name).ok_or(OrderError::UnknownFault)?;
        let (mut delay, mut amount) = (None, None);
        for member in AMOUNTS {
            let own = kind.amount.filter(|own| own.member == member);
            let max = own.map_or(MAX_DELAY_MS, |own| own.max);
            let Some(value) = whole(members, member, 0, max)? else {
                continue;
            };
            if own.is_some() {
                amount = Some(value);
            } else if member == "delayMs" {
                delay = Some(Duration::from_millis(value));
            } else {
                let fault = kind.name;
                return Err(OrderError::Foreign { member, fault });
            }
        }
        let (target, is_sealed) = target(members, known)?;
        if kind.sealed_only && !is_sealed {
            return Err(OrderError::SealedOnly { fault: kind.name });
        }
        Ok(Self {
            fault: kind.fault(amount),
            delay,
            count: how_often(members, count)?,
            target,
            probability: probability(members)?,
        })
    }
}

fn how_often(members: &Members, name: &'static str) -> Result<Option<u32>, MemberError> {
    if members.is_null(name) {
        return Ok(None);
    }
    let count = whole(members, name, 1, u32::MAX.into())?.unwrap_or(1);
    Ok(u32::try_from(count).ok())
}

fn probability(members: &Members) -> Result<f64, MemberError> {
    let (name, expected) = ("probability", "a number above 0 and up to 1");
    let found = members.optional(name, expected)?.unwrap_or(1.0);
    if found > 0.0 && found <= 1.0 {
        return Ok(found);
    }
    let expected = expected.to_owned();
    Err(MemberError::Invalid { name, expected })
}

/// What it is aimed at, and whether all answers there are sealed.
fn target(members: &Members, known: &Known) -> Result<(Target, bool), OrderError> {
    let path: Option<String> = members.optional("path", "a path, as a string")?;
    let call: Option<String> = members.optional("call", "the name of a call")?;
    match (path, call) {
        (None, None) => Ok((Target::Any, true)),
        (Some(_), Some(_)) => Err(OrderError::PathAndCall),
        (Some(path), None) => match known.path(&path) {
            Some(is_sealed) => Ok((Target::Path(path), is_sealed)),
            None => Err(OrderError::UnknownPath {
                known: known.paths.iter().map(|it| it.path.clone()).collect(),
            }),
        },
        (None, Some(call)) => match known.call(&call) {
            Some((call, is_sealed)) => Ok((Target::Call(call), is_sealed)),
            None => Err(OrderError::UnknownCall {
                known: known
                    .calls
                    .iter()
                    .map(|(call, _)| (*call).to_owned())
                    .collect(),
            }),
        },
    }
}

/// A whole number within bounds.
fn whole(
    members: &Members,
    name: &'static str,
    min: u64,
    max: u64,
) -> Result<Option<u64>, MemberError> {
    let expected = format!("a whole number from {min} to {max}");
    match members.optional::<u64>(name, &expected)? {
        Some(value) if !(min..=max).contains(&value) => {
            Err(MemberError::Invalid { name, expected })
        }
        found => Ok(found),
    }
}

impl OrderError {
    /// The valid names, if there is a list.
    pub(crate) fn known(&self) -> Option<Vec<String>> {
        match self {
            Self::Member(MemberError::Unknown { known, .. })
            | Self::UnknownPath { known }
            | Self::UnknownCall { known } => Some(known.clone()),
            Self::UnknownFault => Some(KINDS.iter().map(|kind| kind.name.to_owned()).collect()),
            _ => None,
        }
    }
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, what: &str| {
            let known = self.known().unwrap_or_default().join(", ");
            write!(f, "unknown {what}: expected one of {known}")
        };
        match self {
            Self::Member(error) => error.fmt(f),
            Self::UnknownFault => named(f, "fault"),
            Self::UnknownPath { .. } => named(f, "path"),
            Self::UnknownCall { .. } => named(f, "call"),
            Self::PathAndCall => f.write_str("a fault has a path or a call, not both"),
            Self::Foreign { member, fault } => {
                write!(f, "the fault {fault} has no {member}: leave it out")
            }
            Self::SealedOnly { fault } => {
                write!(f, "the fault {fault} is for answers that are sealed")
            }
            Self::TooMany { max } => {
                write!(f, "{max} faults are set, which is the maximum: clear some")
            }
        }
    }
}

impl From<MemberError> for OrderError {
    fn from(error: MemberError) -> Self {
        Self::Member(error)
    }
}
