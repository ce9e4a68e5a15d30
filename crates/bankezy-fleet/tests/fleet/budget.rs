//! The nonce budget of a key that many processes seal under.

use std::fs;
use std::io::{BufWriter, Read as _, Write as _};
use std::time::{Duration, Instant};

use bankezy_crypto::{Error, PayloadCipher, PayloadSecret};
use bankezy_fleet::BudgetSettings;
use bankezy_test_support::{Captured, eventually};
use tokio::time::sleep;

use crate::children::{Process, pause, say, setting};
use crate::proxy::{Mode, Proxy};
use crate::server::{Folder, Redis};
use crate::stage::{fleet, is_back_within, is_long, ms};

const PROCESSES: usize = 8;

fn cipher() -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&[9; 32]).unwrap();
    PayloadCipher::new(&secret).unwrap()
}

/// The nonce of a sealed text: 16 characters after the header and two dots.
fn nonce(sealed: &str) -> [u8; 16] {
    let part = sealed.split('.').nth(2).unwrap();
    part.as_bytes().try_into().unwrap()
}

/// A process of the fleet: seals until it has sealed its number, and writes each nonce to a file.
pub(crate) async fn seals() {
    let settings = BudgetSettings::default().share(setting("SHARE").parse().unwrap());
    let (cipher, budget) = fleet(&setting("STORE"))
        .budget("key-1", cipher(), settings)
        .await
        .unwrap();
    let file = fs::File::create(setting("FILE")).unwrap();
    let mut file = BufWriter::new(file);
    let messages: u64 = setting("MESSAGES").parse().unwrap();
    say("ready");
    pause();
    let (mut sealed, mut spent) = (0, 0_u64);
    while sealed < messages {
        match cipher.seal(b"{\"amount\":1}") {
            Ok(text) => {
                file.write_all(&nonce(&text)).unwrap();
                sealed += 1;
                if sealed % 1_024 == 0 {
                    // Killed at any time, what it sealed has been collected.
                    file.flush().unwrap();
                    tokio::task::yield_now().await;
                }
            }
            Err(Error::NonceBudgetSpent { .. }) => {
                spent += 1;
                sleep(ms(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    file.flush().unwrap();
    say(format!("{sealed} {spent} {:?}", budget.last_total()));
}

/// Processes are killed and the store is killed and loses all: no nonce is ever used twice.
#[tokio::test(flavor = "multi_thread")]
async fn no_nonce_repeats_over_all_processes_whatever_is_killed() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let folder = Folder::new("nonces");
    let messages: u64 = if is_long() { 10_000_000 } else { 400_000 } / PROCESSES as u64;
    let share = 20_000_u64;
    let file = |number: usize| folder.0.join(number.to_string());
    let start = |number: usize| {
        let file = file(number).to_str().unwrap().to_owned();
        let mut process = Process::start(
            "seals",
            &[
                ("STORE", redis.url().as_str()),
                ("SHARE", &share.to_string()),
                ("FILE", &file),
                ("MESSAGES", &messages.to_string()),
            ],
        );
        assert_eq!(process.says(), "ready");
        process
    };
    let mut processes: Vec<_> = (0..PROCESSES).map(start).collect();
    processes.iter_mut().for_each(Process::go);
    sleep(ms(200)).await;
    // One ends without a word, and another takes its place under the same key.
    processes[0].kill();
    processes.push(start(PROCESSES));
    processes[PROCESSES].go();
    redis.kill();
    sleep(ms(300)).await;
    redis.restart();
    for process in &mut processes[1..] {
        let said = tokio::task::block_in_place(|| process.says());
        let sealed: u64 = said.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(sealed, messages);
    }
    let mut nonces: Vec<[u8; 16]> = Vec::new();
    for number in 0..=PROCESSES {
        let mut bytes = Vec::new();
        fs::File::open(file(number))
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        nonces.extend(bytes.as_chunks::<16>().0);
    }
    let count = nonces.len();
    assert!(count as u64 >= messages * PROCESSES as u64);
    nonces.sort_unstable();
    nonces.dedup();
    println!(
        "{count} messages of {} processes, no nonce twice",
        PROCESSES + 1
    );
    assert_eq!(nonces.len(), count, "a nonce was used twice");
    // The store lost its count and has counted again since.
    let total: i64 = redis
        .text(&["GET", "test:{budgets}:key-1"])
        .parse()
        .unwrap();
    assert!(total > 0);
}

#[tokio::test]
async fn the_total_is_of_all_processes_and_at_its_end_no_share_is_left() {
    let Some(redis) = Redis::start() else { return };
    let settings = BudgetSettings::default().share(100).limit(450);
    let fleets = [0, 1].map(|_| fleet(&redis.url()));
    let (one, budget) = fleets[0].budget("key-1", cipher(), settings).await.unwrap();
    let (two, _other) = fleets[1].budget("key-1", cipher(), settings).await.unwrap();
    eventually("the first shares", || {
        redis.text(&["GET", "test:{budgets}:key-1"]) == "200"
    })
    .await;
    let mut sealed = 0;
    let begun = Instant::now();
    // Each seals in turn, for as long as one of them may.
    while begun.elapsed() < ms(2_500) {
        let before = sealed;
        sealed += u64::from(one.seal(b"").is_ok()) + u64::from(two.seal(b"").is_ok());
        if sealed == before {
            sleep(ms(10)).await;
        }
    }
    // Four shares of 100; the fifth would pass the limit.
    assert_eq!(sealed, 400);
    assert_eq!(budget.total().await.unwrap(), 400);
    assert!(matches!(one.seal(b""), Err(Error::NonceBudgetSpent { .. })));
    let status = fleets[0].status().await.unwrap();
    assert_eq!(status.budgets.len(), 1);
    let found = &status.budgets[0];
    assert_eq!(
        (found.key_id.as_str(), found.reserved, found.limit),
        ("key-1", 400, 450)
    );
}

#[tokio::test]
async fn a_process_that_starts_when_the_budget_is_spent_seals_nothing() {
    let Some(redis) = Redis::start() else { return };
    let settings = BudgetSettings::default().share(100).limit(150);
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    let (_first, _budget) = fleet.budget("key-1", cipher(), settings).await.unwrap();
    let (second, _budget) = fleet.budget("key-1", cipher(), settings).await.unwrap();
    assert_eq!(second.seal(b""), Err(Error::NonceBudgetSpent { limit: 0 }));
}

#[tokio::test]
async fn without_the_store_a_process_seals_until_its_share_is_spent_and_goes_on_once_it_is_back() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.kill();
    let settings = BudgetSettings::default().share(1_000);
    let begun = Instant::now();
    let (cipher, budget) = fleet(&redis.url())
        .budget("key-1", cipher(), settings)
        .await
        .unwrap();
    for _ in 0..1_000 {
        cipher.seal(b"").unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(matches!(
        cipher.seal(b""),
        Err(Error::NonceBudgetSpent { .. })
    ));
    assert_eq!(budget.last_total(), None);
    redis.restart();
    let back = Instant::now();
    while cipher.seal(b"").is_err() {
        assert!(back.elapsed() < ms(5_000));
        sleep(ms(10)).await;
    }
    // What was sealed without it is counted too.
    assert_eq!(budget.total().await.unwrap(), 2_000);
}

/// A share is in place before the last one ends, so that sealing does not stop.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_share_is_reserved_ahead() {
    let Some(redis) = Redis::start() else { return };
    let settings = BudgetSettings::default().share(50_000);
    let (cipher, _budget) = fleet(&redis.url())
        .budget("key-1", cipher(), settings)
        .await
        .unwrap();
    for message in 0..200_000_u32 {
        cipher.seal(b"").unwrap();
        if message % 1_000 == 0 {
            sleep(ms(2)).await;
        }
    }
}

/// With the default share, which is more than the whole.
#[tokio::test]
async fn a_limit_below_one_share_is_used_up_to_its_end() {
    let Some(redis) = Redis::start() else { return };
    let settings = BudgetSettings::default().limit(10);
    let (cipher, budget) = fleet(&redis.url())
        .budget("small", cipher(), settings)
        .await
        .unwrap();
    for _ in 0..10 {
        cipher.seal(b"{}").unwrap();
    }
    assert!(matches!(
        cipher.seal(b"{}"),
        Err(Error::NonceBudgetSpent { .. })
    ));
    assert_eq!(budget.total().await, Ok(10));
}

/// The last level may lie within the last share.
#[tokio::test]
async fn a_process_that_is_granted_no_share_says_so_once() {
    let Some(redis) = Redis::start() else { return };
    let fleet = fleet(&redis.url());
    let (events, _guard) = Captured::of_this_thread("bankezy_fleet");
    let settings = BudgetSettings::default().share(40).limit(100);
    let (cipher, _budget) = fleet.budget("key-1", cipher(), settings).await.unwrap();
    let begun = Instant::now();
    let mut sealed = 0;
    while begun.elapsed() < ms(1_500) {
        sealed += u32::from(cipher.seal(b"").is_ok());
        sleep(ms(5)).await;
    }
    assert_eq!(sealed, 80);
    let said = events.lines("nonce budget of the fleet spent");
    assert!(
        said.len() == 1 && said[0].contains("WARN") && said[0].contains("key-1"),
        "{said:?} of {}",
        events.text()
    );
}

/// The store makes it, and its answer comes too late: the process asks again.
#[tokio::test]
async fn a_reservation_whose_answer_was_lost_counts_once() {
    let Some(redis) = Redis::start() else { return };
    let proxy = Proxy::start(redis.address).await;
    let fleet = fleet(&proxy.url());
    is_back_within(&fleet, Duration::from_secs(5)).await;
    let settings = BudgetSettings::default().share(10);
    // From here on the store knows the script.
    let _first = fleet.budget("another", cipher(), settings).await.unwrap();
    // There and back it is longer than the deadline.
    proxy.set(Mode::Delay(ms(300)));
    let (_cipher, budget) = fleet.budget("key-1", cipher(), settings).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    let reserved = || redis.text(&["GET", "test:{budgets}:key-1"]);
    assert_eq!((budget.last_total(), reserved().as_str()), (None, "10"));
    proxy.set(Mode::Pass);
    eventually("the answer", || budget.last_total() == Some(10)).await;
    assert_eq!(reserved(), "10");
}

/// Otherwise the list of budgets would grow with each rotation.
#[tokio::test]
async fn a_budget_whose_count_ended_is_listed_no_longer() {
    let Some(redis) = Redis::start() else { return };
    let fleet = fleet(&redis.url());
    for key in ["key-1", "key-2"] {
        let (_, budget) = fleet
            .budget(key, cipher(), BudgetSettings::default())
            .await
            .unwrap();
        assert!(budget.last_total().is_some());
        redis.number(&["DEL", "test:{budgets}:key-1"]);
    }
    assert_eq!(redis.number(&["HEXISTS", "test:{budgets}", "key-1"]), 0);
    assert_eq!(redis.number(&["HEXISTS", "test:{budgets}", "key-2"]), 1);
}
