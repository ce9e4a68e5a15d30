//! What a token costs that is held already, and what memory 100,000 of them take.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use axum::Router;
use axum::serve::ListenerExt as _;
use bankezy_client::{Client, MemoryStore, RefreshSettings, TokenCache, TokenClient, TokenSlot};
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::sardine::{Sardine, TokenAnswer, TokenRequest};
use criterion::Criterion;
use tokio::runtime::Runtime;

const TOKENS: usize = 100_000;

/// Characters of a token, as of a JWT with a few claims.
const TOKEN_LEN: usize = 600;

/// Bytes that are allocated, of the whole process. It is a sum, so it is exact whatever the threads.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(size, Ordering::Relaxed);
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(50)
        .without_plots()
        .configure_from_args();
    let runtime = Runtime::new().unwrap();
    let one = runtime.block_on(Held::fill(1));
    reads(&mut criterion, "1 token", &one);
    drop(one);

    // `cargo bench` passes --bench; `cargo test --benches` does not, and only tries whether it runs.
    let args: Vec<String> = std::env::args().collect();
    let given = |flag: &str| args.iter().any(|arg| arg == flag);
    if given("--bench") && !given("--test") && !given("--list") {
        let many = runtime.block_on(Held::fill(TOKENS));
        reads(&mut criterion, "100,000 tokens", &many);
        println!("\n{}", many.memory);
    }
    criterion.final_summary();
}

fn reads(criterion: &mut Criterion, held: &str, tokens: &Held) {
    let slots: Vec<_> = (0..tokens.number).map(|it| tokens.slot(it)).collect();
    // Far apart, so that of many tokens each is read from memory anew.
    let mut numbers = (0..).map(|it: usize| it.wrapping_mul(7919) % tokens.number);
    let mut next = || numbers.next().unwrap_or_default();
    let mut get = || at_once(slots[next()].get()).unwrap();
    read(criterion, held, "get", &mut get);
    let mut slot_and_get = || at_once(tokens.slot(next()).get()).unwrap();
    read(criterion, held, "slot and get", &mut slot_and_get);
}

fn read<T>(criterion: &mut Criterion, held: &str, what: &str, read: &mut dyn FnMut() -> T) {
    const READS: u32 = 5000;
    let name = format!("token_cache/{held}/{what}");
    criterion.bench_function(&name, |bencher| bencher.iter(&mut *read));
    // On a machine that has other work, the quietest round says what a read costs.
    let rounds = (0..100).map(|_| {
        let started = Instant::now();
        (0..READS).for_each(|_| drop(black_box(read())));
        started.elapsed() / READS
    });
    let quietest = rounds.min().unwrap_or_default();
    println!("{name}: {quietest:?} in the quietest of 100 rounds");
}

/// What is ready when it is first asked for: a token in memory.
fn at_once<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the token is not held"),
    }
}

/// A cache of this many tokens of Sardine's, each fetched over HTTP.
struct Held {
    cache: TokenCache<Sardine, Arc<MemoryStore<TokenAnswer>>>,
    number: usize,
    memory: String,
}

impl Held {
    async fn fill(number: usize) -> Self {
        const TASKS: usize = 16;
        let client = Client::builder().only_these_roots(true).build().unwrap();
        let sardine = Sardine::new(provider().await, "id", "secret").unwrap();
        // A little more room than tokens, for it is split evenly and they are not.
        let store = Arc::new(MemoryStore::new(1 + number + number / 20));
        let client = TokenClient::new(client, sardine);
        let held = Self {
            cache: TokenCache::with_settings(
                client,
                Arc::clone(&store),
                RefreshSettings::default(),
            ),
            number,
            memory: String::new(),
        };
        // So that connections are not counted.
        let warm_up = Self::new_session(usize::MAX);
        held.cache.slot(warm_up).unwrap().get().await.unwrap();
        let (before, resident_before) = (ALLOCATED.load(Ordering::Relaxed), resident());
        let held = Arc::new(held);
        let fetching: Vec<_> = (0..TASKS)
            .map(|task| {
                let held = Arc::clone(&held);
                tokio::spawn(async move {
                    for number in (task..held.number).step_by(TASKS) {
                        held.slot(number).get().await.unwrap();
                    }
                })
            })
            .collect();
        for task in fetching {
            task.await.unwrap();
        }
        let allocated = ALLOCATED.load(Ordering::Relaxed) - before;
        let resident = resident() - resident_before;
        let mut held = Arc::into_inner(held).unwrap();
        assert_eq!(store.len(), number + 1);
        held.memory = format!(
            "{number} tokens of {TOKEN_LEN} characters: {:.1} MiB allocated ({} bytes a token), {:.1} MiB resident (goal < 100 MiB)",
            mib(allocated),
            allocated / number,
            mib(resident),
        );
        held
    }

    fn slot(&self, number: usize) -> TokenSlot<Sardine, Arc<MemoryStore<TokenAnswer>>> {
        self.cache.slot(Self::new_session(number)).unwrap()
    }

    fn new_session(number: usize) -> TokenRequest {
        TokenRequest::new(&format!("session-{number}")).unwrap()
    }
}

/// A server that gives everybody a token of its own.
async fn provider() -> BaseUrl {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    let given = Arc::new(AtomicUsize::new(0));
    let app = Router::new().fallback(async move || {
        let number = given.fetch_add(1, Ordering::Relaxed);
        format!(
            r#"{{"access_token":"{number:0TOKEN_LEN$}","token_type":"Bearer","expires_in":86400}}"#
        )
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    BaseUrl::parse(&format!("http://{address}")).unwrap()
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// Memory of this process, in bytes: Linux alone tells, and others see 0.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    let pages: usize = pages.and_then(|it| it.parse().ok()).unwrap_or_default();
    pages * 4096
}
