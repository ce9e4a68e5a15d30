//! One login for the fleet, whatever becomes of its processes and its store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bankezy_crypto::providers::{Lifetime, Moment, TokenEntry, TokenStore as _};
use bankezy_crypto::{PayloadCipher, PayloadSecret, Previous};
use bankezy_fleet::LoginLock;
use bankezy_sandbox::InjectedFault;
use bankezy_test_support::eventually;
use tokio::time::sleep;

use crate::children::{Process, pause, say, setting};
use crate::server::Redis;
use crate::stage::{
    LIMIT, borrowed, fleet, is_back_within, is_long, key, ms, provider, ring, settings, slot,
    slot_of_this_process, slot_on, slot_resting, token, tokens,
};

const PROCESSES: usize = 8;
const CALLS: usize = 4_000;

/// A process of the fleet: makes its calls within a time, and says which tokens they had.
pub(crate) async fn calls() {
    let slot = slot_of_this_process();
    say("ready");
    pause();
    let pace = ms(setting("MILLISECONDS").parse().unwrap()) / u32::try_from(CALLS).unwrap();
    let (begun, mut seen, mut slowest) = (Instant::now(), BTreeSet::new(), Duration::ZERO);
    for call in 0..CALLS {
        let at = begun + pace * u32::try_from(call).unwrap();
        sleep(at.saturating_duration_since(Instant::now())).await;
        let asked = Instant::now();
        seen.insert(token(&slot).await);
        if call > 0 {
            slowest = slowest.max(asked.elapsed());
        }
    }
    let seen: Vec<_> = seen.into_iter().collect();
    say(format!("{} {}", slowest.as_millis(), seen.join(" ")));
}

/// A process of the fleet: asks for one token.
pub(crate) async fn logs_in() {
    let slot = slot_of_this_process();
    say("ready");
    pause();
    say(token(&slot).await);
    pause();
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_log_in_once_for_each_expiry_and_none_waits_for_it() {
    let Some(redis) = Redis::start() else { return };
    let lifetime = Duration::from_secs(6);
    let time = if is_long() { ms(60_000) } else { ms(13_000) };
    let provider = provider(lifetime).await;
    let mut settings = settings(&redis.url(), &provider);
    settings.push(("MILLISECONDS", time.as_millis().to_string()));
    let settings = borrowed(&settings);
    let mut processes: Vec<_> = (0..PROCESSES)
        .map(|_| Process::start("tokens", &settings))
        .collect();
    processes
        .iter_mut()
        .for_each(|it| assert_eq!(it.says(), "ready"));
    processes.iter_mut().for_each(Process::go);
    let begun = Instant::now();
    let mut all = BTreeSet::new();
    for process in &mut processes {
        let said = tokio::task::block_in_place(|| process.says());
        let mut words = said.split(' ');
        let slowest: u64 = words.next().unwrap().parse().unwrap();
        all.extend(words.map(str::to_owned));
        // Far below a login with its lock: the old token serves meanwhile. The machine may be busy.
        assert!(slowest < 1_000, "a call waited for {slowest} ms");
    }
    let logins = provider.executed().total();
    // A token is replaced when a fifth of its life is left, which is up to a second shorter than the provider says.
    let period = (lifetime - Duration::from_secs(1)).as_millis() * 4 / 5;
    let expiries = u64::try_from(begun.elapsed().as_millis() / period).unwrap();
    println!("{logins} logins of {PROCESSES} processes, {CALLS} calls each, {expiries} expiries");
    assert_eq!(
        logins,
        all.len() as u64,
        "a token was requested and not shared"
    );
    assert!(
        (2..=expiries + 1).contains(&logins),
        "{logins} logins, {expiries} expiries"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_logs_in_is_killed_and_another_does_within_the_limit_of_the_lock() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let settings = settings(&redis.url(), &provider);
    // The first login hangs, so that its process can be killed.
    let fault = InjectedFault::Delay(Duration::from_secs(60));
    provider.faults().inject(fault, 1);
    let mut first = Process::start("login", &borrowed(&settings));
    assert_eq!(first.says(), "ready");
    first.go();
    eventually("the lock", || !redis.keys("test:lock:*").is_empty()).await;
    let mut others: Vec<_> = (0..3)
        .map(|_| Process::start("login", &borrowed(&settings)))
        .collect();
    others
        .iter_mut()
        .for_each(|it| assert_eq!(it.says(), "ready"));
    first.kill();
    let killed = Instant::now();
    others.iter_mut().for_each(Process::go);
    let tokens: BTreeSet<_> = others.iter_mut().map(Process::says).collect();
    let took = killed.elapsed();
    assert_eq!(tokens.len(), 1, "the others did not share one token");
    assert!(took < LIMIT + ms(2_000), "{took:?}");
    // The one of the killed process, and one more.
    assert!(provider.executed().total() <= 2);
}

#[tokio::test]
async fn without_the_store_a_token_in_use_serves_on_and_then_each_process_logs_in_for_itself() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let provider = provider(Duration::from_secs(600)).await;
    let slots = [0, 1].map(|_| slot(&fleet(&redis.url()), &provider));
    let first = token(&slots[0]).await;
    assert_eq!(token(&slots[1]).await, first);
    redis.kill();
    let begun = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(token(&slots[0]).await, first);
    }
    assert!(begun.elapsed() < ms(1_000), "the store was asked");
    // A process that starts now logs in without it.
    let third = slot(&fleet(&redis.url()), &provider);
    let begun = Instant::now();
    let alone = token(&third).await;
    assert!(begun.elapsed() < ms(3_000), "{:?}", begun.elapsed());
    assert_ne!(alone, first);
    assert_eq!(provider.executed().total(), 2);
    // What it could not save it saves once the store is back, and others share it.
    redis.restart();
    eventually("the token in the store", || {
        !redis.keys("test:token:*").is_empty()
    })
    .await;
    assert_eq!(token(&slot(&fleet(&redis.url()), &provider)).await, alone);
    assert_eq!(provider.executed().total(), 2);
}

#[tokio::test]
async fn a_store_that_hangs_delays_a_login_by_its_deadline_and_sealing_not_at_all() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    let slot = slot(&fleet, &provider);
    redis.freeze();
    let begun = Instant::now();
    token(&slot).await;
    let took = begun.elapsed();
    redis.thaw();
    // The deadlines of two operations and of a login.
    assert!(took < ms(2_500), "{took:?}");
    assert!(!fleet.health().is_reachable);
    // Once it answers, the fleet has it back after at most the rest and one deadline.
    is_back_within(&fleet, ms(3_000)).await;
}

#[tokio::test]
async fn a_refused_token_leaves_the_store_and_its_successor_stays() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let slots = [0, 1].map(|_| slot(&fleet(&redis.url()), &provider));
    let refused = slots[0].get().await.unwrap();
    assert_eq!(token(&slots[1]).await, refused.token.as_str());
    slots[0].refuse(&refused.token).await.unwrap();
    let next = token(&slots[0]).await;
    assert_ne!(next, refused.token.as_str());
    // The other one finds out later, and removes nothing of the successor.
    slots[1].refuse(&refused.token).await.unwrap();
    assert_eq!(token(&slots[1]).await, next);
    assert_eq!(provider.executed().total(), 2);
}

/// Nothing that the store holds or that is sent to it says what it is, or what it is worth.
#[tokio::test]
async fn the_store_holds_neither_tokens_nor_credentials() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let slot = slot(&fleet(&redis.url()), &provider);
    let token = token(&slot).await;
    let names = redis.keys("*");
    assert_eq!(
        names
            .iter()
            .filter(|name| name.starts_with("test:token:"))
            .count(),
        1
    );
    let secret = provider.credentials().api_key();
    for name in names {
        let key = key_hex(&provider);
        assert!(!name.contains(&key), "{name}");
        if redis.text(&["TYPE", &name]) == "string" {
            let value = redis.text(&["GET", &name]);
            assert!(
                !value.contains(&token) && !value.contains(secret),
                "{value}"
            );
        }
        assert!(redis.number(&["PTTL", &name]) > 0, "{name} never expires");
    }
}

fn key_hex(provider: &crate::stage::Provider) -> String {
    key(provider)
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The clocks of the processes may be wrong: what the store says is left counts.
#[tokio::test]
async fn a_life_ends_by_the_clock_of_the_store() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(3_600)).await;
    let first = slot(&fleet(&redis.url()), &provider);
    token(&first).await;
    let name = redis.keys("test:token:*").remove(0);
    let written = redis.number(&["PTTL", &name]);
    assert!((3_500_000..=3_600_000).contains(&written), "{written}");
    // As if the process that wrote it had a clock that is 50 minutes ahead.
    redis.number(&["PEXPIRE", &name, "600000"]);
    let entry = tokens(&fleet(&redis.url())).stored(&key(&provider)).await;
    let entry = entry.unwrap().unwrap();
    let left = entry.good_until().duration_since(SystemTime::now());
    let left = left.unwrap();
    assert!(
        left <= Duration::from_secs(600) && left > Duration::from_secs(590),
        "{left:?}"
    );
}

/// A write that arrives late is from an older login: it must not replace the newer token.
#[tokio::test]
async fn an_older_login_does_not_replace_the_token_of_a_newer_one() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let key = key(&provider);
    let [late, newer] = [0, 1].map(|_| tokens(&fleet(&redis.url())));
    // Its lock expires before its token arrives.
    assert!(late.load(&key).await.unwrap().is_none());
    sleep(LIMIT + ms(100)).await;
    let other = slot_on(newer.clone(), &provider);
    let token = token(&other).await;
    let entry = newer.stored(&key).await.unwrap().unwrap();
    let answer = |text: &str| {
        let token = bankezy_crypto::providers::Token::new(text.to_owned().into(), None);
        TokenEntry::new(
            bankezy_crypto::providers::bankezy::TokenAnswer::new(token),
            *entry.lifetime(),
        )
    };
    late.save(&key, &answer("late")).await.unwrap();
    let stored = newer.stored(&key).await.unwrap().unwrap();
    assert_eq!(stored.answer().token.as_str(), token);
    let loaded = late.load(&key).await.unwrap().unwrap();
    assert_eq!(loaded.answer().token.as_str(), token);
}

#[tokio::test]
async fn a_lock_without_end_makes_one_login_all_the_same() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    for _ in 0..3 {
        let lock = LoginLock::default().limit(Duration::MAX);
        let store = fleet(&redis.url()).tokens_with(ring(), lock);
        token(&slot_on(store, &provider)).await;
    }
    assert_eq!(provider.executed().total(), 1);
}

/// The lock of a login whose token is of no use does not hold up the next one.
#[tokio::test]
async fn a_token_that_arrives_after_its_end_gives_the_lock_back() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let store = tokens(&fleet(&redis.url()));
    token(&slot_on(store.clone(), &provider)).await;
    let key = key(&provider);
    let entry = store.stored(&key).await.unwrap().unwrap();
    store.remove(&key, &entry).await.unwrap();
    assert!(store.load(&key).await.unwrap().is_none());
    assert_eq!(redis.keys("test:lock:*").len(), 1);
    let (time_of_day, monotonic) = (SystemTime::now(), Instant::now());
    let now = Moment {
        time_of_day,
        monotonic,
    };
    let ended = Lifetime::new(now, time_of_day, None);
    let entry = TokenEntry::new(entry.into_answer(), ended);
    store.save(&key, &entry).await.unwrap();
    assert!(redis.keys("test:lock:*").is_empty());
}

/// Its lock has the name that the old wrapping key made.
#[tokio::test]
async fn a_login_during_which_the_wrapping_key_is_replaced_gives_its_lock_back() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let key = key(&provider);
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let entry = tokens(&fleet(&redis.url())).stored(&key).await;
    let entry = entry.unwrap().unwrap();
    redis.text(&["FLUSHALL"]);
    let ring = ring();
    let store = fleet(&redis.url()).tokens(Arc::clone(&ring));
    assert!(store.load(&key).await.unwrap().is_none());
    let next = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    ring.rotate("wrap-2", next, Previous::Drop).unwrap();
    store.save(&key, &entry).await.unwrap();
    assert!(redis.keys("test:lock:*").is_empty());
    assert!(store.stored(&key).await.unwrap().is_some());
}

/// Not only after the time limit of a lock whose holder could not log in.
#[tokio::test]
async fn a_process_whose_login_failed_lets_another_one_log_in() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let rest = Duration::from_secs(60);
    let slots = [0, 1].map(|_| slot_resting(&fleet(&redis.url()), &provider, rest));
    provider.faults().inject(InjectedFault::Unauthorized, 1);
    let begun = Instant::now();
    assert!(slots[0].get().await.is_err());
    // It leaves the provider alone for a moment, and the lock too.
    assert!(slots[0].get().await.is_err());
    token(&slots[1]).await;
    assert!(begun.elapsed() < LIMIT / 2, "{:?}", begun.elapsed());
    assert_eq!(provider.executed().total(), 1);
}

/// Such tokens are not shared, and nobody waits for them.
#[tokio::test]
async fn tokens_without_an_end_are_requested_by_each_process_without_waiting() {
    let Some(redis) = Redis::start() else { return };
    // Beyond all dates.
    let provider = provider(Duration::from_secs(1_000_000_000_000)).await;
    let begun = Instant::now();
    for _ in 0..3 {
        token(&slot(&fleet(&redis.url()), &provider)).await;
    }
    assert!(begun.elapsed() < LIMIT / 2, "{:?}", begun.elapsed());
    assert!(redis.keys("test:token:*").is_empty());
}
