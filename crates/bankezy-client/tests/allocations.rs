//! How often a token at hand costs an allocation: never.

#[path = "../../../tests/common/counting.rs"]
mod counting;

use counting::allocations;

#[test]
fn a_token_at_hand_is_given_without_an_allocation_or_a_runtime() {
    use std::io::{Read as _, Write as _};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use bankezy_client::{Client, TokenCache, TokenClient};
    use bankezy_crypto::providers::{BaseUrl, faceki::Faceki};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let body = r#"{"responseCode":0,"data":{"access_token":"t","expires_in":3600}}"#;
        let len = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{body}"
        )
        .unwrap();
    });
    let faceki = Faceki::new("id", "secret").unwrap();
    let faceki = faceki.with_base_url(BaseUrl::parse(&base).unwrap());
    let client = Client::builder().only_these_roots(true).build().unwrap();
    let cache = TokenCache::new(TokenClient::new(client, faceki));
    let slot = cache.slot(()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(slot.get()).unwrap();
    drop(runtime);

    let mut context = Context::from_waker(Waker::noop());
    let (counted, given) = allocations(|| pin!(slot.get()).poll(&mut context));
    assert_eq!(counted, 0);
    let Poll::Ready(Ok(token)) = given else {
        panic!("it is not at hand");
    };
    assert_eq!(token.as_str(), "t");
}
