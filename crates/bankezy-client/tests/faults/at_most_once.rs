//! No call that nobody marked as idempotent is executed twice: every fault, on every call, with TLS and without,
//! made by the client and through a session keeper. The emulator counts.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bankezy_client::{BankEzyClient, ProviderError, RefreshSettings, Renewal, SessionKeeper};
use bankezy_crypto::providers::bankezy::{TokenAnswer, Version};
use bankezy_sandbox::{InjectedFault, Sandbox};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::partner::{Doing, account, builder_for, connect, make, said, session};

const DEADLINE: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_secs(3600);
/// When a token of an hour is due, in seconds.
const LATE: u64 = 3000;
/// How often a session is asked for while it is renewed.
const LOOKS: u32 = 40;
/// As many requests as there may be meet the fault.
const TIMES: u32 = 100;

/// Not so many cases at once that the short deadline passes for want of a processor.
static TURNS: Semaphore = Semaphore::const_new(48);

fn faults() -> Vec<InjectedFault> {
    use InjectedFault as F;
    let retry_after = 0;
    vec![
        F::Delay(Duration::from_millis(20)),
        F::Delay(2 * DEADLINE),
        F::Unauthorized,
        F::AfterUnauthorized,
        F::TooManyRequests { retry_after },
        F::AfterTooManyRequests { retry_after },
        F::ServiceUnavailable { retry_after },
        F::AfterServiceUnavailable { retry_after },
        F::ServerError,
        F::HtmlPage,
        F::CutBody,
        F::WrongKey,
        F::Clear200,
        F::HugeBody { bytes: 1 << 30 },
        F::HugeBody { bytes: 0 },
        F::DropBefore,
        F::DropAfter,
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Through {
    Client,
    Keeper,
}

/// How often the emulator executes one call that meets a fault.
async fn executions(fault: InjectedFault, doing: Doing, tls: bool, through: Through) -> u64 {
    let sandbox = Arc::new(
        Sandbox::builder()
            .tls(tls)
            .token_lifetime(HOUR)
            .start()
            .await
            .unwrap(),
    );
    let client = builder_for(&sandbox)
        .max_response_len(64 * 1024)
        .deadline(DEADLINE)
        .build()
        .unwrap();
    let bankezy = connect(&client, &sandbox, Version::V2, false);
    let session = Arc::new(session(&bankezy, &sandbox).await);
    let count = || sandbox.executed().of(doing.counted_as());
    if through == Through::Client {
        let before = count();
        sandbox.faults().inject(fault, TIMES);
        let _ = make(doing, &bankezy, &sandbox, &session).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        return count() - before;
    }

    let is_late = Arc::new(AtomicBool::new(false));
    let keeper = keeper(bankezy, doing, &sandbox, &session, &is_late);
    let logs_in = matches!(doing, Doing::GetToken | Doing::Onboarding | Doing::AppToken);
    if !logs_in {
        keeper.session().await.unwrap();
    }
    let before = count();
    sandbox.faults().inject(fault, TIMES);
    match doing {
        Doing::Echo => {
            let path = sandbox.credentials().echo_path();
            let _ = keeper.call::<_, Value>(path, &said()).await;
        }
        Doing::Invalidate => drop(keeper.shutdown().await),
        Doing::Renew => {
            is_late.store(true, Ordering::SeqCst);
            // It goes on with the old session while it is renewed, and logs in if that fails.
            for _ in 0..LOOKS {
                keeper.session().await.unwrap();
                tokio::time::sleep(DEADLINE / LOOKS).await;
            }
        }
        _ => drop(keeper.session().await),
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    count() - before
}

/// A keeper whose login is the call, or gives the session once that was made before.
fn keeper(
    bankezy: BankEzyClient,
    doing: Doing,
    sandbox: &Arc<Sandbox>,
    session: &Arc<crate::partner::Session>,
    is_late: &Arc<AtomicBool>,
) -> SessionKeeper {
    let (sandbox, session) = (Arc::clone(sandbox), Arc::clone(session));
    let text = session.token.as_str().to_owned();
    let expires_at = session.token.expires_at();
    let mut answer = TokenAnswer::new(bankezy_crypto::providers::Token::new(
        text.into(),
        expires_at,
    ));
    answer.token_reference_id = Some(session.reference.clone());
    let channel = session.channel.clone();
    let renewal = Renewal::WithAccount(account());
    let ready = bankezy_client::Session::new(answer, channel, renewal);
    let ready = Arc::new(Mutex::new(Some(ready)));
    let login = move |client: BankEzyClient| {
        let (sandbox, session) = (Arc::clone(&sandbox), Arc::clone(&session));
        let ready = Arc::clone(&ready);
        async move {
            match doing {
                Doing::GetToken | Doing::Onboarding | Doing::AppToken => {
                    make(doing, &client, &sandbox, &session).await?;
                    Err(ProviderError::ShutDown)
                }
                _ => ready.lock().unwrap().take().ok_or(ProviderError::ShutDown),
            }
        }
    };
    let is_late = Arc::clone(is_late);
    let clock = move || {
        let late = Duration::from_secs(if is_late.load(Ordering::SeqCst) {
            LATE
        } else {
            0
        });
        SystemTime::now() + late
    };
    let settings = RefreshSettings::default()
        .clock(clock)
        .backoff(DEADLINE / LOOKS, DEADLINE / LOOKS)
        .deadline(DEADLINE)
        .shutdown_deadline(DEADLINE);
    SessionKeeper::with_settings(bankezy, login, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_that_is_not_idempotent_is_executed_twice_whatever_happens() {
    let mut cases = JoinSet::new();
    for fault in faults() {
        for doing in Doing::ALL {
            for tls in [false, true] {
                for through in [Through::Client, Through::Keeper] {
                    cases.spawn(async move {
                        let _turn = TURNS.acquire().await.unwrap();
                        let executed = executions(fault, doing, tls, through).await;
                        (executed, format!("{fault:?} {doing:?} {tls} {through:?}"))
                    });
                }
            }
        }
    }
    let results = cases.join_all().await;
    assert_eq!(results.len(), 17 * 6 * 2 * 2);
    let twice: Vec<_> = results
        .iter()
        .filter(|(executed, _)| *executed > 1)
        .collect();
    assert!(twice.is_empty(), "{twice:#?}");
    // The counter counts: most of these faults come after the call was executed.
    for (doing, through) in [("Renew", "Client"), ("Renew", "Keeper"), ("Echo", "Keeper")] {
        let executed = results.iter().filter(|(executed, case)| {
            *executed == 1 && case.contains(doing) && case.contains(through)
        });
        assert!(executed.count() >= 12, "{doing} {through}");
    }
}
