//! What `Fleet::check` says of a server and of the way to it.

use bankezy_fleet::{Finding, Fleet};

use crate::server::Redis;
use crate::stage::{config, fleet};

async fn found(fleet: &Fleet, setting: &str) -> Finding {
    let found = fleet.check().await.unwrap();
    let finding = found.into_iter().find(|finding| finding.setting == setting);
    finding.unwrap()
}

#[tokio::test]
async fn a_server_without_a_password_is_a_risk() {
    let Some(redis) = Redis::start() else { return };
    let finding = found(&fleet(&redis.url()), "password").await;
    assert!(
        finding.risk.is_some() && finding.value == "not required",
        "{finding:?}"
    );
    redis.text(&["CONFIG", "SET", "requirepass", "right"]);
    let url = format!("redis://:right@{}", redis.address);
    let finding = found(&fleet(&url), "password").await;
    assert_eq!((finding.risk, finding.value.as_str()), (None, "asked for"));
    // A password that the server does not ask for keeps nobody out.
    let open = Redis::start().unwrap();
    open.text(&["ACL", "SETUSER", "fleet", "on", ">right", "~*", "+@all"]);
    let url = format!("redis://fleet:right@{}", open.address);
    let finding = found(&fleet(&url), "password").await;
    assert!(finding.risk.is_some(), "{finding:?}");
}

#[tokio::test]
async fn a_replica_is_a_risk() {
    let Some(redis) = Redis::start() else { return };
    let fleet = fleet(&redis.url());
    let finding = found(&fleet, "role").await;
    assert_eq!((finding.risk, finding.value.as_str()), (None, "primary"));
    redis.text(&["REPLICAOF", "127.0.0.1", "1"]);
    let finding = found(&fleet, "role").await;
    assert!(
        finding.risk.is_some() && finding.value == "replica",
        "{finding:?}"
    );
    // A user that may not ask is told nothing, and that it is not known.
    redis.text(&["ACL", "SETUSER", "default", "-info"]);
    let finding = found(&fleet, "role").await;
    assert!(
        finding.risk.is_some() && finding.value == "unknown",
        "{finding:?}"
    );
}

/// Beyond this machine everything is read on the way.
#[tokio::test]
async fn a_way_without_tls_is_a_risk_unless_it_stays_on_this_machine() {
    let Some(redis) = Redis::start() else { return };
    let port = redis.address.port();
    for (host, is_risk) in [
        ("127.0.0.1", false),
        ("localhost", false),
        // It leads to this machine as well, in a form that does not say so.
        ("[::ffff:127.0.0.1]", true),
    ] {
        let finding = found(&fleet(&format!("redis://{host}:{port}")), "TLS").await;
        assert_eq!(finding.risk.is_some(), is_risk, "{finding:?}");
    }
    if let Some(redis) = Redis::start_with_tls() {
        let config = config(&redis.url()).root_certificates(redis.certificate().unwrap());
        let fleet = Fleet::connect(config).unwrap();
        assert_eq!(found(&fleet, "TLS").await.risk, None);
        // The look without a password goes over TLS too.
        assert_eq!(found(&fleet, "password").await.value, "not required");
    }
}
