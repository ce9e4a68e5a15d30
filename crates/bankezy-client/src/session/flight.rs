//! A login or renewal under way: one at a time, whoever waits.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout_at};
use tracing::{debug, warn};

use super::ending::{is_to_be_taken_back, take_back_unused};
use super::shared::{Failed, Settings, Shared};
use super::{LoginError, Renewal, Session};
use crate::ProviderError;

type Landed = Result<Arc<Session>, Arc<LoginError>>;

/// A login or renewal under way, seen by one who waits for it.
#[derive(Clone)]
pub(super) struct Flight {
    landed: watch::Receiver<Option<Landed>>,
    /// By when it has landed, unless its runtime stands still.
    ends: Instant,
}

/// What a task may take to say that the deadline has passed.
const GRACE: Duration = Duration::from_millis(500);

impl Flight {
    pub(super) async fn landed(mut self) -> Landed {
        match timeout_at(self.ends, self.landed.wait_for(Option::is_some)).await {
            Ok(Ok(landed)) => match landed.as_ref() {
                Some(landed) => landed.clone(),
                None => Err(Arc::new(LoginError::Abandoned)),
            },
            Ok(Err(_)) => Err(Arc::new(LoginError::Abandoned)),
            Err(_) => Err(Arc::new(LoginError::TimedOut)),
        }
    }

    /// Whether the runtime that it ran on ended before it did, or stands still.
    pub(super) fn is_lost(&self) -> bool {
        self.landed.has_changed().is_err() || Instant::now() > self.ends
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
        let (sender, landed) = watch::channel(None);
        let deadline = Instant::now() + self.settings.login_deadline;
        let ends = deadline + GRACE;
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            // A task of its own again, so that a panic of the closure is seen here.
            let obtaining = tokio::spawn({
                let shared = Arc::clone(&shared);
                async move { shared.obtain(may_renew, deadline).await }
            });
            let landed = match obtaining.await {
                // The others have gone on without it.
                _ if Instant::now() > ends => Err(Arc::new(LoginError::TimedOut)),
                Ok(Ok(obtained)) => Ok(shared.hold(obtained)),
                Ok(Err(error)) => Err(shared.back_off(error, may_renew)),
                // The runtime ends: nothing that a later attempt should wait for.
                Err(ended) if ended.is_cancelled() => return,
                Err(_) => Err(shared.back_off(LoginError::Panicked, may_renew)),
            };
            sender.send_replace(Some(landed));
        });
        Flight { landed, ends }
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
