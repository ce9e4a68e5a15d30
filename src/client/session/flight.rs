//! A login or renewal under way: one at a time, whoever waits.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use super::ending::{is_to_be_taken_back, take_back_unused};
use super::shared::{Failed, Settings, Shared};
use super::{LoginError, Renewal, Session};
use crate::client::BankEzyError;

type Landed = Result<Arc<Session>, Arc<LoginError>>;

/// A login or renewal under way, seen by one who waits for it.
#[derive(Clone)]
pub(super) struct Flight(watch::Receiver<Option<Landed>>);

impl Flight {
    pub(super) async fn landed(mut self) -> Landed {
        match self.0.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(landed)) => landed.clone(),
            Ok(None) | Err(_) => Err(Arc::new(LoginError::Abandoned)),
        }
    }

    /// Whether the runtime that it ran on ended before it did.
    pub(super) fn is_lost(&self) -> bool {
        self.0.has_changed().is_err()
    }
}

/// What a flight brings.
struct Obtained {
    session: Session,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Login,
    Renewal,
}

impl Shared {
    /// In a task of its own: a caller that gives up does not end it.
    pub(super) fn start(self: &Arc<Self>, may_renew: bool) -> Flight {
        let (sender, flight) = watch::channel(None);
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            // A task of its own again, so that a panic of the closure is seen here.
            let obtaining = tokio::spawn({
                let shared = Arc::clone(&shared);
                async move { shared.obtain(may_renew).await }
            });
            let landed = match obtaining.await.unwrap_or(Err(LoginError::Panicked)) {
                Ok(obtained) => Ok(shared.hold(obtained)),
                Err(error) => Err(shared.back_off(error)),
            };
            sender.send_replace(Some(landed));
        });
        Flight(flight)
    }

    /// Renews what can be renewed; where the server does not renew it, and in all other cases, logs
    /// in.
    async fn obtain(&self, may_renew: bool) -> Result<Obtained, LoginError> {
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
        let obtained = timeout(self.settings.login_deadline, obtaining)
            .await
            .map_err(|_| LoginError::TimedOut)?
            .map_err(LoginError::Call)?;
        match obtained.session.is_expired(self.now()) {
            true => Err(LoginError::ExpiredOnArrival),
            false => Ok(obtained),
        }
    }

    /// `None` where there is nothing to renew, or the server does not renew it.
    async fn renew(&self) -> Option<Result<Obtained, BankEzyError>> {
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
            // Without an answer a login would fare no better.
            Err(error @ BankEzyError::Transport(_)) => Some(Err(error)),
            Err(error) => {
                warn!(
                    target: "bankezy_crypto::client",
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
            target: "bankezy_crypto::client",
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

    fn back_off(&self, error: LoginError) -> Arc<LoginError> {
        let cause = Arc::new(error);
        let mut state = self.state();
        state.flight = None;
        // No session was replaced; the backoff bounds what follows.
        state.refused_at = None;
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
            target: "bankezy_crypto::client",
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
