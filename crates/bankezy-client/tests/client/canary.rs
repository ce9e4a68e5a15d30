//! A canary in every input, and none in any output. Of traces only those of this crate are looked
//! at: the libraries underneath log on their own targets, which the documentation says to keep low.

#[allow(dead_code, reason = "shared with the other client tests")]
mod server;

use std::time::Duration;

use bankezy_client::{Client, ClientError, RetryPolicy};
use bankezy_crypto::providers::Idempotent;
use bankezy_crypto::{SecretBytes, SecretText};
use bankezy_test_support::Captured;
use http::{Request, Response};

use server::{Reply, Server};

const CANARY: &str = "CANARY";

fn request(base: &str) -> Request<SecretBytes> {
    Request::post(format!("{base}/{CANARY}/account?token={CANARY}"))
        .header("X-API-KEY", CANARY)
        .header("X-CANARY", "value")
        .extension(Idempotent)
        .body(SecretBytes::from(CANARY.as_bytes().to_vec()))
        .unwrap()
}

fn show(output: &mut String, result: &Result<Response<SecretBytes>, ClientError>) {
    match result {
        Ok(response) => {
            // The caller's own header map prints itself; the body does not.
            output.push_str(&format!("{:?}\n", response.body()));
        }
        Err(error) => output.push_str(&format!("{error} {error:?} {error:#?} {}\n", error.code())),
    }
}

#[tokio::test]
async fn no_output_holds_what_went_in() {
    let (captured, _guard) = Captured::of_this_thread("bankezy_client");

    let server = Server::start(|number| {
        let header = format!("X-Answer: {CANARY}\r\nLocation: /{CANARY}\r\n");
        let retry = format!("Retry-After: 0\r\n{header}");
        match number {
            0 => Reply::status("200 OK", &header, CANARY),
            1 => Reply::status(&format!("302 {CANARY}"), &header, CANARY),
            2 => Reply::status(&format!("429 {CANARY}"), &retry, CANARY),
            3 => Reply::status(&format!("500 {CANARY}"), &header, CANARY),
            4 => Reply::Close(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{CANARY}"
            )),
            5 => Reply::Close(format!("{CANARY} is no HTTP\r\n\r\n")),
            6 => Reply::Close(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {CANARY}\r\n\r\n"
            )),
            7 => Reply::status("200 OK", "", &CANARY.repeat(1000)),
            8 => Reply::Close(String::new()),
            _ => Reply::Silence,
        }
    });
    let client = || {
        Client::builder()
            .deadline(Duration::from_millis(500))
            .max_response_len(1000)
            .retries(RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO))
    };
    let mut output = String::new();
    let base = server.url("");
    let ready = client().build().unwrap();
    // The 429 is followed by another attempt.
    for _ in 0..9 {
        show(
            &mut output,
            &ready.execute(|| Ok::<_, ClientError>(request(&base))).await,
        );
    }
    for base in [
        "http://example.com",
        "http://CANARY:CANARY@127.0.0.1:1",
        "http://127.0.0.1:1",
        "https://localhost:1",
        &server.https(""),
    ] {
        show(&mut output, &ready.send(request(base)).await);
    }
    show(
        &mut output,
        &ready
            .send(
                Request::post(format!("/{CANARY}"))
                    .body(SecretBytes::new())
                    .unwrap(),
            )
            .await,
    );
    output.push_str(&format!("{ready:?} {ready:#?}\n"));

    // Settings, right and wrong.
    let key = || {
        SecretText::from(format!(
            "-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
        ))
    };
    let certificate = bankezy_test_support::keys::CERTIFICATE;
    let broken = format!("-----BEGIN CERTIFICATE-----\n{CANARY}\n-----END CERTIFICATE-----\n");
    let proxy = |uri: String| uri.parse().unwrap();
    for builder in [
        client().client_identity_pem(certificate, key()),
        client().client_identity_pem(&broken, key()),
        client().client_identity_pem(CANARY, SecretText::from(CANARY.to_owned())),
        client().add_root_certificate_pem(&broken),
        client().add_root_certificate_pem(CANARY),
        client().proxy(proxy(format!("{CANARY}://{CANARY}:{CANARY}@proxy"))),
        client().proxy(proxy(format!("http://{CANARY}:{CANARY}@127.0.0.1:1"))),
    ] {
        output.push_str(&format!("{builder:?} {builder:#?}\n"));
        match builder.build_blocking() {
            Ok(client) => {
                let send =
                    async |client: &Client| client.send(request("https://127.0.0.1:1")).await;
                show(&mut output, &client.run(send));
                output.push_str(&format!("{client:?} {client:#?}\n"));
            }
            Err(error) => output.push_str(&format!("{error} {error:?}\n")),
        }
    }

    let traces = captured.text();
    for expected in [
        "http_call",
        "attempt ended",
        "http.request.method=\"POST\"",
        "server.address=\"127.0.0.1\"",
        "http.response.status_code=429",
        "error.type=\"429\"",
        "error.type=\"client.interrupted\"",
        "possibly_sent=true",
        "http.request.resend_count=1",
        "request_len=6",
        "response_len=6",
    ] {
        assert!(traces.contains(expected), "{expected} in {traces}");
    }
    for expected in [
        "Interrupted",
        "ResponseTooLong",
        "Timeout",
        "NotHttps",
        "UserInfo",
        "NotHttp1",
        "Connect",
        "Configuration",
        "ClientKey",
        "ClientCertificate",
        "RootCertificate",
        "Proxy",
    ] {
        assert!(output.contains(expected), "{expected} in {output}");
    }
    for text in [&output, &traces] {
        assert!(!text.to_uppercase().contains(CANARY), "{text}");
        assert!(
            !text.contains("account") && !text.contains("token"),
            "{text}"
        );
    }
}

/// As OpenTelemetry asks for: a method can be any text.
#[tokio::test]
async fn an_unusual_method_is_not_in_the_trace() {
    let (captured, _guard) = Captured::of_this_thread("bankezy_client");
    let server = Server::start(|_| Reply::ok("answer"));
    let client = Client::builder().only_these_roots(true).build().unwrap();
    for method in ["PATCH", CANARY] {
        let mut request = request(&server.url(""));
        *request.method_mut() = method.parse().unwrap();
        client.send(request).await.unwrap();
    }
    let traces = captured.text();
    for method in ["PATCH", "_OTHER"] {
        let field = format!("http.request.method=\"{method}\"");
        assert!(traces.contains(&field), "{traces}");
    }
    assert!(!traces.to_uppercase().contains(CANARY), "{traces}");
}

/// Whoever drops a call learns nothing of it: the trace says whether it was possibly sent.
#[tokio::test]
async fn a_call_that_is_dropped_is_told() {
    let (captured, _guard) = Captured::of_this_thread("bankezy_client");
    let server = Server::start(|_| Reply::Silence);
    let client = Client::builder().only_these_roots(true).build().unwrap();
    let dropped = async |url: String| {
        let call = client.send(request(&url));
        let dropped = tokio::time::timeout(Duration::from_millis(300), call).await;
        dropped.unwrap_err();
    };
    dropped(server.url("")).await;
    let traces = captured.text();
    assert!(traces.contains("call dropped before its end"), "{traces}");
    assert!(traces.contains("possibly_sent=true"), "{traces}");
    assert!(!traces.to_uppercase().contains(CANARY), "{traces}");
    // No handshake ends there.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    dropped(format!("https://localhost:{port}")).await;
    assert!(captured.text().contains("possibly_sent=false"));

    // The event and the end of the span say which call it was.
    let events = captured.lines("call dropped before its end");
    assert_eq!(events.len(), 2, "{events:?}");
    for event in &events {
        assert!(event.contains("http_call{"), "{event}");
    }
    let ends = captured.lines("error.type=\"dropped\"");
    for part in [
        "http.request.method=\"POST\"",
        "server.address=\"127.0.0.1\"",
    ] {
        assert!(ends.iter().any(|end| end.contains(part)), "{ends:?}");
    }
    client.send(request("ftp://localhost")).await.unwrap_err();
    let make = || Err::<Request<SecretBytes>, _>(ClientError::from(bankezy_client::Setting::Proxy));
    client.execute(make).await.unwrap_err();
    assert_eq!(captured.lines("call dropped before its end").len(), 2);
}
