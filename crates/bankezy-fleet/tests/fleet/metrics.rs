//! Each metric is recorded, described and on the page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bankezy_crypto::providers::TokenStore as _;
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_fleet::{BudgetSettings, describe_metrics};
use bankezy_test_support::eventually;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};
use tokio::time::sleep;

use crate::server::Redis;
use crate::stage::{LIMIT, fleet, key, ms, provider, slot, token, tokens};

const PAGE: &str = include_str!("../../../../docs/operations.md");

/// A recorder that keeps the sum of a counter and the last value of a gauge, by name and labels.
#[derive(Clone, Default)]
struct Recorded {
    values: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<BTreeMap<String, (&'static str, String)>>>,
}

struct Value(Recorded, String);

impl CounterFn for Value {
    fn increment(&self, value: u64) {
        let mut values = self.0.values.lock().unwrap();
        *values.entry(self.1.clone()).or_default() += value as f64;
    }

    fn absolute(&self, _: u64) {
        unreachable!("not used");
    }
}

impl GaugeFn for Value {
    fn increment(&self, _: f64) {
        unreachable!("not used");
    }

    fn decrement(&self, _: f64) {
        unreachable!("not used");
    }

    fn set(&self, value: f64) {
        self.0.values.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl Recorded {
    fn value(&self, key: &Key) -> Arc<Value> {
        let labels = key
            .labels()
            .map(|label| format!(" {}={}", label.key(), label.value()));
        let name = [key.name().to_owned()].into_iter().chain(labels).collect();
        Arc::new(Value(self.clone(), name))
    }

    /// By `name label=value …`.
    fn of(&self, name: &str) -> Option<f64> {
        let name = format!("bankezy_fleet_{name}");
        self.values.lock().unwrap().get(&name).copied()
    }

    fn describe(&self, name: &KeyName, kind: &'static str, help: &SharedString) {
        let (name, help) = (name.as_str().to_owned(), help.to_string());
        self.described.lock().unwrap().insert(name, (kind, help));
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, "counter", &help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, "gauge", &help);
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        unreachable!("not used");
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.value(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.value(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        unreachable!("not used");
    }
}

/// The page has a row for each metric, with its kind and what it is, and no other of this crate.
#[test]
fn each_metric_is_described_and_on_the_page() {
    let recorded = Recorded::default();
    metrics::with_local_recorder(&recorded, describe_metrics);
    let described = recorded.described.lock().unwrap();
    let rows: Vec<&str> = PAGE
        .lines()
        .filter(|it| it.starts_with("| `bankezy_fleet_"))
        .collect();
    assert_eq!(rows.len(), described.len());
    for (name, (kind, help)) in described.iter() {
        let row = rows
            .iter()
            .find(|row| row.starts_with(&format!("| `{name}` | {kind} |")));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        assert!(row.ends_with(&format!(" | {help} |")), "{row}\n{help}");
    }
    // An alert on a metric that is not there never fires.
    for word in PAGE.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        assert!(
            !word.starts_with("bankezy_fleet_") || described.contains_key(word),
            "{word}"
        );
    }
}

#[tokio::test]
async fn operations_and_whether_the_store_is_reached_are_recorded() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    assert_eq!(recorded.of("store_reachable"), Some(1.0));
    let pings = |error: &str| {
        recorded.of(&format!(
            "operations_total operation=ping error_type={error}"
        ))
    };
    assert_eq!(pings(""), Some(1.0));
    redis.text(&["CONFIG", "SET", "requirepass", "right"]);
    redis.ask(&["CLIENT", "KILL", "TYPE", "normal"]).ok();
    let refused = crate::stage::fleet(&redis.url());
    refused.ping().await.unwrap_err();
    assert_eq!(pings("fleet.refused"), Some(1.0));
    assert_eq!(recorded.of("store_reachable"), Some(0.0));
    redis.kill();
    while fleet.ping().await != Err(bankezy_fleet::FleetError::Resting) {}
    assert!(pings("fleet.unreachable").is_some() && pings("fleet.resting").is_some());
    assert_eq!(recorded.of("store_reachable"), Some(0.0));
}

#[tokio::test]
async fn where_tokens_come_from_is_recorded() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let provider = provider(Duration::from_secs(600)).await;
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let count = |result: &str| recorded.of(&format!("tokens_total result={result}"));
    token(&slot(&fleet(&redis.url()), &provider)).await;
    assert_eq!((count("claimed"), count("shared")), (Some(1.0), None));
    token(&slot(&fleet(&redis.url()), &provider)).await;
    assert_eq!((count("claimed"), count("shared")), (Some(1.0), Some(1.0)));
    // A login whose lock expired, and whose token arrives after that of another one.
    redis.number(&["DEL", &redis.keys("test:token:*")[0]]);
    let key = key(&provider);
    let late = tokens(&fleet(&redis.url()));
    assert!(late.load(&key).await.unwrap().is_none());
    sleep(LIMIT + ms(100)).await;
    let newer = tokens(&fleet(&redis.url()));
    token(&crate::stage::slot_on(newer.clone(), &provider)).await;
    let entry = newer.stored(&key).await.unwrap().unwrap();
    late.save(&key, &entry).await.unwrap();
    assert_eq!((count("superseded"), count("alone")), (Some(1.0), None));
    redis.kill();
    token(&slot(&fleet(&redis.url()), &provider)).await;
    // It was asked before the login and after it.
    assert!(count("alone").is_some());
}

#[tokio::test]
async fn budgets_members_and_rings_are_recorded() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let recorded = Recorded::default();
    let _recorder = metrics::set_default_local_recorder(&recorded);
    let fleet = fleet(&redis.url());
    let cipher = || PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    let settings = BudgetSettings::default().share(25).limit(100);
    let _first = fleet.budget("key-1", cipher(), settings).await.unwrap();
    assert_eq!(
        recorded.of("budget_reserved_ratio key_id=key-1"),
        Some(0.25)
    );
    let _second = fleet.budget("key-1", cipher(), settings).await.unwrap();
    assert_eq!(recorded.of("budget_reserved_ratio key_id=key-1"), Some(0.5));
    fleet.members().await.unwrap();
    assert_eq!(recorded.of("members"), Some(0.0));
    let folder = crate::server::Folder::new("keys");
    let secret = PayloadSecret::generate().unwrap().to_base64url();
    std::fs::write(folder.0.join("k1"), secret.as_str()).unwrap();
    let settings = bankezy_fleet::RotationSettings::default();
    let _keys = fleet
        .key_files("bank", &folder.0, "k1", settings)
        .await
        .unwrap();
    let begun = Instant::now();
    fleet.members().await.unwrap();
    assert_eq!(recorded.of("members"), Some(1.0), "{:?}", begun.elapsed());
    let refreshed = || recorded.of("ring_refreshed ring=bank");
    eventually("a reading", || refreshed() == Some(1.0)).await;
    std::fs::write(folder.0.join("k2"), "no key").unwrap();
    eventually("the file that is no key", || refreshed() == Some(0.0)).await;
    std::fs::remove_file(folder.0.join("k2")).unwrap();
    eventually("it to go", || refreshed() == Some(1.0)).await;
    redis.number(&["HSET", "test:{members}:newest", "bank", "1000|k3"]);
    eventually("a key that is not there", || refreshed() == Some(0.0)).await;
    // That the store is away mends nothing.
    redis.kill();
    sleep(Duration::from_millis(900)).await;
    assert_eq!(refreshed(), Some(0.0));
}
