//! The connection: wrong settings, and a network that fails.

use std::time::Instant;

use bankezy_crypto::{PayloadCipher, PayloadSecret};
use bankezy_fleet::{BudgetSettings, Fleet, FleetConfig, FleetError, RotationSettings};
use bankezy_test_support::vacant;

use crate::proxy::{Mode, Proxy};
use crate::server::Redis;
use crate::stage::{config, fleet, is_back_within, ms};

#[tokio::test]
async fn no_error_and_no_debug_text_shows_the_password() {
    let urls = [
        format!("redis://user:hunter2@{}", vacant()),
        "http://user:hunter2@127.0.0.1".to_owned(),
        "rediss://user:hunter2@127.0.0.1:1".to_owned(),
        "redis://user:hunter2@127.0.0.1:port".to_owned(),
    ];
    for url in urls {
        let is_encrypted = url.starts_with("rediss");
        let mut config = FleetConfig::new(url, "test");
        if is_encrypted {
            config = config.root_certificates("no PEM");
        }
        let mut texts = vec![format!("{config:?}")];
        match Fleet::connect(config) {
            Ok(fleet) => {
                let error = fleet.ping().await.unwrap_err();
                assert!(error.is_away());
                texts.extend([format!("{error} {error:?}"), format!("{fleet:?}")]);
            }
            Err(error) => texts.push(format!("{error} {error:?}")),
        }
        for text in texts {
            assert!(
                !text.contains("hunter2") && !text.contains("127.0.0.1"),
                "{text}"
            );
        }
    }
}

/// `redis` takes no notice of these, or turns the examination of certificates off.
#[tokio::test]
async fn a_url_with_parts_that_would_count_for_nothing_is_refused() {
    for url in [
        "redis://127.0.0.1?password=hunter2",
        "redis://127.0.0.1/1?pass=hunter2",
        "rediss://127.0.0.1#insecure",
        "redis://hunter2@127.0.0.1",
        "unix:///run/redis.sock",
        "redis+unix:///run/redis.sock",
    ] {
        let connected = Fleet::connect(FleetConfig::new(url, "payments"));
        assert_eq!(connected.err(), Some(FleetError::Url), "{url}");
    }
    for url in [
        "redis://:a@h",
        "redis://u:a@h:1/2",
        "rediss://h",
        "valkey://h",
    ] {
        let connected = Fleet::connect(FleetConfig::new(url, "payments"));
        assert_eq!(connected.err(), None, "{url}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_no_outage() {
    let Some(redis) = Redis::start_with(&["--save", "", "--requirepass", "right"]) else {
        return;
    };
    let with = |password: &str| {
        let url = format!("redis://:{password}@{}", redis.address);
        Fleet::connect(config(&url)).unwrap()
    };
    with("right").ping().await.unwrap();
    for password in ["wrong", ""] {
        let error = with(password).ping().await.unwrap_err();
        assert!(matches!(error, FleetError::Refused { .. }), "{error:?}");
    }
}

/// Delays, silence and cuts: no operation takes longer than its deadline, and all is well a moment after.
#[tokio::test]
async fn every_wait_ends_and_the_fleet_recovers_by_itself() {
    let Some(redis) = Redis::start() else { return };
    let proxy = Proxy::start(redis.address).await;
    let fleet = fleet(&proxy.url());
    fleet.ping().await.unwrap();
    for (mode, fails) in [
        (Mode::Delay(ms(50)), false),
        (Mode::Delay(ms(2_000)), true),
        (Mode::Silent, true),
        (Mode::Cut, true),
    ] {
        proxy.set(mode);
        let failed = async || {
            let begun = Instant::now();
            let result = fleet.ping().await;
            assert!(begun.elapsed() < ms(900), "{mode:?}: {:?}", begun.elapsed());
            result
        };
        let results = [failed().await, failed().await, failed().await];
        assert_eq!(
            results.iter().all(Result::is_err),
            fails,
            "{mode:?}: {results:?}"
        );
        assert!(
            results
                .iter()
                .flat_map(|it| it.as_ref().err())
                .all(FleetError::is_away)
        );
        proxy.set(Mode::Pass);
        // A rest, an attempt to connect and a deadline; docs/fleet.md says 3 s.
        is_back_within(&fleet, ms(3_000)).await;
        assert!(fleet.health().is_reachable);
    }
}

/// A server that hangs costs one deadline. After that operations fail at once for a moment.
#[tokio::test]
async fn a_store_that_is_away_is_left_alone_for_a_moment() {
    let Some(redis) = Redis::start() else { return };
    let fleet = fleet(&redis.url());
    fleet.ping().await.unwrap();
    redis.freeze();
    while fleet.ping().await != Err(FleetError::Resting) {}
    let begun = Instant::now();
    assert_eq!(fleet.ping().await, Err(FleetError::Resting));
    assert!(begun.elapsed() < ms(20));
    redis.thaw();
}

/// The store's names are in clear, for whoever reads it.
#[tokio::test]
async fn a_url_as_name_is_refused_and_shown_nowhere() {
    const URL: &str = "redis://:hunter2@127.0.0.1:1";
    let swapped = FleetConfig::new("payments", URL);
    let of_member = FleetConfig::new(URL, "payments").member_name(URL);
    for config in [swapped, of_member] {
        assert!(!format!("{config:?}").contains("hunter2"));
        let error = Fleet::connect(config).unwrap_err();
        assert_eq!(error, FleetError::Name);
        assert!(!error.to_string().contains("hunter2"));
    }
    let fleet = Fleet::connect(FleetConfig::new("redis://127.0.0.1:1", "payments")).unwrap();
    for name in [URL, "", ":hunter2@store"] {
        let (rotation, budget) = (RotationSettings::default(), BudgetSettings::default());
        let opened = fleet.key_files(name, "folder", "k1", rotation).await;
        assert_eq!(opened.err(), Some(FleetError::Name));
        let secret = PayloadSecret::generate().unwrap();
        let cipher = PayloadCipher::new(&secret).unwrap();
        let budget = fleet.budget(name, cipher, budget).await;
        assert_eq!(budget.err(), Some(FleetError::Name));
        let empty = Fleet::connect(FleetConfig::new("redis://127.0.0.1:1", name));
        assert_eq!(empty.err(), Some(FleetError::Name));
    }
    let fleet = Fleet::connect(FleetConfig::new(URL, "store").member_name("pod-7@node"));
    let shown = format!("{:?}", fleet.unwrap());
    assert!(
        !shown.contains("hunter2") && shown.contains("store"),
        "{shown}"
    );
}
