//! Rotation where something arrives late, or in an odd order.

use std::time::{Duration, Instant, SystemTime};

use bankezy_crypto::{PayloadSecret, Seal as _};
use bankezy_fleet::{Fleet, FleetError, KeyFiles, RotationSettings};
use bankezy_test_support::eventually;
use tokio::time::sleep;

use crate::proxy::{Mode, Proxy};
use crate::rotation::{Mounted, open, open_with, secrets};
use crate::rotation_members::opens;
use crate::server::Redis;
use crate::stage::{config, is_back_within, ms};

const NEWEST: &str = "test:{members}:newest";

fn in_the_future() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_millis() + 24 * 60 * 60 * 1000
}

/// A connection that fell silent, and whose last bytes arrive after the next one was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_arrives_late_takes_the_place_of_no_newer_one() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [here, there] = [(), ()].map(|()| Mounted::new(&[("k1", &one), ("k2", &two)]));
    let proxy = Proxy::start(redis.address).await;
    let keys = open_with(&redis.url(), &here, Duration::from_secs(2)).await;
    let other = open_with(&proxy.url(), &there, Duration::from_secs(2)).await;
    sleep(ms(6_500)).await;
    proxy.set(Mode::Held(""));
    assert!(other.refresh().await.is_err());
    there.swap(&[("k1", &one)]);
    while other.refresh().await.is_err() {
        sleep(ms(20)).await;
    }
    proxy.set(Mode::Pass);
    sleep(ms(200)).await;
    let missing = FleetError::NotReported { missing: 1 };
    assert_eq!(keys.promote("k2", ms(0)).await, Err(missing));
}

/// The second one may have been made because the first key leaked.
#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_that_arrives_late_does_not_undo_a_newer_one() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [three, _] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two), ("k3", &three)]);
    let proxy = Proxy::start(redis.address).await;
    let keys = open(&proxy.url(), own.path()).await.unwrap();
    // So that the server knows the script.
    keys.promote_by_force("k3").await.unwrap();
    keys.promote_by_force("k1").await.unwrap();
    // The argument of the promotion; reports have it in JSON.
    proxy.set(Mode::Held("\r\nk2\r\n"));
    let timed_out = Err(FleetError::TimedOut);
    assert_eq!(keys.promote_by_force("k2").await, timed_out);
    while keys.promote_by_force("k3").await.is_err() {
        sleep(ms(20)).await;
    }
    let named = redis.text(&["HGET", NEWEST, "bank"]);
    proxy.set(Mode::Pass);
    sleep(ms(300)).await;
    assert_eq!(redis.text(&["HGET", NEWEST, "bank"]), named);
    assert_eq!(keys.ring().key_ids()[0], "k3");
}

/// The one that waits may be of a key that leaked meanwhile.
#[tokio::test]
async fn a_promotion_that_waits_does_not_undo_a_later_one() {
    let [one, two] = secrets();
    let [three, _] = secrets();
    let all: &[(&str, &PayloadSecret)] = &[("k1", &one), ("k2", &two), ("k3", &three)];
    let few: &[(&str, &PayloadSecret)] = &[("k1", &one), ("k3", &three)];
    // It waits for the file of the other member, or for its own.
    for (here, there) in [(all, few), (few, few)] {
        let Some(redis) = Redis::start() else { return };
        let (here, there) = (Mounted::new(here), Mounted::new(there));
        let keys = open(&redis.url(), here.path()).await.unwrap();
        let _behind = open(&redis.url(), there.path()).await.unwrap();
        let waiting = keys.clone();
        let waiting = async move { waiting.promote("k2", Duration::from_secs(20)).await };
        let waiting = tokio::spawn(waiting);
        sleep(ms(500)).await;
        keys.promote_by_force("k3").await.unwrap();
        for folder in [&here, &there] {
            folder.swap(all);
        }
        let begun = Instant::now();
        assert_eq!(waiting.await.unwrap(), Err(FleetError::Superseded));
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(keys.ring().key_ids()[0], "k3");
    }
}

/// A promotion waits, and its process cannot reach the store.
#[tokio::test]
async fn a_promotion_of_before_an_outage_does_not_undo_a_later_one() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [three, _] = secrets();
    let all: &[(&str, &PayloadSecret)] = &[("k1", &one), ("k2", &two), ("k3", &three)];
    let [here, there] = [(), ()].map(|()| Mounted::new(all));
    let proxy = Proxy::start(redis.address).await;
    let keys = open(&proxy.url(), here.path()).await.unwrap();
    let other = open(&redis.url(), there.path()).await.unwrap();
    proxy.set(Mode::Cut);
    let waiting = keys.clone();
    let waiting = tokio::spawn(async move { waiting.promote("k2", Duration::from_secs(20)).await });
    sleep(ms(300)).await;
    other.promote_by_force("k3").await.unwrap();
    proxy.set(Mode::Pass);
    assert_eq!(waiting.await.unwrap(), Err(FleetError::Superseded));
    eventually("k3", || keys.ring().key_ids()[0] == "k3").await;
}

/// Its file arrives after it was promoted by force, and the store is slow.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_not_seal_before_it_has_a_share() {
    let [one, two] = secrets();
    for delay in [100, 40, 100, 40, 100, 40] {
        let Some(redis) = Redis::start() else { return };
        let here = Mounted::new(&[("k1", &one), ("k2", &two)]);
        let there = Mounted::new(&[("k1", &one)]);
        let proxy = Proxy::start(redis.address).await;
        let keys = open_with(&redis.url(), &here, ms(10)).await;
        let other = open_with(&proxy.url(), &there, ms(10)).await;
        keys.promote_by_force("k2").await.unwrap();
        sleep(ms(300)).await;
        proxy.set(Mode::Delay(ms(delay)));
        sleep(ms(300)).await;
        there.swap(&[("k1", &one), ("k2", &two)]);
        let ring = other.ring();
        while ring.key_ids()[0] != "k2" {
            ring.seal(b"{}").unwrap();
            sleep(ms(1)).await;
        }
        for _ in 0..200 {
            ring.seal(b"{}").unwrap();
            sleep(ms(1)).await;
        }
    }
}

/// As while the store's clock was set back: two names after the same one, of which a failover lost the first.
#[tokio::test]
async fn names_of_one_time_end_with_one_key() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [three, four] = secrets();
    let all: &[(&str, &PayloadSecret)] =
        &[("k1", &one), ("k2", &two), ("k3", &three), ("k4", &four)];
    let [here, there] = [(), ()].map(|()| Mounted::new(all));
    let keys = open_with(&redis.url(), &here, Duration::from_secs(1)).await;
    let other = open_with(&redis.url(), &there, Duration::from_secs(1)).await;
    let before = format!("{}|k2", in_the_future());
    redis.number(&["HSET", NEWEST, "bank", &before]);
    for keys in [&keys, &other] {
        keys.refresh().await.unwrap();
    }
    keys.promote_by_force("k3").await.unwrap();
    let first = redis.text(&["HGET", NEWEST, "bank"]);
    let (at, _) = first.split_once('|').unwrap();
    redis.number(&["HSET", NEWEST, "bank", &format!("{at}|k4")]);
    for keys in [&keys, &other] {
        eventually("k4", || keys.ring().key_ids()[0] == "k4").await;
    }
    assert_eq!(redis.text(&["HGET", NEWEST, "bank"]), format!("{at}|k4"));
}

/// Near the last time that is taken, and beyond.
#[tokio::test]
async fn a_time_far_off_ends_no_promotions() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [here, there] = [(), ()].map(|()| Mounted::new(&[("k1", &one), ("k2", &two)]));
    let keys = open(&redis.url(), here.path()).await.unwrap();
    let other = open(&redis.url(), there.path()).await.unwrap();
    for name in [
        "99999999999999|k3",
        "90000000000000|k3",
        "89999999999999|k3",
        "9e13|k3",
    ] {
        redis.number(&["HSET", NEWEST, "bank", name]);
        for id in ["k2", "k1", "k2", "k1"] {
            keys.promote(id, Duration::from_secs(5)).await.unwrap();
            for keys in [&keys, &other] {
                eventually("the key", || keys.ring().key_ids()[0] == id).await;
            }
        }
    }
}

/// The store's clock was ahead when the key was named, and the store lost that.
#[tokio::test]
async fn a_member_whose_key_was_named_in_the_future_follows_a_newer_name() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [three, _] = secrets();
    let [here, there] = [(), ()].map(|()| Mounted::new(&[("k1", &one), ("k2", &two)]));
    let keys = open(&redis.url(), here.path()).await.unwrap();
    let ahead = format!("{}|k2", in_the_future());
    redis.number(&["HSET", NEWEST, "bank", &ahead]);
    keys.refresh().await.unwrap();
    // It leaked.
    for folder in [&here, &there] {
        folder.swap(&[("k1", &one), ("k3", &three)]);
    }
    keys.refresh().await.unwrap();
    redis.number(&["DEL", NEWEST]);
    let newcomer = open(&redis.url(), there.path()).await.unwrap();
    newcomer.promote_by_force("k3").await.unwrap();
    eventually("k3", || keys.ring().key_ids()[0] == "k3").await;
}

/// Two readings at once: the first found the file gone, and the second reports the key or cannot tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_promoted_while_two_readings_went_on_opens() {
    let [one, two] = secrets();
    let both: &[(&str, &PayloadSecret)] = &[("k1", &one), ("k2", &two)];
    let afterwards: [&[(&str, &PayloadSecret)]; 2] = [both, &[]];
    for after in afterwards {
        let Some(redis) = Redis::start() else { return };
        let (here, there) = (Mounted::new(both), Mounted::new(both));
        let proxy = Proxy::start(redis.address).await;
        let keys = open_with(&redis.url(), &here, Duration::from_secs(1)).await;
        let other = open_with(&proxy.url(), &there, Duration::from_secs(1)).await;
        sleep(ms(3_200)).await;
        proxy.set(Mode::Delay(ms(150)));
        there.swap(&[("k1", &one)]);
        let refresh = |keys: KeyFiles| tokio::spawn(async move { keys.refresh().await });
        let first = refresh(other.clone());
        sleep(ms(310)).await;
        there.swap(after);
        let second = refresh(other.clone());
        let promoted = keys.promote("k2", ms(400)).await;
        let _ = first.await.unwrap();
        assert!(opens(&keys, &other), "{promoted:?}");
        // What is not known is not reported.
        assert_eq!(promoted.is_ok(), !after.is_empty(), "{promoted:?}");
        let _ = second.await.unwrap();
    }
}

/// The store is slow, and each share of a key takes one operation.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_takes_longer_than_three_heartbeats_is_waited_for() {
    let Some(redis) = Redis::start() else { return };
    let secrets: Vec<_> = (1..=9)
        .map(|_| PayloadSecret::generate().unwrap())
        .collect();
    let names: Vec<_> = (1..=9).map(|number| format!("k{number}")).collect();
    let all: Vec<_> = names.iter().map(String::as_str).zip(&secrets).collect();
    let (here, there) = (Mounted::new(&all), Mounted::new(&all[..8]));
    let keys = open_with(&redis.url(), &here, ms(500)).await;
    let proxy = Proxy::start(redis.address).await;
    let member = Fleet::connect(config(&proxy.url()).heartbeat(ms(500))).unwrap();
    is_back_within(&member, ms(2_000)).await;
    sleep(ms(1_600)).await;
    proxy.set(Mode::Delay(ms(150)));
    let starting = tokio::spawn(async move {
        let settings = RotationSettings::default();
        let opened = member.key_files("bank", there.path(), "k1", settings);
        (opened.await.unwrap(), there)
    });
    sleep(ms(900)).await;
    let promoted = keys.promote("k9", Duration::from_secs(4)).await;
    assert!(promoted.is_err(), "{promoted:?}");
    let (other, _there) = starting.await.unwrap();
    assert!(opens(&keys, &other));
}
