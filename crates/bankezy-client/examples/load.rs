//! Many tasks that call the emulator's echo through one client, to see that nothing fails and that
//! memory stays flat.
//!
//! `cargo run --release -p bankezy-client --example load -- --seconds 30 --tasks 64`

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bankezy_client::{BankEzyClient, Client};
use bankezy_crypto::KeyPair;
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::bankezy::{AppCredentials, AppSession, BankEzy, Version};
use bankezy_sandbox::{EmulatedEndpoint, Sandbox};
use bankezy_test_support::process::{argument, memory};
use serde_json::{Value, json};

/// How much memory may grow from the middle to the end: a fifth, and what an allocator keeps.
const MAY_GROW: fn(u64) -> u64 = |middle| middle / 5 + 20 * MIB;
const MIB: u64 = 1024 * 1024;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let seconds = argument("--seconds", 30)?.max(2);
    let tasks = argument("--tasks", 64)?.max(1);

    // The tokens have to outlive the run.
    let lifetime = Duration::from_secs(seconds + 3600);
    let sandbox = Sandbox::builder().token_lifetime(lifetime).start().await?;
    let credentials = sandbox.credentials();
    let server = BankEzy::new(
        BaseUrl::parse(sandbox.url())?,
        credentials.api_key(),
        Version::V2,
    )?;
    let client = Client::builder().only_these_roots(true).build()?;
    let bankezy = BankEzyClient::new(client, server);
    let app = AppCredentials {
        api_key: credentials.app_api_key(),
        secret: credentials.app_secret(),
    };
    let session = bankezy
        .app_token(&app, KeyPair::generate()?, &credentials.derivation())
        .await?;

    println!("{tasks} tasks for {seconds} s");
    let start_memory = memory();
    let run = Arc::new(Run {
        bankezy,
        session,
        path: credentials.echo_path(),
        body: json!({"text": "x".repeat(1000)}),
        seen: Seen::default(),
        errors: AtomicU64::new(0),
    });
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let callers: Vec<_> = (0..tasks)
        .map(|_| {
            let run = Arc::clone(&run);
            tokio::spawn(async move { run.call_until(until).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds) / 2).await;
    let middle_memory = memory();
    for caller in callers {
        caller.await?;
    }
    let elapsed = started.elapsed();
    let end_memory = memory();

    let (requests, errors) = (run.seen.total(), run.errors.load(Ordering::Relaxed));
    let executed = sandbox.executed().of(EmulatedEndpoint::Echo);
    println!("requests    {requests}");
    println!("errors      {errors}");
    println!("executed    {executed}");
    println!("requests/s  {:.0}", requests as f64 / elapsed.as_secs_f64());
    println!("p50         {:?}", run.seen.quantile(0.50));
    println!("p99         {:?}", run.seen.quantile(0.99));
    let mut flat = true;
    match (start_memory, middle_memory, end_memory) {
        (Some(start), Some(middle), Some(end)) => {
            let mib = |bytes: u64| bytes as f64 / MIB as f64;
            println!(
                "memory      {:.1} MiB at the start, {:.1} in the middle, {:.1} at the end",
                mib(start),
                mib(middle),
                mib(end)
            );
            flat = end <= middle + MAY_GROW(middle);
        }
        _ => println!("memory      not known on this system"),
    }
    // Each that was answered was executed, and none twice.
    let right = errors == 0 && executed == requests && flat;
    println!("{}", if right { "passed" } else { "FAILED" });
    Ok(match right {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

struct Run {
    bankezy: BankEzyClient,
    session: AppSession,
    path: &'static str,
    body: Value,
    seen: Seen,
    errors: AtomicU64,
}

impl Run {
    async fn call_until(&self, until: Instant) {
        let (token, channel) = (&self.session.answer.token, &self.session.channel);
        while Instant::now() < until {
            let started = Instant::now();
            let heard = self
                .bankezy
                .call::<_, Value>(self.path, &self.body, token, channel)
                .await;
            match heard {
                Ok(heard) if heard == self.body => self.seen.note(started.elapsed()),
                other => {
                    // The first tells enough.
                    if self.errors.fetch_add(1, Ordering::Relaxed) == 0 {
                        eprintln!("first error: {:?}", other.err());
                    }
                }
            }
        }
    }
}

/// Times, counted in steps of a sixteenth of an octave: a list of them would grow with the run.
struct Seen([AtomicU64; Seen::STEPS]);

impl Default for Seen {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; Self::STEPS])
    }
}

impl Seen {
    const PER_OCTAVE: f64 = 16.0;
    const STEPS: usize = 512;

    fn note(&self, time: Duration) {
        let microseconds = time.as_secs_f64() * 1e6;
        let step = (microseconds.max(1.0).log2() * Self::PER_OCTAVE) as usize;
        self.0[step.min(Self::STEPS - 1)].fetch_add(1, Ordering::Relaxed);
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|step| step.load(Ordering::Relaxed)).sum()
    }

    /// The upper end of the step that it falls into.
    fn quantile(&self, quantile: f64) -> Duration {
        let wanted = (self.total() as f64 * quantile).ceil() as u64;
        let mut before = 0;
        let step = self.0.iter().position(|step| {
            before += step.load(Ordering::Relaxed);
            before >= wanted
        });
        let end = (step.unwrap_or(Self::STEPS) + 1) as f64 / Self::PER_OCTAVE;
        Duration::from_micros(end.exp2() as u64)
    }
}
