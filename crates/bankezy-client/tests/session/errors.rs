//! What a caller can tell from an error: whose fault it is, whether the server can have executed the
//! call, and whether to call again.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bankezy_client::{
    Advice, ClientError, ClientErrorKind, ConnectProblem, Delivery, ProviderError, TlsProblem,
    TokenProblem,
};
use bankezy_crypto::providers::bankezy::{Outcome, read};
use bankezy_crypto::providers::{CallError, UnexpectedReply};
use bankezy_crypto::{Channel, Error, ErrorCategory, PayloadSecret, backend};
use http::{Response, StatusCode};
use serde_json::Value;

/// What reading an answer in clear fails with.
fn answered(status: u16, headers: &[(&str, &str)]) -> CallError {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let secret = PayloadSecret::generate().unwrap();
    let channel = Channel::from_secret(&secret, &backend::AWS_LC_RS).unwrap();
    read::<Value, _>(&answer.body("CANARY").unwrap(), &channel).unwrap_err()
}

#[test]
fn errors_of_the_client_say_whose_fault_they_are() {
    let delivery = Delivery::PossiblySent;
    let problem = ConnectProblem::Dns;
    let tls = TlsProblem::WrongName;
    let cases: [(ClientError, ErrorCategory); 4] = [
        (ClientError::from(problem), ErrorCategory::Transport),
        (
            ClientError::new(ClientErrorKind::Tls(tls), delivery),
            ErrorCategory::Transport,
        ),
        (
            ClientError::new(ClientErrorKind::Timeout, delivery),
            ErrorCategory::Transport,
        ),
        (
            ClientError::new(ClientErrorKind::Interrupted, delivery),
            ErrorCategory::Transport,
        ),
    ];
    for (error, fault) in cases {
        assert_eq!(error.category(), fault, "{error:?}");
    }
}

/// The login may have been executed, and the call that needs it was not.
#[test]
fn an_answer_of_a_login_that_is_lost_is_no_call_that_was_sent() {
    let lost = ClientError::new(ClientErrorKind::Interrupted, Delivery::PossiblySent);
    for (retry_in, start) in [
        (None, "no token: "),
        (
            Some(Duration::from_millis(20)),
            "no token, try again in 20 ms: ",
        ),
    ] {
        let error = ProviderError::no_token(ProviderError::Transport(lost.clone()), retry_in);
        assert_eq!(
            error.to_string(),
            format!(
                "{start}the connection was lost before the answer was complete; the call that needs it was not sent"
            )
        );
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert_eq!(error.advice(), Advice::CallAgain);
    }
}

#[test]
fn errors_of_a_call_say_what_to_do() {
    use ProviderError::{Request, Transport};
    let asked = [("Retry-After", "3")];
    let cases = [
        (
            Request(Error::Randomness.into()),
            ErrorCategory::Backend,
            Delivery::NotSent,
            false,
        ),
        (
            Request(Error::NonceBudgetSpent { limit: 1 }.into()),
            ErrorCategory::Misuse,
            Delivery::NotSent,
            false,
        ),
        (
            Transport(ClientError::new(
                ClientErrorKind::Timeout,
                Delivery::NotSent,
            )),
            ErrorCategory::Transport,
            Delivery::NotSent,
            true,
        ),
        (
            Transport(ClientError::new(
                ClientErrorKind::Timeout,
                Delivery::PossiblySent,
            )),
            ErrorCategory::Transport,
            Delivery::PossiblySent,
            false,
        ),
        (
            ProviderError::from(answered(429, &asked)),
            ErrorCategory::Provider,
            Delivery::PossiblySent,
            true,
        ),
        (
            ProviderError::from(answered(503, &asked)),
            ErrorCategory::Provider,
            Delivery::PossiblySent,
            true,
        ),
        (
            ProviderError::from(answered(503, &[])),
            ErrorCategory::Provider,
            Delivery::PossiblySent,
            false,
        ),
        (
            ProviderError::from(answered(500, &asked)),
            ErrorCategory::Provider,
            Delivery::PossiblySent,
            false,
        ),
        (
            ProviderError::from(answered(401, &[])),
            ErrorCategory::Provider,
            Delivery::PossiblySent,
            false,
        ),
        (
            ProviderError::from(CallError::Envelope(Error::OpenFailed)),
            ErrorCategory::Input,
            Delivery::PossiblySent,
            false,
        ),
    ];
    for (error, fault, sent, retryable) in cases {
        assert_eq!(
            (error.category(), error.delivery(), error.is_retryable()),
            (fault, sent, retryable),
            "{error:?}"
        );
    }
}

#[test]
fn errors_of_a_login_say_whether_a_later_one_may_succeed() {
    let call = |error: CallError| ProviderError::from(error);
    let transport = |error| ProviderError::Transport(error);
    let delivery = Delivery::PossiblySent;
    let tls = TlsProblem::WrongName;
    let unexpected = CallError::unexpected(StatusCode::OK, UnexpectedReply::NotJson);
    let cases = [
        (
            transport(ClientError::new(ClientErrorKind::Timeout, delivery)),
            ErrorCategory::Transport,
            true,
        ),
        (
            transport(ClientError::new(ClientErrorKind::Interrupted, delivery)),
            ErrorCategory::Transport,
            true,
        ),
        (
            transport(ClientError::new(ClientErrorKind::Tls(tls), delivery)),
            ErrorCategory::Transport,
            false,
        ),
        (call(answered(500, &[])), ErrorCategory::Provider, true),
        (call(answered(429, &[])), ErrorCategory::Provider, true),
        (call(answered(401, &[])), ErrorCategory::Provider, false),
        (call(unexpected), ErrorCategory::Provider, false),
        (
            ProviderError::Token(TokenProblem::TimedOut),
            ErrorCategory::Transport,
            true,
        ),
        (
            ProviderError::Token(TokenProblem::ExpiredOnArrival),
            ErrorCategory::Provider,
            false,
        ),
        (
            ProviderError::Token(TokenProblem::Panicked),
            ErrorCategory::Misuse,
            false,
        ),
        (
            ProviderError::Token(TokenProblem::Abandoned),
            ErrorCategory::Misuse,
            true,
        ),
    ];
    for (error, fault, retryable) in cases {
        assert_eq!(error.category(), fault, "{error:?}");
        let cause = Arc::new(error);
        let retry_in = Duration::from_millis(250);
        for session in [
            ProviderError::no_token(Arc::clone(&cause), None),
            ProviderError::no_token(Arc::clone(&cause), Some(retry_in)),
        ] {
            assert_eq!(
                (
                    session.category(),
                    session.delivery(),
                    session.is_retryable()
                ),
                (fault, Delivery::NotSent, retryable)
            );
            // The delivery of the login is not that of the call.
            let shown = match &*cause {
                ProviderError::Transport(error) => error.kind().to_string(),
                other => other.to_string(),
            };
            assert!(session.to_string().contains(&shown));
            assert!(
                session
                    .to_string()
                    .ends_with("; the call that needs it was not sent")
            );
        }
    }
    let retry_in = Duration::from_secs(1);
    let lately = ProviderError::RefusedLately { retry_in };
    assert_eq!(
        (lately.category(), lately.delivery(), lately.is_retryable()),
        (ErrorCategory::Provider, Delivery::NotSent, true)
    );
    assert_eq!(lately.retry_after(), Some(Duration::from_secs(1)));
    let ended = ProviderError::ShutDown;
    assert_eq!(
        (ended.category(), ended.delivery(), ended.is_retryable()),
        (ErrorCategory::Misuse, Delivery::NotSent, false)
    );
}

#[test]
fn the_error_inside_is_to_be_found() {
    let inside = || ProviderError::from(CallError::Envelope(Error::OpenFailed));
    let cause = Arc::new(inside());
    let retry_in = Duration::from_secs(1);
    for error in [
        inside(),
        ProviderError::no_token(Arc::clone(&cause), None),
        ProviderError::no_token(cause, Some(retry_in)),
    ] {
        let chain = std::iter::successors(error.source(), |&error| error.source());
        let innermost = chain.last().unwrap();
        let found = innermost.downcast_ref::<Error>();
        assert_eq!(found, Some(&Error::OpenFailed), "{error:?}");
    }
    let lost = ProviderError::Transport(ClientError::new(
        ClientErrorKind::Timeout,
        Delivery::NotSent,
    ));
    assert!(lost.source().unwrap().is::<ClientError>());
    let unbuilt = ProviderError::Request(Error::Randomness.into());
    let unbuilt = unbuilt.source().unwrap().source().unwrap();
    assert!(unbuilt.is::<Error>());
    assert!(ProviderError::ShutDown.source().is_none());
}

#[test]
fn each_error_says_what_a_payment_team_does_about_it() {
    let transport = |kind, delivery| ProviderError::Transport(ClientError::new(kind, delivery));
    let timeout = |delivery| transport(ClientErrorKind::Timeout, delivery);
    let interrupted = transport(ClientErrorKind::Interrupted, Delivery::PossiblySent);
    let retry_in = Duration::from_secs(1);
    for (error, expected) in [
        (timeout(Delivery::NotSent), Advice::CallAgain),
        (timeout(Delivery::PossiblySent), Advice::AskByReference),
        (interrupted, Advice::AskByReference),
        (Error::Randomness.into(), Advice::FixFirst),
        (
            ProviderError::from(answered(401, &[])),
            Advice::AskByReference,
        ),
        (
            ProviderError::from(answered(503, &[])),
            Advice::AskByReference,
        ),
        (
            ProviderError::from(answered(200, &[])),
            Advice::AskByReference,
        ),
        (
            CallError::failed(StatusCode::OK, Outcome::default()).into(),
            Advice::ReadOutcome,
        ),
        (
            ProviderError::no_token(timeout(Delivery::PossiblySent), None),
            Advice::CallAgain,
        ),
        (ProviderError::RefusedLately { retry_in }, Advice::CallAgain),
        (ProviderError::ShutDown, Advice::FixFirst),
    ] {
        assert_eq!(error.advice(), expected, "{error:?}");
    }
}
