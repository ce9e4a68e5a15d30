//! What can go wrong between a process and the store that a fleet shares.

use core::error::Error as StdError;
use core::fmt;
use std::io;
use std::sync::Arc;

use bankezy_client::{ConnectProblem, ProviderError, TlsProblem, tls_problem};
use bankezy_crypto::Error;
use bankezy_crypto::providers::causes;

use crate::identity::IdentityProblem;

/// Why an operation on the fleet's store failed. No text of the server and no URL is in it: both may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetError {
    /// A name of the fleet, a member, a ring or a budget is empty or a URL.
    Name,
    /// The URL of the store cannot be used.
    Url,
    /// There are certificates for TLS, and the URL is one without TLS.
    NoTls,
    /// The root certificates for TLS cannot be used.
    Certificates,
    /// The client certificate or its key cannot be used.
    Identity(IdentityProblem),
    /// No connection, for a reason that the system names.
    Connect(ConnectProblem),
    /// No connection: TLS fails.
    Tls(TlsProblem),
    /// No connection, or the connection was lost.
    Unreachable,
    /// The store did not answer in time.
    TimedOut,
    /// A recent operation failed, and the store is not called for a moment.
    Resting,
    /// The store refused the operation.
    Refused {
        /// The server's code, if it is one of those that are known: `NOAUTH`, `OOM`, `READONLY` and the like.
        code: &'static str,
    },
    /// The store's answer is not of the expected form.
    Answer,
    /// A key file cannot be read.
    KeyFile {
        /// Its name, which is the key's identifier.
        name: String,
        /// Why.
        problem: KeyFileProblem,
    },
    /// The folder of key files cannot be read.
    KeyFolder(io::ErrorKind),
    /// The folder has no key files.
    NoKeys,
    /// The folder does not have the key to begin with.
    NoFirstKey,
    /// The folder does not have the key that the fleet seals with.
    NoNewestKey {
        /// The key's identifier, as the store has it.
        key_id: String,
    },
    /// Not all live members report that they can open with the key.
    NotReported {
        /// How many do not.
        missing: usize,
    },
    /// Another key was promoted after this call was made.
    Superseded,
    /// The store may have lost members within the last three heartbeats: those that are left report again.
    MembersForgotten,
    /// A key could not be used.
    Key(Error),
}

/// Why a key file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFileProblem {
    /// The operating system's reason.
    Io(io::ErrorKind),
    /// It holds no payload secret in base64url.
    Secret(Error),
    /// It holds another key than when it was first read, which stays in use.
    Changed,
    /// The ring does not take its key.
    Ring(Error),
}

/// Why a session was not revoked, or not everywhere.
#[derive(Debug)]
#[non_exhaustive]
pub enum RevokeError {
    /// The store.
    Store(FleetError),
    /// BankEzy.
    Provider(ProviderError),
}

impl<E: Into<FleetError>> From<E> for RevokeError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

impl StdError for RevokeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            Self::Provider(error) => error.source(),
        }
    }
}

impl fmt::Display for RevokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Provider(error) => error.fmt(f),
        }
    }
}

impl FleetError {
    /// A stable identifier, such as `fleet.unreachable`. That of a connection which fails is the one that the HTTP client
    /// has for it, such as `connect.refused`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name => "fleet.name",
            Self::Url => "fleet.url",
            Self::NoTls => "fleet.no_tls",
            Self::Certificates => "fleet.certificates",
            Self::Identity(problem) => problem.code(),
            Self::Connect(problem) => problem.code(),
            Self::Tls(problem) => problem.code(),
            Self::Unreachable => "fleet.unreachable",
            Self::TimedOut => "fleet.timed_out",
            Self::Resting => "fleet.resting",
            Self::Refused { .. } => "fleet.refused",
            Self::Answer => "fleet.answer",
            Self::KeyFile { .. } => "fleet.key_file",
            Self::KeyFolder(_) => "fleet.key_folder",
            Self::NoKeys => "fleet.no_keys",
            Self::NoFirstKey => "fleet.no_first_key",
            Self::NoNewestKey { .. } => "fleet.no_newest_key",
            Self::NotReported { .. } => "fleet.not_reported",
            Self::Superseded => "fleet.superseded",
            Self::MembersForgotten => "fleet.members_forgotten",
            Self::Key(error) => error.code(),
        }
    }

    /// Whether the store itself is away: not reached, too slow, or left alone.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Connect(_) | Self::Tls(_) | Self::Unreachable | Self::TimedOut | Self::Resting
        )
    }

    /// `has_identity`: whether a client certificate is configured.
    pub(crate) fn of(error: &redis::RedisError, has_identity: bool) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        match error.kind() {
            redis::ErrorKind::Io => no_connection(error, has_identity),
            redis::ErrorKind::InvalidClientConfig => Self::Url,
            redis::ErrorKind::AuthenticationFailed => Self::Refused { code: "WRONGPASS" },
            redis::ErrorKind::Parse | redis::ErrorKind::UnexpectedReturnType => Self::Answer,
            _ => {
                let code = error.code().unwrap_or_default();
                let known = KNOWN.into_iter().find(|known| *known == code);
                let code = known.unwrap_or("another code");
                Self::Refused { code }
            }
        }
    }
}

/// Codes that say what to do. Any other text of the server stays out of errors.
const KNOWN: [&str; 15] = [
    "BUSY",
    "CLUSTERDOWN",
    "CROSSSLOT",
    "ERR",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "MOVED",
    "NOAUTH",
    "NOPERM",
    "NOREPLICAS",
    "OOM",
    "READONLY",
    "WRONGPASS",
    "WRONGTYPE",
];

/// What the system and TLS say of a connection that could not be made, or was lost.
fn no_connection(error: &redis::RedisError, has_identity: bool) -> FleetError {
    // `redis` shares the error behind it, and a shared one does not show of which type it is.
    let shared = error.source().and_then(|it| it.downcast_ref());
    let Some(cause) = shared.map(|it: &Arc<dyn StdError + Send + Sync>| &**it) else {
        return FleetError::Unreachable;
    };
    if let Some(problem) = tls_problem(cause, has_identity) {
        return FleetError::Tls(problem);
    }
    let of_the_system = causes(cause)
        .filter_map(|it| it.downcast_ref())
        .find_map(connect_problem);
    of_the_system.map_or(FleetError::Unreachable, FleetError::Connect)
}

fn connect_problem(error: &io::Error) -> Option<ConnectProblem> {
    // The standard library has no kind for it.
    let is_dns = || error.to_string().starts_with("failed to lookup address");
    ConnectProblem::of(error).or_else(|| is_dns().then_some(ConnectProblem::Dns))
}

impl From<Error> for FleetError {
    fn from(error: Error) -> Self {
        Self::Key(error)
    }
}

impl StdError for FleetError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Key(error) => Some(error),
            _ => None,
        }
    }
}

/// A value of another type was written by another program, and counts as absent: the fleet's next write replaces it.
pub(crate) fn present<T>(found: Result<T, FleetError>) -> Result<Option<T>, FleetError> {
    match found {
        Err(FleetError::Refused { code: "WRONGTYPE" }) => Ok(None),
        found => found.map(Some),
    }
}

/// What a server means by a code, where that says what to do.
fn reason(code: &str) -> &'static str {
    match code {
        "MISCONF" => ": it cannot write to its disk",
        "NOAUTH" => ": the URL has no password",
        "NOPERM" => ": the user of the URL may not do it",
        "OOM" => ": its memory is full",
        "READONLY" => ": it is a replica",
        "WRONGPASS" => ": the URL has another user or password",
        _ => "",
    }
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => {
                "a name of the fleet, a member, a ring or a budget is empty or a URL, and names are stored in clear; expected a \
                 name such as payments: two arguments may be swapped"
            }
            Self::Url => {
                "the URL of the store cannot be used; expected redis://[[USER]:PASSWORD@]HOST:PORT[/DATABASE], or rediss:// for \
                 TLS, without parameters, and with `@`, `/`, `:`, `?` and `#` in a password percent-encoded"
            }
            Self::NoTls => "certificates are given for the store, but its URL is one without TLS; expected rediss://",
            Self::Certificates => "the root certificates for the store cannot be used; expected PEM",
            Self::Identity(problem) => return problem.fmt(f),
            Self::Connect(problem) => return write!(f, "the store could not be reached: {problem}"),
            Self::Tls(problem) => return write!(f, "the store could not be reached: {problem}"),
            Self::Unreachable => "the store could not be reached, or the connection was lost",
            Self::TimedOut => "the store did not answer in time",
            Self::Resting => "the store failed a moment ago: it is not called again yet",
            Self::Refused { code: "WRONGTYPE" } => {
                "the store refused the operation with WRONGTYPE: another program wrote under a name of the fleet; \
                 the fleet's next write there replaces it"
            }
            Self::Refused { code } => {
                let reason = reason(code);
                return write!(f, "the store refused the operation with {code}{reason}");
            }
            Self::Answer => "the store answered in an unexpected form",
            Self::KeyFile { name, problem } => {
                return match problem {
                    KeyFileProblem::Io(kind) => write!(f, "cannot read the key file {name}: {kind}"),
                    KeyFileProblem::Secret(error) => {
                        write!(f, "the key file {name} holds no payload secret: {error}")
                    }
                    KeyFileProblem::Changed => write!(
                        f,
                        "the key file {name} holds another key than before; a new key needs a new name"
                    ),
                    KeyFileProblem::Ring(error) => {
                        write!(f, "the key of the file {name} is not taken: {error}")
                    }
                };
            }
            Self::KeyFolder(io::ErrorKind::NotFound) => {
                "cannot read the folder of key files: no such folder"
            }
            Self::KeyFolder(kind) => return write!(f, "cannot read the folder of key files: {kind}"),
            Self::NoKeys => "the folder has no key files",
            Self::NoFirstKey => "the folder has no key file of the name to begin with",
            Self::NoNewestKey { key_id } => {
                return write!(
                    f,
                    "the folder has no file {key_id:?}, the key that the fleet seals with"
                );
            }
            Self::NotReported { missing: 1 } => {
                "1 live member does not report that it can open with the key"
            }
            Self::NotReported { missing } => {
                return write!(
                    f,
                    "{missing} live members do not report that they can open with the key"
                );
            }
            Self::Superseded => "another key was promoted meanwhile",
            Self::MembersForgotten => {
                "the store has known the fleet's members for less than three heartbeats, and may have lost others"
            }
            Self::Key(error) => return error.fmt(f),
        })
    }
}
