//! Tokens over time, starting, stopping, and the ready file.

use std::time::Duration;

use bankezy_crypto::PayloadSecret;
use bankezy_sandbox::{InjectedFault, Sandbox};
use bankezy_test_support::in_time;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::partner::*;

#[tokio::test]
async fn tokens_expire_when_the_clock_says_so() {
    let builder = Sandbox::builder().token_lifetime(Duration::from_secs(100));
    let sandbox = builder.start().await.unwrap();
    let session = session(&sandbox, Kind::P256).await;
    sandbox.advance_clock(Duration::from_secs(60));
    echo(&sandbox, &session.token, &session.channel)
        .await
        .unwrap();

    // A renewed token lives from then on.
    let headers = [
        ("X-API-TOKEN", session.token.as_str()),
        ("X-ACCOUNT-NUMBER", ACCOUNT),
    ];
    let body = json!({ "token": session.token });
    let answer = call(&sandbox, &session.channel, RENEW[0], &headers, &body).await;
    let renewed = answer["data"]["token"].as_str().unwrap();
    sandbox.advance_clock(Duration::from_secs(60));
    echo(&sandbox, renewed, &session.channel).await.unwrap();
    sandbox.advance_clock(Duration::from_secs(60));
    let sealed = session.channel.seal("{}");
    let answer = post(&sandbox, ECHO, &[("X-API-TOKEN", renewed)], &sealed)
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.text()),
        (401, "X-API-TOKEN has expired")
    );
    let answer = post(&sandbox, RENEW[0], &[("X-API-TOKEN", renewed)], &sealed)
        .await
        .unwrap();
    assert_eq!(answer.status, 401);

    // Not even the end of time makes it panic.
    sandbox.advance_clock(Duration::MAX);
    sandbox.advance_clock(Duration::MAX);
    let own = key_pair(Kind::P256);
    let body = token_body(&sandbox, &own);
    let answer = call(
        &sandbox,
        &static_channel(&sandbox),
        GET_TOKEN[0],
        &[],
        &body,
    )
    .await;
    assert_eq!(answer["expireAt"], u64::MAX);
}

#[tokio::test]
async fn the_oldest_token_is_forgotten_first() {
    let sandbox = Sandbox::builder().max_tokens(2).start().await.unwrap();
    let first = session(&sandbox, Kind::P256).await;
    let second = session(&sandbox, Kind::P256).await;
    echo(&sandbox, &first.token, &first.channel).await.unwrap();
    let third = session(&sandbox, Kind::P256).await;
    assert_eq!(echo(&sandbox, &first.token, &first.channel).await, Err(401));
    echo(&sandbox, &second.token, &second.channel)
        .await
        .unwrap();
    echo(&sandbox, &third.token, &third.channel).await.unwrap();
}

#[tokio::test]
async fn the_ready_file_says_all_that_a_client_needs() {
    let sandbox = Sandbox::start().await.unwrap();
    let ready: Value = serde_json::from_str(sandbox.ready_json().as_str()).unwrap();
    let credentials = sandbox.credentials();
    let expected = json!({
        "url": format!("http://127.0.0.1:{}", sandbox.address().port()),
        "ca_pem": null,
        "client_cert_pem": null,
        "client_key_pem": null,
        "console": null,
        "bankezy": {
            "apiKey": credentials.api_key(),
            "payloadSecret": credentials.payload_secret().to_base64url().as_str(),
            "sdkApiKey": credentials.sdk_api_key(),
            "appApiKey": credentials.app_api_key(),
            "appSecret": credentials.app_secret(),
            "derivation": "concat-kdf",
            "echoPath": "/sandbox/echo",
        },
        "faceki": {
            "clientId": credentials.faceki_client_id(),
            "clientSecret": credentials.faceki_client_secret(),
        },
        "complycube": { "apiKey": credentials.complycube_api_key() },
        "sardine": {
            "clientId": credentials.sardine_client_id(),
            "clientSecret": credentials.sardine_client_secret(),
        },
    });
    assert_eq!(ready, expected);
    let secret = ready["bankezy"]["payloadSecret"].as_str().unwrap();
    let secret = PayloadSecret::from_base64url(secret).unwrap();
    assert_eq!(&secret, credentials.payload_secret());

    let tls = Sandbox::builder().tls(true).start().await.unwrap();
    let ready: Value = serde_json::from_str(tls.ready_json().as_str()).unwrap();
    assert!(
        ready["url"]
            .as_str()
            .unwrap()
            .starts_with("https://127.0.0.1:")
    );
    assert_eq!(ready["ca_pem"].as_str(), tls.ca_pem());
    assert!(ready["client_cert_pem"].is_null() && ready["client_key_pem"].is_null());
    let builder = Sandbox::builder()
        .tls(true)
        .require_client_certificate(true);
    let mutual = builder.start().await.unwrap();
    let ready: Value = serde_json::from_str(mutual.ready_json().as_str()).unwrap();
    for (member, label) in [
        ("client_cert_pem", "-----BEGIN CERTIFICATE-----"),
        ("client_key_pem", "-----BEGIN PRIVATE KEY-----"),
    ] {
        assert!(ready[member].as_str().unwrap().starts_with(label));
    }
}

/// What an emulator gives connections that do not end.
const GRACE: Duration = Duration::from_secs(5);

/// Shuts down by a clock that moves only when nothing else is left to do, and gives the time by it.
async fn shut_down(sandbox: Sandbox) -> Duration {
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    sandbox.shutdown().await;
    let took = begun.elapsed();
    tokio::time::resume();
    took
}

#[tokio::test]
async fn shutting_down_lets_a_running_request_finish() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    let delay = InjectedFault::Delay(Duration::from_millis(300));
    sandbox.faults().inject(delay, 1);
    let own = key_pair(Kind::P256);
    let channel = static_channel(&sandbox);
    let sealed = channel.seal(&token_body(&sandbox, &own).to_string());
    let api_key = sandbox.credentials().api_key().to_owned();
    let running = tokio::spawn(async move {
        let headers = [
            ("X-API-KEY", api_key.as_str()),
            ("Content-Type", "text/plain"),
        ];
        let request = crate::http::request("POST", GET_TOKEN[0], &headers, sealed.as_bytes());
        crate::http::send(address, &request).await.unwrap()
    });
    while sandbox.executed().total() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A connection that idles does not hold it up.
    let _idle = TcpStream::connect(address).await.unwrap();
    assert!(shut_down(sandbox).await < GRACE);
    assert_eq!(channel.open(&running.await.unwrap())["resCode"], 100);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_a_handshake() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    let mut silent = TcpStream::connect(sandbox.address()).await.unwrap();
    // Accepted by now, since a later one is already served.
    assert!(post(&sandbox, ECHO, &[], "").await.is_none());
    assert!(shut_down(sandbox).await < GRACE);
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn dropping_it_stops_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    drop(sandbox);
    let stops = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    in_time("its end", stops).await;
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let taken = Sandbox::start().await.unwrap();
    let refused = [
        (Sandbox::builder().listen(taken.address()), "sandbox.io"),
        (Sandbox::builder().path_prefix("/{x}"), "sandbox.config"),
        (
            Sandbox::builder().require_client_certificate(true),
            "sandbox.config",
        ),
        (
            Sandbox::builder().tls(true).client_ca_pem("none"),
            "sandbox.config",
        ),
    ];
    for (builder, code) in refused {
        assert_eq!(builder.start().await.unwrap_err().code(), code);
    }
    assert_eq!(
        taken.issue_client_identity().unwrap_err().code(),
        "sandbox.config"
    );
}

#[tokio::test]
async fn calls_of_a_path_of_the_tests_own_are_answered_as_the_test_says() {
    let builder = Sandbox::builder();
    let refused = |said: &Value| json!({"resCode": 200, "data": {"resCode": 301, "of": said["n"]}});
    let sandbox = builder
        .answer_at("/payments", refused)
        .start()
        .await
        .unwrap();
    let session = session(&sandbox, Kind::P256).await;
    let headers = [("X-API-TOKEN", &*session.token)];
    let body = json!({"n": 7});
    let answer = call(&sandbox, &session.channel, "/payments", &headers, &body).await;
    assert_eq!(answer, refused(&body));
    // A token is needed, faults are met, and other paths are not there.
    let sealed = session.channel.seal("{}");
    let status =
        async |path, headers: &[_]| post(&sandbox, path, headers, &sealed).await.unwrap().status;
    assert_eq!(status("/payments", &[]).await, 401);
    assert_eq!(status("/other", &headers).await, 404);
    let fault = InjectedFault::ServerError;
    sandbox.faults().inject_at("/payments", fault, 1);
    assert_eq!(status("/payments", &headers).await, 500);
    assert_eq!(status("/payments", &headers).await, 200);
}
