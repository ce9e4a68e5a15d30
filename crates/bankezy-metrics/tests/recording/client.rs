//! Metrics of the client's events, as the client sends them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bankezy_client::{
    BankEzyClient, Client, ClientError, ProviderError, RefreshSettings, RetryPolicy, Session,
    SessionKeeper, TokenCache, TokenClient, Transport,
};
use bankezy_crypto::providers::bankezy::{AppCredentials, BankEzy, Endpoint, Version};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::{BaseUrl, Idempotent};
use bankezy_crypto::{Advice, KeyPair, SecretBytes};
use bankezy_sandbox::{InjectedFault, Sandbox, TestClock};
use bankezy_test_support::{eventually, vacant};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::recorded::Recorded;

const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const ECHO: &str = "/sandbox/echo";
const LOGIN: &str = "/token-service/new/v2/token";
const RENEW: &str = "/token-service/client/app/renew/v2/token";

pub(crate) fn client() -> Client {
    Client::builder()
        .only_these_roots(true)
        .deadline(Duration::from_secs(5))
        .retries(RetryPolicy::default().with_backoff(Duration::ZERO, Duration::ZERO))
        .build()
        .unwrap()
}

/// A keeper of sessions with an emulator.
pub(crate) fn keeper(sandbox: &Sandbox, clock: &TestClock) -> SessionKeeper {
    let known = sandbox.credentials();
    let base = BaseUrl::parse(sandbox.url()).unwrap();
    let server = BankEzy::new(base, known.api_key(), Version::V2).unwrap();
    let app = (
        known.app_api_key().to_owned(),
        known.app_secret().to_owned(),
    );
    let derivation = known.derivation();
    let login = move |client: BankEzyClient| {
        let (app, derivation) = (app.clone(), derivation);
        async move {
            let credentials = AppCredentials {
                api_key: &app.0,
                secret: &app.1,
            };
            let pair = KeyPair::generate()?;
            let session = client.app_token(&credentials, pair, &derivation).await?;
            Ok::<Session, ProviderError>(session.into())
        }
    };
    let settings = RefreshSettings::default()
        .clock(clock.reader())
        .backoff(Duration::ZERO, Duration::ZERO);
    SessionKeeper::with_settings(BankEzyClient::new(client(), server), login, settings)
}

pub(crate) fn faceki(sandbox: &Sandbox) -> TokenCache<Faceki> {
    let known = sandbox.credentials();
    let base = BaseUrl::parse(&format!("{}/faceki", sandbox.url())).unwrap();
    let api = Faceki::new(known.faceki_client_id(), known.faceki_client_secret()).unwrap();
    let api = api.with_base_url(base).with_credentials_in_headers();
    TokenCache::new(TokenClient::new(client(), api))
}

/// Events of this thread become metrics until this is dropped.
pub(crate) fn listen() -> tracing::subscriber::DefaultGuard {
    let subscriber = tracing_subscriber::registry().with(bankezy_metrics::client_layer());
    tracing::subscriber::set_default(subscriber)
}

#[tokio::test]
async fn attempts_and_calls_that_were_possibly_sent_are_counted() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let _listening = listen();
    let sandbox = Sandbox::start().await.unwrap();
    let keeper = keeper(&sandbox, &TestClock::default());

    let _: Value = keeper.call(ECHO, &json!(1)).await.unwrap();
    let host = ("server_address", "127.0.0.1");
    let post = ("http_request_method", "POST");
    let ok = [
        post,
        host,
        ("http_response_status_code", "200"),
        ("error_type", ""),
    ];
    // The login and the call.
    assert_eq!(recorded.count("bankezy_client_attempts_total", &ok), 2.0);
    let seconds = recorded.values("bankezy_client_attempt_duration_seconds", &[post, host]);
    assert_eq!(seconds.len(), 2);
    assert!(
        seconds.iter().all(|it| (0.0..5.0).contains(it)),
        "{seconds:?}"
    );
    assert_eq!(
        recorded.count("bankezy_client_possibly_sent_total", &[]),
        0.0
    );

    sandbox
        .faults()
        .inject_at(ECHO, InjectedFault::ServerError, 1);
    let failed = keeper.call::<_, Value>(ECHO, &json!(1)).await;
    let error = [("http_response_status_code", "500"), ("error_type", "500")];
    assert_eq!(recorded.count("bankezy_client_attempts_total", &error), 1.0);
    let refused = [host, ("error_type", failed.unwrap_err().code())];
    assert_eq!(
        recorded.count("bankezy_client_possibly_sent_total", &refused),
        1.0
    );

    sandbox
        .faults()
        .inject_at(ECHO, InjectedFault::DropAfter, 1);
    let failed = keeper.call::<_, Value>(ECHO, &json!(1)).await;
    let code = failed.unwrap_err().code();
    let lost = [host, ("error_type", code)];
    assert_eq!(
        recorded.count("bankezy_client_possibly_sent_total", &lost),
        1.0
    );
    assert_eq!(recorded.count("bankezy_client_attempts_total", &lost), 1.0);

    // Where nothing listens, each of the three attempts is counted, and none as possibly sent.
    let before = recorded.count("bankezy_client_attempts_total", &[]);
    let url = format!("http://{}/", vacant());
    let make = || Ok::<_, ClientError>(Request::post(&url).body(SecretBytes::new()).unwrap());
    assert!(client().execute(make).await.is_err());
    assert_eq!(
        recorded.count("bankezy_client_attempts_total", &[]),
        before + 3.0
    );
    assert_eq!(
        recorded.count("bankezy_client_possibly_sent_total", &[]),
        2.0
    );
}

/// As the alert on unknown outcomes needs it: whatever the answer was, and however often the call was repeated.
#[tokio::test]
async fn each_call_with_an_unknown_outcome_is_counted_once() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let _listening = listen();
    let sandbox = Sandbox::start().await.unwrap();
    let count = || recorded.count("bankezy_client_possibly_sent_total", &[]);
    for fault in [
        InjectedFault::AfterServiceUnavailable { retry_after: 0 },
        InjectedFault::AfterUnauthorized,
        InjectedFault::Clear200,
        InjectedFault::WrongKey,
        InjectedFault::CutBody,
    ] {
        let keeper = keeper(&sandbox, &TestClock::default());
        let before = count();
        sandbox.faults().inject_at(ECHO, fault, 1);
        let error = keeper.call::<_, Value>(ECHO, &json!(1)).await.unwrap_err();
        assert_eq!(error.advice(), Advice::AskByReference);
        let labels = [
            ("server_address", "127.0.0.1"),
            ("error_type", error.code()),
        ];
        let counted = recorded.count("bankezy_client_possibly_sent_total", &labels);
        assert!(counted > 0.0, "{fault:?}");
        assert_eq!(count(), before + 1.0, "{fault:?}");
    }
    // The first is repeated under a new session. The second would be too, so soon after that.
    let keeper = keeper(&sandbox, &TestClock::default());
    let endpoint = || Endpoint::from(ECHO).idempotent();
    for unknown in [0.0, 1.0] {
        let before = count();
        let fault = InjectedFault::AfterUnauthorized;
        sandbox.faults().inject_at(ECHO, fault, 1);
        let called = keeper.call::<_, Value>(endpoint(), &json!(1)).await;
        assert_eq!(called.is_err(), unknown > 0.0);
        assert_eq!(count(), before + unknown);
    }
    // A login that is refused leaves nothing open: its call was not sent.
    let before = count();
    let refusing = InjectedFault::Unauthorized;
    sandbox.faults().inject_at(LOGIN, refusing, 1);
    let keeper = self::keeper(&sandbox, &TestClock::default());
    let error = keeper.call::<_, Value>(ECHO, &json!(1)).await.unwrap_err();
    assert_ne!(error.advice(), Advice::AskByReference);
    assert_eq!(count(), before);
}

/// With the tokio clock paused: the wait between two attempts costs no time.
#[tokio::test(start_paused = true)]
async fn an_attempt_under_way_when_its_call_is_dropped_is_counted() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let _listening = listen();
    let requests = Arc::new(AtomicU32::new(0));
    // Only the first request is answered.
    let service = tower::service_fn(move |_: Request<Full<Bytes>>| {
        let is_first = requests.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if !is_first {
                std::future::pending::<()>().await;
            }
            let answer = Response::builder().status(503).header("retry-after", "10");
            Ok::<_, Infallible>(answer.body(Full::<Bytes>::default()).unwrap())
        }
    });
    let transport = Transport::new(service).retries(RetryPolicy::default());
    let dropped = async || {
        let make = || {
            let mut request = Request::post("https://bank.example/").body(SecretBytes::new());
            let extensions = request.as_mut().unwrap().extensions_mut();
            extensions.insert(Idempotent);
            Ok::<_, ClientError>(request.unwrap())
        };
        let call = transport.execute(make);
        let dropped = tokio::time::timeout(Duration::from_secs(5), call).await;
        dropped.unwrap_err();
    };
    let attempts = |error| {
        let labels = [
            ("http_request_method", "POST"),
            ("server_address", "bank.example"),
            ("error_type", error),
        ];
        let times = recorded.values("bankezy_client_attempt_duration_seconds", &labels[..2]);
        let count = recorded.count("bankezy_client_attempts_total", &labels);
        (count, times.len())
    };
    let possibly_sent = || {
        let labels = [("error_type", "dropped")];
        recorded.count("bankezy_client_possibly_sent_total", &labels)
    };
    // While it waited for its second attempt, none was under way.
    dropped().await;
    assert_eq!((attempts("503"), attempts("dropped")), ((1.0, 1), (0.0, 1)));
    assert_eq!(possibly_sent(), 1.0);
    dropped().await;
    assert_eq!((attempts("503"), attempts("dropped")), ((1.0, 2), (1.0, 2)));
    assert_eq!(possibly_sent(), 2.0);
}

#[tokio::test]
async fn answers_that_do_not_open_are_counted() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let _listening = listen();
    let sandbox = Sandbox::start().await.unwrap();
    let keeper = keeper(&sandbox, &TestClock::default());

    sandbox.faults().inject_at(ECHO, InjectedFault::WrongKey, 1);
    let failed = keeper.call::<_, Value>(ECHO, &json!(1)).await;
    assert!(failed.is_err());
    let _: Value = keeper.call(ECHO, &json!(1)).await.unwrap();
    let failures = |labels| recorded.count("bankezy_client_failures_total", labels);
    let unopened = [
        ("operation", "answer"),
        ("error_type", "envelope.open_failed"),
    ];
    assert_eq!(failures(&unopened), 1.0);
    assert_eq!(failures(&unopened[..1]), 1.0);
}

#[tokio::test]
async fn logins_renewals_and_their_failures_are_counted() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let _listening = listen();
    let sandbox = Sandbox::builder()
        .token_lifetime(HOUR)
        .start()
        .await
        .unwrap();
    let clock = TestClock::default();
    let keeper = keeper(&sandbox, &clock);
    let obtained = |renewed| {
        let labels = [("renewed", renewed)];
        recorded.values("bankezy_client_login_duration_seconds", &labels)
    };
    let failures = |operation| {
        let labels = [("operation", operation), ("error_type", "reply.plain")];
        recorded.count("bankezy_client_failures_total", &labels)
    };

    sandbox.faults().inject(InjectedFault::ServerError, 1);
    assert!(keeper.session().await.is_err());
    assert_eq!(failures("session"), 1.0);
    keeper.session().await.unwrap();
    assert_eq!(obtained("false").len(), 1);
    assert!((0.0..60.0).contains(&obtained("false")[0]));

    let pass = || {
        clock.advance(HOUR * 9 / 10);
        sandbox.advance_clock(HOUR * 9 / 10);
    };
    pass();
    keeper.session().await.unwrap();
    eventually("a renewal", || obtained("true").len() == 1).await;

    pass();
    sandbox
        .faults()
        .inject_at(RENEW, InjectedFault::ServerError, 1);
    keeper.session().await.unwrap();
    eventually("a login instead", || obtained("false").len() == 2).await;
    assert_eq!(failures("renewal"), 1.0);
}

#[tokio::test]
async fn lookups_of_a_token_cache_are_counted() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let _listening = listen();
    let sandbox = Sandbox::start().await.unwrap();
    let slot = faceki(&sandbox).slot(()).unwrap();

    for _ in 0..3 {
        slot.get().await.unwrap();
    }
    let lookups = |hit| recorded.count("bankezy_client_token_lookups_total", &[("hit", hit)]);
    assert_eq!((lookups("false"), lookups("true")), (1.0, 2.0));

    slot.invalidate().await.unwrap();
    sandbox.faults().inject(InjectedFault::ServerError, 1);
    let code = slot.get().await.unwrap_err().code();
    let labels = [("operation", "token"), ("error_type", code)];
    assert_eq!(
        recorded.count("bankezy_client_failures_total", &labels),
        1.0
    );
}

#[tokio::test]
async fn nothing_is_recorded_without_the_layer() {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let sandbox = Sandbox::start().await.unwrap();
    let keeper = keeper(&sandbox, &TestClock::default());
    let _: Value = keeper.call(ECHO, &json!(1)).await.unwrap();
    assert_eq!(recorded.text(), "");
}

/// What a call whose answer is lost and one whose answer does not open leave behind, below a subscriber.
async fn counted_below(
    subscriber: impl tracing::Subscriber + Send + Sync + 'static,
) -> (bool, [f64; 4]) {
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let _listening = tracing::subscriber::set_default(subscriber);
    let sandbox = Sandbox::start().await.unwrap();
    let keeper = keeper(&sandbox, &TestClock::default());
    let faults = [InjectedFault::DropAfter, InjectedFault::WrongKey];
    for fault in faults {
        sandbox.faults().inject_at(ECHO, fault, 1);
        let failed = keeper.call::<_, Value>(ECHO, &json!(1)).await;
        assert!(failed.is_err());
    }
    let count = |name| recorded.count(name, &[]);
    let logins = recorded.values("bankezy_client_login_duration_seconds", &[]);
    let counts = [
        count("bankezy_client_possibly_sent_total"),
        recorded.count("bankezy_client_failures_total", &[("operation", "answer")]),
        count("bankezy_client_attempts_total"),
        logins.len() as f64,
    ];
    (bankezy_metrics::client_events_enabled(), counts)
}

#[tokio::test]
async fn what_needs_a_person_is_counted_whatever_filter_the_subscriber_has() {
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let of_its_own = tracing_subscriber::registry()
        .with(log.with_filter(LevelFilter::INFO))
        .with(bankezy_metrics::client_layer());
    // The login, and both calls.
    assert_eq!(
        counted_below(of_its_own).await,
        (true, [2.0, 1.0, 3.0, 1.0])
    );
    // As `EnvFilter` is mostly used: it removes the events of all layers.
    for level in [LevelFilter::INFO, LevelFilter::WARN] {
        let of_all = tracing_subscriber::registry()
            .with(level)
            .with(bankezy_metrics::client_layer());
        assert_eq!(counted_below(of_all).await, (false, [2.0, 1.0, 1.0, 0.0]));
    }
    // Without token lookups, which are at `trace`.
    let of_all = tracing_subscriber::registry()
        .with(LevelFilter::DEBUG)
        .with(bankezy_metrics::client_layer());
    assert_eq!(counted_below(of_all).await, (false, [2.0, 1.0, 3.0, 1.0]));
}
