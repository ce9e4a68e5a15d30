//! The emulator's clock over the API.

use core::time::Duration;

use serde_json::json;

use super::failure::Failure;
use super::request::{Asked, Outcome, ok};
use crate::clock::{Clock, LAST_DATE, millis, parse_rfc3339, rfc3339_millis};
use crate::members::MemberError;

pub(super) fn read(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    shown(&asked.state().clock)
}

pub(super) async fn set(asked: Asked<'_>) -> Outcome {
    let clock = &asked.state().clock;
    let members = asked.members(&["now"]).await?;
    let expected = "a time of RFC 3339 from 1970 to 9998, such as 2026-11-27T05:00:00Z";
    let now: String = members.required("now", expected)?;
    let now = parse_rfc3339(&now).ok_or_else(|| MemberError::Invalid {
        name: "now",
        expected: expected.to_owned(),
    })?;
    clock.set(now);
    shown(clock)
}

pub(super) async fn advance(asked: Asked<'_>) -> Outcome {
    let clock = &asked.state().clock;
    let members = asked.members(&["seconds"]).await?;
    let expected = "a number of seconds, not negative";
    let seconds: f64 = members.required("seconds", expected)?;
    let by = Duration::try_from_secs_f64(seconds).map_err(|_| MemberError::Invalid {
        name: "seconds",
        expected: expected.to_owned(),
    })?;
    if clock.now().saturating_add(millis(by)) > LAST_DATE {
        let message = "the clock goes up to the end of the year 9998";
        return Err(Failure::bad_request("clock-range", message));
    }
    clock.advance(by);
    shown(clock)
}

fn shown(clock: &Clock) -> Outcome {
    Ok(ok(&json!({
        "now": rfc3339_millis(clock.now()),
        "aheadMs": clock.ahead(),
    })))
}
