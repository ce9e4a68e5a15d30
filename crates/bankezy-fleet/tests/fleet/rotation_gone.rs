//! Keys whose files are gone, and what can still be sealed under them.

use std::fs;
use std::time::{Duration, Instant};

use bankezy_fleet::{FleetError, KeyFiles};
use bankezy_test_support::eventually;
use tokio::time::sleep;

use crate::proxy::{Mode, Proxy};
use crate::rotation::{Mounted, open, open_with, secrets};
use crate::rotation_members::opens;
use crate::server::Redis;
use crate::stage::ms;

const NEWEST: &str = "test:{members}:newest";

/// Members that promote `k2` and follow it, all with both keys. Their heartbeats are a second apart.
async fn two(redis: &Redis, url_of_second: &str) -> [(KeyFiles, Mounted); 2] {
    let [one, two] = secrets();
    let mut opened = Vec::new();
    for url in [&redis.url(), url_of_second] {
        let folder = Mounted::new(&[("k1", &one), ("k2", &two)]);
        let keys = open_with(url, &folder, Duration::from_secs(1)).await;
        opened.push((keys, folder));
    }
    opened.try_into().ok().unwrap()
}

fn remove(folder: &Mounted, file: &str) {
    fs::remove_file(folder.path().join(file)).unwrap();
}

/// A key whose file is gone leaked, perhaps.
#[tokio::test]
async fn a_file_that_cannot_be_read_keeps_no_other_key() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    keys.promote_by_force("k2").await.unwrap();
    own.swap(&[("k2", &two)]);
    fs::write(own.path().join("k3"), "half").unwrap();
    let error = keys.refresh().await.unwrap_err();
    assert_eq!(error.code(), "fleet.key_file");
    eventually("k1 to go", || keys.ring().key_ids() == ["k2"]).await;
}

/// No process could start under its name.
#[tokio::test]
async fn a_lost_name_of_a_key_whose_file_is_gone_is_not_written_back() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [own, all] = [(), ()].map(|()| Mounted::new(&[("k1", &one), ("k2", &two)]));
    let keys = open(&redis.url(), own.path()).await.unwrap();
    keys.promote_by_force("k2").await.unwrap();
    own.swap(&[("k1", &one)]);
    keys.refresh().await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    redis.number(&["DEL", "test:{members}:newest"]);
    sleep(ms(700)).await;
    keys.refresh().await.unwrap();
    // Nor when the files are not known any more.
    own.swap(&[]);
    assert_eq!(keys.refresh().await, Err(FleetError::NoKeys));
    keys.refresh().await.unwrap_err();
    assert_eq!(redis.keys("*newest"), [""; 0]);
    let newcomer = open(&redis.url(), all.path()).await.unwrap();
    assert_eq!(newcomer.ring().key_ids(), ["k1", "k2"]);
}

/// Others promote it while a report with it counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_a_file_stays_while_a_report_with_it_counts() {
    let Some(redis) = Redis::start() else { return };
    let proxy = Proxy::start(redis.address).await;
    let [(keys, _own), (other, there)] = two(&redis, &proxy.url()).await;
    keys.promote("k2", Duration::from_secs(10)).await.unwrap();
    eventually("k2", || other.ring().key_ids()[0] == "k2").await;
    sleep(ms(1_200)).await;
    other.refresh().await.unwrap();
    proxy.set(Mode::Cut);
    remove(&there, "k1");
    assert!(other.refresh().await.is_err());
    sleep(ms(1_500)).await;
    // Back to it.
    keys.promote("k1", ms(0)).await.unwrap();
    assert!(opens(&keys, &other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_a_file_stays_until_its_name_is_written_back() {
    let Some(redis) = Redis::start() else { return };
    let [(keys, _own), (other, there)] = two(&redis, &redis.url()).await;
    // Just after a heartbeat of the other.
    keys.promote("k1", Duration::from_secs(10)).await.unwrap();
    sleep(ms(1_200)).await;
    other.refresh().await.unwrap();
    keys.promote("k2", ms(0)).await.unwrap();
    redis.number(&["DEL", NEWEST]);
    remove(&there, "k2");
    for _ in 0..3 {
        let _ = other.refresh().await;
        assert!(opens(&keys, &other));
        sleep(ms(500)).await;
    }
    eventually("k2", || other.ring().key_ids()[0] == "k2").await;
}

/// It leaked, perhaps: it does not open for longer because the store is away.
#[tokio::test]
async fn a_key_without_a_file_is_retired_also_without_the_store() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    keys.promote_by_force("k2").await.unwrap();
    redis.kill();
    own.swap(&[("k2", &two)]);
    let begun = Instant::now();
    eventually("k1 to go", || keys.ring().key_ids() == ["k2"]).await;
    assert!((ms(1_000)..ms(4_000)).contains(&begun.elapsed()));
}

/// Others seal with it until they follow.
#[tokio::test]
async fn a_key_whose_file_was_gone_opens_for_heartbeats_after_it_was_replaced() {
    let Some(redis) = Redis::start() else { return };
    let [(keys, own), (other, there)] = two(&redis, &redis.url()).await;
    for folder in [&own, &there] {
        remove(folder, "k1");
    }
    sleep(Duration::from_secs(5)).await;
    keys.promote_by_force("k2").await.unwrap();
    for keys in [&keys, &other] {
        keys.refresh().await.unwrap();
        assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    }
    sleep(ms(2_000)).await;
    for keys in [&keys, &other] {
        assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    }
    eventually("k1 to go", || keys.ring().key_ids() == ["k2"]).await;
}

/// Its key leaked, and the store lost the name, which was of the future.
#[tokio::test]
async fn a_lost_name_of_a_key_without_a_file_stands_in_the_way_of_no_other() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [three, _] = secrets();
    let [here, there] = [(), ()].map(|()| Mounted::new(&[("k1", &one), ("k2", &two)]));
    let keys = open(&redis.url(), here.path()).await.unwrap();
    let other = open(&redis.url(), there.path()).await.unwrap();
    redis.number(&["HSET", NEWEST, "bank", "80000000000000|k2"]);
    for keys in [&keys, &other] {
        keys.refresh().await.unwrap();
    }
    for folder in [&here, &there] {
        folder.swap(&[("k1", &one), ("k3", &three)]);
    }
    for keys in [&keys, &other] {
        keys.refresh().await.unwrap();
    }
    redis.ask(&["FLUSHALL"]).unwrap();
    keys.promote_by_force("k3").await.unwrap();
    assert_eq!(keys.ring().key_ids()[0], "k3");
    eventually("k3", || other.ring().key_ids()[0] == "k3").await;
    // By itself, if the store has an older one.
    for (keys, folder) in [(&keys, &here), (&other, &there)] {
        folder.swap(&[("k1", &one)]);
        keys.refresh().await.unwrap();
    }
    redis.number(&["HSET", NEWEST, "bank", "1000|k1"]);
    for keys in [&keys, &other] {
        eventually("k1", || keys.ring().key_ids()[0] == "k1").await;
    }
}
