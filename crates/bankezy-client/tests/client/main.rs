//! The HTTP client against small servers on loopback that behave well, badly or not at all.

mod blocking;
mod bounds;
mod causes;
mod certificates;
mod exchange;
mod heads;
mod once;
mod resumption;
mod retries;
mod server;
mod tls;

use bankezy_crypto::SecretBytes;
use bankezy_crypto::providers::Idempotent;
use http::{Request, Response};

/// A POST with a body, to be unwrapped nowhere but in tests.
fn post(url: &str, body: &str) -> Request<SecretBytes> {
    Request::post(url)
        .body(SecretBytes::from(body.as_bytes().to_vec()))
        .unwrap()
}

/// One whose caller states that the server executes it once, however often it arrives.
fn idempotent(url: &str, body: &str) -> Request<SecretBytes> {
    let mut request = post(url, body);
    request.extensions_mut().insert(Idempotent);
    request
}

fn text(response: &Response<SecretBytes>) -> &str {
    core::str::from_utf8(response.body().as_bytes()).unwrap()
}
