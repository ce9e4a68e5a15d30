//! The token client alone, async and blocking.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bankezy_client::{ClientBuilder, Delivery, ProviderError, RetryPolicy, TokenClient};
use bankezy_crypto::providers::sardine::{Sardine, TokenAnswer, TokenRequest};
use bankezy_crypto::providers::{
    CachedTokenApi, CallError, CallOptions, RequestError, TokenApi, TokenKey,
};
use bankezy_crypto::{ErrorCategory, SecretBytes};
use http::{Request, Response};

use crate::stage::{LIFETIME, Provider, granted, quick, sardine, session, status};

/// Sardine, and how many requests were made for it.
struct Counted {
    api: Sardine,
    made: Arc<AtomicU64>,
}

impl TokenApi for Counted {
    type Request = TokenRequest;
    type Answer = TokenAnswer;

    fn request(&self, request: &TokenRequest) -> Result<Request<SecretBytes>, RequestError> {
        self.made.fetch_add(1, Ordering::SeqCst);
        self.api.request(request)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        request: &TokenRequest,
        response: &Response<B>,
        asked_at: SystemTime,
    ) -> Result<TokenAnswer, CallError> {
        self.api.response(request, response, asked_at)
    }
}

impl CachedTokenApi for Counted {
    fn key(&self, request: &TokenRequest) -> Result<TokenKey, RequestError> {
        self.api.key(request)
    }
}

fn retrying() -> ClientBuilder {
    let at_once = RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO);
    quick().retries(at_once)
}

/// A provider that is busy once.
fn busy_once() -> (Provider, Counted) {
    let provider = Provider::start();
    provider.answers(|number| match number {
        0 => {
            let mut response = status(503, "");
            let headers = response.headers_mut();
            headers.insert("retry-after", "0".parse().unwrap());
            response
        }
        _ => granted(number),
    });
    let api = sardine(&provider);
    let made = Arc::default();
    (provider, Counted { api, made })
}

fn is_the_second(answer: &TokenAnswer, started: SystemTime) {
    assert_eq!(answer.token.as_str(), "token-1");
    let expires_at = answer.token.expires_at().unwrap();
    let lifetime = Duration::from_secs(LIFETIME);
    assert!(expires_at >= started + lifetime && expires_at <= SystemTime::now() + lifetime);
}

#[tokio::test]
async fn each_attempt_has_a_request_of_its_own() {
    let (_provider, api) = busy_once();
    let (made, started) = (Arc::clone(&api.made), SystemTime::now());
    let client = TokenClient::new(retrying().build().unwrap(), api)
        .with_options(CallOptions::new().idempotent());
    let answer = client.clone().call(&session("s")).await.unwrap();
    is_the_second(&answer, started);
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[test]
fn each_attempt_has_a_request_of_its_own_without_a_runtime() {
    let (_provider, api) = busy_once();
    let (made, started) = (Arc::clone(&api.made), SystemTime::now());
    let client = retrying().build_blocking().unwrap();
    let client = client
        .map(|client| TokenClient::new(client, api).with_options(CallOptions::new().idempotent()));
    let answer = client
        .run(async |client| client.call(&session("s")).await)
        .unwrap();
    is_the_second(&answer, started);
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_the_server_asks_to_wait_for_may_be_repeated() {
    let (_provider, api) = busy_once();
    let client = TokenClient::new(quick().build().unwrap(), api);
    let error = client.call(&session("s")).await.map(drop).unwrap_err();
    assert!(matches!(
        error,
        ProviderError::Answer(CallError::Plain(_), _)
    ));
    assert_eq!(error.code(), "reply.plain");
    assert_eq!(error.category(), ErrorCategory::Provider);
    assert_eq!(error.delivery(), Delivery::PossiblySent);
    assert!(error.is_retryable());
    client.call(&session("s")).await.unwrap();
    assert!(!format!("{client:?}").contains("secret"));
}
