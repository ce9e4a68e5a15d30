//! Every fault of the emulator on every adapter, with TLS and without.

use core::time::Duration;
use std::sync::LazyLock;

use bankezy_client::{ClientErrorKind, Delivery, RetryPolicy};
use bankezy_crypto::Error;
use bankezy_crypto::providers::{CallError, Token, UnexpectedReply};
use bankezy_sandbox::{InjectedFault, Sandbox};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::adapters::{Failed, PATIENCE, Which, builder_for, client_for};
use crate::shown::Shown;
use crate::silence::{TRACES, shows_nothing, traces_nothing};

const DEADLINE: Duration = Duration::from_millis(1500);
const MAX_ANSWER: usize = 64 * 1024;
/// Beyond what any policy tries, so that what is left tells the number of attempts.
const TIMES: u32 = 10;

/// Not so many cases at once that the short deadline passes for want of a processor.
static TURNS: Semaphore = Semaphore::const_new(48);

/// How asking ends, as far as a caller can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Token,
    TimedOut,
    Interrupted,
    TooLong,
    Refused {
        status: u16,
        retry_after: Option<u64>,
    },
    Unexpected(UnexpectedReply),
    DoesNotOpen,
    Other,
}

fn end(result: &Result<Token, Failed>) -> End {
    let delivery = Delivery::PossiblySent;
    match result {
        Ok(_) => End::Token,
        Err(Failed::Transport(error)) if error.delivery() != delivery => End::Other,
        Err(Failed::Transport(error)) => match *error.kind() {
            ClientErrorKind::Timeout => End::TimedOut,
            ClientErrorKind::Interrupted => End::Interrupted,
            ClientErrorKind::ResponseTooLong { max: MAX_ANSWER } => End::TooLong,
            _ => End::Other,
        },
        Err(Failed::Answer(error, _)) => match error {
            CallError::Plain(plain) => End::Refused {
                status: plain.status().as_u16(),
                retry_after: error.retry_after().map(|wait| wait.as_secs()),
            },
            CallError::Unexpected {
                status, problem, ..
            } if *status == 200 => End::Unexpected(*problem),
            CallError::Envelope(Error::OpenFailed) => End::DoesNotOpen,
            _ => End::Other,
        },
        Err(_) => End::Other,
    }
}

/// A fault and what is due then.
#[derive(Clone, Copy)]
struct Row {
    fault: InjectedFault,
    times: u32,
    end: End,
    executed: u64,
    attempts: u32,
}

/// It is met once, and the call executed.
fn row(fault: InjectedFault, end: End) -> Row {
    Row {
        fault,
        times: TIMES,
        end,
        executed: 1,
        attempts: 1,
    }
}

fn rows(which: Which) -> Vec<Row> {
    use InjectedFault as F;
    let untouched = |row: Row| Row { executed: 0, ..row };
    let not_an_answer = End::Unexpected(match which.is_sealed() {
        true => UnexpectedReply::NotSealed,
        false => UnexpectedReply::NotJson,
    });
    let refused = |status| End::Refused {
        status,
        retry_after: None,
    };
    let mut rows = vec![
        row(F::Delay(Duration::from_secs(60)), End::TimedOut),
        Row {
            times: 1,
            ..row(F::Delay(Duration::from_millis(50)), End::Token)
        },
        untouched(row(F::Unauthorized, refused(401))),
        untouched(row(F::ServerError, refused(500))),
        untouched(row(F::HtmlPage, End::Unexpected(UnexpectedReply::WebPage))),
        row(F::CutBody, End::Interrupted),
        row(F::HugeBody { bytes: 1 << 30 }, End::TooLong),
        row(F::HugeBody { bytes: 1000 }, not_an_answer),
        row(
            F::HugeBody { bytes: 0 },
            End::Unexpected(UnexpectedReply::Empty),
        ),
        untouched(row(F::DropBefore, End::Interrupted)),
        row(F::DropAfter, End::Interrupted),
    ];
    let too_many: fn(u64) -> F = |retry_after| F::TooManyRequests { retry_after };
    let unavailable: fn(u64) -> F = |retry_after| F::ServiceUnavailable { retry_after };
    for (busy, status) in [(too_many, 429), (unavailable, 503)] {
        let refused = |retry_after| End::Refused {
            status,
            retry_after: Some(retry_after),
        };
        rows.extend([
            Row {
                times: 2,
                attempts: 3,
                ..row(busy(0), End::Token)
            },
            Row {
                attempts: 3,
                ..untouched(row(busy(0), refused(0)))
            },
            // Beyond the deadline, so that it is not waited for.
            untouched(row(busy(60), refused(60))),
        ]);
    }
    // These two are about sealed answers. That of Get App Token is clear in any case.
    if which.is_sealed() {
        rows.push(row(F::WrongKey, End::DoesNotOpen));
        rows.push(row(F::Clear200, not_an_answer));
    } else if which == Which::AppToken {
        rows.push(row(F::WrongKey, not_an_answer));
    }
    rows
}

async fn check(which: Which, row: Row, tls: bool) -> Result<(), String> {
    let sandbox = Sandbox::builder().tls(tls).start().await.unwrap();
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
    let adapter = which.adapter(&sandbox, &client_for(&sandbox)).await;
    let before = sandbox.executed();
    sandbox.faults().inject(row.fault, row.times);

    let started = Instant::now();
    let slack = Duration::from_secs(30);
    let result = timeout(deadline + slack, adapter.token(&client))
        .await
        .map_err(|_| "hangs past the deadline".to_owned())?;
    let elapsed = started.elapsed();

    if end(&result) != row.end {
        return Err(format!("{result:?} after {elapsed:?}, not {:?}", row.end));
    }
    if hangs && elapsed < DEADLINE {
        return Err(format!("before the deadline: {elapsed:?}"));
    }
    // What would come later would come soon: what was executed twice shows.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let met = u64::from(row.times) - sandbox.faults().pending();
    let due = u64::from(row.attempts.min(row.times));
    if met != due {
        return Err(format!("{met} requests met the fault, not {due}"));
    }
    let after = sandbox.executed();
    let executed = after.of(which.counted_as()) - before.of(which.counted_as());
    if executed != row.executed || after.total() - before.total() != executed {
        return Err(format!("executed {executed} times"));
    }
    let mut shown = Shown::default();
    shown.result("result", result);
    shows_nothing(&shown, &sandbox, &[]);
    Ok(())
}

async fn check_all(tls: bool) {
    LazyLock::force(&TRACES);
    let mut cases = JoinSet::new();
    for which in Which::ALL {
        for row in rows(which) {
            cases.spawn(async move {
                let _turn = TURNS.acquire().await.unwrap();
                let result = check(which, row, tls).await;
                result.map_err(|problem| {
                    let (fault, times) = (row.fault, row.times);
                    format!("{which:?}, {fault:?} {times} times: {problem}")
                })
            });
        }
    }
    let wrong: Vec<String> = cases
        .join_all()
        .await
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    traces_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_on_each_adapter_is_told_and_executes_nothing_twice() {
    check_all(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_on_each_adapter_is_told_the_same_over_tls() {
    check_all(true).await;
}
