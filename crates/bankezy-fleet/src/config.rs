//! Where the store is, and how long a process waits for it.

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::SecretText;
use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::names::is_name;

/// The first pause after a failure. It doubles with each further one, up to the rest of the configuration.
pub(crate) const FIRST_REST: Duration = Duration::from_millis(50);

/// Where the fleet's Redis or Valkey is, and the bounds of every wait for it. `Debug` shows no URL: it may hold a
/// password.
///
/// ```
/// use std::time::Duration;
///
/// use bankezy_fleet::FleetConfig;
///
/// let config = FleetConfig::new("rediss://:password@redis.internal:6379", "payments")
///     .response_deadline(Duration::from_millis(200))
///     .heartbeat(Duration::from_secs(2));
/// assert!(!format!("{config:?}").contains("password"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct FleetConfig {
    pub(crate) url: Zeroizing<String>,
    pub(crate) name: String,
    pub(crate) member_name: Option<String>,
    pub(crate) root_certificates: Option<Vec<u8>>,
    pub(crate) identity: Option<Arc<Identity>>,
    pub(crate) response_deadline: Duration,
    pub(crate) connect_deadline: Duration,
    rest: Option<Duration>,
    pub(crate) heartbeat: Duration,
}

impl FleetConfig {
    /// With `redis://[[USER]:PASSWORD@]HOST:PORT[/DATABASE]`, or `rediss://` for TLS, and the name of the fleet, with which all
    /// its keys in the store begin. Processes of one fleet use one name, and fleets that share a server different ones.
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            url: Zeroizing::new(url.into()),
            name: name.into(),
            member_name: None,
            root_certificates: None,
            identity: None,
            response_deadline: Duration::from_millis(500),
            connect_deadline: Duration::from_secs(1),
            rest: None,
            heartbeat: Duration::from_secs(5),
        }
    }

    /// The name shown for this process in [`Fleet::members`](crate::Fleet::members) and `bankezy fleet status`, such as that of
    /// its pod. It need not be unique. Default: none; members are then told apart by their identifiers, which change with
    /// each start.
    pub fn member_name(mut self, name: impl Into<String>) -> Self {
        self.member_name = Some(name.into());
        self
    }

    /// Accepts server certificates that these sign, in PEM, and no others. Default: those of the operating system.
    /// With a URL without TLS they are an error.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// Mutual TLS: the client certificate, followed by its intermediates, and its key (PKCS#8, PKCS#1 or SEC1) without a
    /// password, both as PEM. If one PEM holds both, pass it for both arguments. By default Redis requires a client
    /// certificate (`tls-auth-clients yes`). It has to be an X.509 certificate of version 3; `openssl x509 -req` without
    /// `-extfile` can make one of version 1. It is an error if the URL is not `rediss://`. The crate `redis` keeps the key,
    /// as it keeps the password, in memory that is not wiped.
    ///
    /// ```no_run
    /// use std::fs;
    ///
    /// use bankezy_crypto::SecretText;
    /// use bankezy_fleet::FleetConfig;
    ///
    /// # fn run() -> std::io::Result<()> {
    /// let key = SecretText::from(fs::read_to_string("client.key")?);
    /// let config = FleetConfig::new("rediss://redis.internal:6379", "payments")
    ///     .root_certificates(fs::read("ca.pem")?)
    ///     .client_identity_pem(&fs::read_to_string("client.pem")?, key);
    /// # Ok(())
    /// # }
    /// ```
    pub fn client_identity_pem(mut self, cert_chain_pem: &str, key_pem: SecretText) -> Self {
        let chain = cert_chain_pem.to_owned().into();
        let identity = Identity {
            chain,
            key: key_pem,
        };
        self.identity = Some(identity.into());
        self
    }

    pub(crate) fn has_names(&self) -> bool {
        [&self.name]
            .into_iter()
            .chain(&self.member_name)
            .all(|name| is_name(name))
    }

    /// How long one operation may take, with waiting for a connection. Default: 500 ms.
    pub fn response_deadline(mut self, deadline: Duration) -> Self {
        self.response_deadline = deadline;
        self
    }

    /// How long an attempt to connect may take, TLS included. Default: 1 s.
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    /// How long at most a store that could not be reached or did not answer is left alone: operations fail at once meanwhile.
    /// It begins with 50 ms, the least that is taken, and doubles with each failure. Default: 1 s, or a fifth of the heartbeat
    /// if that is shorter. With a rest near three heartbeats, a process counts as gone after an outage, and promotions do not wait for it.
    pub fn rest(mut self, rest: Duration) -> Self {
        self.rest = Some(rest);
        self
    }

    pub(crate) fn longest_rest(&self) -> Duration {
        let default = || Duration::from_secs(1).min(self.heartbeat / 5);
        self.rest.unwrap_or_else(default).max(FIRST_REST)
    }

    /// How often a member reports itself, from 10 ms to a day, which are also the bounds of what is taken. It counts as gone
    /// after three times as long. Default: 5 s. Give all processes of a fleet the same.
    pub fn heartbeat(mut self, every: Duration) -> Self {
        // Otherwise it would never count as there, and no promotion would wait for it.
        self.heartbeat = every.clamp(Duration::from_millis(10), Duration::from_secs(24 * 60 * 60));
        self
    }
}

/// Without a URL in the wrong place.
fn shown(name: &str) -> &str {
    if name.contains("://") || name.contains('@') {
        "(hidden)"
    } else {
        name
    }
}

impl fmt::Debug for FleetConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetConfig")
            .field("name", &shown(&self.name))
            .field("member_name", &self.member_name.as_deref().map(shown))
            .field("response_deadline", &self.response_deadline)
            .field("connect_deadline", &self.connect_deadline)
            .field("rest", &self.longest_rest())
            .field("heartbeat", &self.heartbeat)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A heartbeat that failed would otherwise be repeated too late, and hold promotions up.
    #[test]
    fn the_default_rest_is_short_beside_a_heartbeat() {
        let config = FleetConfig::new("redis://localhost", "test");
        assert_eq!(config.longest_rest(), Duration::from_secs(1));
        let config = config.heartbeat(Duration::from_secs(2));
        assert_eq!(config.longest_rest(), Duration::from_millis(400));
        let config = config.rest(Duration::from_secs(3));
        assert_eq!(config.longest_rest(), Duration::from_secs(3));
        // Otherwise a store that is away would be called without a pause.
        let config = config.rest(Duration::ZERO);
        assert_eq!(config.longest_rest(), FIRST_REST);
    }
}
