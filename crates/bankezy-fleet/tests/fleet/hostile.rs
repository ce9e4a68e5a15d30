//! A store that others write to, or that is none: what it answers is refused or outlived.

use std::time::{Duration, Instant, SystemTime};

use bankezy_client::ConnectProblem;
use bankezy_crypto::providers::TokenStore as _;
use bankezy_fleet::{FleetBudget, FleetError};
use bankezy_test_support::Captured;
use tokio::time::sleep;

use crate::proxy::{Mode, Proxy};
use crate::server::Redis;
use crate::stage::{LIMIT, fleet, is_back_within, key, ms, provider, slot, token, tokens};

fn record(redis: &Redis) -> (String, String) {
    let name = redis.keys("test:token:*").remove(0);
    let value = redis.text(&["GET", &name]);
    (name, value)
}

/// An old record under a new tag: its token must not come back each time the provider refuses it.
#[tokio::test]
async fn a_record_with_the_tag_of_another_token_is_not_used() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let (name, value) = record(&redis);
    let mut fields: Vec<&str> = value.splitn(5, '|').collect();
    let tag = "0".repeat(64);
    fields[2] = &tag;
    redis.text(&["SET", &name, &fields.join("|")]);
    let store = tokens(&fleet(&redis.url()));
    assert!(store.stored(&key(&provider)).await.unwrap().is_none());
}

/// A fencing value that nothing is higher than would make every call a login.
#[tokio::test]
async fn a_record_with_an_endless_fencing_value_is_replaced() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let (name, _) = record(&redis);
    for fence in ["9007199254740992", &"9".repeat(400)] {
        redis.text(&["SET", &name, &format!("1|{fence}|00|aQ|garbage")]);
        let before = provider.executed().total();
        let slot = slot(&fleet(&redis.url()), &provider);
        let first = token(&slot).await;
        for _ in 0..5 {
            assert_eq!(token(&slot).await, first);
        }
        assert_eq!(provider.executed().total(), before + 1, "{fence:.20}");
        // And the counter itself.
        let counter = redis.keys("test:fence:*").remove(0);
        redis.text(&["SET", &counter, fence]);
    }
}

#[tokio::test]
async fn the_record_of_one_token_is_none_under_the_name_of_another() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let (name, value) = record(&redis);
    // The name of another key, taken from its lock.
    let other = bankezy_crypto::providers::TokenKey::of(&[b"other user"]).unwrap();
    let store = tokens(&fleet(&redis.url()));
    assert!(store.load(&other).await.unwrap().is_none());
    let lock = redis.keys("test:lock:*").remove(0);
    let swapped = lock.replace(":lock:", ":token:");
    assert_ne!(swapped, name);
    redis.text(&["SET", &swapped, &value]);
    assert!(store.stored(&other).await.unwrap().is_none());
}

/// Values of other types and sizes cost a login, no hang and no panic.
#[tokio::test(flavor = "multi_thread")]
async fn values_of_other_types_and_sizes_cost_a_login() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let (name, value) = record(&redis);
    let huge = "1|1|00|aQ|".to_owned() + &"A".repeat(30 << 20);
    let texts = [
        "",
        "|",
        "1|1|1|1|1",
        "\0",
        "2|3|00|aQ|sealed",
        &value[..value.len() / 2],
        &huge,
    ];
    for text in texts {
        redis.text(&["SET", &name, text]);
        let before = provider.executed().total();
        token(&slot(&fleet(&redis.url()), &provider)).await;
        assert_eq!(provider.executed().total(), before + 1, "{text:.30}");
        token(&slot(&fleet(&redis.url()), &provider)).await;
        assert_eq!(provider.executed().total(), before + 1, "{text:.30}");
    }
    redis.number(&["DEL", &name]);
    redis.number(&["LPUSH", &name, "list"]);
    let before = provider.executed().total();
    let first = token(&slot(&fleet(&redis.url()), &provider)).await;
    // One login for all: the value was replaced.
    assert_eq!(token(&slot(&fleet(&redis.url()), &provider)).await, first);
    assert_eq!(provider.executed().total(), before + 1);
}

/// A lock that nobody holds must not make each login wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_no_fleet_took_delays_logins_once_at_most() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let (name, _) = record(&redis);
    let lock = name.replace(":token:", ":lock:");
    let log_in = async || {
        redis.number(&["DEL", &name]);
        let begun = Instant::now();
        token(&slot(&fleet(&redis.url()), &provider)).await;
        begun.elapsed()
    };
    redis.number(&["LPUSH", &lock, "list"]);
    let took = log_in().await;
    assert!(took < LIMIT / 2, "{took:?}");
    for end in ["", "9000000000000"] {
        redis.text(&["SET", &lock, "nobody"]);
        if !end.is_empty() {
            redis.number(&["PEXPIRE", &lock, end]);
        }
        let took = log_in().await;
        // One time limit, and not the patience of a process, which is two.
        assert!(took < LIMIT + LIMIT / 2, "{end}: {took:?}");
        assert!(log_in().await < LIMIT / 2);
    }
}

/// An expiry that somebody set does not make a token last.
#[tokio::test]
async fn an_expiry_far_off_or_none_does_not_prolong_a_token() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let (name, _) = record(&redis);
    let left = async || {
        let entry = tokens(&fleet(&redis.url())).stored(&key(&provider)).await;
        let until = entry.unwrap().unwrap().good_until();
        until.duration_since(SystemTime::now()).unwrap()
    };
    redis.number(&["PERSIST", &name]);
    assert!(left().await <= Duration::from_secs(600));
    for end in ["9000000000000", "9000000000000000"] {
        redis.number(&["PEXPIRE", &name, end]);
        // By as much as clocks may differ.
        let day = Duration::from_secs(24 * 60 * 60 + 600);
        assert!(left().await <= day, "{end}");
    }
}

/// A share that is reserved again and again without being granted would use up the key.
#[tokio::test]
async fn counts_and_lists_of_other_types_begin_anew() {
    let Some(redis) = Redis::start() else { return };
    let cipher = || {
        let secret = bankezy_crypto::PayloadSecret::generate().unwrap();
        bankezy_crypto::PayloadCipher::new(&secret).unwrap()
    };
    let settings = bankezy_fleet::BudgetSettings::default().share(10);
    let (count, list) = ("test:{budgets}:key-1", "test:{budgets}");
    let fleet = fleet(&redis.url());
    let mut before = None;
    for wrong in [
        ["LPUSH", count, "x"],
        ["SET", count, "x"],
        ["SET", count, "007"],
        ["SET", count, "99999999999999999999"],
        ["SET", list, "x"],
    ] {
        redis.number(&["DEL", count, list]);
        redis.ask(&wrong).unwrap();
        if let Some(before) = &before {
            let before: &FleetBudget = before;
            assert_eq!(before.total().await, Ok(0), "{wrong:?}");
            assert!(fleet.health().is_reachable);
        }
        let (_cipher, budget) = fleet.budget("key-1", cipher(), settings).await.unwrap();
        assert_eq!(budget.last_total(), Some(10), "{wrong:?}");
        assert_eq!(budget.total().await, Ok(10), "{wrong:?}");
        assert_eq!(fleet.status().await.unwrap().budgets.len(), 1, "{wrong:?}");
        before = Some(budget);
    }
}

/// It ends although the server holds more names than can be counted in time.
#[tokio::test(flavor = "multi_thread")]
async fn counting_ends_where_a_server_holds_many_names() {
    let Some(redis) = Redis::start() else { return };
    let fill = "for i = 1, 60000 do redis.call('SET', 'other:' .. i, 1) end return 1";
    redis.number(&["EVAL", fill, "0"]);
    redis.text(&["SET", "test:token:1", "x"]);
    let status = fleet(&redis.url()).status().await.unwrap();
    assert_eq!((status.tokens, status.logins, status.is_cut), (1, 0, false));
    // With 60 operations of 120 ms each it takes more than 5 s.
    let proxy = Proxy::start(redis.address).await;
    let slow = fleet(&proxy.url());
    slow.ping().await.unwrap();
    proxy.set(Mode::Delay(ms(60)));
    let begun = Instant::now();
    let status = slow.status().await.unwrap();
    assert!(status.is_cut);
    assert!(
        begun.elapsed() < Duration::from_secs(7),
        "{:?}",
        begun.elapsed()
    );
}

/// A replica that takes no writes is connected to anew, but not with each operation.
#[tokio::test]
async fn a_replica_is_not_flooded_with_connections() {
    let Some(redis) = Redis::start() else { return };
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    redis.text(&["REPLICAOF", "127.0.0.1", "1"]);
    let connections = || {
        let info = redis.text(&["INFO", "stats"]);
        let line = info
            .lines()
            .find(|line| line.starts_with("total_connections_received:"));
        line.unwrap()
            .split_once(':')
            .unwrap()
            .1
            .parse::<u32>()
            .unwrap()
    };
    let before = connections();
    let cipher = || {
        let secret = bankezy_crypto::PayloadSecret::generate().unwrap();
        bankezy_crypto::PayloadCipher::new(&secret).unwrap()
    };
    let begun = Instant::now();
    let mut operations = 0;
    while begun.elapsed() < ms(400) {
        let settings = bankezy_fleet::BudgetSettings::default();
        let _ = fleet.budget("key-1", cipher(), settings).await.unwrap();
        operations += 1;
    }
    let made = connections() - before;
    assert!(made < 10, "{made} connections for {operations} operations");
    assert!(operations > 20, "{operations}");
}

#[tokio::test]
async fn an_operation_that_is_refused_is_no_success() {
    let Some(redis) = Redis::start_with(&["--save", "", "--requirepass", "right"]) else {
        return;
    };
    let (events, _guard) = Captured::of_this_thread("bankezy_fleet");
    let fleet = fleet(&redis.url());
    let error = fleet.ping().await.unwrap_err();
    assert_eq!(error, FleetError::Refused { code: "NOAUTH" });
    // And an operator hears of it, once.
    assert!(fleet.ping().await.is_err());
    let said = events.lines("store refuses");
    assert!(
        said.len() == 1 && said[0].contains("WARN") && said[0].contains("NOAUTH"),
        "{said:?}"
    );
    let health = fleet.health();
    assert!(!health.is_reachable, "{health:?}");
    assert_eq!((health.successes, health.last_success), (0, None));
}

/// The second reason is the one to act on by then.
#[tokio::test]
async fn each_reason_why_the_store_fails_is_told_once() {
    let Some(mut redis) = Redis::start_with(&["--save", "", "--requirepass", "right"]) else {
        return;
    };
    let (events, _guard) = Captured::of_this_thread("bankezy_fleet");
    let fleet = fleet(&redis.url());
    assert!(fleet.ping().await.is_err());
    redis.kill();
    let refused = FleetError::Connect(ConnectProblem::Refused);
    let mut seen = 0;
    for _ in 0..500 {
        seen += u32::from(fleet.ping().await == Err(refused.clone()));
        if seen == 3 {
            break;
        }
        sleep(ms(20)).await;
    }
    let away = events.lines("store away");
    let told = away.iter().filter(|line| line.contains("connect.refused"));
    assert_eq!((seen, told.count()), (3, 1), "{away:?}");
    assert_eq!(events.lines("store refuses").len(), 1);
}

/// Something that is no Redis listens there.
#[tokio::test]
async fn what_is_no_redis_is_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            sleep(ms(50)).await;
        }
    });
    let fleet = fleet(&format!("redis://{address}"));
    for _ in 0..20 {
        let error = fleet.ping().await.unwrap_err();
        assert!(!fleet.health().is_reachable, "{error:?}");
        sleep(ms(20)).await;
    }
}

/// It accepts connections and never answers, from the first on.
#[tokio::test]
async fn a_store_that_hangs_from_the_start_is_used_once_it_answers() {
    let Some(redis) = Redis::start() else { return };
    redis.freeze();
    let fleet = fleet(&redis.url());
    let begun = Instant::now();
    while begun.elapsed() < ms(2_500) {
        let asked = Instant::now();
        assert!(fleet.ping().await.is_err());
        assert!(asked.elapsed() < ms(900));
        sleep(ms(20)).await;
    }
    redis.thaw();
    is_back_within(&fleet, ms(3_000)).await;
}

/// Reports that others wrote.
#[tokio::test]
async fn reports_of_others_are_passed_over() {
    let Some(redis) = Redis::start() else { return };
    redis
        .ask(&["ZADD", "test:{members}", "99999999999999", "evil\n\x1b[31m"])
        .unwrap();
    redis
        .ask(&[
            "HSET",
            "test:{members}:reports",
            "evil\n\x1b[31m",
            "no json",
        ])
        .unwrap();
    redis.ask(&["EVAL", "redis.call('ZADD', 'test:{members}', '99999999999999', '\\255') return redis.call('HSET', 'test:{members}:reports', '\\255', '\\255')", "0"]).unwrap();
    redis.ask(&["HSET", "test:{budgets}", "k\n", "x"]).unwrap();
    redis.ask(&["SET", "test:{budgets}:k\n", "x"]).unwrap();
    redis
        .ask(&[
            "HSET",
            "test:{members}:newest",
            "r",
            "99999999999999999999999|k",
        ])
        .unwrap();
    let status = fleet(&redis.url()).status().await.unwrap();
    assert!(status.members.is_empty() && status.budgets.is_empty());
}

/// One huge value must not make the store count as away: messages would be refused for as long as it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_huge_record_is_not_read_whole() {
    let Some(redis) = Redis::start() else { return };
    let provider = provider(Duration::from_secs(600)).await;
    token(&slot(&fleet(&redis.url()), &provider)).await;
    let (name, _) = record(&redis);
    let last = (200 << 20).to_string();
    redis.number(&["SETRANGE", &name, &last, "x"]);
    let fleet = fleet(&redis.url());
    let found = tokens(&fleet).stored(&key(&provider)).await;
    assert!(found.unwrap().is_none());
    assert!(fleet.health().is_reachable);
}
