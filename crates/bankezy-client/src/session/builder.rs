//! The settings of a session keeper.

use core::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::shared::{Login, Shared};
use super::{Session, SessionKeeper};
use crate::backoff::{Backoff, MAX_DEADLINE};
use crate::settings::Settings;
use crate::{BankEzyClient, ProviderError};

/// Settings of a [`SessionKeeper`]; finish with [`build`](Self::build).
#[must_use]
pub struct SessionKeeperBuilder {
    client: BankEzyClient,
    login: Login,
    settings: Settings,
    repeat: bool,
}

impl SessionKeeper {
    /// A keeper that logs in with this at the first call, with all settings at their defaults.
    #[must_use]
    pub fn new<F>(
        client: BankEzyClient,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Session, ProviderError>> + Send + 'static,
    {
        Self::builder(client, login).build()
    }

    /// Starts the settings of a keeper. `login` is called for each new session and must make a new key
    /// pair each time.
    pub fn builder<F>(
        client: BankEzyClient,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
    ) -> SessionKeeperBuilder
    where
        F: Future<Output = Result<Session, ProviderError>> + Send + 'static,
    {
        SessionKeeperBuilder {
            client,
            login: Box::new(move |client| Box::pin(login(client))),
            settings: Settings::default(),
            repeat: false,
        }
    }
}

impl SessionKeeperBuilder {
    /// The time of day, against which tokens expire. Default: the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.settings.clock = Box::new(clock);
        self
    }

    /// Bounds of the random wait after failures of the issuer: after the first one, and after any, which
    /// is at most 24 hours. Default: 1 s and 60 s.
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.settings.backoff = Backoff::new(first, max);
        self
    }

    /// Maximum time of a login or renewal, at most 24 hours. Default: 60 s.
    pub fn login_deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Whether a call that is refused with 401 is repeated once under a new session. Default: `false`, since
    /// nothing proves that the server, and not something before it that has passed the call on, answered.
    /// Set it only if the server executes each call once however often it arrives.
    pub fn repeat(mut self, repeat: bool) -> Self {
        self.repeat = repeat;
        self
    }

    /// The keeper. Nothing is sent before its first call.
    #[must_use]
    pub fn build(self) -> SessionKeeper {
        SessionKeeper {
            shared: Arc::new(Shared::new(self.client, self.login, self.settings)),
            repeat: self.repeat,
        }
    }
}
