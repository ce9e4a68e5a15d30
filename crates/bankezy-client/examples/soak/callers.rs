//! Callers: each makes one call after the other, drops some of them, and compares the outcome with the traces.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use bankezy_client::{Delivery, ProviderError, SessionKeeper};
use bankezy_crypto::providers::bankezy::Endpoint;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::events::{Seen, watched};
use crate::ledger::{Learned, Ledger};
use crate::random::Random;
use crate::stage::Stage;

/// How a call ended; `None` if its caller dropped it.
type Ended<T> = Option<Result<T, ProviderError>>;

/// What the callers learned.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) answered: AtomicU64,
    /// The server answered with an error.
    pub(crate) refused: AtomicU64,
    pub(crate) possibly_sent: AtomicU64,
    pub(crate) not_sent: AtomicU64,
    pub(crate) dropped: AtomicU64,
    /// Dropped while it was with the server.
    pub(crate) dropped_sent: AtomicU64,
    pub(crate) tokens: AtomicU64,
    pub(crate) no_tokens: AtomicU64,
    pub(crate) tokens_dropped: AtomicU64,
    /// Calls whose traces contradict their outcome, and the first of them.
    pub(crate) mismatches: AtomicU64,
    pub(crate) first_mismatch: Mutex<Option<String>>,
}

pub(crate) struct Callers {
    pub(crate) stage: Stage,
    pub(crate) ledger: Ledger,
    pub(crate) outcomes: Outcomes,
}

impl Callers {
    /// Calls until the keeper is shut down. One caller in eight uses the keeper with pauses.
    pub(crate) async fn run(&self, number: u64, seed: u64) {
        let mut random = Random::new(seed, number);
        let has_pauses = number.is_multiple_of(8);
        let keeper = &self.stage.keepers[usize::from(has_pauses)];
        loop {
            if random.one_in(8) {
                self.get_token(&mut random).await;
            } else if !self.call(keeper, &mut random).await {
                return;
            }
            sleep(random.millis(if has_pauses { 200 } else { 16 })).await;
        }
    }

    /// Makes one call; `false` after a shutdown.
    async fn call(&self, keeper: &SessionKeeper, random: &mut Random) -> bool {
        let stage = &self.stage;
        let is_once = !random.one_in(3);
        let endpoint = Endpoint::from(stage.path);
        let endpoint = if is_once {
            endpoint
        } else {
            endpoint.idempotent()
        };
        let reference = self.ledger.open(is_once);
        let body = json!({ "reference": reference });
        let by_hand = match random.below(16) {
            0..3 => Some(&stage.impatient),
            3 => Some(&stage.unreachable),
            _ => None,
        };
        let calling = async {
            match by_hand {
                None => keeper.call(endpoint, &body).await,
                Some(client) => {
                    let session = keeper.session().await?;
                    let (token, channel) = (&session.answer().token, session.channel());
                    client.call(endpoint, &body, token, channel).await
                }
            }
        };
        let (ended, seen) = watched(dropped_at_times(calling, random)).await;
        let learned = learned(&ended, &seen);
        self.ledger.close(reference, learned);
        let is_other = matches!(&ended, Some(Ok(heard)) if *heard != body);
        let mismatch = is_other.then_some("the answer is to another call");
        self.count_mismatch(
            mismatch.or_else(|| mismatch_of(is_once, &ended, &seen)),
            &ended,
            &seen,
        );
        let outcomes = &self.outcomes;
        let outcome = match (&ended, learned) {
            (Some(Ok(_)), _) => &outcomes.answered,
            (Some(Err(ProviderError::Answer(..))), _) => &outcomes.refused,
            (Some(Err(_)), Learned::NotSent) => &outcomes.not_sent,
            (Some(Err(_)), _) => &outcomes.possibly_sent,
            (None, Learned::NotSent) => &outcomes.dropped,
            (None, _) => &outcomes.dropped_sent,
        };
        outcome.fetch_add(1, Ordering::Relaxed);
        !matches!(ended, Some(Err(ProviderError::ShutDown)))
    }

    /// Looks up a token, and has it refused at times.
    async fn get_token(&self, random: &mut Random) {
        let slots = &self.stage.slots;
        let slot = &slots[random.below(slots.len() as u64) as usize];
        let (ended, seen) = watched(dropped_at_times(slot.get(), random)).await;
        let outcome = match &ended {
            Some(Ok(_)) => &self.outcomes.tokens,
            Some(Err(_)) => &self.outcomes.no_tokens,
            None => &self.outcomes.tokens_dropped,
        };
        outcome.fetch_add(1, Ordering::Relaxed);
        let mismatch = (seen.lookups != 1).then_some("a look-up without exactly one event");
        self.count_mismatch(mismatch, &ended, &seen);
        if let Some(Ok(answer)) = &ended
            && random.one_in(16)
        {
            // Memory does not fail.
            let _ = slot.refuse(&answer.token).await;
        }
    }

    fn count_mismatch<T>(&self, mismatch: Option<&str>, ended: &Ended<T>, seen: &Seen) {
        let Some(mismatch) = mismatch else {
            return;
        };
        if self.outcomes.mismatches.fetch_add(1, Ordering::Relaxed) == 0 {
            let ended = ended.as_ref().map(|it| it.as_ref().map(|_| ()));
            let first = format!("{mismatch}: {ended:?}, {seen:?}");
            *self.outcomes.first_mismatch.lock().unwrap() = Some(first);
        }
    }
}

/// One caller in four gives up after a random time.
async fn dropped_at_times<T>(
    calling: impl Future<Output = Result<T, ProviderError>>,
    random: &mut Random,
) -> Ended<T> {
    if random.one_in(4) {
        timeout(random.millis(12), calling).await.ok()
    } else {
        Some(calling.await)
    }
}

/// A caller that drops its call learns only from the trace.
fn learned<T>(ended: &Ended<T>, seen: &Seen) -> Learned {
    match ended {
        Some(Ok(_)) => Learned::Answered,
        Some(Err(error)) if error.delivery() == Delivery::NotSent => Learned::NotSent,
        None if seen.sent() == 0 => Learned::NotSent,
        _ => Learned::Unknown,
    }
}

/// How the events of a call contradict its outcome.
fn mismatch_of(is_once: bool, ended: &Ended<Value>, seen: &Seen) -> Option<&'static str> {
    let rules = [
        (
            seen.begun == seen.ended + seen.dropped,
            "an HTTP call without exactly one end",
        ),
        (!is_once || seen.sent() <= 1, "sent more than once"),
        (!is_once || seen.begun <= 1, "begun more than once"),
        match ended {
            Some(Ok(_)) => (seen.answered > 0, "an answer without its event"),
            Some(Err(ProviderError::Answer(..))) => {
                (seen.answered > 0, "a refusal without its event")
            }
            Some(Err(error)) if error.delivery() == Delivery::NotSent => {
                (seen.sent() == 0, "not sent, but its events say that it was")
            }
            Some(Err(_)) => (
                seen.sent() > 0,
                "possibly sent, but its events say that it was not",
            ),
            // It was dropped before the HTTP call or in it: afterwards it waits for nothing.
            None => (
                !is_once || seen.dropped == seen.begun,
                "dropped without an event",
            ),
        },
        (
            ended.is_none() || seen.dropped == 0,
            "an event of a drop, but the call was not dropped",
        ),
    ];
    let broken = rules.into_iter().find(|(holds, _)| !holds);
    broken.map(|(_, rule)| rule)
}
