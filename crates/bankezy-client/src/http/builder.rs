//! The settings of a [`Client`].

use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bankezy_crypto::SecretText;
use http::Uri;

use super::Client;
use super::client::Pools;
use super::tls::{self, Identity};
use crate::backoff::MAX_DEADLINE;
use crate::transport::Settings;
use crate::{Blocking, ClientError, RetryPolicy, Setting};

/// Default maximum time to connect (DNS, TCP and TLS): 5 s.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Default time for which an idle connection is kept: 4 s, below the idle timeout of common servers (Node.js has
/// 5 s). A server may close an idle connection just when a request is sent on it, and that request cannot be
/// repeated.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Default number of idle connections that are kept for each host.
pub const DEFAULT_MAX_IDLE_PER_HOST: usize = 100;

/// Settings of a [`Client`].
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    connect_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    max_idle_per_host: Option<usize>,
    settings: Settings,
    roots: Vec<String>,
    only_these_roots: bool,
    identity: Option<Identity>,
    proxy: Option<Uri>,
    system_proxy: bool,
}

impl Client {
    /// Starts a client with default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

impl ClientBuilder {
    /// Maximum time to connect (DNS, TCP and TLS). Default: [`DEFAULT_CONNECT_TIMEOUT`].
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long an idle connection is kept: less than the server's keep-alive time, and zero for one
    /// connection per request. At most 24 hours. Default: [`DEFAULT_IDLE_TIMEOUT`].
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout.min(MAX_DEADLINE));
        self
    }

    /// Maximum number of idle connections that are kept for each host. Default:
    /// [`DEFAULT_MAX_IDLE_PER_HOST`].
    pub fn max_idle_per_host(mut self, max: usize) -> Self {
        self.max_idle_per_host = Some(max);
        self
    }

    /// Maximum time of a call with all its attempts, at most 24 hours. Default:
    /// [`DEFAULT_DEADLINE`](crate::DEFAULT_DEADLINE).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Maximum length of the body of an answer, in bytes. Default:
    /// [`DEFAULT_MAX_RESPONSE_LEN`](crate::DEFAULT_MAX_RESPONSE_LEN).
    pub fn max_response_len(mut self, max: usize) -> Self {
        self.settings.max_response_len = max;
        self
    }

    /// Trusts the certificates of a PEM text (one or more) as roots, in addition to the system's.
    pub fn add_root_certificate_pem(mut self, pem: &str) -> Self {
        self.roots.push(pem.to_owned());
        self
    }

    /// Trusts only the roots added, and none of the system's. Without any root added no `https` server is
    /// trusted: enough for tests over plain `http` on loopback, even on a system without roots. Default:
    /// `false`.
    pub fn only_these_roots(mut self, only: bool) -> Self {
        self.only_these_roots = only;
        self
    }

    /// Presents a certificate to servers that ask for one (mutual TLS): the chain as PEM, with the client's
    /// own certificate first, and its key as PEM (PKCS#8, PKCS#1 or SEC1) without a password. One text with both
    /// can be given twice.
    pub fn client_identity_pem(mut self, cert_chain_pem: &str, key_pem: SecretText) -> Self {
        self.identity = Some(Identity {
            chain: cert_chain_pem.to_owned().into(),
            key: key_pem,
        });
        self
    }

    /// Connects through an `http` or `https` proxy with a tunnel, so that the proxy sees only the host. A
    /// name and password in the URI are for the proxy; a path, a query and port 0 are refused. Plain `http` to
    /// loopback never uses the proxy. An `https` proxy is refused together with a client certificate, which it would
    /// be shown.
    pub fn proxy(mut self, uri: Uri) -> Self {
        self.proxy = Some(uri);
        self
    }

    /// Takes the proxy from the environment unless [`proxy`](Self::proxy) is set: `HTTPS_PROXY`, or else
    /// `ALL_PROXY`, and exceptions from `NO_PROXY`, each also in lower case. An empty value counts as none. A value that
    /// is not the URI of a proxy is an error of [`build`](Self::build), never a direct connection, and so is an entry of
    /// `NO_PROXY` that can have no effect, such as one with a port. Default: `false`.
    pub fn system_proxy(mut self, system_proxy: bool) -> Self {
        self.system_proxy = system_proxy;
        self
    }

    /// When [`execute`](Client::execute) retries. Default: [`RetryPolicy::default`]. Not used if the client
    /// is a service in middleware: see [`Transport::retries`](crate::Transport::retries).
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Builds the asynchronous client. Reads the system's roots; sends nothing.
    ///
    /// # Errors
    /// [`ClientErrorKind::Configuration`](crate::ClientErrorKind::Configuration) names the invalid setting.
    pub fn build(self) -> Result<Client, ClientError> {
        let config = tls::config(&self.roots, self.only_these_roots, self.identity.as_ref())?;
        let secure = self.proxied(self.common(config).no_proxy())?;
        let nothing_trusted = tls::config(&[], true, None)?;
        let here = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let plain = self
            .common(nothing_trusted)
            .no_proxy()
            .resolve_to_addrs("localhost", &here.map(|ip: IpAddr| (ip, 0).into()));
        let build =
            |builder: reqwest::ClientBuilder| builder.build().map_err(|_| Setting::Transport);
        let pools = Pools {
            secure: build(secure.https_only(true))?,
            plain: build(plain)?,
            has_identity: self.identity.is_some(),
        };
        Ok(Client {
            pools: pools.into(),
            settings: self.settings,
        })
    }

    /// Builds the blocking client and starts its thread.
    ///
    /// # Errors
    /// [`ClientErrorKind::Configuration`](crate::ClientErrorKind::Configuration) names the invalid setting.
    pub fn build_blocking(self) -> Result<Blocking<Client>, ClientError> {
        Blocking::new(self.build()?)
    }

    fn proxied(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Setting> {
        let (text, exceptions) = match (&self.proxy, proxy_of_environment()) {
            (Some(uri), _) => (SecretText::from(uri.to_string()), None),
            (None, Some(text)) if self.system_proxy => (text, exceptions()?),
            _ => return Ok(builder),
        };
        let uri: Uri = text.as_str().parse().map_err(|_| Setting::Proxy)?;
        let has_more = uri.path() != "/" || uri.query().is_some() || text.as_str().contains('#');
        match (uri.scheme_str(), uri.host()) {
            (Some("http" | "https"), _) if has_more || uri.port_u16() == Some(0) => {
                Err(Setting::ProxyParts)
            }
            (Some("https"), _) if self.identity.is_some() => Err(Setting::ProxyIdentity),
            (Some("http" | "https"), Some(host)) if !host.is_empty() => {
                let proxy = reqwest::Proxy::https(text.as_str()).map_err(|_| Setting::Proxy)?;
                Ok(builder.proxy(proxy.no_proxy(exceptions)))
            }
            _ => Err(Setting::Proxy),
        }
    }

    /// Sets what is already the default too, since another crate in the same program can enable features
    /// that change the defaults.
    fn common(&self, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .connect_timeout(self.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT))
            .pool_idle_timeout(self.idle_timeout.unwrap_or(DEFAULT_IDLE_TIMEOUT))
            .pool_max_idle_per_host(self.max_idle_per_host.unwrap_or(DEFAULT_MAX_IDLE_PER_HOST))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns()
            .user_agent(concat!("bankezy-crypto/", env!("CARGO_PKG_VERSION")))
    }
}

/// What the environment says, with the scheme `http` where it names none, as other programs read it.
fn proxy_of_environment() -> Option<SecretText> {
    let value = variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])?;
    // What is not UTF-8 is no URI either way.
    let text = SecretText::from(value.to_string_lossy().into_owned());
    Some(if text.as_str().contains("://") {
        text
    } else {
        format!("http://{}", text.as_str()).into()
    })
}

/// Which hosts the environment excepts from the proxy.
fn exceptions() -> Result<Option<reqwest::NoProxy>, Setting> {
    let list = variable(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    Setting::check_no_proxy(&list).map(reqwest::NoProxy::from_string)
}

/// The first of these variables that has a value.
fn variable(names: &[&str]) -> Option<std::ffi::OsString> {
    let mut values = names.iter().filter_map(std::env::var_os);
    values.find(|value| !value.is_empty())
}
