//! Settings and start of an emulator.

use core::fmt;
use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bankezy_crypto::Derivation;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::config::{AnswerForm, Config};
use super::console::{self, Access};
use super::credentials::Credentials;
use super::custom::CustomRoute;
use super::error::SandboxError;
use super::log::{LogLimits, LoggedExchange};
use super::random;
use super::ready::{ConsoleAddress, Ready};
use super::routes_file;
use super::running::Sandbox;
use super::server;
use super::state::State;
use super::tls::Authority;
use super::tokens::TokenFormat;

/// Settings of an emulator.
///
/// ```
/// # async fn start() -> Result<(), bankezy_sandbox::SandboxError> {
/// use bankezy_crypto::Derivation;
/// use bankezy_sandbox::Sandbox;
/// use serde_json::json;
///
/// let sandbox = Sandbox::builder()
///     .derivation(Derivation::Sha256)
///     .answer_at("/payments", |asked| json!({"referenceId": asked["referenceId"], "resCode": 200}))
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct SandboxBuilder {
    config: Config,
}

impl Sandbox {
    /// Starts with the default settings: plain HTTP on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`SandboxError`] that says what could not be set up.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn start() -> Result<Self, SandboxError> {
        Self::builder().start().await
    }

    /// Builds an emulator with other settings.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }
}

impl SandboxBuilder {
    /// Address and port. Default: 127.0.0.1 and a free port.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.config.listen = address;
        self
    }

    /// Prefix of every path, such as `/kong`. Default: none.
    #[must_use]
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.config.prefix = prefix.into();
        self
    }

    /// TLS 1.2 and 1.3 with a certificate for `localhost`, 127.0.0.1 and ::1 (and the address
    /// listened on) under an authority made at the start. Default: off.
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.config.tls = tls;
        self
    }

    /// Requires client certificates, and accepts those of the authorities in this PEM in addition to those of
    /// [`Sandbox::issue_client_identity`].
    #[must_use]
    pub fn client_ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.config.client_ca_pem = Some(pem.into());
        self
    }

    /// Requires client certificates, and accepts those of [`Sandbox::issue_client_identity`], one of which is in
    /// [`Sandbox::ready_json`]. Default: off.
    #[must_use]
    pub fn require_client_certificate(mut self, required: bool) -> Self {
        self.config.client_certificate = required;
        self
    }

    /// How the payload secret is derived from the secret shared on P-256. Default: Concat KDF without `apu` and
    /// `apv`, which is this crate's own choice. The ready file names it without its inputs, such as `salt` and `info`.
    #[must_use]
    pub fn derivation(mut self, derivation: Derivation<'static>) -> Self {
        self.config.derivation = derivation;
        self
    }

    /// How long a token is valid. Default: one hour.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.token_lifetime = lifetime;
        self
    }

    /// Form of BankEzy's answers. Default: as the call's own page shows it.
    #[must_use]
    pub fn answers(mut self, form: AnswerForm) -> Self {
        self.config.answers = form;
        self
    }

    /// Refuses what the documentation does not forbid but a server might: a `referenceId` that had a token before (as
    /// long as one of its tokens is remembered, see [`max_tokens`](Self::max_tokens)), members that no page names, a
    /// token in another form than it was issued in, `application/json` as the content type of a sealed body, and
    /// anything around a sealed text. Default: off.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.config.strict = strict;
        self
    }

    /// Form of BankEzy's tokens. Default: a JWT from Onboarding, as its page shows it, and a JWE from the other
    /// calls; JWTs with [`AnswerForm::Varied`].
    #[must_use]
    pub fn token_format(mut self, form: TokenFormat) -> Self {
        self.config.token_format = Some(form);
        self
    }

    /// How many tokens are remembered before the oldest is forgotten, at least 1. Default: 20,000, which take about 15 MB.
    #[must_use]
    pub fn max_tokens(mut self, max: usize) -> Self {
        self.config.max_tokens = max.max(1);
        self
    }

    /// Longest request body, in bytes. Default: 1 MiB.
    #[must_use]
    pub fn max_body(mut self, max: usize) -> Self {
        self.config.max_body = max;
        self
    }

    /// Calls `executed` with the opened JSON of each call of `/sandbox/echo` when it is executed, for example to
    /// count executions by a reference in the body. Default: does nothing.
    #[must_use]
    pub fn on_echo(mut self, executed: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        self.config.on_echo = Arc::new(executed);
        self
    }

    /// Answers POST of a path of your own, such as `/payments`, with what `answer` makes of the opened JSON, sealed
    /// under the key of the session: [`route`](Self::route) with the defaults of [`CustomRoute`]. Default: none.
    #[must_use]
    pub fn answer_at(
        self,
        path: impl Into<String>,
        answer: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.route(CustomRoute::new(path, answer))
    }

    /// Adds a route of your own. Paths that the emulator knows keep their meaning; of two routes for one method and
    /// path, the later one counts. Default: none.
    #[must_use]
    pub fn route(mut self, route: CustomRoute) -> Self {
        self.config.custom.push(route);
        self
    }

    /// Adds the routes of a TOML text: a method, a path, and a template of the answer. `docs/sandbox.md` of the
    /// repository describes it.
    ///
    /// # Errors
    /// [`SandboxError::Routes`] with the line that is wrong.
    pub fn routes_toml(mut self, toml: &str) -> Result<Self, SandboxError> {
        let taken = |path: &str| server::built_in().any(|known| known.path == path);
        self.config.custom.extend(routes_file::parse(toml, taken)?);
        Ok(self)
    }

    /// Keeps the newest exchanges in a log, with opened bodies and the reason of each refusal: for
    /// [`Sandbox::exchanges`] and the JSON API. Default: off.
    #[must_use]
    pub fn request_log(mut self, limits: LogLimits) -> Self {
        self.config.log = Some(limits);
        self
    }

    /// Calls `ended` with each exchange when it has ended, whether the log is on or not. Default: does nothing.
    #[must_use]
    pub fn on_exchange(mut self, ended: impl Fn(&LoggedExchange) + Send + Sync + 'static) -> Self {
        self.config.on_exchange = Some(Arc::new(ended));
        self
    }

    /// Serves the web page and the JSON API under `/_sandbox`. They show all that is sent, and need the token of
    /// [`Sandbox::ready_json`]. Default: off.
    #[must_use]
    pub fn console(mut self, console: bool) -> Self {
        self.config.console = console;
        self
    }

    /// Another name or address, such as `10.0.2.2`, by which the web page and the JSON API may be called. Default:
    /// the loopback ones, and the address listened on.
    #[must_use]
    pub fn console_host(mut self, host: impl Into<String>) -> Self {
        self.config.console_hosts.push(host.into());
        self
    }

    /// Another host that the JSON API may send callbacks to. Default: the loopback ones.
    #[must_use]
    pub fn callback_host(mut self, host: impl Into<String>) -> Self {
        self.config.callback_hosts.push(host.into());
        self
    }

    /// Starts the emulator on the current Tokio runtime; it accepts connections once this returns.
    ///
    /// # Errors
    /// [`SandboxError`] that says what could not be set up.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn start(self) -> Result<Sandbox, SandboxError> {
        let mut config = self.config;
        config.prefix = normalized_prefix(&config.prefix)?;
        let with_client_certificates = config.client_certificate || config.client_ca_pem.is_some();
        if with_client_certificates && !config.tls {
            return Err(SandboxError::Config {
                problem: "client certificates need TLS",
            });
        }
        let credentials = Credentials::generate(config.derivation)?;
        let (authority, acceptor, client_identity) = if config.tls {
            let authority = Authority::generate()?;
            let acceptor = authority.acceptor(
                config.listen.ip(),
                with_client_certificates,
                config.client_ca_pem.as_deref(),
            )?;
            let identity = match with_client_certificates {
                true => Some(authority.issue_client()?),
                false => None,
            };
            (Some(authority), Some(acceptor), identity)
        } else {
            (None, None, None)
        };
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| io("listen on the address given", &error))?;
        let address = listener
            .local_addr()
            .map_err(|error| io("learn its own address", &error))?;
        let scheme = if config.tls { "https" } else { "http" };
        let url = format!("{scheme}://{}{}", reachable(address), config.prefix);
        let access = Access::new(scheme, address, &config.console_hosts)?;
        let console = if config.console {
            Some(ConsoleAddress {
                page: format!("{scheme}://{}/_sandbox/", reachable(address)),
                token: random::hex::<32>()?.into(),
            })
        } else {
            None
        };
        let ready = Ready {
            url,
            ca_pem: authority.as_ref().map(|it| it.ca_pem().to_owned()),
            client_identity,
            console,
        };
        let known = server::known(&config);
        let state = Arc::new(State::new(&config, credentials, ready, known)?);
        let (stop, stopped) = watch::channel(false);
        let console = console::router(&state, access, config.callback_hosts, stopped.clone())?;
        let app = server::router(&config.prefix, Arc::clone(&state), console);
        let server = tokio::spawn(server::serve(listener, acceptor, app, stopped));
        Ok(Sandbox {
            state,
            address,
            authority,
            stop,
            server,
        })
    }
}

impl fmt::Debug for SandboxBuilder {
    /// Without the PEM: somebody may have put a private key into it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("listen", &self.config.listen)
            .field("tls", &self.config.tls)
            .field("token_lifetime", &self.config.token_lifetime)
            .field("answers", &self.config.answers)
            .field("token_format", &self.config.token_format)
            .finish_non_exhaustive()
    }
}

fn io(operation: &'static str, error: &std::io::Error) -> SandboxError {
    SandboxError::Io {
        operation,
        kind: error.kind(),
    }
}

/// How a client on this machine reaches an address that stands for all interfaces.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// With a slash in front and none at the end; empty if there is no prefix.
fn normalized_prefix(prefix: &str) -> Result<String, SandboxError> {
    let inner = prefix.trim_matches('/');
    if inner.is_empty() {
        return Ok(String::new());
    }
    // Nothing that the router could take for a pattern.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if inner
        .split('/')
        .any(|segment| segment.is_empty() || !segment.chars().all(plain))
    {
        return Err(SandboxError::Config {
            problem: "a path prefix is made of letters, digits and - . _ ~ between slashes",
        });
    }
    if inner.split('/').next() == Some("_sandbox") {
        return Err(SandboxError::Config {
            problem: "a path prefix must not begin with /_sandbox, where the console is",
        });
    }
    Ok(format!("/{inner}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_normalized_and_never_a_pattern() {
        assert_eq!(normalized_prefix("").unwrap(), "");
        assert_eq!(normalized_prefix("/").unwrap(), "");
        assert_eq!(normalized_prefix("kong/").unwrap(), "/kong");
        assert_eq!(normalized_prefix("/a/b.c").unwrap(), "/a/b.c");
        for pattern in [
            "/{x}",
            "/a//b",
            "/*x",
            "/:x",
            "/a b",
            "/a?b",
            "/_sandbox",
            "_sandbox/a",
        ] {
            assert!(normalized_prefix(pattern).is_err(), "{pattern}");
        }
    }
}
