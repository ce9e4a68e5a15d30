//! Whom a promotion waits for: members that the store forgot, keys that soon end, rings that are open twice.

use std::fs;
use std::time::{Duration, SystemTime};

use bankezy_crypto::{Error, PayloadSecret};
use bankezy_fleet::{Fleet, FleetError, KeyFiles, RotationSettings};
use bankezy_test_support::eventually;
use tokio::time::{sleep, timeout};

use crate::proxy::{Mode, Proxy};
use crate::rotation::{Mounted, open, secrets};
use crate::server::Redis;
use crate::stage::{config, fleet, ms};

const MISSING: Result<(), FleetError> = Err(FleetError::NotReported { missing: 1 });

/// Two members: the second one lacks `k2`. Their heartbeats are a second apart.
async fn one_behind(redis: &Redis) -> [(KeyFiles, Mounted); 2] {
    let [one, two] = secrets();
    let keys: [&[(&str, &PayloadSecret)]; 2] = [&[("k1", &one), ("k2", &two)], &[("k1", &one)]];
    let mut opened = Vec::new();
    for keys in keys {
        let folder = Mounted::new(keys);
        let config = config(&redis.url()).heartbeat(Duration::from_secs(1));
        let fleet = Fleet::connect(config.response_deadline(Duration::from_secs(5))).unwrap();
        let settings = RotationSettings::default();
        let keys = fleet.key_files("bank", folder.path(), "k1", settings);
        opened.push((keys.await.unwrap(), folder));
    }
    opened.try_into().ok().unwrap()
}

pub(crate) fn opens(sealer: &KeyFiles, opener: &KeyFiles) -> bool {
    let sealed = sealer.ring().seal(b"{}").unwrap();
    opener.ring().open(&sealed).is_ok()
}

/// Without a copy on disk, a server that starts again knows no member.
#[tokio::test]
async fn members_that_the_store_forgot_are_waited_for() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let [(keys, _own), (other, _behind)] = one_behind(&redis).await;
    assert_eq!(keys.promote("k2", ms(0)).await, MISSING);
    redis.kill();
    redis.restart();
    assert_eq!(keys.promote("k2", Duration::from_secs(5)).await, MISSING);
    // While a promotion waits.
    let (promoted, _) = tokio::join!(keys.promote("k2", Duration::from_secs(5)), async {
        sleep(ms(1_500)).await;
        redis.ask(&["FLUSHALL"]).unwrap();
    });
    assert_eq!(promoted, MISSING);
    assert!(opens(&keys, &other));
}

/// A copy on disk is older than the second member.
#[tokio::test]
async fn a_member_that_an_older_state_of_the_store_lacks_is_waited_for() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let [one, two] = secrets();
    let (own, behind) = (
        Mounted::new(&[("k1", &one), ("k2", &two)]),
        Mounted::new(&[("k1", &one)]),
    );
    let keys = open(&redis.url(), own.path()).await.unwrap();
    sleep(ms(1_200)).await;
    redis.ask(&["SAVE"]).unwrap();
    let other = open(&redis.url(), behind.path()).await.unwrap();
    assert_eq!(keys.promote("k2", ms(0)).await, MISSING);
    redis.kill();
    redis.restart();
    assert_eq!(keys.promote("k2", Duration::from_secs(5)).await, MISSING);
    assert!(opens(&keys, &other));
}

/// It answers nobody for long enough to take a member for gone, and goes on as the same server.
#[tokio::test]
async fn members_are_waited_for_after_the_store_stood_still() {
    let Some(redis) = Redis::start() else { return };
    let [(keys, _own), (other, _behind)] = one_behind(&redis).await;
    sleep(ms(3_500)).await;
    redis.freeze();
    sleep(ms(3_500)).await;
    redis.thaw();
    assert_eq!(keys.promote("k2", Duration::from_secs(5)).await, MISSING);
    assert!(opens(&keys, &other));
}

/// Then every end lies in the past.
#[tokio::test]
async fn members_are_waited_for_after_the_clock_of_the_store_was_set_forward() {
    let Some(redis) = Redis::start() else { return };
    let [(keys, _own), (_other, _behind)] = one_behind(&redis).await;
    sleep(ms(3_500)).await;
    let all = "for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 1, m) end";
    redis.ask(&["EVAL", all, "1", "test:{members}"]).unwrap();
    let at_once = keys.promote("k2", ms(0)).await;
    assert!(
        matches!(at_once, Err(FleetError::MembersForgotten)) || at_once == MISSING,
        "{at_once:?}"
    );
    assert_eq!(keys.promote("k2", Duration::from_secs(5)).await, MISSING);
}

/// Its end lies further off than it could live.
#[tokio::test]
async fn a_member_that_ended_before_the_clock_of_the_store_was_set_back_is_not_waited_for() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let end = SystemTime::now() + Duration::from_secs(3_600);
    let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    redis.number(&[
        "ZADD",
        "test:{members}",
        &end.as_millis().to_string(),
        "gone",
    ]);
    let report = r#"{"name":null,"rings":{"bank":["k1"]},"lives":900}"#;
    redis.number(&["HSET", "test:{members}:reports", "gone", report]);
    assert!(keys.promote("k2", ms(0)).await.is_err());
    keys.promote("k2", Duration::from_secs(5)).await.unwrap();
}

/// Who reports a key says that it will still open when others seal with it.
#[tokio::test]
async fn a_replaced_key_that_soon_ends_is_not_promoted_again_but_by_force() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let both = || Mounted::new(&[("k1", &one), ("k2", &two)]);
    let folders = [both(), both(), both()];
    let [a, b] = [&folders[0], &folders[1]].map(|folder| folder.path());
    // A key that was replaced opens for four seconds.
    let (a, b) = (
        open(&redis.url(), a).await.unwrap(),
        open(&redis.url(), b).await.unwrap(),
    );
    b.promote("k2", Duration::from_secs(5)).await.unwrap();
    a.refresh().await.unwrap();
    // It has the old key without an end.
    let c = open(&redis.url(), folders[2].path()).await.unwrap();
    sleep(ms(3_000)).await;
    for keys in [&a, &b] {
        keys.refresh().await.unwrap();
    }
    let refused = c.promote("k1", ms(0)).await;
    assert_eq!(refused, Err(FleetError::NotReported { missing: 2 }));
    sleep(ms(2_000)).await;
    a.refresh().await.unwrap();
    assert_eq!(a.ring().key_ids(), ["k2"]);
    // A file that is no key does not stand in the way.
    fs::write(folders[2].path().join("k3"), "no key").unwrap();
    c.promote_by_force("k1").await.unwrap();
    a.refresh().await.unwrap();
    assert!(opens(&c, &a) && opens(&a, &c));
    assert_eq!(a.ring().key_ids(), ["k1", "k2"]);
}

/// The newer one leaked, and the old one's file is still there.
#[tokio::test]
async fn a_process_that_replaced_a_key_goes_back_to_it_by_force() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    keys.promote_by_force("k2").await.unwrap();
    eventually("k1 to expire", || keys.ring().key_ids() == ["k2"]).await;
    keys.promote_by_force("k1").await.unwrap();
    assert_eq!(keys.ring().key_ids()[0], "k1");
}

/// What it reported before it could not read its folder is not true for ever.
#[tokio::test]
async fn a_process_that_cannot_read_its_folder_does_not_report_a_key_that_ended() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let [here, there] = [(), ()].map(|()| Mounted::new(&[("k1", &one), ("k2", &two)]));
    let keys = open(&redis.url(), here.path()).await.unwrap();
    keys.promote("k2", Duration::from_secs(5)).await.unwrap();
    here.swap(&[]);
    sleep(ms(4_500)).await;
    assert_eq!(keys.refresh().await, Err(FleetError::NoKeys));
    assert_eq!(keys.ring().key_ids(), ["k2"]);
    let other = open(&redis.url(), there.path()).await.unwrap();
    assert_eq!(other.promote("k1", ms(1_500)).await, MISSING);
}

/// Its users have different rights, as while these are changed.
#[tokio::test]
async fn a_member_that_may_not_ask_for_the_run_of_the_server_holds_up_no_promotion() {
    let Some(redis) = Redis::start() else { return };
    let restricted = "ACL SETUSER narrow on >secret ~* &* +@all -info";
    let restricted: Vec<_> = restricted.split(' ').collect();
    redis.ask(&restricted).unwrap();
    let [one, two] = secrets();
    let both = || Mounted::new(&[("k1", &one), ("k2", &two)]);
    let (here, there) = (both(), both());
    let url = redis.url().replace("redis://", "redis://narrow:secret@");
    let _narrow = open(&url, there.path()).await.unwrap();
    let keys = open(&redis.url(), here.path()).await.unwrap();
    keys.promote("k2", Duration::from_secs(5)).await.unwrap();
}

/// As an HTTP handler that promotes, and whose client goes away. The key would never seal here.
#[tokio::test]
async fn a_caller_that_leaves_does_not_leave_a_key_without_a_budget() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let proxy = Proxy::start(redis.address).await;
    let config = config(&proxy.url()).heartbeat(Duration::from_secs(60));
    let fleet = Fleet::connect(config).unwrap();
    let settings = RotationSettings::default();
    let keys = fleet.key_files("bank", own.path(), "k1", settings);
    let keys = keys.await.unwrap();
    own.swap(&[("k1", &one), ("k2", &two)]);
    proxy.set(Mode::Delay(ms(200)));
    assert!(timeout(ms(100), keys.refresh()).await.is_err());
    assert_eq!(keys.ring().key_ids(), ["k1", "k2"]);
    eventually("the budget", || {
        keys.budget("k2")
            .is_some_and(|budget| budget.last_total().is_some())
    })
    .await;
}

/// No process could start under its name.
#[tokio::test]
async fn a_key_whose_file_is_gone_is_not_promoted_even_by_force() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    own.swap(&[("k1", &one)]);
    let unknown = Err(FleetError::Key(Error::UnknownKeyId));
    assert_eq!(keys.promote_by_force("k2").await, unknown);
    assert_eq!(keys.promote("k2", ms(0)).await, unknown);
}

/// Another program wrote there.
#[tokio::test]
async fn times_that_no_fleet_wrote_hold_up_no_promotion() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    let reports = "test:{members}:reports";
    for (number, since) in ["nan", "inf", "-5", "1e300", "99999999999999999 -"]
        .iter()
        .enumerate()
    {
        redis.number(&["HSET", reports, "since", since]);
        let report = r#"{"rings":{"bank":["k1"]},"lives":1e300}"#;
        redis.number(&["ZADD", "test:{members}", "9e15", "m"]);
        redis.number(&["HSET", reports, "m", report]);
        redis.number(&[
            "HSET",
            "test:{members}:newest",
            "bank",
            "999999999999999|k9",
        ]);
        let other = ["k2", "k1"][number % 2];
        keys.promote(other, Duration::from_secs(5)).await.unwrap();
        assert_eq!(keys.ring().key_ids()[0], other, "{since}");
    }
}

#[tokio::test]
async fn a_ring_that_is_open_twice_is_reported_with_what_opens_in_both() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let whole = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let behind = Mounted::new(&[("k1", &one)]);
    let keys = open(&redis.url(), whole.path()).await.unwrap();
    let member = fleet(&redis.url());
    let settings = RotationSettings::default();
    let opened = async |folder: &Mounted, first| {
        let keys = member.key_files("bank", folder.path(), first, settings);
        keys.await
    };
    let first = opened(&behind, "k1").await.unwrap();
    let second = opened(&whole, "k1").await.unwrap();
    let wait = ms(1_500);
    assert_eq!(keys.promote("k2", wait).await, MISSING);
    assert!(opened(&whole, "misspelt").await.is_err());
    assert_eq!(keys.promote("k2", ms(0)).await, MISSING);
    drop(second);
    first.refresh().await.unwrap();
    assert_eq!(keys.promote("k2", ms(0)).await, MISSING);
    drop(first);
    let _third = opened(&whole, "k1").await.unwrap();
    keys.promote("k2", wait).await.unwrap();
}

/// It was named by a report from before, and others seal with it.
#[tokio::test]
async fn a_key_that_is_named_while_its_file_goes_stays() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    own.swap(&[("k1", &one)]);
    redis.number(&["HSET", "test:{members}:newest", "bank", "1000|k2"]);
    keys.refresh().await.unwrap();
    assert_eq!(keys.ring().key_ids(), ["k2", "k1"]);
}

#[tokio::test]
async fn a_promotion_outlasts_a_store_that_is_away_for_a_moment() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let [one, two] = secrets();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let keys = open(&redis.url(), own.path()).await.unwrap();
    redis.kill();
    // Not that the store is left alone for a moment: why.
    let error = keys.promote("k2", ms(800)).await.unwrap_err();
    assert!(error.is_away() && error != FleetError::Resting, "{error:?}");
    let promoting = keys.clone();
    let promoted =
        tokio::spawn(async move { promoting.promote("k2", Duration::from_secs(20)).await });
    sleep(ms(300)).await;
    redis.restart();
    assert_eq!(promoted.await.unwrap(), Ok(()));
}

/// It cannot be told from one that was killed.
#[tokio::test]
async fn a_process_that_is_cut_off_counts_as_gone_and_follows_once_it_is_back() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let here = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let there = Mounted::new(&[("k1", &one)]);
    let proxy = Proxy::start(redis.address).await;
    let keys = open(&redis.url(), here.path()).await.unwrap();
    let cut_off = open(&proxy.url(), there.path()).await.unwrap();
    assert_eq!(keys.promote("k2", ms(0)).await, MISSING);
    proxy.set(Mode::Silent);
    keys.promote("k2", Duration::from_secs(5)).await.unwrap();
    assert_eq!(cut_off.ring().key_ids(), ["k1"]);
    there.swap(&[("k1", &one), ("k2", &two)]);
    proxy.set(Mode::Pass);
    eventually("the new key", || cut_off.ring().key_ids()[0] == "k2").await;
}

/// The files are read with each heartbeat, and a start that fails is repeated.
#[tokio::test]
async fn a_key_that_the_ring_refuses_reserves_nothing() {
    let Some(redis) = Redis::start() else { return };
    let [one, two] = secrets();
    let three = PayloadSecret::generate().unwrap();
    let own = Mounted::new(&[("k1", &one), ("k2", &two)]);
    let settings = RotationSettings::default().max_opening_keys(1);
    let member = fleet(&redis.url());
    let keys = member.key_files("bank", own.path(), "k1", settings);
    let keys = keys.await.unwrap();
    own.swap(&[("k1", &one), ("k2", &two), ("k3", &three)]);
    for _ in 0..3 {
        let refused = keys.refresh().await.unwrap_err();
        assert_eq!(refused.code(), "fleet.key_file");
    }
    // What an editor leaves.
    let backup = Mounted::new(&[("k1", &one)]);
    fs::copy(backup.path().join("k1"), backup.path().join("k1~")).unwrap();
    for _ in 0..3 {
        let opened = member.key_files("other", backup.path(), "k1", settings);
        let text = opened.await.unwrap_err().to_string();
        assert!(
            text.starts_with("the key of the file k1~ is not taken: "),
            "{text}"
        );
    }
    let reserved = |name: &str| redis.number(&["EXISTS", &format!("test:{{budgets}}:{name}")]);
    assert_eq!(["bank/k1", "bank/k2", "bank/k3"].map(reserved), [1, 1, 0]);
    assert_eq!(["other/k1", "other/k1~"].map(reserved), [0, 0]);
}

/// One that is late all the time holds promotions up, and an operator has to see which it is.
#[tokio::test]
async fn a_member_says_how_long_ago_it_reported() {
    let Some(redis) = Redis::start() else { return };
    let [one, _] = secrets();
    let own = Mounted::new(&[("k1", &one)]);
    let fleet = Fleet::connect(config(&redis.url()).heartbeat(Duration::from_secs(20))).unwrap();
    let settings = RotationSettings::default();
    let keys = fleet.key_files("bank", own.path(), "k1", settings);
    let keys = keys.await.unwrap();
    sleep(ms(1_200)).await;
    let ago = async || fleet.members().await.unwrap()[0].last_report;
    assert!((ms(1_000)..ms(10_000)).contains(&ago().await));
    keys.refresh().await.unwrap();
    assert!(ago().await < ms(1_000));
}
