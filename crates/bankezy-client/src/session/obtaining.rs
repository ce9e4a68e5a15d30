//! Gets a session: the current one, that of the login or renewal in progress, or of one that starts now.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tracing::{debug, warn};

use super::revocation::{needs_revocation, revoke_unused};
use super::shared::Shared;
use super::{Renewal, Session};
use crate::backoff::{Failed, millis};
use crate::in_flight::InFlight;
use crate::sync::spawn;
use crate::sync::time::{Instant, timeout_at};
use crate::{ProviderError, TokenProblem};

/// How long a task may take to report that its deadline has passed.
const GRACE: Duration = Duration::from_millis(500);

/// How often a refused session is replaced at most: otherwise a server that refuses every call would get
/// a login with each.
const REPLACE_EVERY: Duration = Duration::from_secs(30);

/// The session that a caller needs.
pub(super) enum Need<'a> {
    /// One that is neither expired nor due for renewal at this time.
    Fresh(SystemTime),
    /// Any but this one, which the server refuses.
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

impl Shared {
    /// The current session if it meets the need; else the login or renewal in progress, or one that starts
    /// now.
    pub(super) fn next(
        self: &Arc<Self>,
        need: &Need<'_>,
    ) -> Result<Arc<InFlight<Session>>, ProviderError> {
        let mut state = self.state();
        if self.is_shut_down() {
            return Err(ProviderError::ShutDown);
        }
        // One may have arrived since the caller looked.
        if let Some(session) = self.current.load_full().filter(|it| need.is_met_by(it)) {
            return Ok(InFlight::ended(session));
        }
        if let Some(login) = state.in_flight.as_ref().filter(|it| !it.is_lost()) {
            return Ok(Arc::clone(login));
        }
        if let Some(failed) = &state.failed {
            failed.check()?;
        }
        let may_renew = matches!(need, Need::Fresh(_));
        if !may_renew {
            let now = Instant::now();
            let since = state.refused_at.map(|at| now - at);
            if let Some(since) = since.filter(|since| *since < REPLACE_EVERY) {
                return Err(ProviderError::RefusedLately {
                    retry_in: REPLACE_EVERY - since,
                });
            }
            state.refused_at = Some(now);
        }
        let login = self.start(may_renew);
        state.in_flight = Some(Arc::clone(&login));
        Ok(login)
    }

    fn start(self: &Arc<Self>, may_renew: bool) -> Arc<InFlight<Session>> {
        let within = self.settings.deadline;
        let deadline = Instant::now() + within;
        let (shared, ended) = (Arc::clone(self), Arc::clone(self));
        InFlight::start(
            within + GRACE,
            async move { shared.obtain(may_renew, deadline).await },
            move |result| match result {
                Ok(obtained) => Ok(ended.hold(obtained, deadline)),
                Err(failure) => Err(ended.back_off(failure, may_renew)),
            },
        )
    }

    /// Renews the session if possible, and logs in otherwise.
    async fn obtain(&self, may_renew: bool, deadline: Instant) -> Result<Session, ProviderError> {
        // A timeout polls its future once before it checks the time.
        if Instant::now() >= deadline {
            return Err(TokenProblem::TimedOut.into());
        }
        let obtaining = async {
            if may_renew && let Some(renewed) = self.renew().await {
                return renewed;
            }
            (self.login)(self.client.clone()).await
        };
        let obtained = timeout_at(deadline, obtaining)
            .await
            .map_err(|_| TokenProblem::TimedOut)??;
        let now = self.settings.now();
        let obtained = obtained.held_from(now, &self.settings);
        if obtained.is_expired(now) {
            return Err(TokenProblem::ExpiredOnArrival.into());
        }
        Ok(obtained)
    }

    /// `None` if there is nothing to renew, or the server does not renew it.
    async fn renew(&self) -> Option<Result<Session, ProviderError>> {
        let session = self.current(self.settings.now())?;
        let account_number = match session.renewal {
            Renewal::WithAccount(number) => Some(number),
            Renewal::WithoutAccount => None,
            Renewal::NewLogin => return None,
        };
        let token = &session.answer.token;
        let renewing = self.client.renew(token, account_number, &session.channel);
        match renewing.await {
            Ok(answer) => Some(Ok(session.renewed(answer))),
            // Without an answer a login would fail too. After a second failure it is tried.
            Err(error @ ProviderError::Transport(_)) if self.state().failed.is_none() => {
                Some(Err(error))
            }
            // The server asks to wait.
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

    fn hold(self: &Arc<Self>, session: Session, deadline: Instant) -> Arc<Session> {
        let session = Arc::new(session);
        let left = deadline.saturating_duration_since(Instant::now());
        let replaced = {
            let mut state = self.state();
            state.in_flight = None;
            state.failed = None;
            self.current.swap(Some(Arc::clone(&session)))
        };
        debug!(
            target: "bankezy_client",
            { renewed = session.is_renewal, elapsed_ms = millis(self.settings.deadline - left) },
            "session obtained",
        );
        if let Some(replaced) = replaced
            && needs_revocation(&replaced, &session, self.settings.now())
        {
            spawn(revoke_unused(Arc::clone(self), replaced));
        }
        session
    }

    fn back_off(&self, failure: ProviderError, may_renew: bool) -> Arc<ProviderError> {
        let cause = Arc::new(failure);
        let mut state = self.state();
        state.in_flight = None;
        if !may_renew {
            // Nothing was replaced.
            state.refused_at = None;
        }
        let (before, backoff) = (state.failed.as_ref(), &self.settings.backoff);
        let failed = Failed::after(before, &cause, backoff, "no session obtained");
        state.failed = Some(failed);
        cause
    }
}
