//! A primary with a replica that takes its place without the latest writes, and a backup that is put back.

use std::fs;
use std::time::{Duration, Instant};

use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_fleet::BudgetSettings;
use bankezy_test_support::eventually;
use http::StatusCode;
use tokio::time::sleep;

use crate::proxy::{Mode, Proxy};
use crate::replay::{Backend, message};
use crate::server::Redis;
use crate::stage::{fleet, ms, provider, slot, token};

/// A primary, and a replica behind a link that can be cut.
struct Pair {
    primary: Redis,
    replica: Redis,
    link: Proxy,
}

impl Pair {
    async fn start(arguments: &[&str]) -> Option<Self> {
        let mut all = vec![
            "--save",
            "",
            "--repl-diskless-sync-delay",
            "0",
            "--repl-timeout",
            "2",
        ];
        all.extend(["--repl-ping-replica-period", "1"]);
        all.extend(arguments);
        let (primary, replica) = (Redis::start_with(&all)?, Redis::start_with(&all)?);
        let link = Proxy::start(primary.address).await;
        let port = link.address.port().to_string();
        replica.text(&["REPLICAOF", "127.0.0.1", &port]);
        let pair = Self {
            primary,
            replica,
            link,
        };
        let connected = || {
            pair.replica
                .text(&["INFO", "replication"])
                .contains("master_link_status:up")
        };
        eventually("the replica", connected).await;
        let counted = || {
            pair.primary
                .text(&["INFO", "replication"])
                .contains("state=online")
        };
        eventually("the primary to see it", counted).await;
        Some(pair)
    }

    /// What has been written is on the replica.
    async fn caught_up(&self) {
        let offset = |redis: &Redis, field: &str| {
            let info = redis.text(&["INFO", "replication"]);
            let line = info
                .lines()
                .find(|line| line.starts_with(field))
                .unwrap()
                .to_owned();
            line.split_once(':').unwrap().1.to_owned()
        };
        eventually("the replica to catch up", || {
            offset(&self.primary, "master_repl_offset")
                == offset(&self.replica, "slave_repl_offset")
        })
        .await;
    }

    /// The replica hears nothing from here on.
    async fn cut(&self) {
        self.link.set(Mode::Cut);
        let is_gone = || {
            !self
                .primary
                .text(&["INFO", "replication"])
                .contains("state=online")
        };
        eventually("the link to be cut", is_gone).await;
    }

    /// The replica takes the primary's place.
    fn promote(&mut self) -> String {
        self.replica.text(&["REPLICAOF", "NO", "ONE"]);
        self.primary.kill();
        self.replica.url()
    }
}

fn cipher() -> PayloadCipher {
    PayloadCipher::new(&PayloadSecret::from_bytes(&[9; 32]).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_that_loses_writes_costs_one_login_and_one_share_and_lets_a_mark_pass() {
    let Some(mut pair) = Pair::start(&[]).await else {
        return;
    };
    let provider = provider(Duration::from_secs(600)).await;
    let settings = BudgetSettings::default().share(1_000);
    let before = fleet(&pair.primary.url());
    let (_kept, budget) = before.budget("key-1", cipher(), settings).await.unwrap();
    let known = message();
    assert_eq!(Backend::new(&before).receive(&known).await, StatusCode::OK);
    while budget.total().await.unwrap() != 1_000 {
        sleep(ms(10)).await;
    }
    pair.caught_up().await;
    pair.cut().await;
    let lost = message();
    assert_eq!(Backend::new(&before).receive(&lost).await, StatusCode::OK);
    let first = token(&slot(&before, &provider)).await;
    let (_other, other) = fleet(&pair.primary.url())
        .budget("key-1", cipher(), settings)
        .await
        .unwrap();
    while other.last_total() != Some(2_000) {
        sleep(ms(10)).await;
    }
    let url = pair.promote();

    let after = fleet(&url);
    // A mark that had reached the replica is known; the one that had not lets its message pass. docs/fleet.md says so.
    let backend = Backend::new(&after);
    assert_eq!(backend.receive(&known).await, StatusCode::CONFLICT);
    assert_eq!(backend.receive(&lost).await, StatusCode::OK);
    assert_eq!(backend.receive(&lost).await, StatusCode::CONFLICT);
    // One login more for all that are there now.
    let tokens = [0, 1, 2].map(|_| slot(&fleet(&url), &provider));
    let second = token(&tokens[0]).await;
    assert_ne!(second, first);
    for slot in &tokens {
        assert_eq!(token(slot).await, second);
    }
    assert_eq!(provider.executed().total(), 2);
    // The count is one share behind what was sealed, and goes on.
    let (_third, third) = after.budget("key-1", cipher(), settings).await.unwrap();
    while third.last_total() != Some(2_000) {
        sleep(ms(10)).await;
    }
}

/// With `min-replicas-to-write` a primary that is cut off refuses marks instead of losing them.
#[tokio::test(flavor = "multi_thread")]
async fn a_primary_without_its_replica_refuses_marks_where_it_is_set_to() {
    let arguments = [
        "--min-replicas-to-write",
        "1",
        "--min-replicas-max-lag",
        "1",
    ];
    let Some(pair) = Pair::start(&arguments).await else {
        return;
    };
    let backend = Backend::new(&fleet(&pair.primary.url()));
    assert_eq!(backend.receive(&message()).await, StatusCode::OK);
    pair.link.set(Mode::Cut);
    let begun = Instant::now();
    while backend.receive(&message()).await != StatusCode::SERVICE_UNAVAILABLE {
        assert!(begun.elapsed() < Duration::from_secs(10));
        sleep(ms(50)).await;
    }
}

/// Processes that still reach the old primary after it became a replica.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_no_longer_takes_writes_counts_as_refusing() {
    let Some(pair) = Pair::start(&[]).await else {
        return;
    };
    let backend = Backend::new(&fleet(&pair.replica.url()));
    assert_eq!(
        backend.receive(&message()).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let provider = provider(Duration::from_secs(600)).await;
    // A token is requested all the same.
    token(&slot(&fleet(&pair.replica.url()), &provider)).await;
}

#[tokio::test]
async fn a_backup_that_is_put_back_brings_older_tokens_and_counts_and_the_fleet_goes_on() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let provider = provider(Duration::from_secs(600)).await;
    let one = slot(&fleet(&redis.url()), &provider);
    let old = one.get().await.unwrap();
    redis.text(&["SAVE"]);
    let dump = redis.folder().join("dump.rdb");
    let saved = fs::read(&dump).unwrap();
    // Refused, so that a newer one takes its place; then the backup is put back.
    one.refuse(&old.token).await.unwrap();
    let newer = token(&one).await;
    redis.kill();
    fs::write(&dump, saved).unwrap();
    redis.restart();
    let two = slot(&fleet(&redis.url()), &provider);
    assert_eq!(
        token(&two).await,
        old.token.as_str(),
        "the store gives what it has"
    );
    assert_eq!(token(&one).await, newer, "what is in use stays in use");
    // The provider refuses it: the next one is requested once, and its write is not refused as an older one.
    two.refuse(&old.token).await.unwrap();
    let next = token(&two).await;
    assert_ne!(next, old.token.as_str());
    assert_eq!(token(&slot(&fleet(&redis.url()), &provider)).await, next);
    assert_eq!(provider.executed().total(), 3);
}
