//! The request log, in pages.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::failure::Failure;
use super::request::{Asked, Outcome, empty, limit, ok};
use crate::log::{Journal, LoggedExchange};

pub(super) fn journal<'a>(asked: &Asked<'a>) -> Result<&'a Arc<Journal>, Failure> {
    let journal = asked.state().journal.as_ref();
    // One that only prints keeps nothing.
    let journal = journal.filter(|journal| journal.ring().keeps());
    journal.ok_or_else(|| {
        let message = "the request log is off: start the emulator without --no-log";
        Failure::new(StatusCode::NOT_FOUND, "log-off", message)
    })
}

pub(super) fn list(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&["since", "before", "limit"])?;
    let [since, before, most] = query.try_into().unwrap_or_default();
    let most = limit(most)?;
    let ring = journal(asked)?.ring();
    let page = match (since, before) {
        (Some(_), Some(_)) => {
            let message = "since and before cannot be used together: leave one of them out";
            return Err(Failure::bad_request("since-and-before", message));
        }
        (None, Some(before)) => ring.before(before, most),
        (since, None) => ring.since(since.unwrap_or_default(), most),
    };
    let newest = ring.oldest().map(|_| ring.newest());
    let oldest = ring.oldest();
    drop(ring);
    let summaries: Vec<Value> = page.exchanges.iter().map(|one| one.summary()).collect();
    Ok(ok(&json!({
        "exchanges": summaries,
        "next": page.next,
        "oldest": oldest,
        "newest": newest,
        "missed": page.missed.map_or(0, |(first, last)| last - first + 1),
        "more": page.more,
        "run": asked.console.run,
    })))
}

pub(super) fn one(asked: &Asked<'_>, number: &str) -> Outcome {
    asked.query(&[])?;
    let journal = journal(asked)?;
    let ring = journal.ring();
    let number: Option<u64> = number.parse().ok();
    let found = number.and_then(|number| ring.get(number)).cloned();
    let newest = ring.newest();
    drop(ring);
    let found: Arc<LoggedExchange> = found.ok_or_else(|| {
        let message = match number {
            Some(number @ 1..) if number <= newest => {
                "the log no longer has this exchange: newer ones replaced it, or the log was cleared"
                    .to_owned()
            }
            Some(1..) => format!("no such exchange yet: the newest is {newest}"),
            _ => "an exchange is named by a whole number from 1".to_owned(),
        };
        Failure::not_found("no-such-exchange", message)
    })?;
    Ok(ok(&found.to_json()))
}

pub(super) async fn clear(asked: Asked<'_>) -> Outcome {
    let journal = Arc::clone(journal(&asked)?);
    asked.nothing().await?;
    journal.clear();
    Ok(empty())
}
