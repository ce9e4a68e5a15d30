//! A session with BankEzy that the processes of a fleet share.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bankezy_client::{BankEzyClient, ProviderError, Renewal, Session};
use bankezy_crypto::providers::bankezy::{AgreedSession, TokenAnswer};
use bankezy_crypto::providers::{
    Lifetime, RequestError, Token, TokenEntry, TokenKey, TokenStore as _,
};
use bankezy_crypto::{Channel, Error, KeyRing, PayloadCipher};

use crate::budget::{KEEP_FOR, reserve};
use crate::connection::lock;
use crate::error::{FleetError, RevokeError};
use crate::fleet::Fleet;
use crate::names::{hex, unique};
use crate::tokens::{LoginLock, SharedTokens, now};

/// How a fleet shares a session.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct SessionSettings {
    messages: u64,
    limit: u64,
    lifetime_for_unstated: Option<Duration>,
    lock: LoginLock,
}

impl SessionSettings {
    /// Messages that each process may seal under a session. Default: 2^20. More than the limit counts as the limit.
    pub fn messages(mut self, messages: u64) -> Self {
        self.messages = messages.max(1);
        self
    }

    /// Messages that all processes reserve under a session before the next one is begun. Default: 2^30, half of what
    /// one side seals under a key.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = limit.clamp(1, 1 << 31);
        self
    }

    /// Lifetime of a session whose answer states none. Default: none; such a session is not shared.
    pub fn lifetime_for_unstated(mut self, lifetime: Duration) -> Self {
        self.lifetime_for_unstated = Some(lifetime);
        self
    }

    /// The lock that makes one process log in.
    pub fn login_lock(mut self, lock: LoginLock) -> Self {
        self.lock = lock;
        self
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            messages: 1 << 20,
            limit: 1 << 30,
            lifetime_for_unstated: None,
            lock: LoginLock::default(),
        }
    }
}

/// A session with BankEzy that the processes of a fleet share: one login for all, and a process that starts again goes
/// on with the fleet's session.
///
/// It is opt-in because of what it costs: the agreed key lies in the store and its backups, sealed under the wrapping
/// key. Anyone who can write to the store can put back an older session of the fleet. And whether BankEzy allows one session
/// to be used by several processes at the same time is not documented.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use bankezy_client::{BankEzyClient, ProviderError, SessionKeeper};
/// use bankezy_crypto::providers::bankezy::{AgreedSession, AppCredentials};
/// use bankezy_crypto::{Derivation, KeyPair, KeyRing, PublicKey, SecretText};
/// use bankezy_fleet::{Fleet, SessionSettings};
///
/// type App = Arc<(String, SecretText)>; // `apiKey` and `secret` of Get App Token
///
/// /// Calls Get App Token with a new key pair, and returns the answer with the secret that was agreed.
/// async fn log_in(bankezy: BankEzyClient, app: App) -> Result<AgreedSession, ProviderError> {
///     let app = AppCredentials { api_key: &app.0, secret: app.1.as_str() };
///     let ours = Arc::new(KeyPair::generate()?);
///     let derivation = Derivation::Sha256; // the one that `bankezy diagnose` found
///     let session = bankezy.app_token(&app, Arc::clone(&ours), &derivation).await?;
///     let theirs = session.answer.server_public_key.as_deref().unwrap_or_default();
///     let secret = ours.agree(&PublicKey::from_wire(theirs)?, &derivation)?;
///     Ok(AgreedSession::new(session.answer, &secret))
/// }
///
/// # fn keep(fleet: &Fleet, bankezy: BankEzyClient, app: App, ring: Arc<KeyRing>) -> Result<(), bankezy_crypto::Error> {
/// let sessions = fleet.sessions("payments", ring, SessionSettings::default())?;
/// let login = sessions.login(move |bankezy| log_in(bankezy, Arc::clone(&app)));
/// let keeper = SessionKeeper::new(bankezy, login);
/// # Ok(())
/// # }
/// ```
///
/// A keeper never invalidates a shared session, neither when it shuts down nor when a login replaces it: others may be
/// using it. [`revoke`](Self::revoke) does. It is not renewed but replaced by a login.
#[derive(Clone)]
#[must_use]
pub struct SharedSessions(Arc<Shared>);

struct Shared {
    fleet: Fleet,
    tokens: SharedTokens<AgreedSession>,
    key: TokenKey,
    settings: SessionSettings,
}

/// What [`SharedSessions::revoke`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked {
    /// There is no such session.
    Nothing,
    /// It is removed from the store, and its token invalidated.
    Ended,
    /// It is removed from the store, so that no other process begins to use it. The answer to its login had no reference to
    /// invalidate its token by, so processes that have it go on with it until it expires: start them again.
    StillValid {
        /// Until the token expires, by this machine's clock.
        left: Duration,
    },
}

/// What [`SharedSessions::login`] returns, for a session keeper.
pub(crate) type SessionFuture =
    Pin<Box<dyn Future<Output = Result<Session, ProviderError>> + Send>>;

impl Fleet {
    /// A session that the processes of the fleet share, token and agreed key together. `name` is that of the login, the
    /// same in all processes. [`SharedSessions`] says what it costs.
    ///
    /// # Errors
    /// As for [`TokenKey::of`](bankezy_crypto::providers::TokenKey::of).
    pub fn sessions(
        &self,
        name: &str,
        ring: Arc<KeyRing>,
        settings: SessionSettings,
    ) -> Result<SharedSessions, Error> {
        SharedSessions::new(self, name, ring, settings)
    }
}

impl SharedSessions {
    pub(crate) fn new(
        fleet: &Fleet,
        name: &str,
        ring: Arc<KeyRing>,
        mut settings: SessionSettings,
    ) -> Result<Self, Error> {
        // Otherwise the first process would seal more than all together may.
        settings.messages = settings.messages.min(settings.limit);
        Ok(Self(Arc::new(Shared {
            fleet: fleet.clone(),
            tokens: SharedTokens::new(fleet, ring, settings.lock),
            key: TokenKey::of(&[b"bankezy-fleet session", name.as_bytes()])?,
            settings,
        })))
    }

    /// The login for a [`SessionKeeper`](bankezy_client::SessionKeeper): it returns the fleet's session if there is one
    /// that its keeper was not given before, and else logs in, if it is this process's turn.
    ///
    /// `login` makes a new key pair each time, and returns the answer with the secret that was agreed.
    pub fn login<F>(
        &self,
        login: impl Fn(BankEzyClient) -> F + Send + Sync + 'static,
    ) -> impl Fn(BankEzyClient) -> SessionFuture + Send + Sync + 'static
    where
        F: Future<Output = Result<AgreedSession, ProviderError>> + Send + 'static,
    {
        // A keeper takes part as a process of its own would.
        let shared = Shared {
            fleet: self.0.fleet.clone(),
            tokens: self.0.tokens.clone(),
            ..*self.0
        };
        let (shared, login) = (Arc::new(shared), Arc::new(login));
        // The tag of the session that the keeper was given last.
        let last = Arc::<Mutex<Option<String>>>::default();
        move |client| {
            let (shared, login, last) =
                (Arc::clone(&shared), Arc::clone(&login), Arc::clone(&last));
            Box::pin(async move {
                let login = async || login(client.clone()).await;
                shared.obtain(&last, login).await
            })
        }
    }

    /// The session in the store, as another process would get it.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn stored(&self) -> Result<Option<TokenEntry<AgreedSession>>, FleetError> {
        self.0.tokens.stored(&self.0.key).await
    }

    /// Ends the fleet's session: invalidates its token at BankEzy, if the answer to the login had a reference for it, and
    /// removes it from the store. The next calls of each process that still uses it are refused, until that
    /// process has logged in.
    ///
    /// # Errors
    /// [`RevokeError::Provider`] if BankEzy did not invalidate the token: the session stays in the store, to be revoked
    /// again. [`RevokeError::Store`] if the store did not say which session there is, or did not remove it; in the second
    /// case the token is invalidated, and the first process that is refused removes it.
    pub async fn revoke(&self, client: &BankEzyClient) -> Result<Revoked, RevokeError> {
        let shared = &self.0;
        let Some(entry) = self.stored().await? else {
            return Ok(Revoked::Nothing);
        };
        let agreed = entry.answer();
        let Some(reference) = &agreed.answer.token_reference_id else {
            shared.tokens.remove_now(&shared.key, &entry).await?;
            let left = entry.good_until().duration_since(now().time_of_day);
            return Ok(Revoked::StillValid {
                left: left.unwrap_or_default(),
            });
        };
        // First: without the record nobody would know the reference, should it fail.
        let channel = Channel::from(cipher_of(agreed, shared.settings.messages)?);
        let token = Some(&agreed.answer.token);
        let invalidated = client.invalidate(reference, token, &channel).await;
        invalidated.map_err(RevokeError::Provider)?;
        shared.tokens.remove_now(&shared.key, &entry).await?;
        Ok(Revoked::Ended)
    }
}

impl Shared {
    async fn obtain(
        &self,
        last: &Mutex<Option<String>>,
        login: impl AsyncFnOnce() -> Result<AgreedSession, ProviderError>,
    ) -> Result<Session, ProviderError> {
        let mut after = lock(last).clone();
        // Once more if the one that was found has no messages left for this process.
        for _ in 0..2 {
            let Some((entry, true)) = self.tokens.next(&self.key, after.as_deref()).await else {
                break;
            };
            let tag = self.tag(&entry)?;
            if self.reserve(&tag).await {
                return self.hand_out(&entry, tag, last);
            }
            after = Some(tag);
        }
        let asked_at = now();
        let agreed = match login().await {
            Ok(agreed) => agreed,
            Err(error) => {
                self.tokens.give_up(&self.key).await;
                return Err(error);
            }
        };
        let stated = agreed.answer.token.expires_by(asked_at.time_of_day);
        let unstated = || {
            asked_at
                .time_of_day
                .checked_add(self.settings.lifetime_for_unstated?)
        };
        let Some(until) = stated.or_else(unstated) else {
            self.tokens.give_up(&self.key).await;
            let cipher = cipher_of(&agreed, self.settings.messages).map_err(RequestError::from)?;
            return Ok(Session::new(
                copied(&agreed.answer, None),
                cipher,
                Renewal::NewLogin,
            ));
        };
        let entry = TokenEntry::new(agreed, Lifetime::new(asked_at, until, None));
        // It never fails: a store that is away gets it later.
        let _ = self.tokens.save(&self.key, &entry).await;
        let tag = self.tag(&entry)?;
        self.reserve(&tag).await;
        self.hand_out(&entry, tag, last)
    }

    fn tag(&self, entry: &TokenEntry<AgreedSession>) -> Result<String, ProviderError> {
        let tag = entry.tag(&self.key).map_err(RequestError::from)?;
        Ok(hex(&tag))
    }

    /// Whether this process may use the session. Without the store it may: the count loses one share then.
    async fn reserve(&self, tag: &str) -> bool {
        let SessionSettings {
            messages, limit, ..
        } = self.settings;
        let key = self.fleet.0.names.budget(&format!("session:{tag}"));
        let request = unique();
        // Much longer than a session lives.
        let reserved = reserve(
            &self.fleet,
            &key,
            None,
            &request,
            [messages, limit],
            KEEP_FOR / 8,
        );
        reserved.await.map_or(true, |reserved| reserved.granted)
    }

    fn hand_out(
        &self,
        entry: &TokenEntry<AgreedSession>,
        tag: String,
        last: &Mutex<Option<String>>,
    ) -> Result<Session, ProviderError> {
        let agreed = entry.answer();
        let cipher = cipher_of(agreed, self.settings.messages).map_err(RequestError::from)?;
        *lock(last) = Some(tag);
        let answer = copied(&agreed.answer, Some(entry));
        Ok(Session::new(answer, cipher, Renewal::NewLogin))
    }
}

fn cipher_of(agreed: &AgreedSession, messages: u64) -> Result<PayloadCipher, Error> {
    Ok(PayloadCipher::new(&agreed.secret()?)?.with_nonce_budget(messages))
}

/// Without the reference, by which a keeper would invalidate the token when it shuts down. The expiry is by this
/// machine's clock.
fn copied(answer: &TokenAnswer, entry: Option<&TokenEntry<AgreedSession>>) -> TokenAnswer {
    let until = entry.map(TokenEntry::good_until);
    let mut token = Token::new(answer.token.as_str().to_owned().into(), until);
    if let Some(token_type) = answer.token.token_type() {
        token = token.with_token_type(token_type);
    }
    let mut copy = TokenAnswer::new(token);
    copy.server_public_key = answer.server_public_key.clone();
    copy.reference_id = answer.reference_id.clone();
    copy.login_id = answer.login_id.clone();
    copy.account_number = answer.account_number.clone();
    copy.outcome = answer.outcome.clone();
    copy
}

impl fmt::Debug for SharedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSessions")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
