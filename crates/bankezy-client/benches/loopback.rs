//! What the envelope costs of a request over HTTP: client and emulator on loopback with it, the same
//! client and a plain server without, and the envelope alone, all in the same run.
//!
//! The emulator also checks keys and tokens, and sealed bodies are a third longer, so the two servers
//! differ by more than the envelope: its share is taken from the envelope alone.
//! One at a time, most of a request is threads that wake each other, which varies by half from run to
//! run, and the share with it; the share of processor time with many tasks is the steady one.
//!
//! The same call by hand says what the client itself costs: with `reqwest` set as the client sets it, the same
//! request and sealing, and what any caller needs, a deadline, a limit for the answer and a look at its status. Both
//! make their calls on a thread of their own in short turns, and the processor time of that thread is compared, without
//! that of the servers.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use bankezy_client::{
    BankEzyClient, Client, DEFAULT_CONNECT_TIMEOUT, DEFAULT_DEADLINE, DEFAULT_IDLE_TIMEOUT,
    DEFAULT_MAX_IDLE_PER_HOST, DEFAULT_MAX_RESPONSE_LEN, ProviderError,
};
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::bankezy::{AppCredentials, AppSession, BankEzy, Version};
use bankezy_crypto::{KeyPair, SecretBytes};
use bankezy_sandbox::Sandbox;
use criterion::{Criterion, Throughput};
use http::{HeaderValue, Method, Request, Uri};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

const BODY: usize = 1024;
const MANY: usize = 16;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    let runtime = Runtime::new().unwrap();
    let both = Arc::new(runtime.block_on(Both::start()));

    let mut group = criterion.benchmark_group("loopback/1 KiB");
    group.throughput(Throughput::Elements(1));
    group.bench_function("sealed", |bencher| {
        bencher.iter(|| runtime.block_on(both.sealed()));
    });
    group.bench_function("clear", |bencher| {
        bencher.iter(|| runtime.block_on(both.clear()));
    });
    group.bench_function("envelope alone", |bencher| bencher.iter(|| both.envelope()));
    group.finish();
    criterion.final_summary();

    // `cargo bench` passes --bench; `cargo test --benches` does not, and only tries whether it runs.
    let args: Vec<String> = std::env::args().collect();
    let given = |flag: &str| args.iter().any(|arg| arg == flag);
    if given("--bench") && !given("--test") && !given("--list") {
        compare(&runtime, &both);
    }
}

#[derive(Clone, Copy)]
enum What {
    Sealed,
    Clear,
    /// Sealed, by `reqwest` alone.
    Bare,
}

/// The emulator's echo, and one that neither opens nor seals.
struct Both {
    sandbox: Arc<Sandbox>,
    bankezy: BankEzyClient,
    session: AppSession,
    client: Client,
    clear_url: Uri,
    bare: reqwest::Client,
    echo_url: String,
    body: Value,
    text: String,
}

impl Both {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // As the emulator does.
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let app = Router::new().route("/echo", post(clear_echo));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let sandbox = Arc::new(Sandbox::start().await.unwrap());
        let clear_url = format!("http://{address}/echo").parse().unwrap();
        Self::calling(sandbox, clear_url).await
    }

    /// Clients of their own, whose connections belong to this runtime.
    async fn calling(sandbox: Arc<Sandbox>, clear_url: Uri) -> Self {
        let credentials = sandbox.credentials();
        let client = Client::builder().only_these_roots(true).build().unwrap();
        let base = BaseUrl::parse(sandbox.url()).unwrap();
        let server = BankEzy::new(base, credentials.api_key(), Version::V2).unwrap();
        let bankezy = BankEzyClient::new(client.clone(), server);
        let app = AppCredentials {
            api_key: credentials.app_api_key(),
            secret: credentials.app_secret(),
        };
        let ours = KeyPair::generate().unwrap();
        let session = bankezy
            .app_token(&app, ours, &credentials.derivation())
            .await
            .unwrap();

        let bare = reqwest::Client::builder()
            .http1_only()
            .no_proxy()
            .connect_timeout(DEFAULT_CONNECT_TIMEOUT)
            .pool_idle_timeout(DEFAULT_IDLE_TIMEOUT)
            .pool_max_idle_per_host(DEFAULT_MAX_IDLE_PER_HOST)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent("bare")
            .timeout(DEFAULT_DEADLINE)
            .build()
            .unwrap();
        let echo_url = format!("{}{}", sandbox.url(), credentials.echo_path());
        let around = json!({"text": ""}).to_string().len();
        let body = json!({"text": "x".repeat(BODY - around)});
        let text = body.to_string();
        assert_eq!(text.len(), BODY);
        Self {
            sandbox,
            bankezy,
            session,
            client,
            clear_url,
            bare,
            echo_url,
            body,
            text,
        }
    }

    async fn sealed(&self) {
        let path = self.sandbox.credentials().echo_path();
        let session = &self.session;
        let heard: Value = self
            .bankezy
            .call(path, &self.body, &session.answer.token, &session.channel)
            .await
            .unwrap();
        assert_eq!(heard, self.body);
    }

    /// The same work but for the envelope: JSON written, sent with the same headers, and read.
    async fn clear(&self) {
        let token = self.session.answer.token.as_str();
        let key = self.sandbox.credentials().api_key();
        let response = self
            .client
            .execute(|| {
                let text = serde_json::to_vec(&self.body).unwrap();
                let mut request = Request::new(SecretBytes::from(text));
                *request.method_mut() = Method::POST;
                *request.uri_mut() = self.clear_url.clone();
                let headers = request.headers_mut();
                headers.insert("content-type", HeaderValue::from_static("application/json"));
                headers.insert("x-api-key", HeaderValue::from_str(key).unwrap());
                headers.insert("x-api-token", HeaderValue::from_str(token).unwrap());
                Ok::<_, ProviderError>(request)
            })
            .await
            .unwrap();
        let heard: Value = serde_json::from_slice(response.body().as_bytes()).unwrap();
        assert_eq!(heard, self.body);
    }

    /// The sealed call by hand.
    async fn bare(&self) {
        let AppSession {
            answer, channel, ..
        } = &self.session;
        let text = serde_json::to_vec(&self.body).unwrap();
        let request = self
            .bare
            .post(&self.echo_url)
            .header("content-type", "text/plain")
            .header("accept-encoding", "identity")
            .header("x-api-key", self.sandbox.credentials().api_key())
            .header("x-api-token", answer.token.as_str())
            .body(channel.seal(&text).unwrap());
        let response = request.send().await.unwrap();
        let mut response = response.error_for_status().unwrap();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.unwrap() {
            assert!(body.len() + part.len() <= DEFAULT_MAX_RESPONSE_LEN);
            body.extend_from_slice(&part);
        }
        let heard: Value = channel.open(&body).unwrap().json().unwrap();
        assert_eq!(heard, self.body);
    }

    async fn once(&self, what: What) {
        match what {
            What::Sealed => self.sealed().await,
            What::Clear => self.clear().await,
            What::Bare => self.bare().await,
        }
    }

    /// What the envelope does for one request: sealed and opened on the way there, and back.
    fn envelope(&self) {
        let channel = &self.session.channel;
        for _ in ["there", "back"] {
            let sealed = channel.seal(black_box(self.text.as_bytes())).unwrap();
            let opened = channel.open(black_box(&sealed)).unwrap();
            black_box(opened.as_bytes());
        }
    }
}

async fn clear_echo(body: Bytes) -> Bytes {
    body
}

fn compare(runtime: &Runtime, both: &Arc<Both>) {
    println!("\nrequests per second, 1 KiB, in interleaved rounds");
    let [one, alone] = rounds(runtime, both, 1);
    let [many, _] = rounds(runtime, both, MANY);
    let envelope = alone.each_in_us();
    println!("  envelope alone: {envelope:.2} µs a request (two seals, two opens)");
    // With all processors busy, time is no measure: processor time is, of client and server
    // together, since both are in this process.
    if let Some(processor) = many.processor_in_us() {
        let share = 100.0 * envelope / processor;
        println!(
            "  with {MANY} tasks: {processor:.1} µs of processor time a request, {share:.2} % of it the envelope's"
        );
    }
    if let Some([ours, bare]) = calls_of_a_thread(both) {
        println!(
            "a call costs {:.1} µs of processor time more than bare reqwest, {ours:.1} µs and {bare:.1} µs (goal <= 5 µs)",
            ours - bare
        );
    }
    let share = 100.0 * envelope / one.each_in_us();
    println!("envelope share of a 1 KiB request: {share:.2} % (goal < 5 %)");
}

/// Microseconds of processor time that a call takes of the thread that makes it, by the client and by `reqwest` alone:
/// medians of many short turns, which take the first place in turn. `None` where the system does not tell.
fn calls_of_a_thread(both: &Both) -> Option<[f64; 2]> {
    const ROUNDS: usize = 400;
    const CALLS: usize = 20;
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (sandbox, url) = (Arc::clone(&both.sandbox), both.clear_url.clone());
    let own = Arc::new(runtime.block_on(Both::calling(sandbox, url)));
    let each = |what| {
        let started = thread_time()?;
        runtime.block_on(async {
            let call = |_| {
                let own = Arc::clone(&own);
                tokio::spawn(async move {
                    for _ in 0..CALLS {
                        own.once(what).await;
                    }
                })
            };
            for caller in (0..MANY).map(call).collect::<Vec<_>>() {
                caller.await.unwrap();
            }
        });
        let took = thread_time()? - started;
        Some(took.as_secs_f64() * 1e6 / (MANY * CALLS) as f64)
    };
    let [mut ours, mut bare] = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            ours.push(each(What::Sealed)?);
            bare.push(each(What::Bare)?);
        } else {
            bare.push(each(What::Bare)?);
            ours.push(each(What::Sealed)?);
        }
    }
    Some([ours, bare].map(|mut costs| {
        costs.sort_by(f64::total_cmp);
        costs[ROUNDS / 2]
    }))
}

/// Sealed requests and the envelope alone. In turns, so that what else the machine does falls on both alike.
fn rounds(runtime: &Runtime, both: &Arc<Both>, tasks: usize) -> [Cost; 2] {
    const ROUNDS: usize = 16;
    const TURN: Duration = Duration::from_millis(300);
    let [mut sealed, mut clear, mut alone] = <[Cost; 3]>::default();
    for _ in 0..ROUNDS {
        sealed.add(runtime.block_on(turn(both, What::Sealed, tasks, TURN)));
        clear.add(runtime.block_on(turn(both, What::Clear, tasks, TURN)));
        alone.add(alone_for(both, TURN / 4));
    }
    println!(
        "  {tasks:>2} tasks: {:>6.0} sealed, {:>6.0} clear: {:.1} µs and {:.1} µs a request",
        sealed.rate(),
        clear.rate(),
        sealed.each_in_us(),
        clear.each_in_us(),
    );
    [sealed, alone]
}

#[derive(Default)]
struct Cost {
    requests: u64,
    time: Duration,
    processor: Option<Duration>,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.time += other.time;
        self.processor = match (self.processor, other.processor) {
            (Some(ours), Some(more)) => Some(ours + more),
            (ours, more) => ours.or(more),
        };
    }

    fn rate(&self) -> f64 {
        self.requests as f64 / self.time.as_secs_f64()
    }

    fn each_in_us(&self) -> f64 {
        1e6 / self.rate()
    }

    fn processor_in_us(&self) -> Option<f64> {
        Some(self.processor?.as_secs_f64() * 1e6 / self.requests as f64)
    }
}

async fn turn(both: &Arc<Both>, what: What, tasks: usize, turn: Duration) -> Cost {
    let (started, processor) = (Instant::now(), processor_time());
    let until = started + turn;
    let callers: Vec<_> = (0..tasks)
        .map(|_| {
            let both = Arc::clone(both);
            tokio::spawn(async move {
                let mut requests = 0;
                while Instant::now() < until {
                    both.once(what).await;
                    requests += 1;
                }
                requests
            })
        })
        .collect();
    let mut requests = 0;
    for caller in callers {
        requests += caller.await.unwrap();
    }
    Cost {
        requests,
        time: started.elapsed(),
        processor: processor_time()
            .zip(processor)
            .map(|(end, start)| end - start),
    }
}

fn alone_for(both: &Both, turn: Duration) -> Cost {
    let started = Instant::now();
    let mut requests = 0;
    while started.elapsed() < turn {
        (0..64).for_each(|_| both.envelope());
        requests += 64;
    }
    Cost {
        requests,
        time: started.elapsed(),
        processor: None,
    }
}

/// Of this thread, in user and kernel: Linux alone tells, in nanoseconds.
fn thread_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = stat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Of this process, in user and kernel: Linux alone tells, in hundredths of a second.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit_once(')')?.1;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().ok())
        .sum::<Option<u64>>()?;
    Some(Duration::from_millis(ticks * 10))
}
