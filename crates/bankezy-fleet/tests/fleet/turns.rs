//! Turns to log in: slow logins, idle processes, callers that leave, and several caches of one process.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use bankezy_crypto::providers::bankezy::TokenAnswer;
use bankezy_crypto::providers::{Lifetime, Moment, Token, TokenEntry, TokenStore as _};
use bankezy_fleet::{LoginLock, SharedTokens};
use bankezy_sandbox::InjectedFault;
use bankezy_test_support::eventually;
use tokio::time::{sleep, timeout};

use crate::server::Redis;
use crate::stage::{
    Slot, fleet, is_long, key, ms, provider, ring, slot, slot_at_any_time, slot_on, token, tokens,
};

/// Asks all slots at once. Returns the tokens.
async fn all(slots: impl IntoIterator<Item = Slot>) -> BTreeSet<String> {
    let asking = slots
        .into_iter()
        .map(|slot| tokio::spawn(async move { token(&slot).await }));
    let mut seen = BTreeSet::new();
    for asked in asking.collect::<Vec<_>>() {
        seen.insert(asked.await.unwrap());
    }
    seen
}

pub(crate) fn entry(text: &str, left: Duration) -> TokenEntry<TokenAnswer> {
    let (time_of_day, monotonic) = (SystemTime::now(), Instant::now());
    let since = Moment {
        time_of_day,
        monotonic,
    };
    let token = Token::new(text.to_owned().into(), None);
    let lifetime = Lifetime::new(since, time_of_day + left, None);
    TokenEntry::new(TokenAnswer::new(token), lifetime)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_login_takes_longer_than_two_locks_one_more_begins_for_each() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    let delay = ms(3_500);
    provider.faults().inject(InjectedFault::Delay(delay), 100);
    let slots = (0..8).map(|_| slot(&fleet(&redis.url()), &provider));
    let begun = Instant::now();
    let seen = all(slots.collect::<Vec<_>>()).await;
    assert!(begun.elapsed() < delay * 2, "{:?}", begun.elapsed());
    // At 0, 1.5 and 3 s.
    assert!(seen.len() <= 3, "{} tokens", seen.len());
    assert!(provider.executed().total() <= 3);
}

/// Each clone has a cache of its own.
#[tokio::test(flavor = "multi_thread")]
async fn caches_of_one_process_log_in_once() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    provider.faults().inject(InjectedFault::Delay(ms(300)), 100);
    let store = tokens(&fleet(&redis.url()));
    let slots = (0..8).map(|_| slot_on(store.clone(), &provider));
    let seen = all(slots.collect::<Vec<_>>()).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(provider.executed().total(), 1);
}

/// It asked once when the token was due, and then no more.
#[tokio::test]
async fn an_idle_process_does_not_keep_the_others_from_logging_in() {
    let Some(redis) = Redis::start() else { return };
    let key = key(&provider(Duration::from_secs(600)).await);
    let lock = LoginLock::default().jitter(ms(1));
    let [idle, other]: [SharedTokens<TokenAnswer>; 2] =
        [0, 1].map(|_| fleet(&redis.url()).tokens_with(ring(), lock));
    assert!(idle.load(&key).await.unwrap().is_none());
    // Due after 4 s, when the default leaves no time in which it is both due and useful.
    let (time_of_day, monotonic) = (SystemTime::now(), Instant::now());
    let since = Moment {
        time_of_day,
        monotonic,
    };
    let until = time_of_day + Duration::from_secs(5);
    let lifetime = Lifetime::new(since, until, Some(Duration::ZERO));
    let held = entry("first", ms(1)).into_answer();
    idle.save(&key, &TokenEntry::new(held, lifetime))
        .await
        .unwrap();
    assert!(other.load(&key).await.unwrap().is_some());
    sleep(ms(4_100)).await;
    assert!(idle.load(&key).await.unwrap().is_some());
    sleep(ms(1_100)).await;
    let begun = Instant::now();
    assert!(other.load(&key).await.unwrap().is_none());
    assert!(begun.elapsed() < ms(500), "{:?}", begun.elapsed());
}

/// Whenever it leaves.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_does_not_leave_the_lock_taken() {
    let Some(redis) = Redis::start() else { return };
    let key = key(&provider(Duration::from_secs(600)).await);
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    for after in (0..60).map(|step| Duration::from_micros(50 * step)) {
        let store = tokens(&fleet);
        let left = timeout(after, store.load(&key)).await.is_err();
        if !left {
            store.give_up(&key).await;
        }
        let is_free = || redis.keys("test:lock:*").is_empty();
        // It would end by itself after 1.5 s.
        for _ in 0..50 {
            if is_free() {
                break;
            }
            sleep(ms(20)).await;
        }
        assert!(is_free(), "after {after:?}");
    }
}

/// The outage may last: the token is good for longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_long_outage_is_saved_once_the_store_is_back() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let key = key(&provider(Duration::from_secs(600)).await);
    let store = tokens(&fleet(&redis.url()));
    redis.kill();
    store
        .save(&key, &entry("older", Duration::from_secs(600)))
        .await
        .unwrap();
    sleep(ms(200)).await;
    store
        .save(&key, &entry("newer", Duration::from_secs(600)))
        .await
        .unwrap();
    // The long form: as long as six attempts with pauses that double would last.
    sleep(Duration::from_secs(if is_long() { 48 } else { 4 })).await;
    redis.restart();
    eventually("the token in the store", || {
        !redis.keys("test:token:*").is_empty()
    })
    .await;
    sleep(ms(500)).await;
    let stored = tokens(&fleet(&redis.url())).stored(&key).await.unwrap();
    assert_eq!(stored.unwrap().answer().token.as_str(), "newer");
}

/// No process would read it: each would find that there is none, and log in.
#[tokio::test]
async fn a_token_beyond_what_is_read_is_not_saved() {
    let Some(redis) = Redis::start() else { return };
    let key = key(&provider(Duration::from_secs(600)).await);
    let store = tokens(&fleet(&redis.url()));
    assert!(store.load(&key).await.unwrap().is_none());
    let huge = entry(&"a".repeat(1 << 20), Duration::from_secs(600));
    store.save(&key, &huge).await.unwrap();
    assert!(redis.keys("test:token:*").is_empty());
    assert!(redis.keys("test:lock:*").is_empty());
    // Its process goes on with it.
    assert!(store.load(&key).await.unwrap().is_some());
}

/// The store did not remove it, nor said whose turn it is.
#[tokio::test]
async fn the_successor_of_a_token_that_was_refused_while_the_store_hung_is_kept() {
    let Some(redis) = Redis::start() else { return };
    let key = key(&provider(Duration::from_secs(600)).await);
    let fleet = fleet(&redis.url());
    let store = tokens(&fleet);
    assert!(store.load(&key).await.unwrap().is_none());
    let refused = entry("refused", Duration::from_secs(600));
    store.save(&key, &refused).await.unwrap();
    redis.freeze();
    store.remove(&key, &refused).await.unwrap();
    assert!(store.load(&key).await.unwrap().is_none());
    redis.thaw();
    crate::stage::is_back_within(&fleet, ms(3_000)).await;
    // What was sent while it hung is done, or not. As if it were not:
    let other = tokens(&crate::stage::fleet(&redis.url()));
    redis.text(&["FLUSHALL"]);
    assert!(other.load(&key).await.unwrap().is_none());
    other.save(&key, &refused).await.unwrap();
    store
        .save(&key, &entry("next", Duration::from_secs(600)))
        .await
        .unwrap();
    for process in [&store, &tokens(&fleet)] {
        let loaded = process.load(&key).await.unwrap().unwrap();
        assert_eq!(loaded.answer().token.as_str(), "next");
    }
}

/// The default holds tokens back of which less than a fifth is left, up to a minute.
#[tokio::test(flavor = "multi_thread")]
async fn with_no_time_asked_for_no_call_waits_while_the_old_token_is_valid() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(8)).await;
    let slots = [0, 1, 2].map(|_| slot_at_any_time(&fleet(&redis.url()), &provider));
    assert_eq!(all(slots.clone()).await.len(), 1);
    provider.faults().inject(InjectedFault::Delay(ms(1_000)), 1);
    let begun = Instant::now();
    let calling = slots.map(|slot| {
        tokio::spawn(async move {
            let (mut seen, mut slowest) = (BTreeSet::new(), Duration::ZERO);
            while begun.elapsed() < ms(8_500) {
                let asked = Instant::now();
                seen.insert(token(&slot).await);
                slowest = slowest.max(asked.elapsed());
                sleep(ms(5)).await;
            }
            (seen, slowest)
        })
    });
    for called in calling {
        let (seen, slowest) = called.await.unwrap();
        assert_eq!(seen.len(), 2);
        assert!(slowest < ms(500), "{slowest:?}");
    }
    assert_eq!(provider.executed().total(), 2);
}

/// As after an outage during which the old one became due: it is still in the store.
#[tokio::test]
async fn a_token_that_was_requested_without_the_store_replaces_one_that_ends_sooner() {
    let Some(redis) = Redis::start() else { return };
    let key = key(&provider(Duration::from_secs(600)).await);
    let [alone, other] = [0, 1].map(|_| tokens(&fleet(&redis.url())));
    assert!(other.load(&key).await.unwrap().is_none());
    for (text, left, stays) in [
        ("old", 60, "old"),
        ("new", 600, "new"),
        ("late", 300, "new"),
    ] {
        let store = if text == "old" { &other } else { &alone };
        let entry = entry(text, Duration::from_secs(left));
        store.save(&key, &entry).await.unwrap();
        let stored = other.stored(&key).await.unwrap().unwrap();
        assert_eq!(stored.answer().token.as_str(), stays, "{text}");
    }
}
