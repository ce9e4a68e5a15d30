//! Gets a session: the current one, that of the login or renewal in progress, or of one that starts now.

use std::sync::Arc;
use std::time::Duration;

use bankezy_crypto::Delivery;
use bankezy_crypto::providers::Moment;
use bankezy_crypto::providers::bankezy::{Call, Renewal, Session, Verdict};
use tokio::sync::OwnedRwLockWriteGuard;
use tracing::{debug, warn};

use super::shared::{IN_USE_EVERY, Shared, revoke_unused};
use crate::backoff::{Failed, millis};
use crate::in_flight::{InFlight, Outcome};
use crate::sync::time::{Instant, sleep, timeout_at};
use crate::sync::{lock, spawn};
use crate::{ProviderError, TokenProblem};

/// A session, when it was asked for, and after a renewal the lock that keeps calls from starting under the token that
/// ended.
type Obtained = (Session, Moment, Option<OwnedRwLockWriteGuard<()>>);

/// How long a renewal may take, during which calls wait.
const RENEW_WITHIN: Duration = Duration::from_secs(5);

/// How long a task may take to report that its deadline has passed.
const GRACE: Duration = Duration::from_millis(500);

/// How often a refused session is replaced at most: otherwise a server that refuses every call would get
/// a login with each.
const REPLACE_EVERY: Duration = Duration::from_secs(30);

impl Shared {
    /// The current session if it serves, which is neither due for renewal nor `refused`; else the login or
    /// renewal in progress, or one that starts now. A failed login may be tried again at once for a session that is of
    /// no use, and not for one that the server may just have doubted.
    pub(super) fn next(
        self: &Arc<Self>,
        refused: Option<&Arc<Session>>,
        verdict: Verdict,
    ) -> Result<Arc<InFlight<Session>>, ProviderError> {
        let mut state = lock(&self.state);
        if self.is_shut_down() {
            return Err(ProviderError::ShutDown);
        }
        // One may have arrived since the caller looked.
        let now = self.settings.now();
        let serves = |session: &Arc<Session>| match refused {
            Some(refused) => !Arc::ptr_eq(session, refused),
            None => !session.is_expired(now) && !session.is_due(now),
        };
        if let Some(session) = self.current.load_full().filter(serves) {
            return Ok(InFlight::ended(session));
        }
        if let Some(login) = state.in_progress()? {
            return Ok(login);
        }
        let may_renew = refused.is_none();
        if !may_renew {
            if let Some(since) = state.refused_within(REPLACE_EVERY) {
                let retry_in = REPLACE_EVERY - since;
                return Err(ProviderError::RefusedLately { retry_in });
            }
            state.refused_at = Some(Instant::now());
        }
        let (started, within) = (Instant::now(), self.settings.deadline);
        let deadline = started + within;
        let (shared, ended) = (Arc::clone(self), Arc::clone(self));
        let login = InFlight::start(
            within + GRACE,
            async move { shared.obtain(may_renew, deadline).await },
            move |result| ended.end(result, verdict, started),
        );
        state.in_flight = Some(Arc::clone(&login));
        Ok(login)
    }

    /// Renews the session if possible, and logs in otherwise.
    async fn obtain(&self, may_renew: bool, deadline: Instant) -> Result<Obtained, ProviderError> {
        // A timeout polls its future once before it checks the time.
        if Instant::now() >= deadline {
            return Err(TokenProblem::TimedOut.into());
        }
        let obtaining = async {
            if may_renew && let Some(renewed) = self.renew(deadline).await {
                return renewed;
            }
            self.check_open()?;
            let asked_at = self.settings.now();
            let session = (self.login)(self.client.clone()).await?;
            Ok((session, asked_at, None))
        };
        let (obtained, asked_at, renewing) = timeout_at(deadline, obtaining)
            .await
            .map_err(|_| TokenProblem::TimedOut)??;
        let lifetime = self.settings.lifetime(&obtained.answer().token, asked_at);
        let obtained = obtained.with_lifetime(lifetime);
        if obtained.is_expired(self.settings.now()) {
            return Err(TokenProblem::ExpiredOnArrival.into());
        }
        Ok((obtained, asked_at, renewing))
    }

    /// `None` if there is nothing to renew, calls are under way all the time, or the server does not renew it.
    async fn renew(&self, deadline: Instant) -> Option<Result<Obtained, ProviderError>> {
        let patience = deadline.saturating_duration_since(Instant::now()) / 2;
        let until = Instant::now() + patience;
        let (session, account_number, renewing) = loop {
            let session = self.current(self.settings.now())?;
            let account_number = match session.next_renewal() {
                Renewal::WithAccount(number) => Some(number),
                Renewal::WithoutAccount => None,
                _ => return None,
            };
            if Instant::now() > until {
                return None;
            }
            // Does not queue, so that no call waits for those under way.
            if let Ok(renewing) = Arc::clone(&self.calls).try_write_owned() {
                break (session, account_number, renewing);
            }
            drop(session);
            sleep(IN_USE_EVERY).await;
        };
        // Before it is sent, since this future may be dropped.
        session.set_renewal_sent(!self.client.is_idempotent(Call::Renew));
        let (mut client, token) = (self.client.clone(), &session.answer().token);
        let within = client.transport.settings.deadline.min(RENEW_WITHIN);
        client.transport = client.transport.deadline(within);
        let asked_at = self.settings.now();
        let result = client.renew(token, account_number, session.channel());
        let result = result.await;
        if matches!(&result, Err(error) if error.delivery() == Delivery::NotSent) {
            session.set_renewal_sent(false);
        }
        match result {
            Ok(answer) => Some(Ok((session.renewed(answer), asked_at, Some(renewing)))),
            // Without an answer a login would fail too. After a second failure it is tried.
            Err(error @ ProviderError::Transport(_)) if lock(&self.state).failed.is_none() => {
                Some(Err(error))
            }
            // The server asks to wait.
            Err(error @ ProviderError::Answer(_, _)) if error.is_retryable() => Some(Err(error)),
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

    fn end(
        self: &Arc<Self>,
        result: Result<Obtained, ProviderError>,
        verdict: Verdict,
        started: Instant,
    ) -> Outcome<Session> {
        let mut state = lock(&self.state);
        state.in_flight = None;
        // Calls start again once the renewed session has taken its place.
        let (ended, _renewing) = match result {
            Ok((session, _, renewing)) => (Ok(Arc::new(session)), renewing),
            Err(error) => (Err(Arc::new(error)), None),
        };
        let backoff = &self.settings.backoff;
        Failed::count(&mut state.failed, &ended, backoff, "no session obtained");
        let Ok(session) = &ended else {
            if matches!(verdict, Verdict::Unauthorized | Verdict::Spent) {
                // Nothing was replaced.
                state.refused_at = None;
            }
            return ended;
        };
        let (now, is_shut_down) = (self.settings.now(), self.is_shut_down());
        let unneeded = if is_shut_down {
            Some(Arc::clone(session))
        } else {
            let replaced = self.current.swap(Some(Arc::clone(session)));
            replaced.filter(|it| it.needs_revocation(session, now))
        };
        if let Some(unneeded) = unneeded {
            // Before the lock is dropped, so that a shutdown sees it.
            let (shared, revoking) = (Arc::clone(self), Arc::clone(&self.revoking));
            spawn(revoke_unused(shared, unneeded, revoking));
        }
        drop(state);
        debug!(
            target: "bankezy_client",
            { renewed = session.is_renewal(), elapsed_ms = millis(started.elapsed()) },
            "session obtained",
        );
        if is_shut_down {
            return Err(Arc::new(ProviderError::ShutDown));
        }
        ended
    }
}
