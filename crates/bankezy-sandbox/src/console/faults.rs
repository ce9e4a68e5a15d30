//! Faults over the API.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::request::{self, Asked, Outcome, empty, ok};
use crate::clock::millis;
use crate::faults::{KINDS, Kind, Order, Target, Waiting};

const MEMBERS: &[&str] = &[
    "fault",
    "count",
    "path",
    "call",
    "probability",
    "delayMs",
    "retryAfter",
    "bytes",
];

pub(super) fn list(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    let faults = &asked.state().faults;
    let known = faults.known();
    let calls: Vec<&str> = known.calls.iter().map(|(call, _)| *call).collect();
    let paths: Vec<&str> = known.paths.iter().map(|it| it.path.as_str()).collect();
    Ok(ok(&json!({
        "known": KINDS.iter().map(described).collect::<Vec<Value>>(),
        "calls": calls,
        "paths": paths,
        "set": faults.list().iter().map(waiting).collect::<Vec<Value>>(),
    })))
}

pub(super) async fn set(asked: Asked<'_>) -> Outcome {
    let faults = &asked.state().faults;
    let members = asked.members(MEMBERS).await?;
    let order = Order::parse(&members, faults.known(), "count")?;
    Ok(request::json(
        StatusCode::CREATED,
        &waiting(&faults.add(order)?),
    ))
}

pub(super) async fn clear(asked: Asked<'_>) -> Outcome {
    let faults = &asked.state().faults;
    asked.nothing().await?;
    faults.clear();
    Ok(empty())
}

pub(super) async fn remove(asked: Asked<'_>, id: &str) -> Outcome {
    let faults = &asked.state().faults;
    let id: Option<u64> = id.parse().ok();
    asked.nothing().await?;
    if id.is_some_and(|id| faults.remove(id)) {
        Ok(empty())
    } else {
        let message =
            "no fault with this id is set: it may already have occurred as often as requested";
        Err(Failure::not_found("no-such-fault", message))
    }
}

fn described(kind: &Kind) -> Value {
    let mut example = Map::from_iter([("fault".to_owned(), Value::from(kind.name))]);
    let amount = kind.amount.map(|amount| {
        example.insert(amount.member.to_owned(), amount.default.into());
        json!({
            "member": amount.member,
            "unit": amount.unit,
            "default": amount.default,
            "max": amount.max,
        })
    });
    json!({
        "name": kind.name,
        "does": kind.does,
        "amount": amount,
        "example": example,
        "sealedOnly": kind.sealed_only,
    })
}

fn waiting(Waiting { id, order }: &Waiting) -> Value {
    let (path, call) = match &order.target {
        Target::Any => (None, None),
        Target::Path(path) => (Some(path), None),
        Target::Call(call) => (None, Some(call)),
    };
    let mut json = json!({
        "id": id,
        "fault": order.fault.name(),
        "count": order.count,
        "path": path,
        "call": call,
        "probability": order.probability,
    });
    if let Some(members) = json.as_object_mut() {
        if let Some(delay) = order.delay {
            members.insert("delayMs".to_owned(), millis(delay).into());
        }
        let amount = order.fault.kind().and_then(|kind| kind.amount);
        if let (Some(amount), Some(value)) = (amount, order.fault.amount()) {
            members.insert(amount.member.to_owned(), value.into());
        }
    }
    json
}
