//! What the emulator refuses, in the forms that the providers document, and what the adapters make of
//! it. Requests that the adapters would not build are spoiled on their way out.

use core::fmt::Debug;
use std::sync::LazyLock;

use bankezy_client::Client;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, AppTokenApi, BankEzy, RenewApi, RenewRequest, UserTokenApi,
    Version, meaning,
};
use bankezy_crypto::providers::complycube::{ComplyCube, ErrorKind, Param};
use bankezy_crypto::providers::faceki::{self, Faceki};
use bankezy_crypto::providers::sardine::{Provider, Sardine};
use bankezy_crypto::providers::{BaseUrl, CallError, Refusal, TokenApi};
use bankezy_crypto::{Channel, PayloadSecret};
use bankezy_crypto::{KeyPair, SecretBytes, backend};
use bankezy_sandbox::Sandbox;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Uri};
use serde_json::{Value, json};

use crate::adapters::{
    Failed, Which, account, ask, bankezy, base, channel, client_for, complycube, faceki, identity,
    sardine, user, user_with, web,
};
use crate::shown::Shown;
use crate::silence::{CANARY, TRACES, shows_nothing, traces_nothing};

struct Stage {
    sandbox: Sandbox,
    client: Client,
    shown: Shown,
}

impl Stage {
    async fn new() -> Self {
        LazyLock::force(&TRACES);
        let sandbox = Sandbox::start().await.unwrap();
        Self {
            client: client_for(&sandbox),
            sandbox,
            shown: Shown::default(),
        }
    }

    /// The answer to a request that `change` may have spoiled is a refusal.
    async fn refused<A: TokenApi<Answer: Debug>>(
        &mut self,
        api: &A,
        request: &A::Request,
        change: impl Fn(&mut Request<SecretBytes>),
    ) -> CallError {
        let failed = ask(&self.client, api, request, change).await.unwrap_err();
        self.shown.error("refusal", &failed);
        let error = match failed {
            Failed::Answer(error, _) => error,
            failed => panic!("{failed}"),
        };
        if let CallError::Plain(plain) | CallError::Refused { plain, .. } = &error {
            let text = plain.unauthenticated_text();
            assert!(!text.is_empty());
            for (_, shown) in &self.shown.0 {
                assert!(!shown.contains(text), "the server's text in {shown}");
            }
        }
        error
    }

    fn end(self, executed: u64) {
        assert_eq!(self.sandbox.executed().total(), executed);
        shows_nothing(&self.shown, &self.sandbox, &[]);
        traces_nothing();
    }
}

fn as_it_is(_: &mut Request<SecretBytes>) {}

/// Drops a parameter of the query.
fn without(name: &str) -> impl Fn(&mut Request<SecretBytes>) {
    move |request| {
        let uri = request.uri().to_string();
        let (start, query) = uri.split_once('?').unwrap();
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.starts_with(name))
            .collect();
        assert_eq!(kept.len(), 1);
        *request.uri_mut() = Uri::try_from(format!("{start}?{}", kept[0])).unwrap();
    }
}

fn without_header(name: &str) -> impl Fn(&mut Request<SecretBytes>) {
    move |request| assert!(request.headers_mut().remove(name).is_some())
}

/// Sets a member of the body; `null` is one that the emulator takes for none.
fn with(name: &str, value: Value) -> impl Fn(&mut Request<SecretBytes>) {
    move |request| {
        let mut body: Value = serde_json::from_slice(request.body().as_bytes()).unwrap();
        body[name] = value.clone();
        *request.body_mut() = body.to_string().into_bytes().into();
    }
}

fn as_text(request: &mut Request<SecretBytes>) {
    let text = HeaderValue::from_static("text/plain");
    request.headers_mut().insert(CONTENT_TYPE, text);
}

fn status(error: &CallError) -> u16 {
    error.status().unwrap().as_u16()
}

#[tokio::test]
async fn faceki_refuses_as_documented() {
    let mut stage = Stage::new().await;
    let id = stage.sandbox.credentials().faceki_client_id().to_owned();
    let by_query = faceki(&stage.sandbox);
    let by_headers = faceki(&stage.sandbox).with_credentials_in_headers();
    let wrong = || {
        let api = Faceki::new(&id, CANARY).unwrap();
        api.with_base_url(base(&stage.sandbox, "faceki"))
    };
    let (wrong_query, wrong_headers) = (wrong(), wrong().with_credentials_in_headers());

    let missing_id = "client id is required";
    for (error, http_status, message) in [
        (stage.refused(&wrong_query, &(), as_it_is).await, 401, ""),
        (stage.refused(&wrong_headers, &(), as_it_is).await, 401, ""),
        (
            stage.refused(&by_query, &(), without("clientId")).await,
            403,
            missing_id,
        ),
        (
            stage
                .refused(&by_headers, &(), without_header("clientid"))
                .await,
            403,
            missing_id,
        ),
    ] {
        assert_eq!(status(&error), http_status);
        let CallError::Refused {
            refusal:
                Refusal::Faceki(faceki::Refusal::Status {
                    status_code: 422,
                    unauthenticated_message,
                }),
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(unauthenticated_message.as_str(), message);
    }
    for error in [
        stage.refused(&by_query, &(), without("clientSecret")).await,
        stage
            .refused(&by_headers, &(), without_header("clientsecret"))
            .await,
    ] {
        assert_eq!(status(&error), 402);
        let name = "clientSecret";
        assert!(
            matches!(error, CallError::Refused {
                refusal: Refusal::Faceki(faceki::Refusal::Credential { name: found }), ..
            } if found == name),
            "{error:?}"
        );
    }
    stage.end(0);
}

#[tokio::test]
async fn complycube_refuses_as_documented() {
    let mut stage = Stage::new().await;
    let api = complycube(&stage.sandbox);
    let wrong = ComplyCube::new(CANARY).unwrap();
    let wrong = wrong.with_base_url(base(&stage.sandbox, "complycube"));
    let none = Value::Null;
    let found = |error: CallError| match error {
        CallError::Refused {
            plain,
            refusal: Refusal::ComplyCube(refusal),
            ..
        } => (plain.status().as_u16(), refusal.kind, refusal.param),
        error => panic!("{error:?}"),
    };
    for error in [
        stage.refused(&wrong, &web(), as_it_is).await,
        stage
            .refused(&api, &web(), without_header("authorization"))
            .await,
    ] {
        assert_eq!(found(error), (401, ErrorKind::Unauthorized, None));
    }
    for (name, value, param) in [
        ("clientId", none.clone(), Param::ClientId),
        ("clientId", json!(""), Param::ClientId),
        ("clientId", json!(7), Param::ClientId),
        ("referrer", none, Param::Referrer),
        ("referrer", json!(CANARY), Param::Referrer),
        ("appId", json!([CANARY]), Param::AppId),
        // Both of them.
        ("appId", json!("com.example.app"), Param::AppId),
    ] {
        let error = stage.refused(&api, &web(), with(name, value.clone())).await;
        let expected = (400, ErrorKind::InvalidRequest, Some(param));
        assert_eq!(found(error), expected, "{name} {value}");
    }
    let error = stage.refused(&api, &web(), as_text).await;
    let expected = (400, ErrorKind::InvalidRequest, Some(Param::Other));
    assert_eq!(found(error), expected);
    stage.end(0);
}

#[tokio::test]
async fn sardine_refuses_in_its_own_words() {
    let mut stage = Stage::new().await;
    let api = sardine(&stage.sandbox);
    let id = stage.sandbox.credentials().sardine_client_id().to_owned();
    let wrong = Sardine::new(base(&stage.sandbox, "sardine"), &id, CANARY).unwrap();
    let request = identity(Provider::INCODE);
    let found = |error: CallError| match error {
        // None is documented, so none has a type.
        CallError::Plain(plain) => {
            assert!(!plain.unauthenticated_text().is_empty());
            plain.status().as_u16()
        }
        error => panic!("{error:?}"),
    };
    for error in [
        stage.refused(&wrong, &request, as_it_is).await,
        stage
            .refused(&api, &request, without_header("authorization"))
            .await,
    ] {
        assert_eq!(found(error), 401);
    }
    for (name, value) in [
        ("sessionKey", Value::Null),
        ("sessionKey", json!("s".repeat(101))),
        ("customerId", json!(7)),
        ("platform", json!([])),
    ] {
        let error = stage.refused(&api, &request, with(name, value)).await;
        assert_eq!(found(error), 400, "{name}");
    }
    let other = identity(Provider::new(CANARY).unwrap());
    let error = stage.refused(&api, &other, as_it_is).await;
    assert_eq!(found(error), 400);
    let error = stage.refused(&api, &request, as_text).await;
    assert_eq!(found(error), 400);
    stage.end(0);
}

#[tokio::test]
async fn bankezy_refuses_as_documented() {
    let mut stage = Stage::new().await;
    let sandbox = &stage.sandbox;
    let request = user(sandbox);
    let stranger = BankEzy::new(BaseUrl::parse(sandbox.url()).unwrap(), CANARY, Version::V1);
    let stranger = UserTokenApi::get_token(stranger.unwrap(), channel(sandbox));
    let api = UserTokenApi::get_token(bankezy(sandbox), channel(sandbox));
    let other_sdk = user_with(CANARY);
    let held = Which::GetToken.adapter(sandbox, &stage.client).await;
    let held = held.token(&stage.client).await.unwrap();
    let renew = RenewApi::new(bankezy(sandbox), channel(sandbox));
    let not_his = RenewRequest::new(held, AccountNumber::new(1).unwrap());
    for (error, code) in [
        (stage.refused(&stranger, &request, as_it_is).await, "TOK002"),
        (stage.refused(&renew, &not_his, as_it_is).await, "TOK003"),
        (stage.refused(&api, &other_sdk, as_it_is).await, "TOK004"),
    ] {
        let CallError::Failed { outcome, .. } = error else {
            panic!("{error:?}");
        };
        let found = [outcome.code, outcome.inner_code].into_iter().flatten();
        let found = found.filter(|found| meaning(found).is_some());
        assert_eq!(
            found.map(|code| code.to_string()).collect::<Vec<_>>(),
            [code]
        );
    }

    // What does not open, and what is refused before anything opens, is refused in clear.
    let secret = PayloadSecret::generate().unwrap();
    let other = Channel::from_secret(&secret, &backend::AWS_LC_RS).unwrap();
    let other = UserTokenApi::get_token(bankezy(&stage.sandbox), other);
    let error = stage.refused(&other, &request, as_it_is).await;
    assert!(matches!(error, CallError::Plain(_)) && status(&error) == 400);
    let error = stage
        .refused(&api, &request, without_header("x-api-key"))
        .await;
    assert!(matches!(error, CallError::Plain(_)) && status(&error) == 401);
    let unknown = bankezy_crypto::providers::Token::new(CANARY.to_owned().into(), None);
    let unknown = RenewRequest::new(unknown, account());
    let error = stage.refused(&renew, &unknown, as_it_is).await;
    assert!(matches!(error, CallError::Plain(_)) && status(&error) == 401);
    // Get App Token is refused in clear, too.
    let credentials = AppCredentials {
        api_key: CANARY,
        secret: CANARY,
    };
    let known = stage.sandbox.credentials();
    let app = AppTokenApi::new(bankezy(&stage.sandbox), &credentials, known.derivation());
    let pair = KeyPair::generate().unwrap().into();
    let error = stage.refused(&app.unwrap(), &pair, as_it_is).await;
    assert_eq!(error.code(), "reply.failed");
    stage.end(1);
}
