//! The settings of a [`Client`].

use core::time::Duration;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

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

/// Shorter than the idle timeout of common servers (Node.js has 5 s): a server may close an idle connection
/// just when a request is sent on it, and that request cannot be repeated.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Settings of a [`Client`].
#[derive(Default)]
#[must_use]
pub struct ClientBuilder {
    connect_timeout: Option<Duration>,
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
    /// own certificate first, and its key as PEM (PKCS#8, PKCS#1 or SEC1) without a password.
    pub fn client_identity_pem(mut self, cert_chain_pem: &str, key_pem: SecretText) -> Self {
        self.identity = Some(Identity {
            chain: cert_chain_pem.to_owned(),
            key: key_pem,
        });
        self
    }

    /// Connects through an `http` or `https` proxy with a tunnel, so that the proxy sees only the host. A
    /// name and password in the URI are for the proxy. Plain `http` to loopback never uses the proxy.
    pub fn proxy(mut self, uri: Uri) -> Self {
        self.proxy = Some(uri);
        self
    }

    /// Takes the proxy from the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) unless
    /// [`proxy`](Self::proxy) is set. Default: `false`.
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
        Ok(Client::new(self.pools()?, self.settings))
    }

    /// Builds the blocking client and starts its thread.
    ///
    /// # Errors
    /// [`ClientErrorKind::Configuration`](crate::ClientErrorKind::Configuration) names the invalid setting.
    pub fn build_blocking(self) -> Result<Blocking<Client>, ClientError> {
        Blocking::new(self.build()?)
    }

    fn pools(&self) -> Result<Pools, Setting> {
        let config = tls::config(&self.roots, self.only_these_roots, self.identity.as_ref())?;
        let secure = match &self.proxy {
            Some(uri) => self.common(config).proxy(proxy(uri)?),
            None if self.system_proxy => self.common(config),
            None => self.common(config).no_proxy(),
        };
        let nothing_trusted = tls::config(&[], true, None)?;
        let here = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
        ];
        let loopback = self
            .common(nothing_trusted)
            .no_proxy()
            .resolve_to_addrs("localhost", &here);
        let build =
            |builder: reqwest::ClientBuilder| builder.build().map_err(|_| Setting::Transport);
        Ok(Pools {
            secure: build(secure.https_only(true))?,
            loopback: build(loopback)?,
            has_identity: self.identity.is_some(),
        })
    }

    /// Sets what is already the default too, since another crate in the same program can enable features
    /// that change the defaults.
    fn common(&self, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .connect_timeout(self.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT))
            .pool_idle_timeout(IDLE_TIMEOUT)
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

fn proxy(uri: &Uri) -> Result<reqwest::Proxy, Setting> {
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => {
            let text = SecretText::from(uri.to_string());
            reqwest::Proxy::https(text.as_str()).map_err(|_| Setting::Proxy)
        }
        _ => Err(Setting::Proxy),
    }
}
