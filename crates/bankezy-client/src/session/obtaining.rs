//! Where a session comes from: the one at hand, the login or renewal under way, or one that starts now.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::{debug, warn};

use super::ending::{How, is_to_be_taken_back, take_back_unused};
use super::flight::Flight;
use super::shared::{Failed, Settings, Shared};
use super::{LoginError, Renewal, Session, SessionError};
use crate::ProviderError;

/// Refused sessions are replaced at most this often: a server that refuses every message would
/// otherwise get a login with each.
const REPLACE_EVERY: Duration = Duration::from_secs(10);

/// What a caller needs.
pub(super) enum Need<'a> {
    /// A session that is neither expired nor due at this time.
    Fresh(SystemTime),
    /// A session that is not this one, which the server refuses.
    OtherThan(&'a Arc<Session>),
}

impl Need<'_> {
    fn is_met_by(&self, session: &Arc<Session>) -> bool {
        match self {
            Self::Fresh(now) => !session.is_expired(*now) && !session.is_due(*now),
            Self::OtherThan(refused) => !Arc::ptr_eq(session, refused),
        }
    }
}

/// Where a session is to be had.
pub(super) enum Next {
    Here(Arc<Session>),
    Coming(Flight),
}

impl Next {
    pub(super) async fn session(self) -> Result<Arc<Session>, SessionError> {
        match self {
            Self::Here(session) => Ok(session),
            Self::Coming(flight) => flight.landed().await.map_err(SessionError::Login),
        }
    }
}

/// What a flight brings.
struct Obtained {
    session: Session,
    how: How,
}

impl Shared {
    /// The session at hand if it meets the need; else the login or renewal under way, or one that
    /// starts now.
    pub(super) fn next(self: &Arc<Self>, need: &Need<'_>) -> Result<Next, SessionError> {
        let mut state = self.state();
        if self.is_shut_down() {
            return Err(SessionError::ShutDown);
        }
        // One may have landed since the caller looked.
        if let Some(session) = self.current.load_full().filter(|it| need.is_met_by(it)) {
            return Ok(Next::Here(session));
        }
        if let Some(flight) = state.flight.as_ref().filter(|it| !it.is_lost()) {
            return Ok(Next::Coming(flight.clone()));
        }
        let now = Instant::now();
        if let Some(failed) = state.failed.as_ref().filter(|it| it.retry_at > now) {
            return Err(SessionError::BackingOff {
                retry_in: failed.retry_at - now,
                cause: Arc::clone(&failed.cause),
            });
        }
        let may_renew = matches!(need, Need::Fresh(_));
        if !may_renew {
            let since = state.refused_at.map(|at| now - at);
            if let Some(since) = since.filter(|since| *since < REPLACE_EVERY) {
                return Err(SessionError::RefusedLately {
                    retry_in: REPLACE_EVERY - since,
                });
            }
            state.refused_at = Some(now);
        }
        let flight = self.start(may_renew);
        state.flight = Some(flight.clone());
        Ok(Next::Coming(flight))
    }

    /// In a task of its own: a caller that gives up does not end it.
    fn start(self: &Arc<Self>, may_renew: bool) -> Flight {
        let (sender, landed) = watch::channel(None);
        let deadline = Instant::now() + self.settings.login_deadline;
        let flight = Flight::new(landed, deadline);
        let (shared, under_way) = (Arc::clone(self), flight.clone());
        tokio::spawn(async move {
            // A task of its own again, so that a panic of the closure is seen here.
            let obtaining = tokio::spawn({
                let shared = Arc::clone(&shared);
                async move { shared.obtain(may_renew, deadline).await }
            });
            let landed = match obtaining.await {
                // The others have gone on without it.
                _ if under_way.is_late() => Err(Arc::new(LoginError::TimedOut)),
                Ok(Ok(obtained)) => Ok(shared.hold(obtained)),
                Ok(Err(error)) => Err(shared.back_off(error, may_renew)),
                // The runtime ends: nothing that a later attempt should wait for.
                Err(ended) if ended.is_cancelled() => return,
                Err(_) => Err(shared.back_off(LoginError::Panicked, may_renew)),
            };
            sender.send_replace(Some(landed));
        });
        flight
    }

    /// Renews what can be renewed; where the server does not renew it, and in all other cases, logs
    /// in.
    async fn obtain(&self, may_renew: bool, deadline: Instant) -> Result<Obtained, LoginError> {
        // A timeout polls once before it looks at the time.
        if Instant::now() >= deadline {
            return Err(LoginError::TimedOut);
        }
        let obtaining = async {
            if may_renew && let Some(renewed) = self.renew().await {
                return renewed;
            }
            let session = (self.login)(self.client.clone()).await?;
            Ok(Obtained {
                session,
                how: How::Login,
            })
        };
        let obtained = timeout_at(deadline, obtaining)
            .await
            .map_err(|_| LoginError::TimedOut)?
            .map_err(LoginError::Call)?;
        match obtained.session.is_expired(self.now()) {
            true => Err(LoginError::ExpiredOnArrival),
            false => Ok(obtained),
        }
    }

    /// `None` where there is nothing to renew, or the server does not renew it.
    async fn renew(&self) -> Option<Result<Obtained, ProviderError>> {
        let session = self.current(self.now())?;
        let account_number = match session.renewal {
            Renewal::WithAccount(number) => Some(number),
            Renewal::WithoutAccount => None,
            Renewal::NewLogin => return None,
        };
        let token = &session.answer.token;
        let renewing = self.client.renew(token, account_number, &session.channel);
        match renewing.await {
            Ok(answer) => Some(Ok(Obtained {
                session: session.renewed(answer),
                how: How::Renewal,
            })),
            // Without an answer a login would fare no better; the next time it is tried.
            Err(error @ ProviderError::Transport(_)) if self.state().failed.is_none() => {
                Some(Err(error))
            }
            // The issuer asks to wait.
            Err(error @ ProviderError::Answer(_)) if error.is_retryable() => Some(Err(error)),
            Err(error) => {
                warn!(
                    target: "bankezy_client",
                    { error.code = error.code() },
                    "renewal failed, logging in instead",
                );
                None
            }
        }
    }

    fn hold(&self, obtained: Obtained) -> Arc<Session> {
        let Obtained { session, how } = obtained;
        let now = self.now();
        let session = Arc::new(session.held_from(now));
        let replaced = {
            let mut state = self.state();
            state.flight = None;
            state.failed = None;
            self.current.swap(Some(Arc::clone(&session)))
        };
        debug!(
            target: "bankezy_client",
            { renewed = how == How::Renewal },
            "session obtained",
        );
        if let Some(replaced) = replaced
            && is_to_be_taken_back(&replaced, &session, how, now)
        {
            tokio::spawn(take_back_unused(self.client.clone(), replaced));
        }
        session
    }

    fn back_off(&self, error: LoginError, may_renew: bool) -> Arc<LoginError> {
        let cause = Arc::new(error);
        let mut state = self.state();
        state.flight = None;
        if !may_renew {
            // Nothing was replaced.
            state.refused_at = None;
        }
        let before = state.failed.as_ref().map_or(0, |failed| failed.times);
        let doubling = 2_u32.saturating_pow(before.min(16));
        let Settings {
            first_backoff,
            max_backoff,
            ..
        } = self.settings;
        let asked = cause.retry_after().unwrap_or_default();
        let wait = first_backoff
            .saturating_mul(doubling)
            .max(asked)
            .min(max_backoff);
        let times = before.saturating_add(1);
        state.failed = Some(Failed {
            times,
            retry_at: Instant::now() + wait,
            cause: Arc::clone(&cause),
        });
        drop(state);
        warn!(
            target: "bankezy_client",
            {
                error.code = cause.code(),
                failures = times,
                retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            },
            "no session obtained",
        );
        cause
    }
}
