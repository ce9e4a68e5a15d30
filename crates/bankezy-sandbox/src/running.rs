//! A running emulator.

use core::fmt;
use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use bankezy_crypto::SecretText;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::credentials::Credentials;
use super::endpoint::Executed;
use super::error::SandboxError;
use super::faults::Faults;
use super::log::{Journal, LoggedExchange};
use super::state::State;
use super::tls::Authority;

/// A running emulator. It stops when this is dropped, or gracefully by [`shutdown`](Self::shutdown).
pub struct Sandbox {
    pub(super) state: Arc<State>,
    pub(super) address: SocketAddr,
    pub(super) authority: Option<Authority>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) server: JoinHandle<()>,
}

impl Sandbox {
    /// Base URL with the prefix and without a slash at its end, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.state.ready.url
    }

    /// Address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Certificate of the authority that signed the server's certificate; `None` without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(Authority::ca_pem)
    }

    /// What a partner gets at onboarding.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.state.credentials
    }

    /// What `bankezy sandbox --ready-file` writes: a JSON object with `url`, `ca_pem` (null without
    /// TLS), `client_cert_pem` and `client_key_pem` (null unless it asks for client certificates), and
    /// under `bankezy` the keys `apiKey`, `payloadSecret` (base64url), `sdkApiKey`,
    /// `appApiKey`, `appSecret`, `derivation` (`raw`, `sha256` or `concat-kdf`) and `echoPath`; under
    /// `faceki` and `sardine` `clientId` and `clientSecret`, under `complycube` `apiKey`. Their base
    /// URLs are `url` and the provider's name. `console` has the `url` and the `token` of the web page and the JSON API
    /// (null if they are off).
    #[must_use]
    pub fn ready_json(&self) -> SecretText {
        self.state.ready.file(&self.state.credentials)
    }

    /// The address of the web page with its token in the fragment; `None` if the console is off.
    #[must_use]
    pub fn console_url(&self) -> Option<SecretText> {
        Some(self.state.ready.console.as_ref()?.url())
    }

    /// The newest exchanges of the request log after a number, oldest first. Empty while the log is off.
    #[must_use]
    pub fn exchanges(&self, since: u64) -> Vec<Arc<LoggedExchange>> {
        let journal = self.state.journal.as_ref();
        let all = |journal: &Arc<Journal>| journal.ring().since(since, usize::MAX).exchanges;
        journal.map(all).unwrap_or_default()
    }

    /// Injects faults; it can be cloned and sent to other tasks.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.state.faults.clone()
    }

    /// How many calls were executed, that is, were neither refused nor stopped by a fault before they took effect.
    #[must_use]
    pub fn executed(&self) -> Executed {
        self.state.executed.read()
    }

    /// Moves the emulator's clock forward, so that tokens expire without waiting.
    pub fn advance_clock(&self, by: Duration) {
        self.state.clock.advance(by);
    }

    /// Makes a client certificate under the emulator's authority: the certificate and its PKCS#8
    /// private key, both as PEM.
    ///
    /// # Errors
    /// [`SandboxError::Config`] without TLS, [`SandboxError::Tls`] if it cannot be made.
    pub fn issue_client_identity(&self) -> Result<(String, SecretText), SandboxError> {
        self.authority
            .as_ref()
            .ok_or(SandboxError::Config {
                problem: "client certificates need TLS",
            })?
            .issue_client()
    }

    /// Stops accepting, lets running requests finish for up to five seconds, and ends.
    pub async fn shutdown(mut self) {
        // If the receiver is gone, the server has ended already.
        let _ = self.stop.send(true);
        let _ = (&mut self.server).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("address", &self.address)
            .field("tls", &self.authority.is_some())
            .finish_non_exhaustive()
    }
}
