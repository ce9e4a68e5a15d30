//! Settings and their defaults.

use core::time::Duration;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bankezy_crypto::Derivation;

use super::custom::CustomRoute;
use super::log::{LogLimits, OnExchange};
use super::tokens::TokenFormat;

/// Gets the opened JSON of a call that is executed.
pub(super) type OnExecuted = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Which of the documented forms BankEzy's answers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AnswerForm {
    /// That of the call's own page; the first one if the page has two tabs.
    #[default]
    Documented,
    /// That of the second tab, if the call's page has two.
    SecondTab,
    /// Forms that contain every name, code and nesting that the documentation shows on any page, for clients that
    /// must cope with all of them.
    Varied,
}

/// The settings of an emulator.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) listen: SocketAddr,
    pub(super) prefix: String,
    pub(super) tls: bool,
    pub(super) client_ca_pem: Option<String>,
    pub(super) client_certificate: bool,
    pub(super) derivation: Derivation<'static>,
    pub(super) token_lifetime: Duration,
    pub(super) answers: AnswerForm,
    pub(super) strict: bool,
    /// `None`: as documented for the call.
    pub(super) token_format: Option<TokenFormat>,
    pub(super) max_tokens: usize,
    pub(super) max_body: usize,
    pub(super) on_echo: OnExecuted,
    pub(super) custom: Vec<CustomRoute>,
    /// `None`: nothing is kept.
    pub(super) log: Option<LogLimits>,
    pub(super) on_exchange: Option<OnExchange>,
    pub(super) console: bool,
    /// Names beside the loopback ones.
    pub(super) console_hosts: Vec<String>,
    /// Names beside the loopback ones.
    pub(super) callback_hosts: Vec<String>,
}

impl Config {
    /// By their paths, with the prefix. Of two for one method and path the later one counts.
    pub(super) fn custom(&self) -> HashMap<String, Vec<CustomRoute>> {
        let mut routes: HashMap<String, Vec<CustomRoute>> = HashMap::new();
        for route in &self.custom {
            let path = format!("{}{}", self.prefix, route.path);
            let of_path = routes.entry(path).or_default();
            of_path.retain(|other| other.method != route.method);
            of_path.push(route.clone());
        }
        routes
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            prefix: String::new(),
            tls: false,
            client_ca_pem: None,
            client_certificate: false,
            derivation: Derivation::ConcatKdf { apu: b"", apv: b"" },
            token_lifetime: Duration::from_secs(3600),
            answers: AnswerForm::default(),
            strict: false,
            token_format: None,
            max_tokens: 20_000,
            max_body: 1024 * 1024,
            on_echo: Arc::new(|_| ()),
            custom: Vec::new(),
            log: None,
            on_exchange: None,
            console: false,
            console_hosts: Vec::new(),
            callback_hosts: Vec::new(),
        }
    }
}
