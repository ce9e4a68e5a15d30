//! What goes wrong with a request: each fault has its error, nothing hangs, and the cache recovers.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bankezy_client::{
    Delivery, MemoryStore, ProviderError, RefreshSettings, TokenCache, TokenClient,
};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::{
    BaseUrl, CachedTokenApi, CallError, RequestError, Token, TokenApi, TokenKey,
};
use bankezy_crypto::{Error, ErrorCategory, SecretBytes};
use bankezy_test_support::{in_time, pass, vacant};
use http::Request;

use crate::stage::{Provider, Stage, faceki, granted, granted_for, quick, status, text, tokens};

/// A bound so long that no random wait below it is over before the next call.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Code, fault, whether it may pass, and whether a call was sent: a request for a token is none.
type Told = (&'static str, ErrorCategory, bool, Delivery);

fn told(error: &ProviderError) -> Told {
    // Nothing of what was sent or came back.
    let shown = format!("{error} {error:?} {:?}", error.source());
    for hidden in ["secret", "CANARY", "127.0.0.1", "auth/api"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    (
        error.code(),
        error.category(),
        error.is_retryable(),
        error.delivery(),
    )
}

#[tokio::test]
async fn each_answer_that_is_no_token_has_its_error_and_passes() {
    let refusal = r#"{"status":false,"message":"CANARY","statusCode":422,"data":{}}"#;
    let page = "<!DOCTYPE html><title>CANARY</title>";
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    for (answer, body, code, is_retryable) in [
        (401, refusal, "reply.refused", false),
        (401, "CANARY", "reply.plain", false),
        (429, "CANARY", "reply.plain", true),
        (503, "CANARY", "reply.plain", true),
        (200, page, "reply.web_page", false),
        (302, "", "reply.redirect", false),
        (200, "", "reply.empty", false),
    ] {
        stage.provider.answers(move |_| status(answer, body));
        let error = in_time(code, slot.get()).await.unwrap_err();
        let expected = (
            code,
            ErrorCategory::Provider,
            is_retryable,
            Delivery::NotSent,
        );
        assert_eq!(told(&error), expected, "{answer} {body}");
        stage.provider.answers(granted);
        assert!(text(&slot).await.starts_with("token-"), "{answer} {body}");
        slot.invalidate().await.unwrap();
    }
}

#[tokio::test]
async fn a_token_of_the_past_is_none() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    stage.provider.answers(|number| granted_for(number, 0));
    let error = slot.get().await.unwrap_err();
    let code = "token.expired_on_arrival";
    let expected = (code, ErrorCategory::Provider, false, Delivery::NotSent);
    assert_eq!(told(&error), expected);
    stage.provider.answers(granted);
    assert_eq!(text(&slot).await, "token-1");
}

#[tokio::test]
async fn a_provider_that_is_down_and_comes_up() {
    let address = vacant();
    let base = BaseUrl::parse(&format!("http://{address}")).unwrap();
    let api = || {
        let faceki = Faceki::new("id", "secret").unwrap();
        faceki.with_base_url(base.clone())
    };
    let settings = RefreshSettings::default().backoff(DAY, DAY);
    let cache = TokenCache::with_settings(tokens(api()), MemoryStore::default(), settings);
    let slot = cache.slot(()).unwrap();
    let error = in_time("a failure", slot.get()).await.unwrap_err();
    assert_eq!(
        told(&error),
        (
            "connect.refused",
            ErrorCategory::Transport,
            true,
            Delivery::NotSent
        )
    );
    let waiting = slot.get().await.unwrap_err();
    assert_eq!(waiting.code(), "token.backing_off");
    assert_eq!(waiting.category(), ErrorCategory::Transport);
    assert!(waiting.is_retryable());
    assert_eq!(waiting.delivery(), Delivery::NotSent);

    let _provider = Provider::at(address);
    let slot = TokenCache::new(tokens(api())).slot(()).unwrap();
    assert_eq!(in_time("a token", text(&slot)).await, "token-0");
}

#[tokio::test]
async fn a_provider_is_left_alone_for_as_long_as_it_asks() {
    let asked_to_wait = |seconds: &'static str| {
        move |_| {
            let mut response = status(429, "");
            let headers = response.headers_mut();
            headers.insert("retry-after", seconds.parse().unwrap());
            response
        }
    };
    let stage = Stage::with(faceki, |settings| {
        settings.backoff(Duration::ZERO, Duration::from_secs(3))
    });
    let slot = stage.cache.slot(()).unwrap();
    let waits = async || {
        slot.get().await.unwrap_err();
        match slot.get().await {
            Err(ProviderError::NoToken {
                retry_in: Some(retry_in),
                ..
            }) => retry_in,
            other => panic!("{:?}", other.map(drop)),
        }
    };
    stage.provider.answers(asked_to_wait("2"));
    let retry_in = waits().await;
    assert!(retry_in > Duration::from_secs(1), "{retry_in:?}");
    assert!(retry_in <= Duration::from_secs(2), "{retry_in:?}");
    pass(retry_in).await;
    // Longer than the caller allows.
    stage.provider.answers(asked_to_wait("3600"));
    let retry_in = waits().await;
    assert!(retry_in > Duration::from_secs(2), "{retry_in:?}");
    assert!(retry_in <= Duration::from_secs(3), "{retry_in:?}");
    assert_eq!(stage.provider.asked(), 2);
    stage.provider.answers(granted);
    pass(retry_in).await;
    assert_eq!(text(&slot).await, "token-2");
}

#[tokio::test]
async fn an_answer_that_is_too_slow_ends_at_the_deadline_of_client_or_cache() {
    let short = Duration::from_secs(1);
    for (client, fetch, code) in [
        (short, Duration::from_secs(60), "client.timeout"),
        (Duration::from_secs(30), short, "token.timed_out"),
    ] {
        let provider = Provider::start();
        let client = quick().deadline(client).build().unwrap();
        let client = TokenClient::new(client, faceki(&provider));
        let settings = RefreshSettings::default()
            .backoff(Duration::ZERO, Duration::ZERO)
            .deadline(fetch);
        let cache = TokenCache::with_settings(client, MemoryStore::default(), settings);
        let slot = cache.slot(()).unwrap();
        provider.close();
        let started = Instant::now();
        let error = in_time("the deadline", slot.get()).await.unwrap_err();
        assert!(started.elapsed() >= short, "{code}");
        assert_eq!(
            told(&error),
            (code, ErrorCategory::Transport, true, Delivery::NotSent),
            "{code}"
        );
        provider.open();
        assert_eq!(in_time("a token", text(&slot)).await, "token-1", "{code}");
    }
}

#[tokio::test]
async fn all_who_wait_get_one_error() {
    let stage = Stage::set(faceki);
    let slot = stage.cache.slot(()).unwrap();
    stage.provider.answers(|_| status(401, ""));
    stage.provider.close();
    let callers: Vec<_> = (0..10)
        .map(|_| {
            let slot = slot.clone();
            tokio::spawn(async move { slot.get().await.map(drop) })
        })
        .collect();
    stage.provider.is_asked(1).await;
    stage.provider.open();
    let mut errors = Vec::new();
    for caller in callers {
        match caller.await.unwrap() {
            Err(ProviderError::NoToken { cause: error, .. }) => errors.push(error),
            other => panic!("{other:?}"),
        }
    }
    assert!(errors.iter().all(|it| Arc::ptr_eq(it, &errors[0])));
    // Down to what the provider answered.
    let error = ProviderError::no_token(Arc::clone(&errors[0]), None);
    let call = error.source().unwrap().downcast_ref();
    let call: &Arc<ProviderError> = call.unwrap();
    let ProviderError::Answer(CallError::Plain(plain), _) = &**call else {
        panic!("{call:?}");
    };
    assert_eq!(plain.status(), 401);
}

/// Faceki, until told to panic or to fail.
struct Odd {
    api: Faceki,
    panics: Arc<AtomicBool>,
}

impl TokenApi for Odd {
    type Request = bool;
    type Answer = Token;

    /// `false` cannot be written.
    fn request(&self, request: &bool) -> Result<Request<SecretBytes>, RequestError> {
        match request {
            true => self.api.request(&()),
            false => Err(Error::Randomness.into()),
        }
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _: &bool,
        response: &http::Response<B>,
        asked_at: SystemTime,
    ) -> Result<Token, CallError> {
        assert!(!self.panics.load(Ordering::SeqCst), "as it is told to");
        self.api.response(&(), response, asked_at)
    }
}

impl CachedTokenApi for Odd {
    fn key(&self, request: &bool) -> Result<TokenKey, RequestError> {
        Ok(TokenKey::of(&[&[u8::from(*request)]])?)
    }
}

#[tokio::test]
async fn a_panic_is_an_error_for_all_who_wait() {
    let panics = Arc::new(AtomicBool::new(true));
    let odd = |provider: &Provider| Odd {
        api: faceki(provider),
        panics: Arc::clone(&panics),
    };
    let stage = Stage::set(odd);
    let slot = stage.cache.slot(true).unwrap();
    let error = in_time("an error", slot.get()).await.unwrap_err();
    assert_eq!(
        told(&error),
        (
            "token.panicked",
            ErrorCategory::Misuse,
            false,
            Delivery::NotSent
        )
    );
    panics.store(false, Ordering::SeqCst);
    assert_eq!(in_time("a token", text(&slot)).await, "token-1");

    let unwritten = stage.cache.slot(false).unwrap();
    let error = unwritten.get().await.unwrap_err();
    assert_eq!(
        told(&error),
        (
            "backend.randomness",
            ErrorCategory::Backend,
            false,
            Delivery::NotSent
        )
    );
    assert_eq!(stage.provider.asked(), 2);
}

#[test]
fn a_runtime_that_stands_still_holds_nobody_up() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let short = Duration::from_millis(300);
    let stage =
        runtime.block_on(async { Stage::with(faceki, |settings| settings.deadline(short)) });
    let slot = stage.cache.slot(()).unwrap();
    let mut still = tokio::runtime::Builder::new_current_thread();
    let still = still.enable_all().build().unwrap();
    // Starts the request on a runtime that does nothing from then on.
    stage.provider.close();
    let given_up = still.block_on(async { tokio::time::timeout(short / 3, slot.get()).await });
    assert!(given_up.is_err());
    stage.provider.open();
    let outcome = runtime.block_on(async {
        let _ = in_time("the deadline", slot.get()).await;
        in_time("a token", slot.get()).await
    });
    outcome.unwrap();
}
