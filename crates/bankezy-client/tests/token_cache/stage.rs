//! A provider, and caches of its tokens under a clock that a test moves.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bankezy_client::{
    Client, ClientBuilder, MemoryStore, RefreshSettings, RetryPolicy, TokenCache, TokenClient,
    TokenSlot, TokenStore,
};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{Sardine, TokenRequest};
use bankezy_crypto::providers::{BaseUrl, CachedTokenApi, Token};
use bankezy_test_support::{eventually, in_time};
use tokio::sync::{oneshot, watch};

/// Of a token, in seconds, and from when on it is due.
pub(crate) const LIFETIME: u64 = 3600;
pub(crate) const DUE: u64 = 2880;

type Script = Arc<dyn Fn(u64) -> Response + Send + Sync>;

/// Answers each request, whatever its path, as a script says, once its door is open. It runs on a
/// thread of its own: no test's runtime is in its way.
pub(crate) struct Provider {
    url: String,
    seen: Arc<Seen>,
    _stop: oneshot::Sender<()>,
}

struct Seen {
    asked: AtomicU64,
    script: Mutex<Script>,
    /// Requests with numbers below it are answered.
    is_open: watch::Sender<u64>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let seen = Arc::new(Seen {
            asked: AtomicU64::new(0),
            script: Mutex::new(Arc::new(granted)),
            is_open: watch::Sender::new(u64::MAX),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, started) = mpsc::channel();
        let answering = Arc::clone(&seen);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(address).await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                let app = Router::new().fallback(move || answer(Arc::clone(&answering)));
                tokio::select! {
                    _ = stopped => {}
                    served = axum::serve(listener, app) => served.unwrap(),
                }
            });
        });
        Self {
            url: format!("http://{}", started.recv().unwrap()),
            seen,
            _stop: stop,
        }
    }

    pub(crate) fn base(&self) -> BaseUrl {
        BaseUrl::parse(&self.url).unwrap()
    }

    /// How many requests came.
    pub(crate) fn asked(&self) -> u64 {
        self.seen.asked.load(Ordering::SeqCst)
    }

    /// What each request from now on is answered with, by its number from 0.
    pub(crate) fn answers(&self, script: impl Fn(u64) -> Response + Send + Sync + 'static) {
        *self.seen.script.lock().unwrap() = Arc::new(script);
    }

    /// Requests that came and that come wait from now on.
    pub(crate) fn close(&self) {
        self.open_below(0);
    }

    pub(crate) fn open(&self) {
        self.open_below(u64::MAX);
    }

    /// Answers requests with numbers below this one; others wait.
    pub(crate) fn open_below(&self, number: u64) {
        self.seen.is_open.send_replace(number);
    }

    /// Waits until this many requests came.
    pub(crate) async fn is_asked(&self, times: u64) {
        eventually("the request", || self.asked() >= times).await;
        assert_eq!(self.asked(), times);
    }
}

async fn answer(seen: Arc<Seen>) -> Response {
    let number = seen.asked.fetch_add(1, Ordering::SeqCst);
    let mut is_open = seen.is_open.subscribe();
    is_open.wait_for(|below| number < *below).await.unwrap();
    let script = Arc::clone(&*seen.script.lock().unwrap());
    script(number)
}

/// A success of Faceki's, ComplyCube's and Sardine's at once: `token-<number>`, for an hour.
pub(crate) fn granted(number: u64) -> Response {
    granted_for(number, LIFETIME)
}

pub(crate) fn granted_for(number: u64, seconds: u64) -> Response {
    let members = format!(
        r#""access_token":"token-{number}","expires_in":{seconds},"token_type":"Bearer","token":"token-{number}""#
    );
    status(
        200,
        format!(r#"{{"responseCode":0,"data":{{{members}}},{members}}}"#),
    )
}

pub(crate) fn status(status: u16, body: impl Into<Body>) -> Response {
    Response::builder()
        .status(status)
        .body(body.into())
        .unwrap()
}

/// A clock that stands until a test moves it.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn time(&self) -> impl Fn() -> SystemTime + Send + Sync + use<> {
        let passed = Arc::clone(&self.0);
        move || {
            let seconds = 1_700_000_000 + passed.load(Ordering::SeqCst);
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
        }
    }
}

/// A provider and a cache of its tokens in memory, under one clock. Without waits after failures.
pub(crate) struct Stage<A: CachedTokenApi> {
    pub(crate) provider: Provider,
    pub(crate) cache: TokenCache<A>,
    pub(crate) clock: Clock,
}

impl<A: CachedTokenApi> Stage<A> {
    pub(crate) fn set(api: impl FnOnce(&Provider) -> A) -> Self {
        Self::with(api, |settings| settings)
    }

    pub(crate) fn with(
        api: impl FnOnce(&Provider) -> A,
        settings: impl FnOnce(RefreshSettings) -> RefreshSettings,
    ) -> Self {
        let (provider, clock) = (Provider::start(), Clock::default());
        let eager = RefreshSettings::default()
            .clock(clock.time())
            .backoff(Duration::ZERO, Duration::ZERO);
        let store = MemoryStore::default();
        let cache = TokenCache::with_settings(tokens(api(&provider)), store, settings(eager));
        Self {
            provider,
            cache,
            clock,
        }
    }
}

pub(crate) fn faceki(provider: &Provider) -> Faceki {
    Faceki::new("id", "secret")
        .unwrap()
        .with_base_url(provider.base())
}

pub(crate) fn sardine(provider: &Provider) -> Sardine {
    Sardine::new(provider.base(), "id", "secret").unwrap()
}

pub(crate) fn session(key: &str) -> TokenRequest {
    TokenRequest::new(key).unwrap()
}

pub(crate) fn quick() -> ClientBuilder {
    Client::builder()
        // Plain http to the loopback address needs no roots, and a machine may have none.
        .only_these_roots(true)
        .deadline(Duration::from_secs(5))
        .retries(RetryPolicy::none())
}

pub(crate) fn tokens<A: CachedTokenApi>(api: A) -> TokenClient<A> {
    TokenClient::new(quick().build().unwrap(), api)
}

/// The text of the token that a slot gives.
pub(crate) async fn text<A: CachedTokenApi, S: TokenStore<A::Answer>>(
    slot: &TokenSlot<A, S>,
) -> String {
    let answer = slot.get().await.unwrap();
    let token: &Token = (*answer).as_ref();
    token.as_str().to_owned()
}

/// Waits until a slot gives this token.
pub(crate) async fn gives<A: CachedTokenApi, S: TokenStore<A::Answer>>(
    slot: &TokenSlot<A, S>,
    expected: &str,
) {
    let waiting = async {
        while text(slot).await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time(expected, waiting).await;
}
