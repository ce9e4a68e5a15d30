//! Failures where nothing is sent: the caller is told so, on every call.

use core::time::Duration;

use bankezy_client::{
    ClientError, ClientErrorKind, ConnectProblem, Delivery, ProviderError, RetryPolicy, TlsProblem,
};
use bankezy_sandbox::{InjectedFault, Sandbox};
use bankezy_test_support::vacant;

use crate::partner::{
    Advice, Doing, VERSIONS, advice, builder, client_for, connect, connect_to, make, session,
};

#[tokio::test]
async fn without_a_server_nothing_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = format!("http://{}", vacant());
    let quick = RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO);
    let client = builder().retries(quick).build().unwrap();
    for version in VERSIONS {
        let session = session(&connect(&client, &sandbox, version, false), &sandbox).await;
        let before = sandbox.executed();
        let bankezy = connect_to(
            &client,
            &url,
            sandbox.credentials().api_key(),
            version,
            false,
        );
        for doing in Doing::ALL {
            let error = make(doing, &bankezy, &sandbox, &session).await.unwrap_err();
            let problem = ConnectProblem::Refused;
            assert!(
                matches!(&error, ProviderError::Transport(error) if *error == problem.into()),
                "{doing:?} {version:?}: {error:?}"
            );
            assert_eq!(advice(&error), Advice::CallAgain);
        }
        assert_eq!(sandbox.executed(), before);
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    let trusting = client_for(&sandbox);
    let distrusting = builder().build().unwrap();
    for version in VERSIONS {
        let session = session(&connect(&trusting, &sandbox, version, false), &sandbox).await;
        let before = sandbox.executed();
        let bankezy = connect(&distrusting, &sandbox, version, false);
        for doing in Doing::ALL {
            let error = make(doing, &bankezy, &sandbox, &session).await.unwrap_err();
            let untrusted = ClientErrorKind::Tls(TlsProblem::UntrustedCertificate);
            let untrusted = ClientError::new(untrusted, Delivery::NotSent);
            assert!(
                matches!(&error, ProviderError::Transport(error) if *error == untrusted),
                "{doing:?} {version:?}: {error:?}"
            );
            assert_eq!(advice(&error), Advice::Mend);
        }
        assert_eq!(sandbox.executed(), before);
    }
}

#[tokio::test]
async fn retries_can_be_turned_off() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder().retries(RetryPolicy::none()).build().unwrap();
    for version in VERSIONS {
        let bankezy = connect(&client, &sandbox, version, false);
        let session = session(&bankezy, &sandbox).await;
        for doing in Doing::ALL {
            for busy in [
                InjectedFault::TooManyRequests { retry_after: 0 },
                InjectedFault::ServiceUnavailable { retry_after: 0 },
            ] {
                let before = sandbox.executed();
                sandbox.faults().inject(busy, 2);
                let error = make(doing, &bankezy, &sandbox, &session).await.unwrap_err();
                assert_eq!(advice(&error), Advice::CallAgainLater, "{doing:?}");
                assert_eq!(sandbox.faults().pending(), 1, "{doing:?}");
                assert_eq!(sandbox.executed(), before, "{doing:?}");
                sandbox.faults().clear();
            }
        }
    }
}

/// After a call whose end is unknown, asking shows what happened.
#[tokio::test]
async fn a_lost_answer_to_renew_leaves_the_old_token_dead() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder().build().unwrap();
    for version in VERSIONS {
        let bankezy = connect(&client, &sandbox, version, false);
        for (fault, then) in [
            (InjectedFault::DropAfter, Err(Advice::GetNewToken)),
            (InjectedFault::DropBefore, Ok(())),
        ] {
            let session = session(&bankezy, &sandbox).await;
            sandbox.faults().inject(fault, 1);
            let lost = make(Doing::Renew, &bankezy, &sandbox, &session)
                .await
                .unwrap_err();
            assert_eq!(advice(&lost), Advice::AskServer);
            let asked = make(Doing::Echo, &bankezy, &sandbox, &session).await;
            assert_eq!(asked.map_err(|error| advice(&error)), then, "{fault:?}");
        }
    }
}
