//! What reading a token costs: from the memory of the process, and from the store beside a bare GET of as many bytes.
//! The goals are at most 1 µs, and at most 1.3 times the GET.
//!
//! `cargo bench -p bankezy-fleet --bench token_read`; with `cargo test` a short run, without goals.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bankezy_crypto::providers::{Lifetime, Moment, Token, TokenEntry, TokenKey, TokenStore as _};
use bankezy_crypto::{KeyRing, PayloadCipher, PayloadSecret};
use bankezy_fleet::{Fleet, FleetConfig, SharedTokens};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Cargo says so to a bench that is to measure.
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let address = bankezy_test_support::vacant();
    let mut command = Command::new("redis-server");
    command.args([
        "--port",
        &address.port().to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
    ]);
    let Ok(child) = command.stdout(Stdio::null()).spawn() else {
        return println!("left out: no redis-server is installed");
    };
    let _server = Server(child);
    let url = format!("redis://{address}");
    let fleet = Fleet::connect(FleetConfig::new(url.as_str(), "bench")).unwrap();
    while fleet.ping().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let secret = PayloadSecret::generate().unwrap();
    let ring = Arc::new(KeyRing::new("wrap-1", PayloadCipher::new(&secret).unwrap()));
    let tokens: SharedTokens<Token> = fleet.tokens(ring);
    let key = TokenKey::of(&[b"bench"]).unwrap();
    let now = Moment {
        time_of_day: SystemTime::now(),
        monotonic: Instant::now(),
    };
    let until = now.time_of_day + Duration::from_secs(3_600);
    let token = Token::new("t".repeat(200).into(), Some(until));
    let entry = TokenEntry::new(token, Lifetime::new(now, until, None));
    tokens.save(&key, &entry).await.unwrap();

    let (rounds, reads) = if is_test { (3, 100) } else { (31, 100_000) };
    let mut memory = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        for _ in 0..reads {
            assert!(tokens.load(&key).await.unwrap().is_some());
        }
        memory.push(begun.elapsed() / reads);
    }

    let client = redis::Client::open(url.as_str()).unwrap();
    let mut bare = client.get_multiplexed_async_connection().await.unwrap();
    let names: Vec<String> = redis::cmd("KEYS")
        .arg("bench:token:*")
        .query_async(&mut bare)
        .await
        .unwrap();
    let (rounds, reads) = if is_test { (3, 10) } else { (201, 300) };
    let (mut get, mut stored) = (Vec::new(), Vec::new());
    // In short turns, and compared turn by turn, so that both meet the same machine.
    for _ in 0..rounds {
        let begun = Instant::now();
        for _ in 0..reads {
            let value: Vec<u8> = redis::cmd("GET")
                .arg(&names[0])
                .query_async(&mut bare)
                .await
                .unwrap();
            assert!(!value.is_empty());
        }
        get.push(begun.elapsed() / reads);
        let begun = Instant::now();
        for _ in 0..reads {
            assert!(tokens.stored(&key).await.unwrap().is_some());
        }
        stored.push(begun.elapsed() / reads);
    }
    let pairs = stored.iter().zip(&get);
    let mut times: Vec<f64> = pairs
        .map(|(stored, get)| stored.as_secs_f64() / get.as_secs_f64())
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    let times = times[times.len() / 2];
    let (memory, get, stored) = (median(memory), median(get), median(stored));
    println!("from memory {memory:?}, goal 1 µs");
    println!("from the store {stored:?}, {times:.2} times a bare GET of {get:?}, goal 1.3 times");
}
