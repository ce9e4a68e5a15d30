//! Every fault of the emulator, on every call, in both versions, with TLS and without, on a new
//! connection and on one that was used before.

use core::time::Duration;
use std::sync::Arc;

use bankezy_client::{ClientError, ClientErrorKind, Delivery, ProviderError, RetryPolicy};
use bankezy_crypto::Error;
use bankezy_crypto::providers::bankezy::Version;
use bankezy_crypto::providers::{CallError, UnexpectedReply};
use bankezy_sandbox::{InjectedFault, Sandbox};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::partner::{
    Advice, Doing, PATIENCE, VERSIONS, advice, builder_for, client_for, connect, make, session,
};

const DEADLINE: Duration = Duration::from_millis(1500);
const MAX_ANSWER: usize = 64 * 1024;
/// Beyond what any policy tries, so that what is left tells the number of attempts.
const TIMES: u32 = 10;

/// Not so many cases at once that the short deadline passes for want of a processor.
static TURNS: Semaphore = Semaphore::const_new(48);

type IsRight = fn(&ProviderError) -> bool;

/// A fault and what is due then.
struct Row {
    fault: InjectedFault,
    times: u32,
    due: Result<(), (IsRight, Advice)>,
    executed: u64,
    attempts: u32,
    /// Whether the caller says that the server executes each call once, however often it arrives.
    idempotent: bool,
}

fn fails(fault: InjectedFault, is_right: IsRight, advice: Advice) -> Row {
    Row {
        fault,
        times: TIMES,
        due: Err((is_right, advice)),
        executed: 1,
        attempts: 1,
        idempotent: true,
    }
}

fn works(fault: InjectedFault, times: u32) -> Row {
    Row {
        fault,
        times,
        due: Ok(()),
        executed: 1,
        attempts: times,
        idempotent: true,
    }
}

fn interrupted(error: &ProviderError) -> bool {
    let delivery = Delivery::PossiblySent;
    matches!(error, ProviderError::Transport(error) if *error == ClientError::new(ClientErrorKind::Interrupted, delivery))
}

fn timed_out(error: &ProviderError) -> bool {
    let delivery = Delivery::PossiblySent;
    matches!(error, ProviderError::Transport(error) if *error == ClientError::new(ClientErrorKind::Timeout, delivery))
}

fn too_long(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Transport(error)
        if *error.kind() == ClientErrorKind::ResponseTooLong { max: MAX_ANSWER }
            && error.delivery() == Delivery::PossiblySent)
}

fn does_not_open(error: &ProviderError) -> bool {
    matches!(
        error,
        ProviderError::Answer(CallError::Envelope(Error::OpenFailed), _)
    )
}

fn unexpected(error: &ProviderError, wanted: UnexpectedReply) -> bool {
    matches!(error, ProviderError::Answer(CallError::Unexpected { status, problem, .. }, _)
        if status.as_u16() == 200 && *problem == wanted)
}

fn refused(error: &ProviderError, wanted: u16) -> bool {
    matches!(error, ProviderError::Answer(CallError::Plain(plain), _)
        if plain.status().as_u16() == wanted && !plain.unauthenticated_text().is_empty())
}

fn rows(doing: Doing) -> Vec<Row> {
    use InjectedFault as F;
    // Get App Token answers in clear, so nothing can be sealed wrongly in it, and clear is right.
    let clear = doing == Doing::AppToken;
    let not_sealed: IsRight = |error| unexpected(error, UnexpectedReply::NotSealed);
    let not_json: IsRight = |error| unexpected(error, UnexpectedReply::NotJson);
    let web_page: IsRight = |error| unexpected(error, UnexpectedReply::WebPage);
    let empty: IsRight = |error| unexpected(error, UnexpectedReply::Empty);
    let not_an_answer = if clear { not_json } else { not_sealed };
    let untouched = |row: Row| Row { executed: 0, ..row };
    let too_many: fn(u64) -> F = |retry_after| F::TooManyRequests { retry_after };
    let unavailable: fn(u64) -> F = |retry_after| F::ServiceUnavailable { retry_after };
    let too_many: (_, IsRight) = (too_many, |error| refused(error, 429));
    let unavailable: (_, IsRight) = (unavailable, |error| refused(error, 503));
    let mut rows = vec![
        fails(
            F::Delay(Duration::from_secs(60)),
            timed_out,
            Advice::AskServer,
        ),
        works(F::Delay(Duration::from_millis(50)), 1),
        untouched(fails(
            F::Unauthorized,
            |error| refused(error, 401),
            Advice::GetNewToken,
        )),
        untouched(fails(
            F::ServerError,
            |error| refused(error, 500),
            Advice::AskServer,
        )),
        untouched(fails(F::HtmlPage, web_page, Advice::DistrustAnswer)),
        fails(F::CutBody, interrupted, Advice::AskServer),
        match clear {
            true => fails(F::WrongKey, not_json, Advice::DistrustAnswer),
            false => fails(F::WrongKey, does_not_open, Advice::AgreeOnNewKeys),
        },
        match clear {
            true => works(F::Clear200, 1),
            false => fails(F::Clear200, not_sealed, Advice::DistrustAnswer),
        },
        fails(F::HugeBody { bytes: 1 << 30 }, too_long, Advice::AskServer),
        fails(
            F::HugeBody { bytes: 1000 },
            not_an_answer,
            Advice::DistrustAnswer,
        ),
        fails(F::HugeBody { bytes: 0 }, empty, Advice::DistrustAnswer),
        untouched(fails(F::DropBefore, interrupted, Advice::AskServer)),
        fails(F::DropAfter, interrupted, Advice::AskServer),
    ];
    let unasked = |row: Row| Row {
        idempotent: false,
        ..row
    };
    let retry_after = 0;
    for (fault, after, is_right, advice) in [
        (
            F::Unauthorized,
            F::AfterUnauthorized,
            (|error| refused(error, 401)) as IsRight,
            Advice::GetNewToken,
        ),
        (
            too_many.0(0),
            F::AfterTooManyRequests { retry_after },
            too_many.1,
            Advice::CallAgainLater,
        ),
        (
            unavailable.0(0),
            F::AfterServiceUnavailable { retry_after },
            unavailable.1,
            Advice::CallAgainLater,
        ),
    ] {
        rows.push(unasked(untouched(fails(fault, is_right, advice))));
        rows.push(unasked(fails(after, is_right, advice)));
    }
    for (busy, is_right) in [too_many, unavailable] {
        rows.extend([
            Row {
                attempts: 2,
                ..works(busy(1), 1)
            },
            Row {
                attempts: 3,
                ..works(busy(0), 2)
            },
            Row {
                attempts: 3,
                ..untouched(fails(busy(0), is_right, Advice::CallAgainLater))
            },
            // Beyond the deadline, so that it is not waited for.
            untouched(fails(busy(60), is_right, Advice::CallAgainLater)),
        ]);
    }
    rows
}

async fn check(
    row: &Row,
    doing: Doing,
    version: Version,
    tls: bool,
    used: bool,
) -> Result<(), String> {
    let sandbox = Sandbox::builder().tls(tls).start().await.unwrap();
    assert_eq!(sandbox.url().starts_with("https:"), tls);
    let hangs = matches!(row.fault, InjectedFault::Delay(delay) if delay > DEADLINE);
    let deadline = if hangs { DEADLINE } else { PATIENCE };
    let quick =
        RetryPolicy::default().with_backoff(Duration::from_millis(5), Duration::from_millis(20));
    let client = builder_for(&sandbox)
        .max_response_len(MAX_ANSWER)
        .retries(quick)
        .deadline(deadline)
        .build()
        .unwrap();
    let bankezy = connect(&client, &sandbox, version, row.idempotent);
    let mut session = match used {
        true => session(&bankezy, &sandbox).await,
        false => {
            session(
                &connect(&client_for(&sandbox), &sandbox, version, false),
                &sandbox,
            )
            .await
        }
    };
    session.idempotent = row.idempotent;
    let before = sandbox.executed();
    sandbox.faults().inject(row.fault, row.times);

    let started = Instant::now();
    let slack = Duration::from_secs(30);
    let result = timeout(deadline + slack, make(doing, &bankezy, &sandbox, &session))
        .await
        .map_err(|_| "hangs past the deadline".to_owned())?;
    let elapsed = started.elapsed();

    let shown = format!("{result:?} after {elapsed:?}");
    match (&row.due, &result) {
        (Ok(()), Ok(())) => {}
        (Err((is_right, due)), Err(error)) if is_right(error) => {
            if advice(error) != *due {
                return Err(format!("{:?} is advised: {shown}", advice(error)));
            }
        }
        _ => return Err(format!("wrong result: {shown}")),
    }
    if hangs && elapsed < DEADLINE {
        return Err(format!("before the deadline: {shown}"));
    }

    // What would come later would come soon: what was executed twice shows.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let met = u64::from(row.times) - sandbox.faults().pending();
    let due = u64::from(row.attempts.min(row.times));
    if met != due {
        return Err(format!("{met} requests met the fault, not {due}: {shown}"));
    }
    let after = sandbox.executed();
    let endpoint = doing.counted_as();
    let executed = after.of(endpoint) - before.of(endpoint);
    if executed != row.executed || after.total() - before.total() != executed {
        return Err(format!("executed {executed} times: {shown}"));
    }
    Ok(())
}

async fn check_all(tls: bool) {
    let mut cases = JoinSet::new();
    for doing in Doing::ALL {
        for row in rows(doing) {
            let row = Arc::new(row);
            for version in VERSIONS {
                for used in [false, true] {
                    let row = Arc::clone(&row);
                    cases.spawn(async move {
                        let _turn = TURNS.acquire().await.unwrap();
                        let result = check(&row, doing, version, tls, used).await;
                        result.map_err(|problem| {
                            let (fault, times) = (row.fault, row.times);
                            format!(
                                "{doing:?} {version:?}, {fault:?} {times} times, used {used}: {problem}"
                            )
                        })
                    });
                }
            }
        }
    }
    let expected = Doing::ALL.len() * VERSIONS.len() * 2 * rows(Doing::Echo).len();
    let results = cases.join_all().await;
    assert_eq!(results.len(), expected);
    let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_on_each_call_is_told_and_executes_nothing_twice() {
    check_all(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_on_each_call_is_told_the_same_over_tls() {
    check_all(true).await;
}
