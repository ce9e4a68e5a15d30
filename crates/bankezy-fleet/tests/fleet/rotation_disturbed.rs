//! Rotation where others write under its names, or the store is away at the start.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use bankezy_crypto::PayloadSecret;
use bankezy_fleet::{Fleet, FleetError, RotationSettings};
use bankezy_test_support::{Captured, eventually};
use tokio::time::sleep;

use crate::rotation::{Mounted, open, secrets};
use crate::server::{Folder, Redis};
use crate::stage::{config, fleet, ms};

/// A report that others wrote is one that lacks the key: by force it goes.
#[tokio::test]
async fn a_report_that_cannot_be_read_is_waited_for() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let later = SystemTime::now() + Duration::from_secs(60);
    let later = later.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let later = later.as_millis().to_string();
    for report in ["no json", "7", "{}", "{\"rings\":{\"bank\":null}}"] {
        redis.number(&["ZADD", "test:{members}", &later, "m"]);
        redis.number(&["HSET", "test:{members}:reports", "m", report]);
        let refused = keys.promote("k2", ms(100)).await;
        assert_eq!(
            refused,
            Err(FleetError::NotReported { missing: 1 }),
            "{report}"
        );
    }
    keys.promote_by_force("k2").await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
}

/// What another program wrote under the names of rotation is replaced, and no process starts with another key for it.
#[tokio::test]
async fn names_of_rotation_with_other_types_heal() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    for name in [
        "test:{members}",
        "test:{members}:reports",
        "test:{members}:newest",
    ] {
        let other = if keys.ring().key_ids()[0] == "k1" {
            "k2"
        } else {
            "k1"
        };
        redis.text(&["SET", name, "x"]);
        assert!(fleet(&redis.url()).status().await.is_ok(), "{name}");
        keys.promote_by_force(other).await.unwrap();
        assert_eq!(keys.ring().key_ids()[0], other, "{name}");
        redis.text(&["SET", name, "x"]);
        keys.refresh().await.unwrap();
        keys.promote(other, ms(3_000)).await.unwrap();
        assert_eq!(keys.ring().key_ids()[0], other, "{name}");
        let members = fleet(&redis.url()).members().await.unwrap();
        assert_eq!(members.len(), 1, "{name}");
    }
}

/// Otherwise every promotion would wait for it, for as long as nobody removes it.
#[tokio::test]
async fn a_member_that_would_live_for_ever_counts_as_gone() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    for end in ["99999999999999", "1e300", "inf"] {
        redis.number(&["ZADD", "test:{members}", end, "m"]);
        redis.number(&[
            "HSET",
            "test:{members}:reports",
            "m",
            "{\"rings\":{\"bank\":[]}}",
        ]);
        let other = if keys.ring().key_ids()[0] == "k1" {
            "k2"
        } else {
            "k1"
        };
        keys.promote(other, ms(3_000)).await.unwrap();
        assert_eq!(keys.ring().key_ids()[0], other, "{end}");
    }
}

/// No promotion waits for such a process, so an operator has to hear of it.
#[tokio::test]
async fn a_process_that_starts_without_the_store_says_so_and_reports_later() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.kill();
    let (events, _guard) = Captured::of_this_thread("bankezy_fleet");
    let [one, _] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    keys.ring().seal(b"").unwrap();
    let said = events.lines("keys not reported");
    assert!(
        said.len() == 1 && said[0].contains("WARN") && said[0].contains("bank"),
        "{said:?}"
    );
    assert_eq!(events.lines("newest key not known").len(), 1);
    redis.restart();
    let other = fleet(&redis.url());
    let begun = Instant::now();
    while other.members().await.map_or(0, |members| members.len()) != 1 {
        assert!(begun.elapsed() < Duration::from_secs(5));
        sleep(ms(50)).await;
    }
}

/// A process reads its files by itself and when it is told to. Twice the same key was an error, and cost two shares.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_read_at_the_same_time_add_each_key_once() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let folder = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), folder.path()).await.unwrap();
    folder.swap(&[("k1", &one), ("k2", &two)]);
    let refreshes = (0..8).map(|_| {
        let keys = keys.clone();
        tokio::spawn(async move { keys.refresh().await })
    });
    for refreshed in refreshes.collect::<Vec<_>>() {
        assert_eq!(refreshed.await.unwrap(), Ok(()));
    }
    assert_eq!(keys.ring().key_ids(), ["k1", "k2"]);
    let share = (1 << 20).to_string();
    assert_eq!(redis.text(&["GET", "test:{budgets}:bank/k2"]), share);
}

/// The member lives on with its other ring.
#[tokio::test(flavor = "multi_thread")]
async fn a_ring_that_a_process_no_longer_has_holds_up_no_promotion() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [left, kept, own] = [0, 1, 2].map(|_| Mounted::new(&[("k1", &one)]));
    let three = PayloadSecret::generate().unwrap();
    let (member, settings) = (fleet(&redis.url()), RotationSettings::default());
    let ring = async |name, folder: &Mounted, first| {
        let ring = member.key_files(name, folder.path(), first, settings);
        ring.await
    };
    let dropped = ring("bank", &left, "k1").await.unwrap();
    let _other = ring("other", &kept, "k1").await.unwrap();
    drop(dropped);
    own.swap(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    keys.promote("k2", Duration::from_secs(3)).await.unwrap();
    // Nor does one that could not be opened.
    assert!(ring("bank", &left, "k1").await.is_err());
    own.swap(&[("k1", &one), ("k2", &two), ("k3", &three)]);
    keys.promote("k3", Duration::from_secs(3)).await.unwrap();
}

/// To go back to the key before, its file is removed and put back.
#[tokio::test]
async fn a_key_whose_file_comes_back_opens_again() {
    let Some(redis) = Redis::start() else { return };
    let folder = Folder::new("keys");
    let path = |id: &str| folder.0.join(id);
    for (id, secret) in ["k1", "k2"].iter().zip(secrets()) {
        fs::write(path(id), secret.to_base64url().as_str()).unwrap();
    }
    let settings = RotationSettings::default().overlap(Duration::ZERO);
    let fleet = fleet(&redis.url());
    let keys = fleet.key_files("bank", &folder.0, "k1", settings);
    let keys = keys.await.unwrap();
    keys.promote("k2", Duration::from_secs(2)).await.unwrap();
    // Three heartbeats at least: others may have sealed with it a heartbeat longer.
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    sleep(ms(1_000)).await;
    keys.refresh().await.unwrap();
    // Not because it is still there.
    assert_eq!(keys.ring().key_ids(), ["k2"]);
    let elsewhere = path(".k1");
    fs::rename(path("k1"), &elsewhere).unwrap();
    keys.refresh().await.unwrap();
    fs::rename(&elsewhere, path("k1")).unwrap();
    keys.refresh().await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
    keys.promote("k1", Duration::from_secs(2)).await.unwrap();
}

/// Those that follow it tell the store again: one that starts would begin with another key, and nobody would notice.
#[tokio::test]
async fn a_name_that_the_store_lost_is_written_back_by_those_that_follow_it() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    keys.promote_by_force("k2").await.unwrap();
    let name = || redis.ask(&["HGET", "test:{members}:newest", "bank"]).ok();
    let named = name();
    let losses: [&[&[&str]]; 5] = [
        &[&["DEL", "test:{members}:newest"]],
        &[&["FLUSHALL"]],
        // Of a backup.
        &[&["HSET", "test:{members}:newest", "bank", "1000|k1"]],
        &[&["HSET", "test:{members}:newest", "bank", "k1"]],
        &[
            &["DEL", "test:{members}:newest"],
            &["SET", "test:{members}:newest", "k1"],
        ],
    ];
    for loss in losses {
        for step in loss {
            redis.ask(step).unwrap();
        }
        eventually("its name", || name() == named).await;
    }
    let newcomer = open(&redis.url(), own.path()).await.unwrap();
    assert_eq!(newcomer.ring().key_ids(), ["k2", "k1"]);
}

/// Another program filled it. Reading it would take until the deadline, and the store would count as away.
#[tokio::test]
async fn a_name_of_great_length_is_not_read() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let fleet = fleet(&redis.url());
    let settings = RotationSettings::default();
    let keys = fleet.key_files("bank", own.path(), "k1", settings);
    let keys = keys.await.unwrap();
    let fill = "redis.call('HSET', KEYS[1], 'bank', '9|' .. string.rep('x', 200000000))";
    redis
        .ask(&["EVAL", fill, "1", "test:{members}:newest"])
        .unwrap();
    let begun = Instant::now();
    while begun.elapsed() < ms(1_000) {
        fleet.ping().await.unwrap();
        sleep(ms(10)).await;
    }
    keys.promote("k2", Duration::from_secs(5)).await.unwrap();
    assert!(
        redis
            .text(&["HGET", "test:{members}:newest", "bank"])
            .ends_with("|k2")
    );
}

#[tokio::test]
async fn a_name_that_is_no_text_ends_no_promotions() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let name = "redis.call('HSET', KEYS[1], 'bank', '5|\\255')";
    redis
        .ask(&["EVAL", name, "1", "test:{members}:newest"])
        .unwrap();
    keys.promote_by_force("k2").await.unwrap();
    assert_eq!(keys.ring().key_ids()[0], "k2");
}

/// As after a machine was set back to a snapshot.
#[tokio::test]
async fn a_report_with_a_number_that_is_ahead_is_replaced_by_the_second_one_after_it() {
    let Some(redis) = Redis::start() else { return };
    let [one, _] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let fleet = Fleet::connect(config(&redis.url()).heartbeat(Duration::from_secs(60))).unwrap();
    let settings = RotationSettings::default();
    let keys = fleet.key_files("bank", own.path(), "k1", settings);
    let keys = keys.await.unwrap();
    let report = r#"{"rings":{},"lives":180000,"number":100000}"#;
    redis.number(&["HSET", "test:{members}:reports", fleet.member_id(), report]);
    keys.refresh().await.unwrap();
    keys.refresh().await.unwrap();
    assert_eq!(fleet.members().await.unwrap()[0].rings["bank"], ["k1"]);
}
