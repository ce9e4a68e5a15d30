//! Headers of answers that do not arrive as a whole.

use std::time::Duration;

use bankezy_client::{Client, RetryPolicy};
use bankezy_crypto::{PayloadCipher, PayloadSecret};

use crate::server::{Reply, Server};
use crate::{idempotent, post};

fn client() -> Client {
    let pause = Duration::from_millis(1);
    let builder = Client::builder().only_these_roots(true);
    let builder = builder.retries(RetryPolicy::default().with_backoff(pause, pause));
    builder.max_response_len(100).build().unwrap()
}

/// A head with an id, and a body that is cut, too long (announced or not) or the request itself.
#[tokio::test]
async fn an_error_has_the_headers_of_an_answer_whose_body_is_of_no_use() {
    let cipher = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    let sealed = cipher.seal(b"1").unwrap();
    let len = sealed.len();
    let long = "x".repeat(101);
    for (rest, code) in [
        (
            "Content-Length: 9\r\n\r\ncut".to_owned(),
            "client.interrupted",
        ),
        (
            "Content-Length: 101\r\n\r\n".to_owned(),
            "client.response_too_long",
        ),
        (format!("\r\n{long}"), "client.response_too_long"),
        (
            format!("Content-Length: {len}\r\n\r\n{sealed}"),
            "client.reflected",
        ),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\nX-Request-Id: id-1\r\n{rest}");
        let server = Server::start(move |_| Reply::Close(head.clone()));
        let request = post(&server.url("/"), &sealed);
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.code(), code);
        let headers = error.server_headers().unwrap();
        assert_eq!(headers.get("x-request-id"), Some("id-1"), "{code}");
    }
}

#[tokio::test]
async fn an_error_after_a_repeat_has_the_headers_of_the_answer_before() {
    let busy =
        "HTTP/1.1 503 Busy\r\nX-Request-Id: id-1\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(move |number| match number {
        0 => Reply::Close(busy.to_owned()),
        _ => Reply::Close(String::new()),
    });
    let make = || Ok::<_, bankezy_client::ClientError>(idempotent(&server.url("/"), "body"));
    let error = client().execute(make).await.unwrap_err();
    assert_eq!(error.code(), "client.interrupted");
    let headers = error.server_headers().unwrap();
    assert_eq!(headers.get("x-request-id"), Some("id-1"));
}
